"""What is asked of people while the bot keeps the conversation."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class RequestKind(str, enum.Enum):
    """What is asked of people while the bot keeps the conversation."""

    #: Money above the bot's authority: a yes, another amount, or a no.
    APPROVAL = "approval"
    #: A question to a department.
    QUESTION = "question"


class RequestState(str, enum.Enum):
    """Where a request stands; all but the first are final."""

    PENDING = "pending"
    APPROVED = "approved"
    #: Granted with another amount.
    COUNTERED = "countered"
    DECLINED = "declined"
    ANSWERED = "answered"
    #: Asked as often as ``shop.yml`` says, in vain.
    TIMED_OUT = "timed_out"
    #: The flow needs it no longer.
    WITHDRAWN = "withdrawn"


#: In a request's ``data``: only all of what is asked for can be granted.
WHOLE = "whole"


@dataclass(frozen=True)
class Request:
    """Something that people are asked, and on whose answer a flow waits."""

    id: int
    kind: RequestKind
    #: The flow that goes on with the answer.
    purpose: str
    conversation_id: int
    queue: str
    state: RequestState
    #: For people, in English; unmasked: show it only through ``bot.desk.masking``.
    question: str
    #: The buyer's language, in which an answer must be written.
    language: str
    order_number: str | None
    #: ``discount`` or ``refund``: the rank's limit that counts; None for a question, as the following.
    limit_kind: str | None
    #: In minor units of ``currency``: what is asked for, the most that anybody may grant, what was granted.
    asked_minor: int | None
    most_minor: int | None
    granted_minor: int | None
    currency: str | None
    #: What the waiting flow needs to go on.
    data: Mapping[str, Any]
    asked_at: dt.datetime
    #: Until when it must be answered; None once it is over.
    due_at: dt.datetime | None
    #: How often the clock has run out.
    level: int
    decided_at: dt.datetime | None
    #: The name of who decided.
    decided_by: str | None
    #: A department's words to the buyer, or the reason of a no.
    answer: str

    @property
    def is_whole(self) -> bool:
        """Whether nothing but all of what is asked for can be granted."""
        return bool(self.data.get(WHOLE))


class Decision(str, enum.Enum):
    """What a person can do with a request; a view says which of them this person may do now."""

    APPROVE = "approve"
    COUNTER = "counter"
    DECLINE = "decline"
    ANSWER = "answer"


@dataclass(frozen=True)
class RequestView:
    """A request as it is shown to one person: an approval of money, or a question to a department."""

    #: What is asked, who decided what; ``question`` and ``answer`` are masked.
    request: Request
    channel: str
    #: What to call the buyer, if the channel or the identity check told us.
    buyer: str | None
    #: The most that this person may grant, in minor units of the request's currency; None for a question.
    limit_minor: int | None
    #: What this person may do now.
    may: frozenset[Decision]
