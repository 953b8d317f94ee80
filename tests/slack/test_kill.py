"""The kill test through Slack's real path: the service dies again and again, and buyers only wait."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from bot import schema
from bot.database import Database
from bot.mailroom.tables import conversations, inbox, outbox
from bot.settings import ROOT
from tests.peers.local_slack import APP_TOKEN, BOT_TOKEN, LocalSlack
from tests.slack.edge import Answer, Edge, limited
from tests.slack.victim import is_confirmation


@dataclass(frozen=True)
class Plan:
    """What one run is to be."""

    buyers: int
    #: Of each buyer.
    messages: int
    kills: int
    #: Between two kills, in seconds.
    life: float
    #: Between two messages of one buyer, in seconds.
    pause: float


class Faults(dict[str, Any]):
    """What becomes of posts: now and then one is out but unanswered, or too much."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    def get(self, method: str, default: Any = None) -> Any:
        if method != "chat.postMessage":
            return default
        drawn = self._chance.random()
        if drawn < 0.02:
            return Answer("<html>gateway time-out</html>", 504, done=True)
        return limited(1) if drawn < 0.04 else default


class Run:
    """A workspace, its people, and a service that does not live long."""

    def __init__(self, plan: Plan, place: Path) -> None:
        self.plan, self.place = plan, place
        self.people = [f"U{100 + number}BUYER" for number in range(plan.buyers)]
        self.url = f"sqlite:///{place / 'crossdesk.sqlite'}"
        self._chance = random.Random("kill")
        self._kills = 0

    async def judged(self) -> None:
        database = Database(self.url)
        schema.upgrade(database)
        slack = LocalSlack(people=self.people)
        await asyncio.to_thread(slack.start)
        edge = Edge(slack)
        edge.faults = Faults(self._chance)
        await edge.start()
        try:
            direct = {user: await asyncio.to_thread(slack.direct, user) for user in self.people}
            (self.place / "store").mkdir()
            (self.place / "store" / "shop.yml").write_text(
                f"channels: [slack]\nchannel_options: {{slack: {{api: '{edge.api}'}}}}\n", encoding="utf-8"
            )
            async with self._service(edge):
                # What is said before the very first start is not answered.
                await edge.linked()
                speaking = [
                    asyncio.create_task(self._speak(slack, direct[user], user)) for user in self.people
                ]
                await asyncio.gather(*speaking)
                # Until the test's own time is up.
                while not await self._is_settled(database):  # noqa: ASYNC110 (another process writes it)
                    await asyncio.sleep(0.5)
            said = {user: await asyncio.to_thread(slack.answers, direct[user]) for user in self.people}
            self._judge(database, {user: [one["text"] for one in found] for user, found in said.items()})
        finally:
            await edge.stop()
            await asyncio.to_thread(slack.remove)
            database.close()

    async def _speak(self, slack: LocalSlack, channel: str, user: str) -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            for number in range(self.plan.messages):
                told = {"channel": channel, "user": user, "text": f"{user} {number}"}
                answer = await client.post(f"{slack.address}/_control/message", json=told)
                assert answer.status_code == 200
                await asyncio.sleep(self._chance.uniform(0, 2 * self.plan.pause))

    @contextlib.asynccontextmanager
    async def _service(self, edge: Edge) -> AsyncIterator[None]:
        """The service while it is killed, and then in peace."""
        killing = asyncio.create_task(self._kill(edge))
        try:
            yield
        finally:
            killing.cancel()
            await asyncio.gather(killing, return_exceptions=True)

    async def _kill(self, edge: Edge) -> None:
        environment = {
            **os.environ,
            "CROSSDESK_DATABASE_URL": self.url,
            "CROSSDESK_FILES": str(self.place / "files"),
            "CROSSDESK_STORE": str(self.place / "store"),
            "CROSSDESK_SLACK_BOT_TOKEN": BOT_TOKEN,
            "CROSSDESK_SLACK_APP_TOKEN": APP_TOKEN,
        }
        with (self.place / "log").open("ab") as log:
            for life in itertools.count():
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *("-m", "tests.slack.victim"),
                    cwd=ROOT,
                    env=environment,
                    stderr=log,
                    stdout=log,
                )
                try:
                    await edge.linked()
                    if life < self.plan.kills:
                        self._kills = life + 1
                        await asyncio.sleep(self._chance.uniform(0.2, 2 * self.plan.life))
                    else:
                        await process.wait()
                finally:
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()

    async def _is_settled(self, database: Database) -> bool:
        wanted = self.plan.buyers * self.plan.messages
        if self._kills < self.plan.kills:
            return False

        def count() -> bool:
            with database.begin() as connection:
                states = Counter(connection.execute(sa.select(outbox.c.state)).scalars())
            return states.total() == wanted and not states["queued"] + states["sending"]

        return await asyncio.to_thread(count)

    def _judge(self, database: Database, seen: dict[str, list[str]]) -> None:
        with database.begin() as connection:
            talks = sa.join(inbox, conversations, inbox.c.conversation_id == conversations.c.id)
            taken = connection.execute(
                sa.select(conversations.c.sender, inbox.c.text).select_from(talks).order_by(inbox.c.id)
            ).all()
            rows = connection.execute(sa.select(outbox.c.text, outbox.c.state, outbox.c.doubts)).all()
        received: defaultdict[str, list[str]] = defaultdict(list)
        for sender, text in taken:
            received[sender.rpartition("/")[2]].append(text)
        doubts = {text: doubted for text, _, doubted in rows}
        states = {text: state for text, state, _ in rows}
        repeats = 0
        for user in self.people:
            written = [f"{user} {number}" for number in range(self.plan.messages)]
            assert received[user] == written, "taken in once and in order"
            answers = seen[user]
            assert _first(answers) == [one for one in _wanted(written) if one in set(answers)], "in order"
            for text in _wanted(written):
                times = answers.count(text)
                repeats += max(times - 1, 0)
                if is_confirmation(text):
                    assert times == 1 or (times == 0 and states[text] == "unknown"), text
                else:
                    assert times == 1 or (times == 2 and doubts[text]), text
        print(
            f"{len(taken)} messages, {self.plan.kills} kills, {repeats} repeats, {Counter(states.values())}"
        )


def _wanted(written: Sequence[str]) -> list[str]:
    return [f"re: {text}" for text in written]


def _first(answers: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(answers))


async def test_a_few_kills_lose_nothing_and_repeat_no_confirmation(tmp_path: Path) -> None:
    await Run(Plan(buyers=4, messages=3, kills=2, life=1.0, pause=0.5), tmp_path).judged()


@pytest.mark.proof
@pytest.mark.timeout(1200)
async def test_a_thousand_messages_through_twenty_kills(tmp_path: Path) -> None:
    await Run(Plan(buyers=40, messages=25, kills=20, life=8.0, pause=5.0), tmp_path).judged()
