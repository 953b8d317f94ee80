"""What the desk is about: people, cases, cards and what happened to them; plain values, no SQL."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Rank(str, enum.Enum):
    """A person's rank, lowest first; a higher rank may do all that the lower ones may."""

    TRAINEE = "trainee"
    AGENT = "agent"
    AFTERSALES = "aftersales"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"

    @property
    def height(self) -> int:
        """Its place in the order of ranks; grows upwards."""
        return list(Rank).index(self)


@dataclass(frozen=True)
class Shift:
    """The hours in which somebody works, by weekday."""

    #: IANA.
    timezone: str
    #: ``mon`` .. ``sun`` with the beginning and the end, each ``HH:MM``; an end that isn't later is the next
    #: day's. A day that is left out is free.
    hours: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Person:
    """Somebody who works at the desk."""

    id: int
    login: str
    #: The name that buyers read beside a reply.
    name: str
    rank: Rank
    #: ISO 639-1.
    languages: tuple[str, ...] = ()
    #: The queues this person serves; empty means all of them.
    queues: tuple[str, ...] = ()
    active: bool = True
    away: bool = False
    #: ``None``: at work whenever they are not away.
    shift: Shift | None = None


class AccountKind(str, enum.Enum):
    """Where else a person of the desk is known."""

    #: Named ``T123/U456``: the workspace and the user in it.
    SLACK = "slack"


@dataclass(frozen=True)
class Group:
    """A group elsewhere that says which rank and queues its people have."""

    kind: AccountKind
    #: For Slack ``T123/S456``: the workspace and the user group in it.
    account: str
    #: ``None``: each has their own.
    rank: Rank | None
    #: Empty: each has their own.
    queues: tuple[str, ...]
    #: Ids of people.
    members: tuple[int, ...] = ()
    #: When it was last looked who is in it; ``None`` if it never was.
    looked_at: dt.datetime | None = None


class CaseState(str, enum.Enum):
    """Where a case stands."""

    #: Nobody has it; its clock runs.
    OPEN = "open"
    #: Somebody has it and has not answered yet; the clock of the first answer runs.
    CLAIMED = "claimed"
    #: Answered; it is the buyer's turn.
    WAITING_BUYER = "waiting_buyer"
    #: The buyer wrote again; the clock of an open question runs.
    WAITING_US = "waiting_us"
    #: Answered, and laid aside by its owner until a moment; the buyer's next message ends that.
    SNOOZED = "snoozed"
    CLOSED = "closed"

    @property
    def is_buyers_turn(self) -> bool:
        """Whether somebody has it who owes no answer."""
        return self in (CaseState.WAITING_BUYER, CaseState.SNOOZED)


class ClockKind(str, enum.Enum):
    """What a case's clock waits for."""

    CLAIM = "claim"
    FIRST_ANSWER = "first_answer"
    OPEN_QUESTION = "open_question"
    #: Until the owner takes it up again.
    SNOOZE = "snooze"


class Reason(str, enum.Enum):
    """Why the bot handed over."""

    ASKED_FOR_HUMAN = "asked_for_human"
    NOT_UNDERSTOOD = "not_understood"
    REPEATED = "repeated"
    ANGRY = "angry"
    #: A topic on the always-human list: dispute, chargeback, legal, safety, press …
    ALWAYS_HUMAN = "always_human"
    ABOVE_AUTHORITY = "above_authority"
    #: A look-up, an action or a whole turn failed.
    FAILED = "failed"
    #: The buyer cannot go on in the fallback language.
    LANGUAGE = "language"
    WHOLESALE = "wholesale"
    VALUED_BUYER = "valued_buyer"
    #: The bot knows the wish and has no script for it yet.
    FLOW_MISSING = "flow_missing"
    #: The store's policy leaves it to a person.
    POLICY = "policy"
    #: Too many wrong tries at the identity check.
    IDENTITY_LOCKED = "identity_locked"
    AGENT_AWAY = "agent_away"
    #: A message that matters could not be delivered, or nobody knows whether it was.
    UNDELIVERED = "undelivered"
    #: A fault found by the watchdog: nobody was answering this buyer.
    ORPHANED = "orphaned"


class Priority(enum.IntEnum):
    """How far up a case stands in its queue."""

    NORMAL = 1
    HIGH = 2
    URGENT = 3


class Outcome(str, enum.Enum):
    """How a case ended."""

    SOLVED = "solved"
    REFUNDED = "refunded"
    REPLACED = "replaced"
    ANSWERED = "answered"
    NO_ANSWER_NEEDED = "no_answer_needed"
    SPAM = "spam"
    OTHER = "other"


class Standing(str, enum.Enum):
    """What the store knows of a buyer."""

    NEW = "new"
    RETURNING = "returning"
    VALUED = "valued"


class CardField(str, enum.Enum):
    """A part of the card that is masked until somebody asks for it."""

    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"
    #: The buyer's own words, which may hold any of the above.
    WANTS = "wants"


@dataclass(frozen=True)
class Likely:
    """What the buyer may have meant."""

    intent: str
    #: From 0 to 1.
    confidence: float


