"""A case as it is shown to somebody: as a line of a list, as a page, and why the bot said something."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from bot.desk.values.cases import CardField, CaseCard, CaseState, ClockKind, Outcome, Priority, Reason
from bot.desk.values.history import CaseEvent
from bot.desk.values.replies import Delivery, Draft
from bot.messages import TranscriptLine


class Act(str, enum.Enum):
    """What a person can do with a case; a view says which of them this person may do now."""

    CLAIM = "claim"
    REPLY = "reply"
    NOTE = "note"
    CLOSE = "close"
    HAND_BACK = "hand_back"
    RELEASE = "release"
    PASS_ON = "pass_on"  # noqa: S105 (no password)
    TAKE_OVER = "take_over"
    REVEAL = "reveal"
    #: Say yes or no to a trainee's draft.
    APPROVE = "approve"
    #: Lay the case aside until a moment.
    SNOOZE = "snooze"
    #: End that before its time.
    WAKE = "wake"
    #: Switch whether what is written goes to the buyer without a further word.
    DIRECT = "direct"


@dataclass(frozen=True)
class Offered:
    """Somebody whom a case was offered to."""

    person_id: int
    name: str


@dataclass(frozen=True)
class OtherTalk:
    """Another conversation of the same customer."""

    conversation_id: int
    channel: str
    #: When something was said last; aware, UTC.
    last_at: dt.datetime
    #: Its newest case, if it ever had one.
    case_id: int | None
    state: CaseState | None
    queue: str | None
    owner: str | None
    #: What the buyer wanted there, in one masked line; empty without a case.
    wants: str = ""


@dataclass(frozen=True)
class CaseSummary:
    """A case as one line of a list; holds no address, phone, e-mail or card number."""

    id: int
    queue: str
    state: CaseState
    reason: Reason
    intent: str
    topic: str
    priority: Priority
    #: The buyer's language, ISO 639-1.
    language: str
    channel: str
    #: What to call the buyer, if the channel or the identity check told us.
    buyer: str | None
    #: What the buyer wants, in one masked line.
    wants: str
    owner_id: int | None
    owner: str | None
    opened_at: dt.datetime
    clock: ClockKind | None
    #: When the clock runs out; aware, UTC.
    due_at: dt.datetime | None
    #: How often the clock has run out since somebody last answered; above 0 the buyer has waited too long.
    level: int
    #: Whether a trainee's draft waits for an agent's yes.
    awaiting_approval: bool
    closed_at: dt.datetime | None
    outcome: Outcome | None
    #: Whom it was offered to, the likeliest first: a hint while nobody has it, empty otherwise.
    offered_to: tuple[Offered, ...] = ()
    #: Whether a frontend may send what the owner writes without a further word: show it on every message.
    direct: bool = False
    #: The buyer's rating of the help, 1 to 5; ``None`` as long as they gave none.
    satisfaction: int | None = None
    order_number: str | None = None
    #: It waits to be claimed, and where cards are posted its own is not there yet: its clock may end earlier.
    unseen: bool = False


@dataclass(frozen=True)
class CaseView:
    """A case as its page shows it to one person."""

    summary: CaseSummary
    #: Send it back with every act that asks for it: who looked at an older page is refused.
    fence: int
    #: Personal data masked; ``Desk.reveal`` shows one field and writes that down.
    card: CaseCard
    #: The fields of the card in which something is masked.
    masked: frozenset[CardField]
    #: Ready to be sent, in order of likelihood; opens with name and question where the answer comes late.
    suggested_replies: tuple[str, ...]
    #: The time of day where the buyer is, if known; aware, in the buyer's zone.
    local_time: dt.datetime | None
    #: The newest lines of the conversation, oldest of them first; card numbers masked.
    transcript: tuple[TranscriptLine, ...]
    #: Oldest first; private notes and acts, never shown to the buyer.
    events: tuple[CaseEvent, ...]
    #: Only those still waiting for a yes.
    drafts: tuple[Draft, ...]
    #: What this person may do now.
    acts: frozenset[Act]
    #: Whether this person's reply would wait for an agent's yes.
    reply_needs_approval: bool
    outcomes: tuple[Outcome, ...]
    #: Queues that the case can be passed on to.
    queues: tuple[str, ...]
    summary_text: str
    #: The agents' replies and what became of each, oldest first; of those in the transcript only.
    deliveries: tuple[Delivery, ...] = ()
    #: What the case may really have been about, likeliest first, at most three: to be offered on closing.
    likely_intents: tuple[str, ...] = ()
    #: What was chosen on closing.
    true_intent: str | None = None
    #: What the buyer wrote to their rating; masked.
    comment: str = ""
    #: Other conversations of the same customer, newest first; only of one whose identity was checked.
    others: tuple[OtherTalk, ...] = ()


@dataclass(frozen=True)
class Because:
    """Why the bot said something: what was understood, which script ran, and what it stood on."""

    at: dt.datetime
    #: The model's version; None where none was loaded.
    model: str | None
    intent: str | None
    confidence: float | None
    flow: str | None
    #: The rule of ``stories/`` that was followed.
    rule: str
    #: The actions, in order.
    steps: tuple[str, ...]
    #: The version of ``shop.yml`` that was in force; None for turns of before it was kept.
    rules: str | None
    #: The clauses that the words stand on, with their values then: ``returns.window_days = 7``.
    clauses: tuple[str, ...]
    #: What was read of the store, a line each; personal data masked.
    facts: tuple[str, ...]
