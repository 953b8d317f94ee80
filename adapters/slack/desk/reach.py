"""What all that people do in Slack needs: the desk, the wire, who it is, and a way to tell them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from adapters.slack.desk import home, modals
from adapters.slack.desk.heard import CameHome, Commanded, Place, Pressed, Submitted, Who
from adapters.slack.desk.memory import Memory
from adapters.slack.desk.options import DeskOptions
from adapters.slack.desk.posting import Posting
from adapters.slack.text import shortened
from adapters.slack.wire import Wire
from bot.clock import Clock
from bot.desk.port.desk import Desk
from bot.desk.values.people import AccountKind, Person
from bot.desk.values.views import CaseSummary
from bot.errors import CrossdeskError
from bot.tasks import end

log = logging.getLogger(__name__)

#: What Slack is answered: whether it was for the desk, or a body.
Answer = bool | dict[str, Any]

JOIN = "The operator adds you with: crossdesk people link LOGIN --slack {account}"
STRANGER = f"Only members of the desk can do this, and it was written down. {JOIN}"
VISITOR = f"Only members of the desk can do this. {JOIN}"
BUSY = "The desk cannot reach its database right now. Nothing was done: please try again in a moment."


class Reach:
    """What an act may reach.

    Args:
        desk: the acts; it checks every right.
        memory: which thread is which case's.
        posting: tells people.
        wire: opens modals.
        options: the sign that sends.
        clock: the time.
        changed: told of every case that was acted on.
    """

    def __init__(
        self,
        desk: Desk,
        memory: Memory,
        posting: Posting,
        wire: Wire,
        options: DeskOptions,
        clock: Clock,
        changed: Callable[[int], None],
    ) -> None:
        self.desk = desk
        self.memory = memory
        self.wire = wire
        self.options = options
        self.clock = clock
        self.changed = changed
        self._posting = posting
        self._beside: set[asyncio.Task[None]] = set()
        #: Threads that are no case's.
        self._strange: set[tuple[str, str]] = set()

    async def stop(self) -> None:
        """Let nothing go on."""
        await end(self._beside)

    async def person(self, who: Who) -> Person | None:
        """The member of the desk with this account."""
        return await self.desk.person_by_account(AccountKind.SLACK, who.account)

    async def case_of(self, place: Place) -> int | None:
        """The case whose thread this is in."""
        known = await self.memory.case_of(place.channel, place.thread)
        if known is not None or (place.channel, place.thread) in self._strange:
            return known
        # Whoever posted the case's message may have died before that was written down.
        known = await self._posting.case_at(place.channel, place.thread)
        if known is None:
            self._strange.add((place.channel, place.thread))
        return known

    async def is_current(self, place: Place, case_id: int) -> bool:
        """Whether a case of this thread is not shown in another one by now."""
        return await self.memory.where(case_id) in ((place.channel, place.thread), ("", ""))

    async def places(self, cases: Sequence[CaseSummary]) -> Mapping[int, str]:
        """The addresses of cases' threads, by their ids; of a case that is not shown yet there is none."""
        workspace = urlsplit((await self.wire.us()).url)
        if workspace.scheme not in ("http", "https") or not workspace.netloc:
            return {}
        found: dict[int, str] = {}
        for case in cases[: home.MOST]:
            channel, ts = await self.memory.where(case.id)
            if ts:
                # As `chat.getPermalink` makes them, without a call for each.
                found[case.id] = (
                    f"{workspace.scheme}://{workspace.netloc}/archives/{channel}/p{ts.replace('.', '')}"
                )
        return found

    async def stranger(self, who: Who, what: str, case_id: int | None) -> str:
        """Write down that somebody who is no member tried; what they are told."""
        await self.desk.refuse_stranger(AccountKind.SLACK, who.account, what, case_id=case_id)
        return STRANGER.format(account=who.account)

    def refuse(self, heard: Pressed | Submitted | Commanded | CameHome, text: str) -> Answer:
        """Say why not, where the person looks."""
        if isinstance(heard, Submitted):
            field = str(heard.view.told.get("field", ""))
            if field:
                return {"response_action": "errors", "errors": {field: shortened(text, 150)}}
            return {"response_action": "update", "view": modals.notice("Not done", text)}
        if isinstance(heard, Commanded):
            return home.only_you(text)
        if isinstance(heard, Pressed) and heard.place is not None:
            self.whisper(heard.place, heard.who, text)
        return True

    def whisper(self, place: Place, who: Who, text: str) -> None:
        """Tell one person, where they look."""
        thread = None if place.ts == place.thread else place.thread
        self.go_on(self._posting.whisper(place.channel, who.user, text, thread))

    def go_on(self, work: Awaitable[None]) -> None:
        """Do something that nobody need wait for."""
        task = asyncio.ensure_future(_quietly(work))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)


def number(told: Mapping[str, Any], name: str) -> int:
    """What we wrote into a modal as a number; 0 where there is none that could be ours."""
    value = told.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0


async def _quietly(work: Awaitable[None]) -> None:
    try:
        await work
    except CrossdeskError as error:
        log.warning("something of no great weight was left out in Slack: %s", error)
