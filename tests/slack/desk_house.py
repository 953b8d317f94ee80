"""A store whose people work in Slack: real desk, SDK and socket; the emulator behind its edge."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

from anyio import to_thread
from slack_sdk.models.blocks import Block

from adapters.slack import access, backfill, socket_mode
from adapters.slack.desk import asking, lanes, posting, showing
from adapters.slack.desk.frontend import SlackDesk
from adapters.slack.wire import Wire
from bot.clock import SystemClock
from bot.desk.people import People
from bot.desk.service import board
from bot.desk.service.desk import DatabaseDesk
from bot.desk.values.cases import Case
from bot.desk.values.people import AccountKind, Person
from bot.dialogue.because import because
from bot.mailroom import outbox
from bot.mailroom.outbox import OutboxState
from bot.mailroom.tables import outbox as outbox_rows
from bot.settings import Settings, ShopRules
from bot.settings.desk import Day, QueueRules
from tests.channels.house import AheadClock, until
from tests.channels.slack_rig import shared
from tests.desk.acting import fast
from tests.peers.local_slack import ALICE, APP_TOKEN, BOB, BOT_TOKEN, DESK, TEAM, UPSTAIRS, LocalSlack
from tests.slack.edge import Edge
from tests.web.staff import Staff

#: A member of the workspace and nobody at the desk; Slack need not know them.
EVE = "U66EVE"


class Tempo:
    """Makes everything as fast as it can be; nobody but the test waits."""

    def __init__(self) -> None:
        self._kept = (
            (posting, "MESSAGES", 0.0),
            (posting, "METHODS", 0.0),
            (lanes, "WAITS", (0.05,)),
            (lanes, "LONG_WAIT", 0.1),
            (showing, "PAUSE", 0.1),
            (showing, "LOOK", 0.2),
            (asking, "LOOK", 0.1),
            (asking, "AGAIN", 0.1),
            (asking, "LONG_WAIT", 0.1),
            (board, "LOOK_EVERY", 0.03),
            (socket_mode, "WAITS", (0.1,)),
            (socket_mode, "LONG_WAIT", 0.2),
            (backfill, "AGAIN", 0.2),
        )
        self._before: list[Any] = []

    def on(self) -> None:
        self._before = [getattr(module, name) for module, name, _ in self._kept]
        for module, name, value in self._kept:
            setattr(module, name, value)

    def off(self) -> None:
        for (module, name, _), value in zip(self._kept, self._before, strict=True):
            setattr(module, name, value)


def awake(queue: QueueRules) -> QueueRules:
    """The queue without an hour off: the clock here is the machine's, and a test may be run at any time."""
    always = {"days": get_args(Day), "opens": "00:00", "closes": "24:00", "holidays": None}
    return queue.copy(update=always)


