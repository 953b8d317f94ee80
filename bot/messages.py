"""What goes in and out of every channel: plain values with no channel's own words in them."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Button:
    """A choice offered with a reply."""

    #: What the buyer reads.
    title: str
    #: What comes back when it is pressed: Rasa's ``/intent{"slot": "value"}`` form.
    payload: str


@dataclass(frozen=True)
class Attachment:
    """A file of a message; the bytes lie in ``CROSSDESK_FILES``, never in the database."""

    name: str
    media_type: str
    #: In bytes; of one that was not kept, as far as it is known.
    size: int
    #: Path below ``CROSSDESK_FILES``; empty if the file was not kept: it is too large, or of a kind that the
    #: store does not take.
    path: str


@dataclass(frozen=True)
class Inbound:
    """A buyer's message as a channel's translation understood it."""

    #: The channel's name, as its entry point calls it: ``web``, ``telegram`` …
    channel: str
    #: Which of the store's accounts on that channel (bot, mailbox, workspace) received it.
    account: str
    #: The channel's own id of the message; with channel and account it makes accepting idempotent.
    message_id: str
    #: The channel's own id of the other side's conversation.
    sender: str
    #: What was typed; empty for a pressed button or a bare attachment.
    text: str
    #: When the channel says that it was sent; aware, UTC.
    sent_at: dt.datetime
    #: The payload of a pressed button.
    button: str | None = None
    #: Whether ``button`` is what the channel makes of a command of its own, such as ``/help``: nothing need
    #: have offered it. What was typed is ``text`` then.
    command: bool = False
    #: A name to call the buyer by, if the channel knows one.
    sender_name: str | None = None
    #: ISO 639-1, if the channel says something about the buyer's language.
    language_hint: str | None = None
    #: Where it came from on the network, for the identity check's lock.
    network: str | None = None
    attachments: tuple[Attachment, ...] = ()
    #: The channel's own id of the message that this one changes: its newer words are ``text``. Always that of
    #: the first version; ``message_id`` is the change's own, another one for each.
    edits: str | None = None
    #: Whether the change is that the buyer took the message back.
    deletes: bool = False
    #: Whether the buyer sees choices as numbers, for want of buttons: a typed number is then a choice.
    numbered: bool = False
    #: What the channel needs again to answer this message, such as a letter's subject: see ``Answered``.
    note: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answered:
    """The buyer's message that one of ours answers: for channels that quote it, or reply to it."""

    #: The channel's own id of it.
    message_id: str
    text: str
    sent_at: dt.datetime
    #: As the channel's translation put it into ``Inbound``.
    note: Mapping[str, str] = field(default_factory=dict)


class Author(str, enum.Enum):
    """Who speaks."""

    BUYER = "buyer"
    BOT = "bot"
    AGENT = "agent"


class Weight(str, enum.Enum):
    """What a repeated delivery would do: talk may be repeated once, a confirmation never."""

    TALK = "talk"
    CONFIRMATION = "confirmation"


@dataclass(frozen=True)
class Correction:
    """Which message of ours another one changes or takes back, as the channel showed it."""

    #: Its place in the conversation's transcript.
    position: int
    #: The channel's own id of it.
    message_id: str
    #: What it said.
    text: str
    #: Whether it is taken back; otherwise the correction's own text stands in its place.
    deletes: bool


@dataclass(frozen=True)
class Outbound:
    """A message on its way to a buyer."""

    #: Unique for ever; a channel that offers idempotency is given it.
    key: str
    channel: str
    account: str
    sender: str
    text: str
    author: Author
    #: Its place in the conversation's transcript.
    position: int
    created_at: dt.datetime
    buttons: tuple[Button, ...] = ()
    #: The agent's display name, where an agent speaks.
    author_name: str | None = None
    #: ISO 639-1 of the text.
    language: str = "en"
    attachments: tuple[Attachment, ...] = ()
    #: What it changes, where it is no message of its own: see ``bot.channels.Corrects``.
    corrects: Correction | None = None


@dataclass(frozen=True)
class TranscriptLine:
    """One line of a conversation as both sides saw it."""

    #: Grows with time within a conversation; the client's place to continue from.
    position: int
    author: Author
    text: str
    at: dt.datetime
    buttons: tuple[Button, ...] = ()
    author_name: str | None = None
    #: ``received`` for the buyer's; ``queued``, ``sending``, ``sent``, ``delivered`` where the channel tells,
    #: ``failed`` or ``unknown`` for ours.
    state: str = "received"
    attachments: tuple[Attachment, ...] = field(default=())
    #: The position of the line that this one changes, as far as it is known.
    edits: int | None = None
    #: ``edited`` or ``deleted`` where this line says what became of an earlier one.
    change: str | None = None
    #: Why a message of ours is not delivered yet, or will not be, in the channel's words; not for buyers.
    why: str | None = None
