"""What a message holds: what there is to read in it, and its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.telegram.shapes import File, Message

CHANNEL = "telegram"
#: What stands in the place of a message that has nothing to read: an agent may ask what it was.
UNREADABLE = "[?]"

#: Each kind of file, what it is where Telegram does not say, and how its name ends.
_FILES = (
    ("document", "application/octet-stream", ""),
    ("video", "video/mp4", ".mp4"),
    ("video_note", "video/mp4", ".mp4"),
    ("voice", "audio/ogg", ".ogg"),
    ("audio", "audio/mpeg", ".mp3"),
    ("animation", "video/mp4", ".mp4"),
)


@dataclass(frozen=True)
class Media:
    """A file of a message that is still at Telegram's."""

    id: str
    #: The file's own, for ever the same.
    key: str
    name: str
    media_type: str
    #: In bytes, if Telegram says.
    size: int | None = None


def text_of(message: Message) -> str:
    """What there is to read: typed, or said of what was shared; empty if nothing."""
    written = message.text or message.caption
    if written is not None and written.strip():
        return written.strip()
    return next((said for say in _SAYING if (said := say(message))), "")


def _place(message: Message) -> str:
    if message.location is None:
        return ""
    point = f"📍 {message.location.latitude:.5f}, {message.location.longitude:.5f}"
    if message.venue is None:
        return point
    return f"{message.venue.title}, {message.venue.address} ({point})"


def _contact(message: Message) -> str:
    shared = message.contact
    if shared is None:
        return ""
    number = shared.phone_number
    if number[:1].isdigit():
        # Telegram leaves the plus out; without it the number is another one.
        number = f"+{number}"
    return " ".join(filter(None, (shared.first_name, shared.last_name, number)))


def _poll(message: Message) -> str:
    if message.poll is None:
        return ""
    return "\n".join([message.poll.question, *(f"- {option.text}" for option in message.poll.options)])


_SAYING: Sequence[Callable[[Message], str]] = (
    lambda message: (message.sticker.emoji or UNREADABLE) if message.sticker else "",
    lambda message: message.dice.emoji if message.dice else "",
    _place,
    _contact,
    _poll,
)


def media_of(message: Message, account: str) -> tuple[Media, ...]:
    """Its files."""
    if message.photo:
        # The same picture in several sizes, the largest last.
        return (_one(message.photo[-1], "photo", "image/jpeg", ".jpg", account),)
    for kind, media_type, ending in _FILES:
        file: File | None = getattr(message, kind)
        # An animation is told as a document, too, which comes first.
        if file is not None:
            return (_one(file, kind, media_type, ending, account),)
    return ()


def _one(file: File, kind: str, media_type: str, ending: str, account: str) -> Media:
    return Media(
        id=file.file_id,
        key=f"{CHANNEL}:{account}:{file.file_unique_id}",
        name=file.file_name or f"{kind}-{file.file_unique_id}{ending}",
        media_type=file.mime_type or media_type,
        size=file.file_size,
    )
