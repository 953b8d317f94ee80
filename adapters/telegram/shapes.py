"""The parts of Telegram's updates that matter here, as far as they are what Telegram documents."""

from __future__ import annotations

from typing import Any

from pydantic import (
    BaseModel,
    ConstrainedFloat,
    ConstrainedInt,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    root_validator,
)


class Id(ConstrainedInt):
    """A number of Telegram's: at most 52 significant bits."""

    strict = True
    ge = -(2**53)
    le = 2**53


class Moment(ConstrainedInt):
    """Seconds since 1970; 0 where Telegram tells none."""

    strict = True
    ge = 0
    le = 2**33


class Degrees(ConstrainedFloat):
    """On the globe."""

    ge = -180
    le = 180


class _Shape(BaseModel):
    class Config:
        allow_mutation = False


class User(_Shape):
    """Who writes."""

    id: Id
    is_bot: StrictBool = False
    first_name: StrictStr = ""
    last_name: StrictStr | None = None
    language_code: StrictStr | None = None


class Chat(_Shape):
    """Where."""

    id: Id
    type: StrictStr


class File(_Shape):
    """Any kind of file; kinds differ in what is told of them."""

    file_id: StrictStr
    file_unique_id: StrictStr
    file_size: StrictInt | None = None
    file_name: StrictStr | None = None
    mime_type: StrictStr | None = None


class Sticker(_Shape):
    """A picture that stands for a feeling."""

    emoji: StrictStr | None = None


class Contact(_Shape):
    """Somebody's phone number, shared."""

    phone_number: StrictStr
    first_name: StrictStr = ""
    last_name: StrictStr | None = None


class Location(_Shape):
    """A point on the map."""

    latitude: Degrees
    longitude: Degrees
    #: In seconds, of one that moves.
    live_period: StrictInt | None = None


class Venue(_Shape):
    """A place with a name."""

    title: StrictStr
    address: StrictStr = ""


class Option(_Shape):
    """An answer of a poll."""

    text: StrictStr


class Poll(_Shape):
    """A question with answers."""

    question: StrictStr
    options: tuple[Option, ...] = ()


class Dice(_Shape):
    """A throw."""

    emoji: StrictStr


#: What no buyer said: Telegram itself tells that something was done in the chat.
NOTES = (
    "message_auto_delete_timer_changed",
    "pinned_message",
    "chat_background_set",
    "write_access_allowed",
    "users_shared",
    "chat_shared",
    "connected_website",
    "boost_added",
    "web_app_data",
    "successful_payment",
    "refunded_payment",
)


class Message(_Shape):
    """What is written in a chat. Whatever else Telegram tells is not read."""

    message_id: Id
    date: Moment
    chat: Chat
    sender: User | None = Field(default=None, alias="from")
    edit_date: Moment | None = None
    media_group_id: StrictStr | None = None
    text: StrictStr | None = None
    caption: StrictStr | None = None
    photo: tuple[File, ...] = ()
    animation: File | None = None
    document: File | None = None
    video: File | None = None
    video_note: File | None = None
    voice: File | None = None
    audio: File | None = None
    sticker: Sticker | None = None
    contact: Contact | None = None
    location: Location | None = None
    venue: Venue | None = None
    poll: Poll | None = None
    dice: Dice | None = None
    #: Which of ``NOTES`` it is, if it is one.
    note: StrictStr | None = None

    @root_validator(pre=True)
    def _note(cls, told: dict[str, Any]) -> dict[str, Any]:  # noqa: N805 (pydantic's way)
        return {**told, "note": next((name for name in NOTES if name in told), None)}


class Offered(_Shape):
    """The message whose button was pressed; of an old one Telegram tells no more than this."""

    chat: Chat


class Press(_Shape):
    """A pressed button."""

    id: StrictStr
    sender: User = Field(alias="from")
    message: Offered | None = None
    data: StrictStr | None = None


class Standing(_Shape):
    """What somebody is in a chat."""

    status: StrictStr


class Membership(_Shape):
    """What has become of the bot itself in a chat."""

    chat: Chat
    sender: User = Field(alias="from")
    date: Moment
    new_chat_member: Standing


class Update(_Shape):
    """One thing that happened. At most one of the optional parts is there."""

    update_id: Id
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: Press | None = None
    my_chat_member: Membership | None = None


def update_id(raw: Any) -> int | None:
    """The number of an update, also of one that has no known shape; None if it has none."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return number if type(number) is int and 0 <= number <= 2**53 else None
