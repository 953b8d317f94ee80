"""Cases: opened by the bot, moved by the buyer's words and by the clock, worked on by people."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bot.database import lock_now
from bot.desk import clocks, hours
from bot.desk.acts import CaseActs
from bot.desk.clocks import SUPERVISOR, SUPERVISOR_LEVEL
from bot.desk.masking import mask_card, storable
from bot.desk.records import BOT, BUYER, CLOCK, card_as_json
from bot.desk.tables import cases, people
from bot.desk.values import (
    Case,
    CaseCard,
    CaseState,
    ClockKind,
    EventKind,
    Person,
    Priority,
    Reason,
)
from bot.mailroom import conversations, inbox
from bot.mailroom.conversations import Owner

log = logging.getLogger(__name__)

#: The inbox event by which the bot learns that the buyer needs a new date, and why.
CASE_LATE = "case_late"

#: Reasons that decide the queue whatever the intent was.
QUEUE_OF_REASON = {Reason.ALWAYS_HUMAN: SUPERVISOR, Reason.WHOLESALE: "wholesale"}

#: The longest line that a card keeps of what the buyer wants.
LONGEST_WANTS = 500


class Cases(CaseActs):
    """All that can be done with cases, in the caller's unit of work.

    A case that is not closed has an owner or a running clock, and its conversation belongs to the
    desk; closing gives the conversation back to the bot.
    """

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
        lock_now(self.connection)
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

    def buyer_wrote(self, conversation_id: int) -> Case | None:
        """Note that the buyer wrote while people have the conversation.

        Returns:
            The case; ``None`` if the conversation has no open one: then the bot must answer.
        """
        lock_now(self.connection)
        known = self.open_case_of(conversation_id)
        if known is None:
            return None
        case = self._locked(known.id)
        if case.state is CaseState.CLOSED:
            return None
        now = self.clock.now()
        self._record(case.id, EventKind.BUYER_WROTE, BUYER)
        if case.state is not CaseState.WAITING_BUYER:
            return self._change(case, waiting_since=case.waiting_since or now)
        case = self._change(
            case,
            state=CaseState.WAITING_US,
            waiting_since=now,
            clock=ClockKind.OPEN_QUESTION,
            due_at=clocks.open_question_due(self.rules, case.queue, now),
        )
        if self._is_there(case.owner_id):
            return case
        return self._queued(case, EventKind.LAPSED, CLOCK, "the owner is away")

    def due(self, limit: int = 100) -> Sequence[int]:
        """The cases whose clock has run out, longest ago first."""
        rows = self.connection.execute(
            sa.select(cases.c.id)
            .where(cases.c.state != CaseState.CLOSED.value, cases.c.due_at <= self.clock.now())
            .order_by(cases.c.due_at)
            .limit(limit)
        )
        return tuple(rows.scalars())

    def expire(self, case_id: int) -> Case:
        """Move a case up whose clock has run out: its queue again, the supervisor, then the operator.

        Does nothing if somebody acted in the meantime.
        """
        case = self._locked(case_id)
        now = self.clock.now()
        if case.state is CaseState.CLOSED or case.due_at is None or case.due_at > now:
            return case
        level = case.level + 1
        up = level >= SUPERVISOR_LEVEL and case.queue != SUPERVISOR
        beyond = level >= SUPERVISOR_LEVEL and not up
        silent = case.owner_id is not None
        owner = self._name(case.owner_id)
        case = self._queued(
            case,
            EventKind.LAPSED if silent else EventKind.ESCALATED if up else EventKind.ASKED_AGAIN,
            CLOCK,
            f"{owner or 'the owner'} was silent" if silent else "nobody claimed it",
            queue=SUPERVISOR if up else case.queue,
            level=level,
        )
        if silent and up:
            self._record(case.id, EventKind.ESCALATED, CLOCK, "nobody answered in time")
        if beyond:
            self._record(case.id, EventKind.OPERATOR_TOLD, CLOCK, f"asked {level} times in vain")
            log.error("case %d in queue %s: asked %d times, nobody answers", case.id, case.queue, level)
        if silent or beyond:
            cause = "owner_silent" if silent else "nobody_there"
            self._tell_late(case, cause)
        return case

    def give_up(self, person: Person, why: str, *, answered_too: bool = False) -> Sequence[Case]:
        """Put back into their queues what a person owns who is going away.

        Args:
            person: who is going.
            why: a few words for the history.
            answered_too: also those cases in which it is the buyer's turn: the person is not coming back.
        """
        lock_now(self.connection)
        states = [CaseState.CLAIMED.value, CaseState.WAITING_US.value]
        if answered_too:
            states.append(CaseState.WAITING_BUYER.value)
        owned = self.connection.execute(
            sa.select(cases.c.id)
            .where(cases.c.owner_id == person.id, cases.c.state.in_(states))
            .order_by(cases.c.id)
        )
        return tuple(
            self._queued(self._locked(case_id), EventKind.LAPSED, person, why)
            for case_id in tuple(owned.scalars())
        )

    def promise(self, case: Case) -> dt.datetime:
        """When a person will have answered, if all goes as it should; aware, UTC."""
        at_work = clocks.hours_of(self.rules, case.queue)
        if case.due_at is None:
            return clocks.open_question_due(self.rules, case.queue, self.clock.now())
        if case.clock is not ClockKind.CLAIM:
            return case.due_at
        # A first owner who claims in time has what is left of the promise; any later one the whole time.
        minutes = self.rules.clocks.first_answer_minutes
        if case.level == 0 and case.claimed_at is None:
            minutes = max(minutes - self.rules.clocks.claim_minutes, 1)
        return hours.after(at_work, case.due_at, dt.timedelta(minutes=minutes))

    def suggested_replies(self, case: Case, person: Person) -> Sequence[str]:
        """The card's suggestions; where the answer comes late, it opens with a name and the question."""
        shown = mask_card(case.card)
        if not case.level or case.waiting_since is None:
            return shown.suggested_replies
        opening = f"This is {person.name} from {self.rules.store.name}. You asked: “{shown.wants}”"
        return tuple(f"{opening}\n{text}" for text in shown.suggested_replies) or (opening,)

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
        topic = intent.split("_", 1)[0]
        inserted = self.connection.execute(
            cases.insert().values(
                conversation_id=conversation_id,
                queue=queue,
                reason=reason.value,
                intent=intent,
                topic=topic if topic in self.rules.topic_queues else "other",
                priority=int(priority),
                language=language,
                state=CaseState.OPEN.value,
                fence=1,
                opened_at=now,
                waiting_since=now,
                clock=ClockKind.CLAIM.value,
                due_at=clocks.claim_due(self.rules, queue, now, 0),
                level=0,
                summary="",
                card=card_as_json(card),
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
        self._record(case.id, EventKind.ADDED, BOT, f"{reason.value}: {intent}; {card.why}".rstrip("; "))
        case = self._change(
            case,
            card=card_as_json(_laid_over(case.card, card, reason)),
            priority=int(max(case.priority, priority)),
            waiting_since=case.waiting_since or now,
        )
        conversations.set_owner(self.connection, case.conversation_id, Owner.AGENT)
        if case.state is CaseState.WAITING_BUYER:
            case = self._change(
                case,
                state=CaseState.WAITING_US,
                clock=ClockKind.OPEN_QUESTION,
                due_at=clocks.open_question_due(self.rules, case.queue, now),
            )
        # A threat does not wait in the queue of whatever the talk began with.
        if case.state is CaseState.OPEN and queue == SUPERVISOR != case.queue:
            case = self._queued(case, EventKind.PASSED_ON, BOT, f"to {SUPERVISOR}", queue=SUPERVISOR)
        return case

    def _is_there(self, person_id: int | None) -> bool:
        row = self.connection.execute(
            sa.select(people.c.active, people.c.away).where(people.c.id == person_id)
        ).one_or_none()
        return row is not None and row.active and not row.away

    def _tell_late(self, case: Case, cause: str) -> None:
        payload = {
            "case_id": case.id,
            "cause": cause,
            "queue": case.queue,
            "until": self.promise(case).isoformat(),
        }
        inbox.accept_event(self.connection, case.conversation_id, CASE_LATE, payload, now=self.clock.now())


def _laid_over(known: CaseCard, added: CaseCard, reason: Reason) -> CaseCard:
    """The card of a case to which the bot adds: what the new one does not say is kept from the old."""
    kept = {name: getattr(known, name) for name, value in vars(added).items() if not value}
    if reason is Reason.UNDELIVERED:
        # It is about a message of ours: what the buyer wants is what they wanted before.
        kept["wants"] = known.wants
    return replace(added, **kept)
