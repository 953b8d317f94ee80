"""The desk in Slack dies again and again while people claim, write, change what they wrote, and close.

In the end each case's card and thread say what the database says; no reply is lost, doubled or out of order,
and no remark reaches a buyer. People only do what people do: what nobody took, they press again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from adapters.slack.desk.cards import case_card
from adapters.slack.desk.memory import Memory
from adapters.slack.desk.thread import items
from bot import schema
from bot.clock import SystemClock
from bot.database import Database
from bot.desk.people import People
from bot.desk.service.board import DatabaseBoard
from bot.desk.tables import case_events, cases
from bot.desk.values.cases import Outcome
from bot.desk.values.history import EventKind
from bot.desk.values.people import AccountKind, Rank
from bot.mailroom.tables import conversations, inbox, outbox
from bot.settings import ROOT, ShopRules
from tests.desk.acting import CHEAP, PASSWORD
from tests.peers.local_slack import ALICE, APP_TOKEN, BOB, BOT_TOKEN, DESK, TEAM, LocalSlack
from tests.slack.desk_house import filled, names, said
from tests.slack.edge import Edge

T = TypeVar("T")

REMARK = "REMARK"
SIGN = ">>"
AGENTS = (("ana", ALICE), ("ben", BOB))
#: Looks at what has come of an act before it is done again, and the seconds between two.
LOOKS, LOOK = 20, 0.1


@dataclass(frozen=True)
class Plan:
    """What one run is to be."""

    buyers: int
    #: Of each buyer.
    messages: int
    #: Of the agent to each buyer; every other one is changed afterwards.
    answers: int
    kills: int

    @property
    def steps(self) -> int:
        """What people do in all, as ``Floor`` counts it."""
        return self.buyers * (self.messages + 2 * self.answers + 2)


class Floor:
    """A workspace, its people, and a service that does not live long."""

    def __init__(self, plan: Plan, place: Path, rules: ShopRules) -> None:
        self.plan, self.place, self.rules = plan, place, rules
        self.people = [f"U{100 + number}BUYER" for number in range(plan.buyers)]
        self.url = f"sqlite:///{place / 'crossdesk.sqlite'}"
        self.database = Database(self.url)
        self.slack = LocalSlack(people=self.people)
        self.edge = Edge(self.slack)
        self.kills = 0
        self._steps = 0
        self._stepped = asyncio.Condition()

    async def judged(self) -> None:
        schema.upgrade(self.database)
        self._employ()
        await asyncio.to_thread(self.slack.start)
        await self.edge.start()
        try:
            (self.place / "store").mkdir()
            (self.place / "store" / "shop.yml").write_text(self._shop(), encoding="utf-8")
            self.direct = {user: await asyncio.to_thread(self.slack.direct, user) for user in self.people}
            async with self._service():
                # What is said before the very first start is not answered.
                await self.edge.linked()
                await asyncio.gather(*(self._buys(user) for user in self.people), *self._agents())
                await self._until(self._is_quiet)
            assert self.kills == self.plan.kills
            for number, user in enumerate(self.people):
                await self._judge(user, AGENTS[number % len(AGENTS)][0])
        finally:
            await self.edge.stop()
            await asyncio.to_thread(self.slack.remove)
            self.database.close()

    def _employ(self) -> None:
        with self.database.begin() as connection:
            people = People(connection, self.rules, SystemClock(), CHEAP)
            for login, user in AGENTS:
                person = people.add(login, login.title(), Rank.AGENT, PASSWORD)
                people.link(person, AccountKind.SLACK, f"{TEAM}/{user}")

    def _shop(self) -> str:
        changed = {
            "channels": ["slack"],
            "channel_options": {"slack": {"api": self.edge.api}},
            "desks": ["slack"],
            "desk_options": {"slack": {"channels": {"default": DESK}, "digest_from": 1_000}},
            "cases": {"most_open": 1_000},
        }
        return json.dumps(changed)

    # --- The service ---

    @contextlib.asynccontextmanager
    async def _service(self) -> AsyncIterator[None]:
        """The service while it is killed, and then in peace."""
        killing = asyncio.create_task(self._kill())
        try:
            yield
        finally:
            killing.cancel()
            await asyncio.gather(killing, return_exceptions=True)

    async def _kill(self) -> None:
        environment = {
            **os.environ,
            "CROSSDESK_DATABASE_URL": self.url,
            "CROSSDESK_FILES": str(self.place / "files"),
            "CROSSDESK_STORE": str(self.place / "store"),
            "CROSSDESK_SLACK_BOT_TOKEN": BOT_TOKEN,
            "CROSSDESK_SLACK_APP_TOKEN": APP_TOKEN,
        }
        with (self.place / "log").open("ab") as log:
            for life in itertools.count(1):
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "tests.slack.desk_victim"),
                    cwd=ROOT,
                    env=environment,
                    stderr=log,
                    stdout=log,
                )
                try:
                    if life > self.plan.kills:
                        await process.wait()
                        raise AssertionError((self.place / "log").read_text()[-2_000:])
                    # By what was done and not by the clock: a fast machine would be done before.
                    due = life * self.plan.steps // (self.plan.kills + 1)
                    async with self._stepped:
                        await self._stepped.wait_for(lambda due=due: self._steps >= due)
                    self.kills += 1
                finally:
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()

    async def _step(self) -> None:
        async with self._stepped:
            self._steps += 1
            self._stepped.notify_all()

    # --- People ---

    async def _buys(self, user: str) -> None:
        for number in range(self.plan.messages):
            await self._act(self.slack.says, self.direct[user], f"{user} asks {number}", user=user)
            await self._until(lambda number=number: self._is_taken(user, number))
            await self._step()

    def _agents(self) -> Sequence[Awaitable[None]]:
        return [
            self._serves(user, AGENTS[number % len(AGENTS)][1]) for number, user in enumerate(self.people)
        ]

    async def _serves(self, buyer: str, agent: str) -> None:
        """Somebody's case from the claim to its end."""
        case = await self._until(lambda: self._case(buyer))
        await self._insists(lambda: self._presses(case, "Claim", agent), lambda: self._is(case, "claimed"))
        await self._step()
        thread = (await self._until(lambda: self._card(case)))["ts"]
        for number in range(self.plan.answers):
            await self._act(self.slack.says, DESK, f"{REMARK} {buyer} {number}", user=agent, thread=thread)
            words = f"{SIGN} answer {buyer} {number}"
            ts = await self._act(self.slack.says, DESK, words.replace(">", "&gt;"), user=agent, thread=thread)
            await self._step()
            if number % 2:
                await self._until(lambda number=number: self._said(case, EventKind.REPLIED, number + 1))
                await self._insists(
                    self._changing(ts, words, agent),
                    lambda number=number: self._said(case, EventKind.CHANGED, number // 2 + 1),
                )
            await self._step()
        await self._until(lambda: self._said(case, EventKind.REPLIED, self.plan.answers))
        await self._until(lambda: self._is_taken(buyer, self.plan.messages - 1))
        await self._insists(lambda: self._closes(case, agent), lambda: self._is(case, "closed"))
        await self._step()

    def _changing(self, ts: str, words: str, agent: str) -> Callable[[], Awaitable[None]]:
        """Change a message, each time a little more: one that is on its way at this moment is refused."""
        marks = itertools.count()

        async def change() -> None:
            changed = f"{words}, changed{'!' * next(marks)}".replace(">", "&gt;")
            await self._act(self.slack.edits, DESK, ts, changed, user=agent)

        return change

    async def _closes(self, case: int, agent: str) -> None:
        opened = self._modals(case)
        await self._presses(case, "Close…", agent)
        for _ in range(LOOKS):
            if len(self._modals(case)) > len(opened):
                break
            await asyncio.sleep(LOOK)
        else:
            return
        view = self._modals(case)[-1]
        payload = {
            "type": "view_submission",
            "team": {"id": TEAM},
            "user": {"id": agent, "team_id": TEAM},
            "view": {
                **view,
                "id": f"V{case}",
                "hash": "h",
                "state": {"values": filled(view, {"outcome": Outcome.SOLVED.value, "summary": REMARK})},
            },
        }
        with contextlib.suppress(ConnectionError, RuntimeError, IndexError):
            await self.edge.bring(
                {"type": "interactive", "payload": payload, "accepts_response_payload": True}
            )

    def _modals(self, case: int) -> list[dict[str, Any]]:
        views = [told["view"] for method, told in self.edge.told if method == "views.open"]
        return [view for view in views if json.loads(view["private_metadata"]).get("case") == case]

    async def _presses(self, case: int, title: str, agent: str) -> None:
        card = await self._card(case)
        if card is not None:
            # With nobody at the other end, or before the button is there, nothing comes of it.
            with contextlib.suppress(AssertionError):
                await self._act(self.slack.presses, DESK, card, title, user=agent)

    async def _insists(
        self, act: Callable[[], Awaitable[None]], is_done: Callable[[], Awaitable[object]]
    ) -> None:
        """Do something again until it is done, as people do."""
        while True:
            await act()
            for _ in range(LOOKS):
                if await is_done():
                    return
                await asyncio.sleep(LOOK)

    async def _until(self, look: Callable[[], Awaitable[T | None]]) -> T:
        """Until the test's own time is up."""
        while not (found := await look()):  # noqa: ASYNC110 (another process does it)
            await asyncio.sleep(LOOK)
        return found

    async def _act(self, act: Callable[..., T], *told: Any, **named: Any) -> T:
        return await asyncio.to_thread(act, *told, **named)

    # --- What is so ---

    async def _card(self, case: int) -> dict[str, Any] | None:
        posted = await self._act(self.slack.answers, DESK)
        return next((one for one in posted if names(one, f"case:{case}.0")), None)

    async def _rows(self, query: Any) -> list[Any]:
        def read() -> list[Any]:
            with self.database.begin() as connection:
                return list(connection.execute(query).all())

        return await asyncio.to_thread(read)

    async def _case(self, buyer: str) -> int | None:
        talks = sa.join(cases, conversations, cases.c.conversation_id == conversations.c.id)
        found = await self._rows(
            sa.select(cases.c.id).select_from(talks).where(conversations.c.sender.endswith(buyer))
        )
        return found[0].id if found else None

    async def _is(self, case: int, state: str) -> bool:
        found = await self._rows(sa.select(cases).where(cases.c.id == case))
        return bool(found[0].owner_id is not None if state == "claimed" else found[0].state == state)

    async def _said(self, case: int, kind: EventKind, times: int) -> bool:
        own = (case_events.c.case_id == case, case_events.c.kind == kind.value)
        return len(await self._rows(sa.select(case_events.c.id).where(*own))) >= times

    async def _is_taken(self, buyer: str, number: int) -> bool:
        done = inbox.c.state == "done"
        return bool(
            await self._rows(sa.select(inbox.c.id).where(inbox.c.text == f"{buyer} asks {number}", done))
        )

    async def _is_quiet(self) -> bool:
        """Whether all is delivered and shown."""
        waits = await self._rows(sa.select(outbox.c.id).where(outbox.c.state.in_(["queued", "sending"])))
        newest = (await self._rows(sa.select(sa.func.max(case_events.c.id))))[0][0]
        board = DatabaseBoard(self.database, self.rules, SystemClock())
        return not waits and await board.kept("slack", "cursor") == str(newest)

    async def _judge(self, buyer: str, login: str) -> None:
        case = await self._case(buyer)
        assert case is not None
        plan = self.plan
        board = DatabaseBoard(self.database, self.rules, SystemClock())
        found = await board.case(case)
        # What the database says is what people did.
        own = case_events.c.case_id == case
        events = await self._rows(sa.select(case_events).where(own).order_by(case_events.c.id))
        noted = [one.text for one in events if one.kind == EventKind.NOTED.value]
        assert noted == [f"{REMARK} {buyer} {number}" for number in range(plan.answers)]
        assert {one.actor for one in events if one.actor_id is not None} == {login.title()}
        own_talk = sa.select(cases.c.conversation_id).where(cases.c.id == case).scalar_subquery()
        replies = await self._rows(
            sa.select(outbox)
            .where(outbox.c.conversation_id == own_talk, outbox.c.author == "agent")
            .order_by(outbox.c.position)
        )
        first = [one for one in replies if one.corrects is None]
        assert [re.sub(", changed!*$", "", one.text) for one in first] == [
            f"answer {buyer} {number}" for number in range(plan.answers)
        ]
        # The buyer has each once, in order, as it reads in the end, and no remark.
        heard = [one["text"] for one in await self._act(self.slack.answers, self.direct[buyer])]
        assert not any(REMARK in text for text in heard)
        sure = [one for one in first if one.state != "unknown" and not one.doubts]
        for number, one in enumerate(first):
            wanted = f"answer {buyer} {number}" + (", changed" if number % 2 else "")
            times = sum(wanted in text for text in heard)
            assert times == 1 or one not in sure, (wanted, heard)
        order = [text for text in heard if f"answer {buyer}" in text]
        assert order == sorted(order, key=lambda text: int(text.split(f"{buyer} ")[1].split(",")[0]))
        # Slack shows the same.
        posted = await self._act(self.slack.answers, DESK)
        cards = [one for one in posted if names(one, f"case:{case}.0")]
        assert len(cards) == 1
        assert said(cards[0]) == said({"blocks": case_card(found.view, SIGN).blocks})
        await self._judge_thread(
            case, found, board, [one for one in posted if one.get("thread_ts") == cards[0]["ts"]]
        )

    async def _judge_thread(
        self, case: int, found: Any, board: Any, posted: Sequence[dict[str, Any]]
    ) -> None:
        memory = Memory(board)
        keys = {f"l{one.line.position}": one.key for one in found.lines}
        keys |= {f"e{one.event.id}": one.key for one in found.events if one.event.kind is EventKind.NOTED}
        wanted = []
        for item in items(found, 0, 0):
            key = keys.get(item.name)
            if key is None or await memory.said_at(key) is None:
                wanted += [f"{case}:{item.name}.{number}" for number in range(len(item.blocks))]
        shown = [
            block["block_id"]
            for message in posted
            for block in message.get("blocks") or ()
            if str(block.get("block_id")).startswith(f"{case}:")
        ]
        assert sorted(shown) == sorted(wanted)
        for kind in "le":
            numbers = [int(re.split(r"[.:]", one)[1][1:]) for one in shown if f":{kind}" in one]
            assert numbers == sorted(numbers)


async def test_a_desk_that_is_killed_loses_doubles_and_leaks_nothing(
    tmp_path: Path, rules: ShopRules
) -> None:
    await Floor(Plan(buyers=2, messages=2, answers=2, kills=2), tmp_path, rules).judged()


@pytest.mark.proof
@pytest.mark.timeout(1800)
async def test_twenty_cases_through_twenty_kills(tmp_path: Path, rules: ShopRules) -> None:
    await Floor(Plan(buyers=20, messages=4, answers=6, kills=20), tmp_path, rules).judged()
