"""Rows of the inbox as values, and where they may stand."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.mailroom import line
from bot.mailroom.conversations import Conversation
from bot.messages import Attachment

#: The kind of an inbox row that a buyer wrote.
MESSAGE = "message"
#: The kind of one by which a buyer took a message back. Every other kind is an internal event.
DELETION = "deletion"


class InboxState(str, enum.Enum):
    """Where an inbox row stands."""

    NEW = line.NEW
    DONE = "done"
    #: Given up after the last try; a case tells of it.
    BURIED = "buried"


@dataclass(frozen=True)
class InboxRow:
    """A message or event as a worker gets it."""

    id: int
    kind: str
    text: str
    button: str | None
    language_hint: str | None
    network: str | None
    attachments: tuple[Attachment, ...]
    data: Mapping[str, Any]
    #: Whether the buyer saw the choices as numbers.
    numbered: bool
    #: Whether the button is a command of the channel, which nothing need have offered.
    command: bool
    sent_at: dt.datetime
    received_at: dt.datetime
    #: Turns that failed on it so far.
    attempts: int


@dataclass(frozen=True)
class Claim:
    """The right to take one conversation's turn on one row, until the lease ends."""

    conversation: Conversation
    row: InboxRow
    worker: str
    #: The fence: whoever holds an older number can no longer write.
    number: int


def row_of(row: Any) -> InboxRow:
    """A row of the table as a value, with the words that count now."""
    return InboxRow(
        id=row.id,
        kind=row.kind,
        text=row.text if row.edited_text is None else row.edited_text,
        button=row.button,
        language_hint=row.language_hint,
        network=row.network,
        attachments=tuple(Attachment(**item) for item in row.data.get("attachments", ())),
        data=row.data.get("event", {}),
        numbered=row.data.get("numbered", False),
        command=row.data.get("command", False),
        sent_at=row.sent_at,
        received_at=row.received_at,
        attempts=row.attempts,
    )
