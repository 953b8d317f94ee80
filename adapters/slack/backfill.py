"""What was said while Slack could not reach us: read from the conversations' history, in order."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from adapters.slack.access import CHANNEL
from adapters.slack.wire import Wire
from bot.channels import Reception
from bot.clock import Clock
from bot.errors import CrossdeskError, NeverError, OperatorError, TryLaterError
from bot.tasks import end, set_within

log = logging.getLogger(__name__)

#: The place that says up to when everything has been taken in.
PLACE = "taken until"
#: Slack's clock, ours and its deliveries may be apart by so much.
MARGIN = dt.timedelta(minutes=5)
#: At the very first start, how long ago we may have been written to already.
ARRIVAL = dt.timedelta(seconds=10)
#: A thread is looked through if its first message is no older than this at the gap's beginning.
THREADS = dt.timedelta(days=3)
#: How often the place is moved on while all goes well, in seconds.
EVERY = 60.0
#: The wait before a gap that could not be filled is tried again, in seconds.
AGAIN = 10.0
_PAGE = 200
#: Pages of one conversation: no gap is longer than some thousand messages.
_MOST_PAGES = 20

Json = Mapping[str, Any]
#: Takes a message in; the conversation's lock is held.
Take = Callable[[Json], Awaitable[None]]


class Backfill:
    """Fills the gap after each connection, conversation by conversation.

    Args:
        wire: reads the history.
        reception: keeps the place.
        clock: the time.
        take: takes a message of the history in, as an event's ``event``. Often one that is known already.
        lock: the lock under which a channel's messages are taken in.
    """

    def __init__(
        self,
        wire: Wire,
        reception: Reception,
        clock: Clock,
        take: Take,
        lock: Callable[[str], asyncio.Lock],
    ) -> None:
        self._wire = wire
        self._reception = reception
        self._clock = clock
        self._take = take
        self._lock = lock
        #: From where on something may be missing; None before the first start.
        self._since: dt.datetime | None = None
        #: Conversations in which nothing is missing any more; None while there is no gap.
        self._filled: set[str] | None = None
        self._on_line = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self, account: str) -> None:
        """Look up where we stood and keep it up to date from now on.

        Raises:
            TryLaterError: the database is away.
        """
        kept = await self._reception.place(CHANNEL, account, PLACE)
        self._since = _moment(kept)
        if self._since is None:
            # Nobody expects an answer to what was said before we came.
            await self._move(account, self._clock.now() - ARRIVAL)
        self._filled = set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(account))

    async def stop(self) -> None:
        """Leave the rest to the next start. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            await end([task])

    def on_line(self, on_line: bool) -> None:
        """Slack has begun to send, or has ceased to: from now on something may be missing."""
        self._on_line = on_line
        if on_line:
            self.open_gap()
        else:
            self._filled = set()

    def open_gap(self) -> None:
        """Something may be missing: we could not take it."""
        self._filled = set()
        self._wake.set()

    async def before(self, channel: str) -> None:
        """Fill a conversation's gap before a newer message of it is taken in. Its lock is held."""
        if self._filled is None or self._since is None or channel in self._filled:
            return
        try:
            await self._fill(channel, self._since)
        except CrossdeskError as error:
            # Better out of order than not at all; what is missing is fetched later.
            log.warning("what may be missing in a conversation is fetched later: %s", error)

    async def _run(self, account: str) -> None:
        said = ""
        while True:
            await set_within(self._wake, EVERY)
            self._wake.clear()
            # Whatever Slack sent before it may be with us in a moment, or never.
            begun = self._clock.now() - MARGIN
            try:
                await self._wire.check()
                if self._filled is None or await self._fill_all():
                    await self._move(account, begun)
                said = ""
            except CrossdeskError as error:
                wait = EVERY if isinstance(error, OperatorError | NeverError) else AGAIN
                if str(error) != said:
                    said = str(error)
                    log.warning("what was said while Slack could not reach us is fetched later: %s", error)
                await asyncio.sleep(max(getattr(error, "retry_after", None) or 0.0, wait))
                self._wake.set()

    async def _fill_all(self) -> bool:
        """Fill the gap everywhere; False if another one was opened meanwhile."""
        gap, since = self._filled, self._since
        if gap is None or since is None:
            return True
        async for channel in self._channels():
            async with self._lock(channel):
                if channel not in gap:
                    await self._fill_patiently(channel, since)
        if self._filled is not gap:
            return False
        # While Slack cannot reach us there is always a next gap.
        self._filled = None if self._on_line else set()
        return True

    async def _fill_patiently(self, channel: str, since: dt.datetime) -> None:
        try:
            await self._fill(channel, since)
        except TryLaterError as error:
            if error.retry_after is None:
                raise
            # Slack counts calls of a method a minute.
            await asyncio.sleep(error.retry_after)
            await self._fill(channel, since)

    async def _fill(self, channel: str, since: dt.datetime) -> None:
        gap = self._filled
        missing: dict[str, Json] = {}
        try:
            async for message in self._history(channel, since - THREADS):
                if _is_after(message.get("ts"), since) or _is_after(_edited(message), since):
                    missing[str(message.get("ts"))] = message
                if message.get("reply_count") and _is_after(message.get("latest_reply"), since):
                    async for reply in self._replies(channel, str(message["ts"]), since):
                        if _is_after(reply.get("ts"), since):
                            missing[str(reply.get("ts"))] = reply
        except (NeverError, OperatorError) as error:
            # Gone, or not ours to read.
            log.warning("a conversation's history cannot be read: %s", error)
        for _, message in sorted(missing.items(), key=lambda one: _seconds(one[0])):
            await self._take({**message, "type": "message", "channel": channel})
        if gap is not None:
            gap.add(channel)

    async def _channels(self) -> AsyncIterator[str]:
        client = self._wire.client
        async for found in self._pages(
            lambda **page: client.users_conversations(
                types="im,mpim,private_channel,public_channel", exclude_archived=True, **page
            ),
            "channels",
        ):
            if isinstance(found.get("id"), str) and found["id"] not in self._wire.rooms:
                yield found["id"]

    def _history(self, channel: str, since: dt.datetime) -> AsyncIterator[Json]:
        client, oldest = self._wire.client, f"{since.timestamp():.6f}"
        return self._pages(
            lambda **page: client.conversations_history(channel=channel, oldest=oldest, **page), "messages"
        )

    def _replies(self, channel: str, ts: str, since: dt.datetime) -> AsyncIterator[Json]:
        client, oldest = self._wire.client, f"{since.timestamp():.6f}"
        return self._pages(
            lambda **page: client.conversations_replies(channel=channel, ts=ts, oldest=oldest, **page),
            "messages",
        )

    async def _pages(self, method: Callable[..., Awaitable[Any]], name: str) -> AsyncIterator[Json]:
        page: dict[str, Any] = {"limit": _PAGE}
        for _ in range(_MOST_PAGES):
            answer = await self._wire.call(method(**page))
            for one in answer.get(name) or ():
                if isinstance(one, Mapping):
                    yield one
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            page["cursor"] = cursor

    async def _move(self, account: str, moment: dt.datetime) -> None:
        if self._since is None or moment > self._since:
            await self._reception.set_place(CHANNEL, account, PLACE, moment.isoformat())
            self._since = moment


def _edited(message: Json) -> object:
    edited = message.get("edited")
    return edited.get("ts") if isinstance(edited, Mapping) else None


def _seconds(ts: object) -> float:
    try:
        return float(ts) if isinstance(ts, str) else 0.0
    except ValueError:
        return 0.0


def _is_after(ts: object, since: dt.datetime) -> bool:
    return _seconds(ts) > since.timestamp()


def _moment(kept: str | None) -> dt.datetime | None:
    try:
        return None if kept is None else dt.datetime.fromisoformat(kept).astimezone(dt.timezone.utc)
    except ValueError:
        return None
