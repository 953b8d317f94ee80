"""What comes in from Telegram, on its way to the inbox: files fetched, presses acknowledged, groups left."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from adapters.telegram.contents import CHANNEL, Media
from adapters.telegram.speech import payload_at, stands_at
from adapters.telegram.translate import (
    Group,
    Happening,
    Left,
    Passed,
    Pressed,
    Written,
    together,
)
from adapters.telegram.wire import Wire
from adapters.telegram.words import declining
from bot.channels import Receipt, Reception
from bot.clock import Clock
from bot.errors import CrossdeskError, NeverError
from bot.messages import Attachment, Inbound
from bot.tasks import end

log = logging.getLogger(__name__)

#: The largest file that Telegram gives to bots, in bytes.
LARGEST = 20_000_000
#: Waits before a file that cannot be fetched is asked for again, in seconds. Then its message goes on without
#: it: others wait behind it.
WAITS = (1.0, 4.0)
#: Files that are fetched at the same time: each lies in memory.
FETCHES = 4
#: Of messages older than this no typing is shown.
YOUNG = dt.timedelta(seconds=20)
#: Groups that are remembered, so that each is declined once.
GROUPS = 1_000

BLOCKED = "the buyer has blocked the bot"


class Intake:
    """Takes in what updates mean, for one bot."""

    def __init__(self, account: str, wire: Wire, reception: Reception, clock: Clock) -> None:
        self._account = account
        self._wire = wire
        self._reception = reception
        self._clock = clock
        self._fetching = asyncio.Semaphore(FETCHES)
        self._declined: list[int] = []
        self._asides: set[asyncio.Task[None]] = set()

    async def take(self, happenings: Sequence[Happening]) -> None:
        """Commit what buyers did, in order for each of them. Idempotent, so that all may be taken again.

        Raises:
            TryLaterError: some of it could not be taken now.
        """
        talks: defaultdict[str, list[Happening]] = defaultdict(list)
        for one in happenings:
            talks[_talk_of(one)].append(one)
        done = await asyncio.gather(
            *(self._take_in_order(_albums(talk)) for talk in talks.values()), return_exceptions=True
        )
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome

    async def stop(self) -> None:
        """End what is done on the side."""
        await end(self._asides)

    async def _take_in_order(self, happenings: Sequence[Happening]) -> None:
        for one in happenings:
            try:
                await self._take_one(one)
            except NeverError as error:
                log.warning("telegram %s: an update is passed over: %s", self._account, error)

    async def _take_one(self, one: Happening) -> None:
        match one:
            case Written():
                kept = [await self._keep(media) for media in one.media]
                receipt = await self._reception.accept(replace(one.message, attachments=tuple(kept)))
                self._show_typing(one.message, receipt)
            case Pressed():
                await self._press(one)
            case Left():
                await self._reception.left(CHANNEL, self._account, one.sender, BLOCKED)
            case Group():
                self._aside(self._leave(one, silently=one.chat in self._declined))
                self._declined = [*self._declined[1 - GROUPS :], one.chat]
            case Passed():
                log.info("telegram %s: an update is passed over: %s", self._account, one.why)

    async def _press(self, press: Pressed) -> None:
        message = press.message
        stands = stands_at(message.button or "")
        if stands is not None:
            position, number = stands
            lines = await self._reception.transcript(
                CHANNEL, self._account, message.sender, after=position - 1
            )
            # A place at which nothing stands any more is no payload: the dialogue says that it is stale.
            payload = payload_at(lines, position, number)
            message = message if payload is None else replace(message, button=payload)
        receipt = await self._reception.accept(message)
        self._aside(self._acknowledge(press.query))
        self._show_typing(message, receipt)

    async def _keep(self, media: Media) -> Attachment:
        missing = Attachment(media.name, media.media_type, media.size or 0, "")
        if (media.size or 0) > LARGEST:
            return missing
        for wait in (*WAITS, None):
            try:
                async with self._fetching:
                    return await self._reception.keep(
                        self._content(media), key=media.key, name=media.name, media_type=media.media_type
                    )
            except _NoFileError as error:
                log.warning("telegram %s: a file cannot be fetched: %s", self._account, error)
                if wait is None or error.for_ever:
                    break
                await asyncio.sleep(wait)
        return missing

    async def _content(self, media: Media) -> AsyncIterator[bytes]:
        """The file's bytes; asked for only where they are wanted."""
        try:
            async with self._wire.bot() as bot:
                file = await bot.get_file(media.id)
                content = bytes(await file.download_as_bytearray())
        except NeverError as error:
            raise _NoFileError(str(error), for_ever=True) from error
        except CrossdeskError as error:
            raise _NoFileError(str(error)) from error
        yield content

    # --- On the side: of use, and no harm if it fails ---

    def _aside(self, act: Coroutine[Any, Any, None]) -> None:
        async def quietly() -> None:
            try:
                await act
            except CrossdeskError as error:
                log.info("telegram %s: %s", self._account, error)
            except Exception as error:
                # Such as an answer that the SDK cannot read; its words may be a buyer's.
                log.warning("telegram %s: %s on the side", self._account, type(error).__name__)

        task = asyncio.create_task(quietly())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    def _show_typing(self, message: Inbound, receipt: Receipt) -> None:
        """Tell the buyer that an answer is coming; not of what waited long: those may be many."""
        young = self._clock.now() - message.sent_at < YOUNG
        if receipt.fresh and not receipt.with_agent and young:
            self._aside(self._type(message.sender))

    async def _acknowledge(self, query: str) -> None:
        """Have the button stop spinning; Telegram refuses for one that was pressed long ago."""
        async with self._wire.bot() as bot:
            await bot.answer_callback_query(query)

    async def _type(self, sender: str) -> None:
        async with self._wire.bot() as bot:
            await bot.send_chat_action(int(sender), "typing")

    async def _leave(self, group: Group, *, silently: bool) -> None:
        async with self._wire.bot() as bot:
            try:
                if not silently:
                    await bot.send_message(group.chat, declining(group.language))
            finally:
                await bot.leave_chat(group.chat)


class _NoFileError(CrossdeskError):
    """A file cannot be fetched."""

    def __init__(self, message: str, *, for_ever: bool = False) -> None:
        super().__init__(message)
        self.for_ever = for_ever


def _talk_of(one: Happening) -> str:
    """Whose order of events this belongs to."""
    match one:
        case Written() | Pressed():
            return one.message.sender
        case Left():
            return one.sender
        case _:
            return ""


def _albums(talk: Sequence[Happening]) -> list[Happening]:
    """The same, with the parts of each album as one message."""
    merged: list[Happening] = []
    for album, run in groupby(talk, lambda one: one.album if isinstance(one, Written) else None):
        if album is None:
            merged += run
        else:
            merged.append(together([part for part in run if isinstance(part, Written)]))
    return merged
