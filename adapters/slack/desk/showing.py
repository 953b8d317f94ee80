"""Shows cases in Slack and keeps them up to date: what is not shown yet follows in order, however late."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence

from adapters.slack.desk.cards import digest_card
from adapters.slack.desk.case_showing import WARNING, WHERE, CaseShowing
from adapters.slack.desk.lanes import Lane
from adapters.slack.desk.memory import Memory
from adapters.slack.desk.options import DeskOptions
from adapters.slack.desk.posting import Posting
from adapters.slack.desk.troubles import Troubles
from bot.clock import Clock
from bot.desk.port.board import Board
from bot.desk.values.cases import CaseState
from bot.errors import CrossdeskError
from bot.tasks import end

log = logging.getLogger(__name__)

#: A look for what is new lasts so long at the most, in seconds.
LOOK = 1.0
#: All open cases are looked at again after so long, in seconds: whatever was missed is shown then.
SWEEP = 300.0
#: The wait where something failed that is nobody's fault in Slack, in seconds.
PAUSE = 2.0


class Showing:
    """Keeps the channels of Slack as the board is.

    Args:
        board: what is shown.
        memory: where it is shown.
        posting: shows it.
        options: in which channels.
        clock: the time.
        user_of: a person's id as a user, if they have one here.
        troubles: told what cannot be shown.
    """

    def __init__(
        self,
        board: Board,
        memory: Memory,
        posting: Posting,
        options: DeskOptions,
        clock: Clock,
        user_of: Callable[[int], Awaitable[str | None]],
        troubles: Troubles,
    ) -> None:
        self._cases = CaseShowing(board, memory, posting, options, clock, user_of)
        self._troubles = troubles
        self._board = board
        self._memory = memory
        self._posting = posting
        self._options = options
        self._clock = clock
        self._lanes: dict[str, Lane] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._asked_at = 0.0
        self._hints: dict[int, None] = {}

    def start(self) -> None:
        """Begin, also after a ``stop``."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._watch())]

    async def stop(self) -> None:
        """Leave the rest to the next start. Idempotent."""
        tasks, self._tasks, self._lanes = self._tasks, [], {}
        await end(tasks)

    def changed(self, case_id: int) -> None:
        """Something happened to this case."""
        self._hints[case_id] = None

    @property
    def idle(self) -> bool:
        """Whether all that was noticed is shown."""
        return not self._hints and all(lane.idle for lane in self._lanes.values())

    # --- What is to be shown ---

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        cursor = noted = swept = None
        while True:
            try:
                if cursor is None or swept is None or loop.time() - swept >= SWEEP:
                    noted = await self._memory.number("cursor")
                    cursor = (await self._board.changes(None)).cursor
                    missed = await self._board.changes(cursor if noted is None else noted, wait=0)
                    ids = [*await self._board.open_cases(), *missed.case_ids]
                    if swept is None:
                        # Another process may have ended between a post and the note of it.
                        self._cases.unsure.update(ids)
                    await self._assign(ids)
                    swept = loop.time()
                changes = await self._board.changes(cursor, wait=0.25 if self._cases.under_way else LOOK)
                hints, self._hints = list(self._hints), {}
                ids = [*changes.case_ids, *hints, *self._to_ask(loop.time()), *self._to_warn()]
                await self._assign(ids, pressing=hints)
                cursor = changes.cursor
                if self.idle and cursor != noted:
                    # Only then nothing before it is needed after a restart.
                    await self._memory.note("cursor", cursor)
                    noted = cursor
            except CrossdeskError as error:
                log.warning("the desk in Slack waits for the database: %s", error)
                await asyncio.sleep(PAUSE)
            except Exception as error:
                log.error("the desk in Slack begins again: %s", type(error).__name__)
                cursor = None
                await asyncio.sleep(PAUSE)

    def _to_ask(self, now: float) -> Sequence[int]:
        """Cases with a reply on its way, now and then: the more there are, the more seldom."""
        if now - self._asked_at < max(0.5, len(self._cases.under_way) / 20):
            return ()
        self._asked_at = now
        return tuple(self._cases.under_way)

    def _to_warn(self) -> Sequence[int]:
        soon = self._clock.now() + WARNING
        return [case_id for case_id, due in self._cases.due.items() if due <= soon]

    async def _assign(self, case_ids: Sequence[int], pressing: Collection[int] = ()) -> None:
        ids = list(dict.fromkeys(case_ids))
        queues: dict[int, str] = {}
        for start in range(0, len(ids), 500):
            queues.update(await self._board.queues(ids[start : start + 500]))
        for case_id in ids:
            if case_id in queues:
                shown = await self._memory.shown(case_id)
                lane = self._lane(self._options.channel_of(queues[case_id]))
                for other in self._lanes.values():
                    if other is not lane:
                        other.drop(case_id)
                # Whoever claims a case from a list wants its thread now, not after all before it.
                new = not shown.ts and case_id not in pressing
                lane.add(case_id, new=new, listed=shown.listed == lane.channel)

    def _lane(self, channel: str) -> Lane:
        lane = self._lanes.get(channel)
        if lane is None:
            show = functools.partial(self._cases.catch_up, channel)
            tell = functools.partial(self._troubles.tell, channel)
            lane = Lane(channel, self._options.digest_from, show, self._enlist, tell)
            self._lanes[channel] = lane
            self._tasks.append(asyncio.create_task(lane.run()))
        return lane

    # --- Lists of many ---

    async def _enlist(self, channel: str, case_ids: Sequence[int], waiting: int) -> None:
        views = [(await self._board.case(one)).view for one in case_ids]
        # One that has moved waits in its own channel.
        here = [one for one in views if self._options.channel_of(one.summary.queue) == channel]
        found = [one for one in here if one.summary.state is not CaseState.CLOSED]
        if found:
            card = digest_card([one.summary for one in found], waiting)
            await self._posting.post(channel, card.text, card.blocks)
        for one in found:
            # The list has a button for each: they can be claimed from now on.
            if one.summary.unseen:
                await self._board.shown(one.summary.id, one.fence, WHERE)
        for one in here:
            shown = await self._memory.shown(one.summary.id)
            await self._memory.show(one.summary.id, dataclasses.replace(shown, listed=channel), shown)
