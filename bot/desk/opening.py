"""A case is opened, added to, or goes on: what the bot hands over to people."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from bot.desk import clocks, ranks, wording
from bot.desk.case_records import BOT, card_as_json
from bot.desk.clocks import SUPERVISOR
from bot.desk.closing import satisfaction_timer
from bot.desk.masking import storable
from bot.desk.raising import CaseRaising
from bot.desk.shifts import is_at_work
from bot.desk.tables import cases
from bot.desk.values.cases import Case, CaseCard, CaseState, ClockKind, Outcome, Priority, Reason
from bot.desk.values.history import EventKind
from bot.mailroom import conversations, timers
from bot.mailroom.conversations import Owner

#: Reasons that decide the queue whatever the intent was.
QUEUE_OF_REASON = {Reason.ALWAYS_HUMAN: SUPERVISOR, Reason.WHOLESALE: "wholesale"}
#: Topics of wishes that go on with whatever was spoken of before, such as the wish for a person.
NO_TOPIC = ("service", "other")
#: The longest line that a card keeps of what the buyer wants.
LONGEST_WANTS = 500


class CaseOpening(CaseRaising):
    """Hands conversations over to people."""

    def open(
        self,
        conversation_id: int,
        *,
        intent: str,
        reason: Reason,
        card: CaseCard,
        language: str,
        queue: str | None = None,
        priority: Priority = Priority.NORMAL,
    ) -> Case:
        """Hand a conversation over to people.

        A conversation never has two open cases: if there is one, this is added to it. An unknown queue
        is replaced by the intent's own, because a buyer must not be lost over a misspelling.

        Args:
            conversation_id: whose.
            intent: what it is about; its prefix is the topic.
            reason: why the bot hands over.
            card: what people must know; card numbers in it are masked before it is stored.
            language: the buyer's, ISO 639-1.
            queue: where to, if neither the reason nor the intent decides.
            priority: how far up in the queue.
        """
        queue = self._queue(queue, reason, intent)
        card = storable(card)
        if len(card.wants) > LONGEST_WANTS:
            card = replace(card, wants=card.wants[: LONGEST_WANTS - 1] + "…")
        conversations.hold(self.connection, conversation_id)
        # Once more if somebody closes or opens the conversation's case between the look and the write.
        for last in (False, True):
            known = self.open_case_of(conversation_id)
            case = None if known is None else self._locked(known.id)
            if case is not None and case.state is not CaseState.CLOSED:
                return self._add(case, intent, reason, card, queue, priority)
            try:
                with self.connection.begin_nested():
                    return self._insert(conversation_id, intent, reason, card, queue, priority, language)
            except IntegrityError:
                if last:
                    raise
        raise AssertionError("unreachable")

    def _queue(self, wanted: str | None, reason: Reason, intent: str) -> str:
        for queue in (wanted, QUEUE_OF_REASON.get(reason)):
            if queue is not None and queue in self.rules.queues:
                return queue
        return self.rules.queue_for(intent)

    def _insert(
        self,
        conversation_id: int,
        intent: str,
        reason: Reason,
        card: CaseCard,
        queue: str,
        priority: Priority,
        language: str,
    ) -> Case:
        now = self.clock.now()
        topic = self._topic(intent)
        before = self._to_reopen(conversation_id, topic, reason)
        if before is not None:
            return self._reopen(before, intent, reason, card, queue, priority)
        inserted = self.connection.execute(
            cases.insert().values(
                conversation_id=conversation_id,
                queue=queue,
                reason=reason.value,
                intent=intent,
                topic=topic,
                priority=int(priority),
                language=language,
                state=CaseState.OPEN.value,
                fence=1,
                opened_at=now,
                waiting_since=now,
                **self._waiting(queue, 0, now),
                level=0,
                summary="",
                card=card_as_json(card),
                offered_to=list(self._offered_to(queue, language)),
            )
        )
        case_id: int = inserted.inserted_primary_key[0]
        self._record(case_id, EventKind.OPENED, BOT, f"{reason.value}: {intent}")
        conversations.set_owner(self.connection, conversation_id, Owner.AGENT)
        return self.get(case_id)

    def _add(
        self, case: Case, intent: str, reason: Reason, card: CaseCard, queue: str, priority: Priority
    ) -> Case:
        now = self.clock.now()
        about = ": ".join(dict.fromkeys(map(wording.named, (reason.value, intent))))
        told = f"{about}; {card.why}".rstrip("; ")
        self._record(case.id, EventKind.ADDED, BOT, told)
        case = self._change(
            case,
            card=card_as_json(_laid_over(case.card, card, reason)),
            priority=int(max(case.priority, priority)),
            waiting_since=case.waiting_since or now,
        )
        conversations.set_owner(self.connection, case.conversation_id, Owner.AGENT)
        if case.state.is_buyers_turn:
            case = self._owed(case)
        # A threat does not wait in the queue of whatever the talk began with.
        if case.state is CaseState.OPEN and queue == SUPERVISOR != case.queue:
            case = self._queued(case, EventKind.PASSED_ON, BOT, f"to {SUPERVISOR}", queue=SUPERVISOR)
        return case

    def _topic(self, intent: str) -> str:
        topic = intent.split("_", 1)[0]
        return topic if topic in self.rules.topic_queues else "other"

    def _to_reopen(self, conversation_id: int, topic: str, reason: Reason) -> Case | None:
        """The conversation's closed case that goes on with this, if it was about the same not long ago."""
        case = self.latest_of(conversation_id)
        if case is None or case.closed_at is None or reason in (Reason.ALWAYS_HUMAN, Reason.UNDELIVERED):
            return None
        age = self.clock.now() - case.closed_at
        same = topic in (case.topic, *NO_TOPIC)
        if (
            not same
            or case.outcome is Outcome.SPAM
            or age > dt.timedelta(hours=self.rules.cases.reopen_hours)
        ):
            return None
        return self._locked(case.id)

    def _reopen(
        self, case: Case, intent: str, reason: Reason, card: CaseCard, queue: str, priority: Priority
    ) -> Case:
        """Let a closed case go on: with who had it, if they are at work and serve the queue."""
        now = self.clock.now()
        # Or who leaves at this moment would have it: what they own is given up before it is theirs again.
        owner = self._person(case.owner_id, locked=True)
        back = (
            owner is not None
            and is_at_work(owner, now)
            and ranks.may(self.rules, owner, "claim")
            and ranks.serves(self.rules, owner, queue)
        )
        # An earlier promise was kept: the way up begins anew.
        case = replace(case, waiting_since=now, level=0)
        timers.cancel(self.connection, satisfaction_timer(case.id), now=now, why="the case was reopened")
        values: dict[str, Any] = {
            "queue": queue,
            "priority": int(max(case.priority, priority)),
            "card": card_as_json(_laid_over(case.card, card, reason)),
            # Why it came this time, and what about, unless it is said no more closely than before.
            "reason": reason.value,
            "intent": case.intent if self._topic(intent) in NO_TOPIC else intent,
            "level": 0,
            "waiting_since": now,
            "first_answer_at": None,
            "closed_at": None,
            "outcome": None,
        }
        if back and owner is not None:
            values |= self._owned(replace(case, queue=queue), owner)
        else:
            values |= {
                "state": CaseState.OPEN.value,
                "owner_id": None,
                "fence": case.fence + 1,
                **self._waiting(queue, 0, now),
                "offered_to": list(self._offered_to(queue, case.language)),
            }
        case = self._change(case, **values)
        whom = f"with {owner.name}" if back and owner is not None else f"in the queue {queue}"
        self._record(case.id, EventKind.REOPENED, BOT, f"{reason.value}: {intent}; {whom}")
        conversations.set_owner(self.connection, case.conversation_id, Owner.AGENT)
        return case

    def _owed(self, case: Case) -> Case:
        """The buyer wrote: it is our turn."""
        now = self.clock.now()
        return self._change(
            case,
            state=CaseState.WAITING_US,
            waiting_since=now,
            clock=ClockKind.OPEN_QUESTION,
            due_at=clocks.open_question_due(self.rules, case.queue, now),
        )


def _laid_over(known: CaseCard, added: CaseCard, reason: Reason) -> CaseCard:
    """The card of a case to which the bot adds: what the new one does not say is kept from the old."""
    kept = {name: getattr(known, name) for name, value in vars(added).items() if not value}
    if reason is Reason.UNDELIVERED:
        # It is about a message of ours: what the buyer wants is what they wanted before.
        kept["wants"] = known.wants
    return replace(added, **kept)
