"""What a turn costs as the store grows: a million conversations, a second worker, a backlog, and at rest."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bench.backlog import done_between, fill_inbox, is_looked_at, store_conversations
from bench.driving import LOAD_LIMIT, READY_LIMIT, Measured, measure, percentile
from bench.ours import Ours, fill, read_before, throw_away, train
from bench.processes import Group, running
from bench.talk import Buyers, Conversation
from bench.turns import DATABASES, SEED, WARM_UP, place, say
from bot.database import Database
from bot.mailroom.tables import conversations, inbox
from bot.settings import Settings

CONVERSATIONS = 40
AT_ONCE = 4
#: Few and many stored conversations.
FEW, MANY = 1_000, 1_000_000
#: Messages that wait when the service starts.
WAITING = 600
#: How long a service at rest is watched, and how many times it is woken.
REST_SECONDS, WAKES = 30.0, 20
#: In seconds, by database.
WAKE_BOUND = {"sqlite": 0.020, "postgresql": 0.100}


@dataclass(frozen=True)
class Line:
    """A figure of the table, and what it must be."""

    name: str
    figure: float
    unit: str
    sign: str
    bound: float

    @property
    def reached(self) -> bool:
        return self.figure >= self.bound if self.sign == "≥" else self.figure <= self.bound

    def __str__(self) -> str:
        verdict = "reached" if self.reached else "MISSED"
        return f"{self.name:<66} {self.figure:8.2f} {self.unit:<3} {self.sign} {self.bound:g}  {verdict}"


class Store:
    """A store of the benchmark's own, and the conversations that are put to it."""

    def __init__(self, folder: Path, cache: Path, kind: str, stack: ExitStack) -> None:
        self.kind, self.folder = kind, folder / kind
        self.settings, self.server = place(self.folder, kind, stack)
        fill(self.settings)
        train(self.settings, cache)

    def side(self, workers: int = 1) -> Ours:
        return Ours(self.settings, self.server, workers)

    async def cost(self, script: Sequence[Conversation], workers: int = 1) -> Measured:
        """What turns cost under the load of these conversations."""
        read_before(self.settings, [line.text for talk in script for line in talk])
        with running(self.folder / f"{time.monotonic_ns()}.log") as group:
            return await measure(self.side(workers), group, script[:WARM_UP], script[WARM_UP:], (), AT_ONCE)

    async def drain(self, texts: Sequence[str], workers: int) -> float:
        """Turns a second with which a backlog is worked off, from the first that ended to the last."""
        read_before(self.settings, texts)
        # Buyers who have written before would get other turns: a second try, a person.
        fill_inbox(self.settings, texts, f"waiting-{time.monotonic_ns()}")
        with running(self.folder / f"{time.monotonic_ns()}.log") as group:
            self.side(workers).start(group)
            ended = await asyncio.wait_for(self._ended(group, len(texts)), LOAD_LIMIT)
        self._forget()
        return (len(ended) - 1) / (ended[-1] - ended[0]).total_seconds()

    async def _ended(self, group: Group, count: int) -> Sequence[dt.datetime]:
        while len(ended := done_between(self.settings)) < count:
            group.require_alive()
            await asyncio.sleep(0.5)
        return ended

    def _forget(self) -> None:
        database = Database(self.settings.database_url)
        with database.begin() as connection:
            connection.execute(
                inbox.update()
                .where(inbox.c.message_id.like("waits:%"))
                .values(message_id=sa.literal(f"{time.monotonic_ns()}:") + inbox.c.message_id)
            )
        database.close()

    async def rest(self) -> tuple[float, Sequence[float]]:
        """The part of a core that a service at rest takes, and for each wake-up its seconds."""
        side = self.side()
        with running(self.folder / "rest.log") as group:
            side.start(group)
            await asyncio.wait_for(_up(side, group), READY_LIMIT)
            async with side.visit(1) as page:
                await page.say("hello there")
                # What was said before is looked at when nobody waits: that is work, not rest.
                while not is_looked_at(self.settings):
                    group.require_alive()
                    await asyncio.sleep(1)
                await asyncio.sleep(5)
                before, begun = group.cpu_seconds(), time.monotonic()
                await asyncio.sleep(REST_SECONDS)
                used = (group.cpu_seconds() - before) / (time.monotonic() - begun)
                woken = []
                for number in range(WAKES):
                    await asyncio.sleep(1.5)
                    with _Watch(self.settings) as watch:
                        await page.say(f"hello number {number}")
                    woken.append(watch.seconds)
        return used, woken


