"""What people wrote in threads while Slack could not reach us: taken from the threads, in order, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from adapters.slack.desk.memory import Memory
from adapters.slack.desk.posting import Posting
from adapters.slack.wire import Wire
from bot.clock import Clock
from bot.desk.board import digest_of
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


class Missed:
    """Looks into the threads after each connection.

    Args:
        wire: says whom the token makes us.
        posting: reads threads.
        memory: knows which thread is a case's, and what was taken.
        rooms: the channels.
        clock: the time.
        take: takes a message, as an event's body.
    """

    def __init__(
        self,
        wire: Wire,
        posting: Posting,
        memory: Memory,
        rooms: Collection[str],
        clock: Clock,
        take: Callable[[Mapping[str, Any]], Awaitable[object]],
    ) -> None:
        self._wire = wire
        self._posting = posting
        self._memory = memory
        self._rooms = rooms
        self._clock = clock
        self._take = take
        self._gap = True
        self._on_line = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, also after a ``stop``."""
        self._gap = True
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Leave the rest to the next start. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            await end([task])

    def on_line(self, on_line: bool) -> None:
        """Slack has begun to send, or has ceased to."""
        self._on_line, self._gap = on_line, True
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

    async def _look(self) -> None:
        begun = int(self._clock.now().timestamp())
        since = await self._memory.number(PLACE)
        if self._gap and since is not None:
            self._gap = False
            try:
                for channel in sorted(self._rooms):
                    await self._fill(channel, since - MARGIN)
            except BaseException:
                self._gap = True
                raise
        self._gap = self._gap and since is not None
        await self._memory.note(PLACE, begun)

    async def _fill(self, channel: str, since: int) -> None:
        team = (await self._wire.us()).team
        for parent in await self._posting.newest(channel, None, str(since - THREADS)):
            thread = parent.get("ts")
            if not isinstance(thread, str) or not _seconds(parent.get("latest_reply")) > since:
                continue
            if await self._memory.case_of(channel, thread) is None:
                continue
            replies = await self._posting.newest(channel, thread, str(since))
            for reply in sorted(replies, key=lambda one: _seconds(one.get("ts"))):
                key = f"slack:{channel}:{reply.get('ts')}"
                fresh = reply.get("ts") != thread and _seconds(reply.get("ts")) > since
                if fresh and not reply.get("bot_id") and not await self._memory.said_here(digest_of(key)):
                    event = {**reply, "type": "message", "channel": channel}
                    await self._take({"type": "event_callback", "team_id": team, "event": event})


def _seconds(ts: object) -> float:
    try:
        return float(ts) if isinstance(ts, str) else 0.0
    except ValueError:
        return 0.0
