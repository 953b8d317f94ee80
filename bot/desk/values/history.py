"""What happened to cases."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass


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


@dataclass(frozen=True)
class Changes:
    """What happened at the desk since a cursor."""

    #: Hand it to the next call.
    cursor: int
    #: Cases to which something happened, each once.
    case_ids: tuple[int, ...]
