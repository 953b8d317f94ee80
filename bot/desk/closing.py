"""How a case ends: closed by its owner, handed back to the bot, or left by a buyer who waits no longer."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from bot.desk import labels, ranks
from bot.desk.case_records import BUYER
from bot.desk.clocks import SUPERVISOR
from bot.desk.resting import CaseRest
from bot.desk.sent import LONGEST_TEXT
from bot.desk.tables import case_events
from bot.desk.values.cases import Case, CaseState, Outcome, Priority, Reason
from bot.desk.values.history import EventKind
from bot.desk.values.people import Person
from bot.errors import DeskError
from bot.mailroom import conversations, inbox, timers
from bot.mailroom.conversations import Owner
from bot.privacy import mask_cards, without_nul

#: Inbox events by which the bot learns what became of a case: silently, or to go on with the buyer.
CASE_CLOSED = "case_closed"
HANDED_BACK = "handed_back"
#: The timer, and the inbox event that comes of it, on which the buyer is asked for a rating.
ASK_SATISFACTION = "ask_satisfaction"
#: Outcomes that no buyer is asked about.
UNRATED = (Outcome.SPAM, Outcome.NO_ANSWER_NEEDED)
#: Cases that people must see whatever their buyer says: something is wrong, at stake, or under way.
KEPT = frozenset(
    {
        Reason.ALWAYS_HUMAN,
        Reason.ABOVE_AUTHORITY,
        Reason.FAILED,
        Reason.IDENTITY_LOCKED,
        Reason.UNDELIVERED,
        Reason.ORPHANED,
    }
)


class CaseClosing(CaseRest):
    """Ends cases. Whoever does must have been read in this very unit of work."""

    def close(
        self,
        case_id: int,
        person: Person,
        outcome: Outcome,
        summary: str,
        fence: int,
        *,
        true_intent: str | None = None,
    ) -> Case:
        """Close the case; the bot answers the buyer's next message and knows what happened.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the rank does not allow it.
            DeskError: ``true_intent`` is no intent.
        """
        ranks.require(self.rules, person, "close")
        end = (EventKind.CLOSED, CASE_CLOSED)
        return self._end(case_id, person, outcome, summary, fence, *end, true_intent)

    def hand_back(
        self,
        case_id: int,
        person: Person,
        outcome: Outcome,
        summary: str,
        fence: int,
        *,
        true_intent: str | None = None,
    ) -> Case:
        """Close the case and let the bot go on with the buyer at once; else as ``close``."""
        ranks.require(self.rules, person, "hand_back")
        end = (EventKind.HANDED_BACK, HANDED_BACK)
        return self._end(case_id, person, outcome, summary, fence, *end, true_intent)

    def may_be_left(self, case: Case) -> bool:
        """Whether its buyer may do without an answer: nobody has it, has answered, or must see it anyway."""
        if case.state is not CaseState.OPEN or case.first_answer_at is not None:
            return False
        if case.reason in KEPT or case.priority >= Priority.URGENT:
            return False
        # What the bot has added is for people to see, too.
        added = sa.select(case_events.c.id).where(
            case_events.c.case_id == case.id, case_events.c.kind == EventKind.ADDED.value
        )
        return self.connection.execute(added.limit(1)).first() is None

    def untouched(self, conversation_id: int) -> Case | None:
        """The open case of a buyer who waits for whoever comes first; the conversation is held.

        Returns:
            The case; ``None`` if there is none, somebody has it or had it, or it is the supervisors'.
        """
        case = self._open_and_held(conversation_id)
        if case is None or case.state is not CaseState.OPEN or case.queue == SUPERVISOR:
            return None
        return case if case.claimed_at is None and case.first_answer_at is None else None

    def buyer_left(self, conversation_id: int) -> Case | None:
        """Close the case of a buyer who needs no answer any more, and give the bot the conversation.

        Returns:
            The case; ``None`` if people must see it all the same (``may_be_left``).
        """
        case = self._open_and_held(conversation_id)
        if case is None or not self.may_be_left(case):
            return None
        return self._closed(case, BUYER, Outcome.NO_ANSWER_NEEDED)

    def _open_and_held(self, conversation_id: int) -> Case | None:
        """A conversation's open case as it is once both are held, in every turn's order."""
        conversations.hold(self.connection, conversation_id)
        known = self.open_case_of(conversation_id)
        return None if known is None else self._locked(known.id)

    def _end(
        self,
        case_id: int,
        person: Person,
        outcome: Outcome,
        summary: str,
        fence: int,
        kind: EventKind,
        told: str,
        true_intent: str | None,
    ) -> Case:
        summary = _short(summary)
        true_intent = labels.proper(true_intent)
        case = self._locked(case_id)
        self._require_owner(case, person, fence)
        now = self.clock.now()
        if true_intent is not None:
            labels.put(self.connection, case, true_intent, person, now)
        known = true_intent or case.true_intent
        changed = self._closed(case, person, outcome, summary, kind, true_intent=known)
        payload = {
            "case_id": case_id,
            "outcome": outcome.value,
            "summary": summary,
            "intent": case.intent,
            "agent": person.name,
        }
        inbox.accept_event(self.connection, case.conversation_id, told, payload, now=now)
        self._have_asked(changed)
        return changed

    def _closed(
        self,
        case: Case,
        actor: Person | str,
        outcome: Outcome,
        summary: str = "",
        kind: EventKind = EventKind.CLOSED,
        **more: Any,
    ) -> Case:
        """End a case that is locked: nothing runs for it any more, and the bot has the conversation."""
        changed = self._change(
            case,
            state=CaseState.CLOSED,
            fence=case.fence + 1,
            waiting_since=None,
            clock=None,
            due_at=None,
            closed_at=self.clock.now(),
            outcome=outcome,
            summary=summary,
            direct=False,
            **more,
        )
        self._let_drafts_lapse(case.id)
        self._record(case.id, kind, actor, f"{outcome.value}: {summary}" if summary else outcome.value)
        conversations.set_owner(self.connection, case.conversation_id, Owner.BOT)
        return changed

    def _have_asked(self, case: Case) -> None:
        """Have the buyer asked for a rating a little later, once for each case that was answered."""
        rules, now = self.rules.satisfaction, self.clock.now()
        if not rules.ask or case.satisfaction is not None or case.first_answer_at is None:
            return
        if case.outcome in UNRATED:
            return
        timers.schedule(
            self.connection,
            satisfaction_timer(case.id),
            kind=ASK_SATISFACTION,
            subject=f"case:{case.id}",
            due=now + dt.timedelta(minutes=rules.after_minutes),
            now=now,
            conversation_id=case.conversation_id,
            data={"case_id": case.id},
        )


def satisfaction_timer(case_id: int) -> str:
    """The timer's key: a case is asked about once, however often it is closed."""
    return f"satisfaction:{case_id}"


def _short(summary: str) -> str:
    summary = mask_cards(without_nul(summary)).strip()
    if len(summary) > LONGEST_TEXT:
        raise DeskError(f"The summary has {len(summary):,} characters; at most {LONGEST_TEXT:,} are kept.")
    return summary
