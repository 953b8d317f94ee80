"""What is written to buyers: ready texts, drafts, and what became of each reply."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass


class DeliveryState(str, enum.Enum):
    """What became of a reply on its way to the buyer."""

    #: A trainee's: it waits for somebody's yes. The buyer will not see it before.
    AWAITING_APPROVAL = "awaiting_approval"
    DECLINED = "declined"
    QUEUED = "queued"
    SENT = "sent"
    #: It reached the other side, where the channel tells.
    DELIVERED = "delivered"
    #: It will not reach the buyer unless it is tried again.
    FAILED = "failed"
    #: Nobody can tell whether the channel sent it.
    UNKNOWN = "unknown"
    #: Taken back before it went.
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Delivery:
    """Where a reply of the desk's stands on its way to the buyer."""

    #: The event of the case's history by which it was written.
    event_id: int
    #: Its place in the conversation; ``None`` while it waits for a yes.
    position: int | None
    state: DeliveryState
    #: Why it is not delivered yet, or will not be, in the channel's words.
    why: str | None
    text: str
    author: str
    at: dt.datetime
    #: Whether ``retry_reply`` would do something.
    may_retry: bool = False
    #: Whether ``change_reply`` and ``withdraw_reply`` would come before the buyer sees it.
    may_change: bool = False
    #: Whether they would ask the channel to change what the buyer sees.
    may_correct: bool = False


@dataclass(frozen=True)
class Macro:
    """A ready text of the store's: picked in the agent's language, sent in the buyer's."""

    key: str
    #: The text in the agent's language.
    label: str
    #: What the buyer would read, in their language, with its places filled.
    text: str
    #: ISO 639-1 of ``text``.
    language: str
    #: Places that nothing is known for; the text holds them as ``{name}``, and the agent fills them.
    missing: tuple[str, ...] = ()


class DraftState(str, enum.Enum):
    """What became of a reply that needed somebody's yes."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    #: The case changed hands, or a newer draft took its place.
    LAPSED = "lapsed"


@dataclass(frozen=True)
class Draft:
    """A trainee's reply that waits for an agent's yes; the buyer has not seen it."""

    id: int
    case_id: int
    author_id: int
    author: str
    text: str
    at: dt.datetime
    state: DraftState
