"""From 50 labelled messages to a released model, by commands, while buyers write: `python -m bench.learning`.

Nothing to compare with: the marks are three minutes, in which a turn's p95 may grow by less than a half.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.driving import LOAD_LIMIT, READY_LIMIT, SETTLED, Load, drive, first_answer, percentile
from bench.ours import Ours, environment, fill, read_before, throw_away
from bench.processes import end_by_signals, running
from bench.talk import Buyers, Conversation, Line
from bot.database import Database
from bot.dialogue.tables import turns
from bot.settings import ROOT, Settings
from bot.training import models
from bot.training.background import GENTLY

SEED = 2
#: From the last label until the new version serves, in seconds; and how much of a turn's p95 is left then.
WITHIN, GROWTH = 180.0, 1.5
#: Conversations: before anything is measured, at full load, at half load before and afterwards.
WARM_UP, FULL, HALF = 8, 24, 48
#: Conversations for the time meanwhile; buyers begin anew should they run out of them.
MEANWHILE = 600
AT_ONCE = 4
#: Seconds until the inbox has what was not understood, and until workers have changed.
FILLED_WITHIN, CHANGED_WITHIN = 300.0, 120.0
#: So many messages are to be labelled at least; of what buyers say, some two of three come to the inbox.
LABELLED, SAID = 50, 120
#: What buyers of this store ask, and no model knows: an intent of its own is made for it.
INTENT, ABOUT = "product_engraving", "asks for words or a picture to be engraved on the goods"
ASKED = (
    "can you engrave {} on {}", "I'd like {} engraved on {}", "do you do engraving, {} on {}",
    "is engraving {} on {} possible", "please engrave {} on {}", "how do I get {} engraved on {}",
    "could {} be engraved on {}", "engrave {} onto {}", "laser engraving of {} on {}?",
    "put {} on {} as an engraving",
)  # fmt: skip
WORDS = (
    "my name", "our initials", "a date", "the logo of our club", "two words", "her birthday", "my dog's name",
    "a short poem", "the team's name", "his nickname",
)  # fmt: skip
GOODS = (
    "the mug", "a bottle", "the pen", "this watch", "the knife", "a lighter", "the ring", "a bracelet",
    "the flask", "this keychain",
)  # fmt: skip
#: Whatever is said to it will do.
ANYTHING = ""


@dataclass(frozen=True)
class Found:
    """What was measured."""

    #: Seconds of each step, from the last label until the new version served.
    steps: Mapping[str, float]
    #: Of the first step, what training and examination took.
    parts: Mapping[str, float]
    #: p95 of a turn at half load, in seconds: before, meanwhile and afterwards.
    p95: Sequence[float]
    #: How many turns stand behind each.
    turns: Sequence[int]
    #: Of what was said at half load, the part that was answered as expected.
    expected: float
    #: Labelled messages, and the share of all that was said of it that the new version understands.
    labelled: int
    understood: float

    @property
    def seconds(self) -> float:
        return sum(self.steps.values())

    @property
    def growth(self) -> float:
        """Meanwhile, beside the mean of before and afterwards."""
        before, meanwhile, after = self.p95
        return 2 * meanwhile / (before + after)

    @property
    def reached(self) -> bool:
        return self.seconds < WITHIN and self.growth < GROWTH


@dataclass(frozen=True)
class Operator:
    """Types commands, each a process of its own, and takes the time."""

    settings: Settings
    taken: dict[str, float] = field(default_factory=dict)

    async def types(self, *arguments: str, gently: bool = False) -> str:
        """What a command writes.

        Raises:
            RuntimeError: it did not end well; with what it said.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *arguments),
            cwd=ROOT,
            env={**environment(self.settings), **(GENTLY if gently else {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # As what the console begins.
            start_new_session=gently,
        )
        try:
            said, wrong = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise RuntimeError(f"crossdesk {' '.join(arguments)}: {wrong.decode()[-2000:]}")
        return said.decode()

    async def asks(self, *arguments: str) -> Any:
        """What a command tells machines."""
        return json.loads(await self.types(*arguments, "--json"))

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.taken[step] = time.monotonic() - begun


@dataclass
class Buying:
    """Buyers who write all the time."""

    side: Ours
    talks: Iterator[Conversation]
    #: Of the latest visitor.
    number: int = 0
    said: int = 0
    unexpected: int = 0

    async def full(self, count: int) -> float:
        """Write as fast as it goes; seconds from one message to the next."""
        load = await self.drive(itertools.islice(self.talks, count))
        return load.seconds / len(load.latencies)

    async def at_half(self, each: float, talks: Iterator[Conversation]) -> Sequence[float]:
        """Write half as fast; seconds of each turn."""
        begun = time.time()
        load = await self.drive(talks, 2 * AT_ONCE * each)
        self.said += len(load.latencies)
        self.unexpected += len(load.unexpected)
        await asyncio.sleep(SETTLED)
        return self.side.turns_since(begun)

    async def drive(self, talks: Iterator[Conversation], pause: float = 0.0) -> Load:
        def counted() -> Iterator[Conversation]:
            for talk in talks:
                self.number += 1
                yield talk

        return await asyncio.wait_for(
            drive(self.side, counted(), AT_ONCE, self.number + 1, pause), LOAD_LIMIT
        )


def engravings() -> list[Conversation]:
    """What buyers ask for, each once."""
    draw = random.Random(SEED)
    texts = [one.format(words, goods) for one in ASKED for words in WORDS for goods in GOODS]
    return [(Line(text, INTENT, ANYTHING),) for text in draw.sample(texts, SAID)]


async def taught(operator: Operator, buying: Buying) -> int:
    """Have buyers ask for what nobody understands, and label it; how many messages."""
    talks = engravings()
    await buying.drive(iter(talks))
    asked = {line.text for talk in talks for line in talk}
    groups: list[dict[str, Any]] = []
    end = time.monotonic() + FILLED_WITHIN
    while sum(group["waiting"] for group in groups) < LABELLED:
        if time.monotonic() > end:
            raise RuntimeError(f"the inbox holds no more than {groups}")
        found = await operator.asks("review", "list", "--limit", "1000")
        groups = [group for group in found if group["sample"] in asked]
    for number, group in enumerate(groups):
        added = (INTENT,) if number else ("--new", ABOUT, INTENT)
        await operator.types("review", "label", str(group["id"]), *added)
    count = sum(group["waiting"] for group in groups)
    say(f"{count} messages were labelled by {len(groups)} decisions")
    return count


async def learnt(operator: Operator) -> Mapping[str, Any]:
    """Train, rule on what would change, release, and wait until the workers have changed; the new version."""
    with operator.timed("train and examine a candidate"):
        # As the console has it done.
        await operator.types("train", "--candidate", "--gently", gently=True)
    with operator.timed("rule on whose outcome would change"):
        candidate, *_ = await operator.asks("models", "list")
        name = candidate["name"]
        changes = await operator.asks("models", "changes", name)
        if changes:
            await operator.types("models", "approve", *(str(change["id"]) for change in changes))
    say(f"{len(changes)} conversations would have gone otherwise: all were approved")
    with operator.timed("look what stands against it"):
        gates = [gate for gate in (await operator.asks("models", "show", name))["gates"] if gate["refuses"]]
    # What buyers feel is asked here, not how good the version is: that is told, and overridden.
    for gate in gates:
        say(f"against its release, and overridden: {gate['says']}")
    with operator.timed("release"):
        await operator.types("models", "release", name, *(("--reason", "a benchmark") if gates else ()))
    with operator.timed("until the workers have changed"):
        end = time.monotonic() + CHANGED_WITHIN
        while not candidate["workers"]:
            if time.monotonic() > end:
                raise RuntimeError(f"no worker serves with {name}")
            candidate = next(one for one in await operator.asks("models", "list") if one["name"] == name)
    return dict(candidate)


async def run(settings: Settings, log: Path, script: Sequence[Conversation]) -> Found:
    """Serve, teach, learn, and measure what buyers feel of it."""
    end_by_signals()
    side, operator = Ours(settings), Operator(settings)
    buying = Buying(side, itertools.cycle(script))
    with running(log) as group:
        side.start(group)
        await asyncio.wait_for(first_answer(side, group), READY_LIMIT)
        labelled = await taught(operator, buying)
        await buying.full(WARM_UP)
        each = await buying.full(FULL)
        say(f"{1 / each:.1f} messages a second at full load; from here on half of it")
        before = await buying.at_half(each, itertools.islice(buying.talks, HALF))
        over = asyncio.Event()

        async def learning() -> Mapping[str, Any]:
            try:
                return await learnt(operator)
            finally:
                over.set()

        meanwhile, version = await asyncio.gather(
            buying.at_half(each, itertools.takewhile(lambda _: not over.is_set(), buying.talks)), learning()
        )
        taken = before, meanwhile, await buying.at_half(each, itertools.islice(buying.talks, HALF))
        asked_again = dt.datetime.now(dt.timezone.utc)
        await buying.drive(iter(engravings()))
    return Found(
        operator.taken,
        version["steps"],
        [percentile(one, 95) for one in taken],
        [len(one) for one in taken],
        1 - buying.unexpected / buying.said,
        labelled,
        understood(settings, asked_again),
    )


def understood(settings: Settings, since: dt.datetime) -> float:
    """Of the turns since then, the share that was taken for what it is."""
    database = Database(settings.database_url)
    with database.begin() as connection:
        taken = connection.execute(sa.select(turns.c.intent).where(turns.c.at >= since)).scalars().all()
    database.close()
    return taken.count(INTENT) / len(taken)


def told(found: Found) -> str:
    """All of it, for people."""
    lines = [f"{step:40}{seconds:8.1f} s" for step, seconds in found.steps.items()]
    lines[1:1] = [f"  {part:38}{seconds:8.1f} s" for part, seconds in found.parts.items() if seconds]
    verdict = "reached" if found.seconds < WITHIN else "MISSED"
    lines.append(f"{'from the last label to a release':40}{found.seconds:8.1f} s < {WITHIN:.0f} {verdict}")
    for when, p95, count in zip(("before", "meanwhile", "afterwards"), found.p95, found.turns, strict=True):
        lines.append(f"p95 of a turn at half load, {when:13}{p95 * 1e3:8.1f} ms of {count} turns")
    verdict = "reached" if found.growth < GROWTH else "MISSED"
    lines.append(f"{'meanwhile, beside the mean of both':40}{found.growth:8.2f} < {GROWTH} {verdict}")
    lines.append(f"{'answered as expected at half load':40}{found.expected * 100:8.1f} %")
    lines.append(f"{'of what was taught, understood then':40}{found.understood * 100:8.1f} %")
    return "\n".join(lines)


def prepared(folder: Path, cache: Path) -> tuple[Settings, list[Conversation]]:
    """A store with a trained model and what training it has left behind, and what its buyers will say."""
    settings, kept = throw_away(folder), replace(Settings.load(), files=cache / "learning")
    fill(settings)
    script = Buyers(folder / "crossdesk.sqlite", SEED).conversations(WARM_UP + FULL + 2 * HALF + MEANWHILE)
    if models.is_stale(kept):
        say("A model is trained first …")
        subprocess.run([sys.executable, "-m", "bot", "train"], env=environment(kept), cwd=ROOT, check=True)
    for name in ("models", "cache"):
        shutil.copytree(kept.files / name, settings.files / name, dirs_exist_ok=True)
    read_before(settings, [line.text for talk in script for line in talk][::2])
    return settings, script


def main(arguments: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="bench-learning", description=__doc__).parse_args(arguments)
    cache = Settings.load().files / "bench"
    cache.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-learning-") as name:
            folder = Path(name)
            settings, script = prepared(folder, cache)
            busy = os.getloadavg()[0]
            say(f"{os.cpu_count()} cores, of which {busy:.1f} were busy in the minute before")
            found = asyncio.run(run(settings, folder / "serve.log", script))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("stopped")
        return 130
    say(told(found))
    path = cache / "learning.json"
    path.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf-8")
    return 0 if found.reached else 1


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