class DeskHouse:
    """The store, its people, and what they do in Slack."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        options = {"channels": {"default": DESK, "supervisor": UPSTAIRS}, "digest_from": 4}
        # Whoever opens cases must know that cards come later.
        rules = settings.rules
        always = {name: awake(queue) for name, queue in rules.queues.items()}
        self._settings = dataclasses.replace(
            settings, rules=rules.copy(update={"desks": ("slack",), "queues": always})
        )
        self._options = options
        self.clock = AheadClock()
        self.staff = Staff(folder, self.rules, self.clock)
        self.database = self.staff.database
        unhurried(self.staff)
        self.notified = 0
        self.ana = self.linked("ana", "agent", ALICE)
        self.sue = self.linked("sue", "supervisor", BOB)
        self._tempo = Tempo()
        self._frontend: SlackDesk | None = None

    def linked(self, login: str, rank: str, user: str, team: str = TEAM) -> Person:
        person = self.staff.person(login, rank)
        with self.database.begin() as connection:
            People(connection, self.rules, self.clock).link(person, AccountKind.SLACK, f"{team}/{user}")
        return person

    @property
    def rules(self) -> ShopRules:
        return self._settings.rules

    async def open(self) -> None:
        """What the start of the service does; also again, as after a restart."""
        if self._frontend is None and not hasattr(self, "edge"):
            self.slack: LocalSlack = await to_thread.run_sync(shared)
            self.edge = Edge(self.slack)
            await self.edge.start()
            os.environ[access.BOT_TOKEN], os.environ[access.APP_TOKEN] = BOT_TOKEN, APP_TOKEN
            self._tempo.on()
        changed = {
            "channel_options": {"slack": {"api": self.edge.api}},
            "desk_options": {"slack": self._options},
        }
        settings = dataclasses.replace(self._settings, rules=self.rules.copy(update=changed))
        self.desk = DatabaseDesk(
            self.database, settings.rules, self.clock, self._notify, self.staff.hasher, explain=because
        )
        self.opened = settings
        self.troubles: list[str | None] = []
        self.desk.board.on_trouble = lambda _, why: self.troubles.append(why)
        wire = Wire.of(settings, SystemClock())
        self._frontend = SlackDesk(settings, self.desk, wire=wire, clock=self.clock)
        await self._frontend.start()
        await self.edge.linked()

    async def stop(self) -> None:
        if self._frontend is not None:
            await self._frontend.stop()
            self._frontend = None

    async def close(self) -> None:
        await self.stop()
        for method, told in self.edge.told:
            if method.startswith(("chat.", "views.")):
                taken(told.get("blocks") or told.get("view", {}).get("blocks") or ())
        self._tempo.off()
        for name in (access.BOT_TOKEN, access.APP_TOKEN):
            os.environ.pop(name, None)
        await self.edge.stop()
        self.staff.close()

    def _notify(self) -> None:
        self.notified += 1

    @property
    def frontend(self) -> SlackDesk:
        assert self._frontend is not None
        return self._frontend

    # --- What Slack shows ---

    async def act(self, act: Callable[..., Any], *told: Any, **named: Any) -> Any:
        return await asyncio.to_thread(act, *told, **named)

    async def messages(self, channel: str = DESK) -> Sequence[dict[str, Any]]:
        """What the app has posted in a channel, threads included, oldest first."""
        found: Sequence[dict[str, Any]] = await self.act(self.slack.answers, channel)
        return found

    async def card(self, case_id: int, channel: str = DESK) -> dict[str, Any]:
        """A case's message, once it is there."""

        async def look() -> dict[str, Any] | None:
            found = [one for one in await self.messages(channel) if names(one, f"case:{case_id}.0")]
            return found[-1] if found else None

        found = await until(look, f"the card of case {case_id}")
        assert found is not None
        return found

    async def shows(self, case_id: int, words: str, channel: str = DESK) -> dict[str, Any]:
        """The case's message once it says so."""

        async def look() -> dict[str, Any] | None:
            card = await self.card(case_id, channel)
            return card if words in said(card) else None

        found = await until(look, f"'{words}' on the card of case {case_id}")
        assert found is not None
        return found

    async def thread(self, case_id: int, channel: str = DESK) -> Sequence[str]:
        """What the app has said in a case's thread."""
        ts = (await self.card(case_id, channel))["ts"]
        return [said(one) for one in await self.messages(channel) if one.get("thread_ts") == ts]

    async def tells(self, case_id: int, words: str, channel: str = DESK) -> str:
        """The post of a case's thread that says so, once it is there."""

        async def look() -> str | None:
            return next((one for one in await self.thread(case_id, channel) if words in one), None)

        found = await until(look, f"'{words}' in the thread of case {case_id}")
        assert found is not None
        return found

    async def quiet(self) -> None:
        """Wait until everything is shown."""

        async def look() -> bool:
            last = self.frontend._showing
            with self.database.begin() as connection:
                newest = connection.exec_driver_sql("SELECT max(id) FROM case_events").scalar_one()
            noted = await self.desk.board.kept("slack", "cursor")
            return last.idle and noted == str(newest or 0)

        await until(look, "quiet")

    # --- What people do there ---

    async def writes(self, case_id: int, text: str, *, user: str = ALICE, channel: str = DESK) -> str:
        """Somebody writes in a case's thread."""
        ts = (await self.card(case_id, channel))["ts"]
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return str(await self.act(self.slack.says, channel, escaped, user=user, thread=ts))

    async def presses(self, message: dict[str, Any], title: str, *, user: str = ALICE) -> None:
        await self.act(self.slack.presses, message["channel"], message, title, user=user)

    async def submits(
        self, view: dict[str, Any], values: dict[str, str], *, user: str = ALICE, view_id: str = "V1"
    ) -> Any:
        """Somebody sends a modal; what Slack is answered."""
        payload = {
            "type": "view_submission",
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "view": {**view, "id": view_id, "hash": "h", "state": {"values": filled(view, values)}},
        }
        envelope = {"type": "interactive", "payload": payload, "accepts_response_payload": True}
        return await self.brings(envelope)

    async def brings(self, envelope: dict[str, Any]) -> Any:
        """Slack brings something; what it is answered, once it is."""
        sent = await self.edge.bring(envelope)

        async def look() -> bool:
            return sent in self.edge.acknowledged

        await until(look, "an acknowledgement")
        return self.edge.answers.get(sent)

    async def modal(self, method: str = "views.open") -> dict[str, Any]:
        """The newest modal that was opened."""

        async def look() -> dict[str, Any] | None:
            found = [told["view"] for called, told in self.edge.told if called == method]
            return found[-1] if found else None

        found = await until(look, "a modal")
        assert found is not None
        return found

    async def whispered(self, words: str) -> str:
        """What one person was told, once they were."""

        async def look() -> str | None:
            told = [one for method, one in self.edge.told if method == "chat.postEphemeral"]
            return next((str(one["text"]) for one in told if words in str(one["text"])), None)

        found = await until(look, f"'{words}' in somebody's ear")
        assert found is not None
        return found

    # --- What happens to replies and to buyers ---

    def hears(self, case: Case, text: str, **more: Any) -> None:
        """The buyer writes."""
        self.staff.hears(self.staff.sender(case), text, **more)

    def settles(self, state: OutboxState, error: str | None = None) -> None:
        """Whatever the agents said is delivered, or is not."""
        with self.database.begin() as connection:
            rows = connection.execute(
                outbox_rows.select().where(outbox_rows.c.author == "agent", outbox_rows.c.state == "queued")
            ).all()
            for row in rows:
                told = f"shown-{row.id}"
                outbox.settle(
                    connection,
                    row.id,
                    state,
                    now=self.clock.now(),
                    error=error,
                    channel_message_id=told,
                )

    def sent(self, case: Case) -> list[str]:
        return self.staff.said_to_buyer(case)


