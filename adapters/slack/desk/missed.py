"""What people wrote in threads while Slack could not reach us: taken from the threads, in order, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from adapters.slack.desk.heard import Said
from adapters.slack.desk.hearing import hear
from adapters.slack.desk.memory import Memory
from adapters.slack.desk.posting import Posting, case_in
from adapters.slack.translate import Us
from adapters.slack.wire import Wire
from bot.clock import Clock
from bot.desk.port.board import digest_of
from bot.errors import CrossdeskError
from bot.tasks import end, set_within

log = logging.getLogger(__name__)

#: Where it is noted up to when everything was taken.
PLACE = "heard"
#: How often that is moved on while all goes well, and the wait after a failure, in seconds.
EVERY, AGAIN = 60.0, 15.0
#: Slack's clock, ours and its deliveries may be apart by so much, in seconds.
MARGIN = 120
#: A thread is looked into if its case's message is no older than this, in seconds.
THREADS = 7 * 24 * 3600
#: What is changed is changed soon: older replies, and threads in which the last is older, are not read again
#: for changes, in seconds.
CHANGED = 3600


class Missed:
    """Looks into the threads after each connection.

    Args:
        wire: says whom the token makes us.
        posting: reads threads.
        memory: knows which thread is a case's, and what was taken.
        rooms: the channels.
        clock: the time.
        take: takes what somebody wrote or changed.
    """

    def __init__(
        self,
        wire: Wire,
        posting: Posting,
        memory: Memory,
        rooms: Collection[str],
        clock: Clock,
        take: Callable[[Said], Awaitable[None]],
    ) -> None:
        self._wire = wire
        self._posting = posting
        self._memory = memory
        self._rooms = rooms
        self._clock = clock
        self._take = take
        self._gap = True
        #: Threads in which nothing is missing any more, of this gap.
        self._filled: set[tuple[str, str]] = set()
        self._filling = asyncio.Lock()
        self._on_line = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, also after a ``stop``."""
        self._gap, self._filled = True, set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Leave the rest to the next start. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            await end([task])

    def on_line(self, on_line: bool) -> None:
        """Slack has begun to send, or has ceased to."""
        self._on_line, self._gap, self._filled = on_line, True, set()
        self._wake.set()

    async def _run(self) -> None:
        while True:
            try:
                # The socket may outlive the token, and there may be nothing to show for hours.
                await self._wire.check()
                if self._on_line:
                    await self._look()
                wait = EVERY
            except CrossdeskError as error:
                log.warning("what was written in threads meanwhile is taken later: %s", error)
                wait = max(AGAIN, getattr(error, "retry_after", None) or 0.0)
            except Exception as error:
                log.error("what was written in threads meanwhile is taken later: %s", type(error).__name__)
                wait = AGAIN
            await set_within(self._wake, wait)
            self._wake.clear()

    async def before(self, channel: str, thread: str) -> None:
        """Take what is missing in a thread before something newer of it is taken."""
        if self._task is None or not self._gap or (channel, thread) in self._filled:
            return
        try:
            since = await self._memory.number(PLACE)
            if since is not None:
                await self._fill_thread(channel, thread, since - MARGIN)
        except CrossdeskError as error:
            # Better out of order than not at all; what is missing is fetched later.
            log.warning("what may be missing in a thread is taken later: %s", error)

    async def _look(self) -> None:
        begun = int(self._clock.now().timestamp())
        since = await self._memory.number(PLACE)
        if self._gap and since is not None:
            gap = self._filled
            for channel in sorted(self._rooms):
                await self._fill(channel, since - MARGIN)
            # Another may have been opened meanwhile.
            self._gap = self._filled is not gap
        self._gap = self._gap and since is not None
        await self._memory.note(PLACE, begun)

    async def _fill(self, channel: str, since: int) -> None:
        for parent in await self._posting.newest(channel, None, str(since - THREADS)):
            thread = parent.get("ts")
            # Slack does not say when something in a thread was changed last.
            if not isinstance(thread, str) or not _seconds(parent.get("latest_reply")) > since - CHANGED:
                continue
            if case_in(parent) is not None or await self._memory.case_of(channel, thread) is not None:
                await self._fill_thread(channel, thread, since)

    async def _fill_thread(self, channel: str, thread: str, since: int) -> None:
        # One at a time: whatever waits behind it finds the thread filled.
        async with self._filling:
            filled = self._filled
            if (channel, thread) in filled:
                return
            us = await self._wire.us()
            replies = await self._posting.newest(channel, thread, str(since - CHANGED))
            for reply in sorted(replies, key=lambda one: _seconds(one.get("ts"))):
                written, changed = self._told(reply, channel, us, since)
                if written is not None and not await self._memory.heard(written.mark):
                    # Whoever died while taking it may have taken the former words.
                    begun = await self._memory.said_at(digest_of(written.key)) is not None
                    await self._take(written)
                    if changed is not None:
                        await (self._take(changed) if begun else self._memory.hear(changed.mark))
                elif changed is not None and not await self._memory.heard(changed.mark):
                    await self._take(changed)
            filled.add((channel, thread))

    def _told(
        self, reply: Mapping[str, Any], channel: str, us: Us, since: int
    ) -> tuple[Said | None, Said | None]:
        """What may be missing of a thread's reply: that it was written, that it was changed."""

        def said(event: Mapping[str, Any], at: object) -> Said | None:
            body = {"type": "event_callback", "team_id": us.team, "event": {**event, "channel": channel}}
            heard = hear(body, us.user, self._rooms) if _seconds(at) > since else None
            return heard if isinstance(heard, Said) else None

        edited = reply.get("edited")
        changed_at = edited.get("ts") if isinstance(edited, Mapping) else None
        changed = {"type": "message", "subtype": "message_changed", "message": reply}
        return said({**reply, "type": "message"}, reply.get("ts")), said(changed, changed_at)


def _seconds(ts: object) -> float:
    try:
        return float(ts) if isinstance(ts, str) else 0.0
    except ValueError:
        return 0.0
