"""The desk under load: how soon a buyer's message is on the agents' pages, and a reply in the outbox."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher

from bot import schema
from bot.clock import SystemClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.people import People
from bot.desk.service.desk import DatabaseDesk
from bot.desk.values.cases import Case, CaseCard, Reason
from bot.desk.values.people import Person, Rank
from bot.dialogue.recovery import load_replies
from bot.dialogue.turns import TurnTaker
from bot.errors import TryLaterError
from bot.mailroom import conversations, inbox
from bot.messages import Inbound
from bot.settings import ROOT, Settings, read_rules

T = TypeVar("T")

AGENTS = 10
#: What is asked of either way at 20 cases a second, in seconds.
WANTED = 0.3


class Load:
    """One desk, one worker that relays, and agents who answer at once."""

    def __init__(self, url: str) -> None:
        self.clock, self.rules = SystemClock(), read_rules(ROOT / "shop.yml")
        self.database = Database(url)
        schema.upgrade(self.database)
        hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self.desk = DatabaseDesk(self.database, self.rules, self.clock, lambda: None, hasher)
        replies = load_replies(Settings.load({}))
        # What a person has is relayed without a model.
        self.worker = TurnTaker(self.database, self.rules, replies, self.clock, None, "bench")
        self.turns = ThreadPoolExecutor(1)
        with self.database.begin() as connection:
            people = People(connection, self.rules, self.clock, hasher)
            self.agents = [
                people.add(f"agent{number}", f"Agent {number}", Rank.SUPERVISOR, "a long password")
                for number in range(AGENTS)
            ]
        self.seen: dict[int, asyncio.Event] = {}
        self.inwards: list[float] = []
        self.outwards: list[float] = []

    async def watch(self) -> None:
        """What an open page does: wait for news."""
        cursor = (await self.desk.changes(self.agents[0], None)).cursor
        while True:
            changes = await self.desk.changes(self.agents[0], cursor)
            cursor = changes.cursor
            for case_id in changes.case_ids:
                if case_id in self.seen:
                    self.seen[case_id].set()

    async def case(self, number: int) -> None:
        """A case that somebody has; its buyer writes, and is answered once the page has shown it."""
        agent = self.agents[number % AGENTS]
        case = await patiently(lambda: asyncio.to_thread(self._open, number))
        fence = (await patiently(lambda: self.desk.claim(agent, case.id))).fence
        # The claim itself is news: let it be over.
        await asyncio.sleep(0.5)
        self.seen[case.id] = asyncio.Event()
        begun = time.perf_counter()
        await asyncio.get_running_loop().run_in_executor(self.turns, self._write, number)
        await self.seen[case.id].wait()
        self.inwards.append(time.perf_counter() - begun)
        await self._reply(agent, case, fence)

    async def _reply(self, agent: Person, case: Case, fence: int) -> None:
        begun = time.perf_counter()
        words, key = "I have asked the carrier and write again tomorrow.", f"form of {case.id}"
        await patiently(lambda: self.desk.reply(agent, case.id, fence, words, key=key))
        self.outwards.append(time.perf_counter() - begun)

    def _open(self, number: int) -> Case:
        now = self.clock.now()
        with self.database.begin() as connection:
            talk = conversations.open_for(
                connection,
                channel="web",
                account="chat",
                sender=f"buyer {number}",
                sender_name=None,
                language="en",
                now=now,
            ).conversation.id
            return Cases(connection, self.rules, self.clock).open(
                talk,
                intent="logistics_where_is_parcel",
                reason=Reason.ASKED_FOR_HUMAN,
                card=CaseCard(wants="Where is my parcel?"),
                language="en",
            )

    def _write(self, number: int) -> None:
        now = self.clock.now()
        with self.database.begin() as connection:
            message = Inbound("web", "chat", f"m{number}", f"buyer {number}", "Are you there?", now)
            inbox.accept(connection, message, language="en", now=now)
        self.worker.take_next()


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do it, however often the database asks to come back: the wait counts."""
    while True:
        try:
            return await work()
        except TryLaterError:
            continue


async def run(url: str, rate: float, seconds: float) -> Load:
    """Open so many cases a second, for so long, whatever becomes of those before."""
    load = Load(url)
    watching = asyncio.create_task(load.watch())
    begun, tasks = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(load.case(number)))
    await asyncio.gather(*tasks)
    watching.cancel()
    return load


def told(name: str, waits: Sequence[float]) -> str:
    """A line of figures, in milliseconds."""
    p50, p95 = statistics.median(waits), statistics.quantiles(waits, n=20)[-1]
    verdict = "as wanted" if p95 < WANTED else f"MORE than the {WANTED * 1000:.0f} ms wanted"
    return (
        f"{name:<44} p50 {p50 * 1000:6.0f} ms   p95 {p95 * 1000:6.0f} ms   "
        f"most {max(waits) * 1000:6.0f} ms   {verdict}"
    )


def main() -> None:
    """Measure, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=20.0, help="cases a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--url", help="an empty database; a SQLite file of its own if left out")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = asked.url or f"sqlite:///{Path(folder) / 'bench.sqlite'}"
        load = asyncio.run(run(url, asked.rate, asked.seconds))
        print(f"{len(load.outwards)} cases at {asked.rate:.0f} a second")
        print(told("buyer's message to the agents' pages", load.inwards))
        print(told("agent's reply to the outbox", load.outwards))
        load.database.close()


if __name__ == "__main__":
    main()