@dataclass(frozen=True)
class CaseCard:
    """All that a person must know at a glance; made by the bot when it hands over, in English."""

    #: What the buyer wants, in one line.
    wants: str
    #: Why it came here, in one line.
    why: str = ""
    name: str | None = None
    #: Whether the identity check was passed.
    verified: bool = False
    standing: Standing = Standing.NEW
    #: ISO 639-1.
    language: str = "en"
    #: The buyer's time zone (IANA), if known.
    timezone: str | None = None
    #: ISO 3166, if known.
    country: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None
    #: What the bot did and said, oldest first, a line each.
    bot_did: tuple[str, ...] = ()
    order_number: str | None = None
    order_state: str | None = None
    parcel_state: str | None = None
    #: Money at stake, in minor units of ``currency``.
    money_minor: int | None = None
    currency: str | None = None
    #: Texts that the owner may send as they are, in the buyer's language where the bot has it.
    suggested_replies: tuple[str, ...] = ()
    #: Likeliest first.
    likely: tuple[Likely, ...] = ()


@dataclass(frozen=True)
class Case:
    """A conversation that waits for a person."""

    id: int
    conversation_id: int
    queue: str
    reason: Reason
    intent: str
    topic: str
    priority: Priority
    #: The buyer's language, ISO 639-1.
    language: str
    state: CaseState
    owner_id: int | None
    #: Grows whenever the owner changes; an act that names an older one is refused.
    fence: int
    opened_at: dt.datetime
    claimed_at: dt.datetime | None
    first_answer_at: dt.datetime | None
    #: When the buyer wrote the oldest message that nobody has answered; ``None`` if it is the buyer's turn.
    waiting_since: dt.datetime | None
    #: What the clock waits for and until when; both or neither.
    clock: ClockKind | None
    due_at: dt.datetime | None
    #: How often the clock ran out since somebody last answered.
    level: int
    closed_at: dt.datetime | None
    outcome: Outcome | None
    summary: str
    #: Unmasked: show it only through ``bot.desk.masking``.
    card: CaseCard
    #: Whom the case was offered to when it came into its queue, the likeliest first; others may claim it.
    offered_to: tuple[int, ...] = ()
    #: Whether a frontend may send what the owner writes without a further word; off with each new owner.
    direct: bool = False
    #: Since when its card can be seen by those who may claim it; ``None`` as long as it cannot.
    shown_at: dt.datetime | None = None
    #: What the case was really about, as its owner said on closing.
    true_intent: str | None = None
    #: The buyer's rating of the help, 1 to 5, and what they wrote to it.
    satisfaction: int | None = None
    comment: str = ""

    @property
    def waits_unseen(self) -> bool:
        """Whether it waits to be claimed, and its card cannot be seen yet."""
        return self.state is CaseState.OPEN and self.clock is ClockKind.CLAIM and self.shown_at is None


class EventKind(str, enum.Enum):
    """What can happen to a case; each is written down with who did it and when."""

    OPENED = "opened"
    #: The bot had something to add to a case that was already there.
    ADDED = "added"
    #: Its card can be seen: the claim's clock begins.
    SHOWN = "shown"
    BUYER_WROTE = "buyer_wrote"
    CLAIMED = "claimed"
    REPLIED = "replied"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    DECLINED = "declined"
    NOTED = "noted"
    REVEALED = "revealed"
    RELEASED = "released"
    TAKEN_OVER = "taken_over"
    PASSED_ON = "passed_on"
    CLOSED = "closed"
    HANDED_BACK = "handed_back"
    #: The owner was silent past the clock, away or gone: the case is back in the queue.
    LAPSED = "lapsed"
    SNOOZED = "snoozed"
    #: The time of a snooze is over.
    WOKEN = "woken"
    #: The bot handed over again soon after the case was closed.
    REOPENED = "reopened"
    DIRECT_ON = "direct_on"
    DIRECT_OFF = "direct_off"
    #: A reply that was not delivered is tried again.
    RETRIED = "retried"
    #: A reply that had not gone yet was changed, or taken back.
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    #: The buyer rated the help, or wrote something to it.
    RATED = "rated"
    COMMENTED = "commented"
    #: Nobody claimed it in time: the queue is asked again.
    ASKED_AGAIN = "asked_again"
    ESCALATED = "escalated"
    #: The buyer threatens or tells of harm while people have the case.
    ALARMED = "alarmed"
    #: The supervisor was silent too: the clock restarts and the operator is told.
    OPERATOR_TOLD = "operator_told"
    #: The watchdog found a fault and mended it.
    REPAIRED = "repaired"
    #: Somebody tried what they may not.
    REFUSED = "refused"


@dataclass(frozen=True)
class CaseEvent:
    """One line of a case's history; never shown to the buyer."""

    id: int
    case_id: int
    at: dt.datetime
    #: A person's name, ``the bot``, ``the buyer`` or ``the clock``.
    actor: str
    kind: EventKind
    text: str


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


@dataclass(frozen=True)
class IntentLabel:
    """What a message really meant, as an agent said on closing its case; for those who train the model."""

    id: int
    case_id: int
    conversation_id: int
    #: The buyer's message after which the bot handed over; ``None`` if there was none, or it went by age.
    inbox_id: int | None
    #: Its words; unmasked.
    text: str
    #: ISO 639-1.
    language: str
    #: What the bot had understood.
    predicted: str
    intent: str
    #: The login of who said so.
    by: str
    at: dt.datetime


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
