"""Shows one case in Slack: its card, what was said and done, what became of replies, and its clock."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from adapters.slack.desk.blocks import run, section, worded
from adapters.slack.desk.cards import Card, case_card, moved_card
from adapters.slack.desk.memory import Memory, Shown
from adapters.slack.desk.options import DeskOptions
from adapters.slack.desk.posting import CLOSED, GONE, Posting
from adapters.slack.desk.thread import Item, Post, items, posts, undelivered
from adapters.slack.errors import code_of
from adapters.slack.text import escaped
from bot.clock import Clock
from bot.desk.port.board import Board, BoardCase, BoardLine
from bot.desk.values.cases import CaseState
from bot.desk.values.history import EventKind
from bot.errors import (
    NeverError,
    OperatorError,
    TryLaterError,
    UnknownCaseError,
    UnknownOutcomeError,
)

log = logging.getLogger(__name__)

#: So many of the lines from before a case was opened its thread begins with.
EARLIER = 30
#: Of so many of the newest replies it is still looked at what became of them.
MOST_MARKS = 20
#: So long before its end a clock is warned of.
WARNING = dt.timedelta(seconds=60)
#: A card tells the minute in which a clock ends: it is not changed for less.
MINUTE = dt.timedelta(minutes=1)
#: What a case's history calls us.
WHERE = "Slack"
#: What stands at a reply that is on its way, and what became of it.
WAY = {
    "sent": "white_check_mark",
    "delivered": "white_check_mark",
    "failed": "warning",
    "unknown": "grey_question",
}
#: States after which nothing more is heard of a reply by itself.
_OVER = frozenset({"delivered", "failed", "unknown", "sent"})


class CaseShowing:
    """Brings what Slack shows of a case up to date, however late.

    Args:
        board: what is shown.
        memory: where it is shown.
        posting: shows it.
        options: in which channels.
        clock: the time.
        user_of: a person's id as a user, if they have one here.
    """

    def __init__(
        self,
        board: Board,
        memory: Memory,
        posting: Posting,
        options: DeskOptions,
        clock: Clock,
        user_of: Callable[[int], Awaitable[str | None]],
    ) -> None:
        self._user_of = user_of
        self._board = board
        self._memory = memory
        self._posting = posting
        self._options = options
        self._clock = clock
        #: Cases of which Slack may show more than was written down.
        self.unsure: set[int] = set()
        #: Cases with a reply on its way, and when clocks end.
        self.under_way: set[int] = set()
        self.due: dict[int, dt.datetime] = {}
        #: A case that moves while it is shown is two channels' for a moment.
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        #: The blocks that a channel had when that was asked: their messages' ``ts``.
        self._there: dict[str, dict[str, str]] = {}

    async def catch_up(self, channel: str, case_id: int) -> None:
        """Show what of a case is not shown yet, if this is its channel now; if not, it is another's turn."""
        async with self._locks.setdefault(case_id, asyncio.Lock()):
            try:
                found = await self._board.case(case_id)
            except UnknownCaseError:
                return
            if self._options.channel_of(found.view.summary.queue) == channel:
                await self._catch_up(case_id, found)

    async def _catch_up(self, case_id: int, found: BoardCase) -> None:
        try:
            await self._show(case_id, found, unsure=case_id in self.unsure)
            self.unsure.discard(case_id)
        except UnknownOutcomeError:
            self.unsure.add(case_id)
            self._there.clear()
            raise
        except NeverError as error:
            if code_of(error) not in GONE:
                raise
            # Somebody deleted it by hand: it is shown anew.
            log.warning("case %d is shown anew, its message in Slack is gone", case_id)
            shown = await self._memory.shown(case_id)
            await self._memory.show(case_id, _anew(shown), shown)
            raise TryLaterError("a message was deleted by hand") from error
        closed = found.view.summary.state is CaseState.CLOSED
        if closed and case_id not in self.under_way:
            self._memory.forget(case_id)

    async def _show(self, case_id: int, found: BoardCase, *, unsure: bool) -> None:
        case = found.view.summary
        shown = before = await self._memory.shown(case_id)
        closed = case.state is CaseState.CLOSED
        channel = self._options.channel_of(case.queue)
        if closed and not shown.ts and not (unsure and await self._adopted(case_id, channel)):
            return
        if shown.ts and shown.channel != channel:
            card = moved_card(found.view)
            try:
                await self._posting.change(shown.channel, shown.ts, card.text, card.blocks)
            except (NeverError, OperatorError) as error:
                log.warning("the old message of case %d stays as it is: %s", case_id, error)
            shown = _anew(shown)
        card = case_card(found.view, self._options.send_sign)
        if not shown.ts:
            shown = await self._first(found, shown, channel, card, unsure=unsure)
            await self._memory.show(case_id, shown, before)
        if shown.card != card.digest:
            await self._posting.change(shown.channel, shown.ts, card.text, card.blocks)
            shown = dataclasses.replace(shown, card=card.digest)
            await self._memory.show(case_id, shown, shown)
        shown = await self._seen(found, shown)
        shown = await self._tell(case_id, found, shown, unsure=unsure)
        shown = await self._tell_ways(case_id, found, shown)
        await self._tell_clock(case_id, found, shown)

    async def _seen(self, found: BoardCase, shown: Shown) -> Shown:
        """Say of a case that waits that its card is there: only now the clock of its claim begins."""
        case = found.view.summary
        if not case.unseen:
            return shown
        due = await self._board.shown(case.id, found.view.fence, WHERE)
        if due is None or case.due_at is None or abs(due - case.due_at) >= MINUTE:
            return shown
        # Posting took its time, and the clock ends so much later than the card says.
        summary = dataclasses.replace(case, due_at=due, unseen=False)
        card = case_card(dataclasses.replace(found.view, summary=summary), self._options.send_sign)
        told = dataclasses.replace(shown, card=card.digest)
        await self._memory.show(case.id, told, shown)
        return told

    async def _first(
        self, found: BoardCase, shown: Shown, channel: str, card: Card, *, unsure: bool
    ) -> Shown:
        ts = await self._adopted(found.view.summary.id, channel) if unsure else None
        # One that is there already says what was so when it was posted.
        says = "" if ts else card.digest
        ts = ts or await self._posting.post(channel, card.text, card.blocks)
        places = [one.line.position for one in found.lines]
        earlier = [at for at in places if found.since is None or at < found.since]
        line = max([shown.line, *earlier[:-EARLIER]])
        return dataclasses.replace(shown, channel=channel, ts=ts, card=says, line=line)

    async def _adopted(self, case_id: int, channel: str) -> str | None:
        """The ``ts`` of a case's message that is there although nobody wrote that down."""
        if channel not in self._there:
            self._there[channel] = await self._posting.there(channel)
        return self._there[channel].get(f"case:{case_id}.0")

    async def _tell(self, case_id: int, found: BoardCase, shown: Shown, *, unsure: bool) -> Shown:
        """Post what was said and done since."""
        waiting = items(found, shown.line, shown.event, shown.again)
        if not waiting:
            return shown
        here = await self._said_here(found, shown)
        posted: set[str] = set()
        if unsure:
            posted = await self._posting.found(shown.channel, shown.ts, shown.ts)
        told: list[Item] = [
            dataclasses.replace(one, blocks=()) if one.name in here else one for one in waiting
        ]
        for post in posts(case_id, told, posted):
            ts = await self._post(case_id, shown, post)
            shown = self._past(shown, post, here, ts)
            await self._memory.show(case_id, shown, shown)
        return shown

    async def _post(self, case_id: int, shown: Shown, post: Post) -> str:
        if not post.blocks:
            return ""
        try:
            ts = await self._posting.post(shown.channel, post.text, post.blocks, shown.ts)
        except NeverError as error:
            if code_of(error) in GONE | CLOSED:
                raise
            log.error("a part of case %d cannot be shown in Slack: %s", case_id, error)
            excuse = section(run("Something here cannot be shown in Slack; the web desk shows it."))
            ts = await self._posting.post(shown.channel, "…", [excuse], shown.ts)
        files = [file for item in post.done for file in item.attachments]
        if files:
            try:
                await self._posting.upload(shown.channel, shown.ts, files)
            except (NeverError, OperatorError, UnknownOutcomeError) as error:
                log.warning("a buyer's file is not shown in Slack: %s", error)
                excuse = section(run("The file is in the web desk."))
                await self._posting.post(shown.channel, "…", [excuse], shown.ts)
        return ts

    def _past(self, shown: Shown, post: Post, here: dict[str, str], ts: str) -> Shown:
        marks = dict(shown.marks)
        for item in post.done:
            place = here.get(item.name, ts)
            if item.reply and place:
                marks[item.position] = (place, "")
        # Of what was settled long ago nothing is heard any more.
        marks = {at: mark for at, mark in marks.items() if not mark[1] or at in sorted(marks)[-MOST_MARKS:]}
        return dataclasses.replace(
            shown,
            line=max([shown.line, *(item.position for item in post.done)]),
            event=max([shown.event, *(item.event for item in post.done)]),
            marks=marks,
        )

    async def _said_here(self, found: BoardCase, shown: Shown) -> dict[str, str]:
        """What was said in this very thread, by the items' names: the ``ts`` of its message."""
        keyed = [(f"l{one.line.position}", one.key) for one in found.lines if one.line.position > shown.line]
        keyed += [
            (f"e{one.event.id}", one.key)
            for one in found.events
            # A trainee's words, too, stand there; but somebody has to say yes to them.
            if one.event.id > shown.event and one.event.kind is EventKind.NOTED
        ]
        here = {}
        for name, key in keyed:
            place = None if key is None else await self._memory.said_at(key)
            if place is not None and (place.channel, place.thread) == (shown.channel, shown.ts):
                here[name] = place.ts
        return here

    # --- What becomes of replies, and clocks ---

    async def _tell_ways(self, case_id: int, found: BoardCase, shown: Shown) -> Shown:
        lines = {one.line.position: one for one in found.lines}
        under_way = False
        for position, (ts, told) in list(shown.marks.items()):
            line = lines.get(position)
            if line is None:
                continue
            state = line.line.state
            mark = WAY.get(state)
            if mark is not None and mark != told:
                await self._posting.mark(shown.channel, ts, mark, told or None)
                if state in ("failed", "unknown"):
                    await self._tell_failure(case_id, shown, line)
                marks = {**shown.marks, position: (ts, mark)}
                shown = dataclasses.replace(shown, marks=marks)
                await self._memory.show(case_id, shown, shown)
            under_way = under_way or state not in _OVER
        (self.under_way.add if under_way else self.under_way.discard)(case_id)
        return shown

    async def _tell_failure(self, case_id: int, shown: Shown, line: BoardLine) -> None:
        blocks = undelivered(case_id, line)
        await self._posting.post(shown.channel, "A reply did not reach the buyer.", blocks, shown.ts)

    async def _tell_clock(self, case_id: int, found: BoardCase, shown: Shown) -> None:
        case = found.view.summary
        if case.due_at is None or case.state is CaseState.CLOSED or case.due_at.isoformat() == shown.warned:
            self.due.pop(case_id, None)
            return
        self.due[case_id] = case.due_at
        left = case.due_at - self._clock.now()
        if dt.timedelta() < left <= WARNING:
            what = "" if case.clock is None else worded(case.clock.value)
            words = f"{case.owner or 'Nobody has it yet'}: the clock ({what}) ends in a minute."
            user = None if case.owner_id is None else await self._user_of(case.owner_id)
            # It is for the owner to see, wherever they are in Slack.
            named = [] if user is None else [{"type": "user", "user_id": user}, run(" ")]
            blocks = [section(*named, run(words))]
            await self._posting.post(shown.channel, escaped(words), blocks, shown.ts)
        if left <= WARNING:
            self.due.pop(case_id, None)
            warned = dataclasses.replace(shown, warned=case.due_at.isoformat())
            await self._memory.show(case_id, warned, warned)


def _anew(shown: Shown) -> Shown:
    """A case that gets another message, elsewhere or instead of a deleted one: its thread tells it all."""
    return Shown(again=max(shown.line, shown.again))
