"""What goes in and out of every channel: plain values with no channel's own words in them."""

from __future__ import annotations

import datetime as dt
import enum
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
    """A file that came with a message; the bytes lie in ``CROSSDESK_FILES``, never in the database."""

    name: str
    media_type: str
    #: In bytes.
    size: int
    #: Path below ``CROSSDESK_FILES``.
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
    #: A name to call the buyer by, if the channel knows one.
    sender_name: str | None = None
    #: ISO 639-1, if the channel says something about the buyer's language.
    language_hint: str | None = None
    #: Where it came from on the network, for the identity check's lock.
    network: str | None = None
    attachments: tuple[Attachment, ...] = ()


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
    #: ``received`` for the buyer's; ``queued``, ``sent``, ``failed`` or ``unknown`` for ours.
    state: str = "received"
    attachments: tuple[Attachment, ...] = field(default=())