class _Watch(threading.Thread):
    """Looks from when a message is accepted until a worker has claimed it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(daemon=True)
        self._database = Database(settings.database_url)
        self._claimed: dt.datetime | None = None
        self._ready = threading.Event()
        self.seconds = 0.0

    def __enter__(self) -> _Watch:
        self.start()
        self._ready.wait()
        return self

    def run(self) -> None:
        held = sa.select(sa.func.count()).where(conversations.c.claim_worker.isnot(None))
        self._ready.set()
        while self._claimed is None:
            with self._database.begin() as connection:
                if connection.execute(held).scalar_one():
                    self._claimed = dt.datetime.now(dt.timezone.utc)
            time.sleep(0.001)

    def __exit__(self, *_: object) -> None:
        self.join(10)
        if self._claimed is None:
            raise RuntimeError("the claim was over before it was seen: run this again")
        with self._database.begin() as connection:
            accepted = connection.execute(sa.select(sa.func.max(inbox.c.received_at))).scalar_one()
        self._database.close()
        self.seconds = (self._claimed - accepted).total_seconds()


async def _up(side: Ours, group: Group) -> None:
    while not await side.is_up():
        group.require_alive()
        await asyncio.sleep(0.1)


async def examine(folder: Path, cache: Path, kind: str, many: int) -> list[Line]:
    """All figures over one database."""
    with ExitStack() as stack:
        store = Store(folder, cache, kind, stack)
        # The same words each time, which the encoder knows: what grows is the store alone.
        talks = Buyers(folder / "names.sqlite", SEED).conversations(WARM_UP + CONVERSATIONS)
        say(f"{kind}: with {FEW:,} stored conversations …")
        store_conversations(store.settings, FEW)
        one = await store.cost(talks)
        say(f"{kind}: with two workers …")
        two = await store.cost(talks, workers=2)
        say(f"{kind}: a backlog of {WAITING} messages, with one worker and with two …")
        texts = [line.text for talk in talks for line in talk if line.intent]
        rates = [
            await store.drain(
                [f"{texts[at % len(texts)]} ({workers}.{at})" for at in range(WAITING)], workers
            )
            for workers in (1, 2)
        ]
        say(f"{kind}: at rest …")
        idle, woken = await store.rest()
        say(f"{kind}: with {many:,} stored conversations …")
        store_conversations(store.settings, many)
        full = await store.cost(talks)
    cpu = [side.cpu_seconds / side.messages for side in (one, two, full)]
    say(
        f"{kind}: CPU of a message: {', '.join(f'{each * 1e3:.1f} ms' for each in cpu)}; "
        f"backlog: {rates[0]:.1f} and {rates[1]:.1f} turns a second; "
        f"woken after {statistics.median(woken) * 1e3:.1f} ms (median)"
    )
    return [
        Line(f"{kind}: CPU of a turn, {many:,} to {FEW:,} conversations", cpu[2] / cpu[0], "x", "≤", 1.15),
        Line(f"{kind}: CPU of a turn, two workers to one", cpu[1] / cpu[0], "x", "≤", 1.10),
        Line(
            f"{kind}: turns a second from a backlog, two workers to one", rates[1] / rates[0], "x", "≥", 1.5
        ),
        Line(f"{kind}: a core's part at rest", idle * 100, "%", "≤", 1.0),
        Line(
            f"{kind}: from idle to claimed, p95",
            percentile(woken, 95) * 1e3,
            "ms",
            "≤",
            WAKE_BOUND[kind] * 1e3,
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench-scale", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, help="one of the two")
    parser.add_argument("--many", type=int, default=MANY, metavar="N", help="how many conversations are many")
    chosen = parser.parse_args(arguments)
    if not FEW < chosen.many <= 100 * MANY:
        parser.error(f"give --many a number above {FEW}")
    cache = Settings.load().files / "bench"
    cache.mkdir(parents=True, exist_ok=True)
    lines: list[Line] = []
    for kind in [chosen.database] if chosen.database else DATABASES:
        with tempfile.TemporaryDirectory(prefix="bench-scale-") as name:
            folder = Path(name)
            seeded = throw_away(folder / "seeded")
            (folder / "seeded").mkdir()
            fill(seeded)
            (folder / "seeded" / "crossdesk.sqlite").rename(folder / "names.sqlite")
            lines += asyncio.run(examine(folder, cache, kind, chosen.many))
    for line in lines:
        say(str(line))
    path = cache / "scale.json"
    path.write_text(json.dumps({line.name: line.figure for line in lines}, indent=2) + "\n", encoding="utf-8")
    return 0 if all(line.reached for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
