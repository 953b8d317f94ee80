"""What goes out to Telegram: text in pieces, buttons below the last, then files."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from anyio import to_thread
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message

from adapters.telegram.speech import data_of, pieces
from adapters.telegram.wire import RawBot, Wire
from bot.clock import Clock
from bot.errors import NeverError, OperatorError, TryLaterError
from bot.messages import Attachment, Correction, Outbound

#: The largest file that Telegram takes from bots, and the largest that it shows as a photo, in bytes.
LARGEST = 50_000_000
LARGEST_PHOTO = 10_000_000
PHOTOS = frozenset({"image/jpeg", "image/png"})
#: Messages of several parts whose sending was broken off, of which it is remembered how far it came.
BROKEN_OFF = 1_000

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
#: What Telegram says where there is nothing left to do.
_DONE = re.compile(r"message is not modified|message to delete not found", re.IGNORECASE)
_Part = Callable[[RawBot], Awaitable[Message]]


class Outgo:
    """Sends for one bot."""

    def __init__(self, wire: Wire, files: Path, clock: Clock) -> None:
        self._wire = wire
        self._files = files
        self._clock = clock
        #: By a message's key: how many of its parts were sent when it was broken off.
        self._sent: dict[str, int] = {}
        #: The chat that was refused last, and until when.
        self._refused: tuple[str, dt.datetime] | None = None

    async def send(self, message: Outbound) -> str:
        """Send all parts; after a failure, those that are left. Returns Telegram's id of the last.

        Raises:
            CrossdeskError: as ``bot.channels.Channel.send`` says.
        """
        parts = await self._parts(message)
        if not parts:
            raise NeverError("the message is empty")
        number = ""
        for at in range(self._sent.get(message.key, 0), len(parts)):
            try:
                async with self._wire.bot() as bot:
                    number = str((await parts[at](bot)).message_id)
            except TryLaterError as error:
                self._note(message.key, at)
                raise self._of_the_account(message.sender, error) from error
            except BaseException:
                self._note(message.key, at)
                raise
        self._sent.pop(message.key, None)
        return number

    async def correct(self, message: Outbound, former: Correction) -> None:
        """Change or delete a message that was sent.

        Raises:
            CrossdeskError: as ``bot.channels.Corrects.correct`` says.
        """
        before, texts = pieces(replace(message, text=former.text)), pieces(message)
        if message.attachments or len(before) != 1 or (len(texts) != 1 and not former.deletes):
            raise NeverError("Telegram changes one message at a time, and this reply took several")
        chat, number = int(message.sender), int(former.message_id)
        try:
            async with self._wire.bot() as bot:
                if former.deletes:
                    await bot.delete_message(chat, number)
                else:
                    await bot.edit_message_text(texts[0], chat, number, link_preview_options=_NO_PREVIEW)
        except NeverError as error:
            if not _DONE.search(str(error)):
                raise

    async def _parts(self, message: Outbound) -> Sequence[_Part]:
        """What to call for each part, in order."""
        chat, texts = int(message.sender), pieces(message)
        keyboard = _keyboard(message)
        parts: list[_Part] = [
            partial(
                RawBot.send_message,
                chat_id=chat,
                text=text,
                reply_markup=keyboard if at == len(texts) else None,
                link_preview_options=_NO_PREVIEW,
            )
            for at, text in enumerate(texts, 1)
        ]
        return [*parts, *[await self._file(chat, one) for one in message.attachments]]

    async def _file(self, chat: int, file: Attachment) -> _Part:
        if file.size > LARGEST:
            raise NeverError(f"Telegram takes files up to {LARGEST // 1_000_000} MB")
        try:
            content = await to_thread.run_sync((self._files / file.path).read_bytes)
        except OSError as error:
            raise OperatorError(
                f"an attachment cannot be read from CROSSDESK_FILES ({error.strerror}): is it the folder "
                "that all machines share?"
            ) from error
        if file.media_type in PHOTOS and file.size <= LARGEST_PHOTO:
            return partial(RawBot.send_photo, chat_id=chat, photo=content, filename=file.name)
        return partial(RawBot.send_document, chat_id=chat, document=content, filename=file.name)

    def _note(self, key: str, sent: int) -> None:
        if sent:
            while len(self._sent) >= BROKEN_OFF:
                del self._sent[next(iter(self._sent))]
            self._sent[key] = sent

    def _of_the_account(self, chat: str, error: TryLaterError) -> TryLaterError:
        """The same; where another chat is refused at the same time, it is the account that is."""
        if error.retry_after is None:
            return error
        now, before = self._clock.now(), self._refused
        self._refused = (chat, now + dt.timedelta(seconds=error.retry_after))
        whole = before is not None and before[0] != chat and now < before[1]
        return TryLaterError(str(error), retry_after=error.retry_after, whole_account=whole)


def _keyboard(message: Outbound) -> InlineKeyboardMarkup | None:
    if not message.buttons:
        return None
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(button.title, callback_data=data_of(button, message.position, number))]
            for number, button in enumerate(message.buttons)
        ]
    )