def unhurried(staff: Staff) -> None:
    """Do not wait for the disk: what a power cut leaves is not asked here."""
    fast(staff.database)
    staff.database.engine.dispose()


def names(message: dict[str, Any], block_id: str) -> bool:
    return any(block.get("block_id") == block_id for block in message.get("blocks") or ())


def said(message: dict[str, Any]) -> str:
    """All words of a message's blocks."""
    return " ".join(_words(message.get("blocks") or ()))


def _words(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [str(part["text"])] if isinstance(part.get("text"), str) else []
        return own + [word for name, one in part.items() if name != "value" for word in _words(one)]
    if isinstance(part, list | tuple):
        return [word for one in part for word in _words(one)]
    return []


def filled(view: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """A modal's state, as Slack tells it."""
    state: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element, name = block["element"], block["block_id"].partition("#")[0]
        value = values.get(name)
        told: dict[str, Any] = {"type": element["type"]}
        if element["type"] == "static_select":
            chosen = value or element.get("initial_option", {}).get("value")
            told["selected_option"] = None if chosen is None else {"value": chosen}
        elif element["type"] == "datetimepicker":
            told["selected_date_time"] = None if value is None else int(value)
        else:
            told["value"] = element.get("initial_value") if value is None else value
        state[block["block_id"]] = {element["action_id"]: told}
    return state


def told_by(view: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(view["private_metadata"])
    return found


def taken(blocks: Sequence[dict[str, Any]]) -> None:
    """Look whether Slack would take these blocks: by its own models, and what they do not know."""
    assert [block.to_dict() for block in Block.parse_all(list(blocks))] or not blocks
    assert len(blocks) <= 50
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(ids) == len(set(ids))
    acts = [element["action_id"] for block in blocks for element in _acting(block)]
    assert len(acts) == len(set(acts)) or {"desk:value"} == set(acts)
    for text in _texts(list(blocks)):
        assert text
        assert len(text.encode("utf-16-le", "surrogatepass")) // 2 <= 3_000


def _acting(block: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in block.get("elements") or () if "action_id" in one]


def _texts(part: Any) -> list[str]:
    """Texts of rich and plain text; there is no other: in mrkdwn a buyer's words would be markup."""
    if isinstance(part, dict):
        assert part.get("type") != "mrkdwn"
        own = [str(part["text"])] if isinstance(part.get("text"), str) else []
        return own + [text for one in part.values() for text in _texts(one)]
    return [text for one in part for text in _texts(one)] if isinstance(part, list) else []
