"""What a case is: its state, reason, priority, outcome and card."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass


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
