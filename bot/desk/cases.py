"""Cases: opened by the bot, moved by the buyer's words and by the clock, worked on by people."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bot.database import lock_now
from bot.desk import clocks, hours, ranks, wording
from bot.desk.acts import satisfaction_timer
from bot.desk.clocks import SUPERVISOR, SUPERVISOR_LEVEL
from bot.desk.masking import mask_card, storable
from bot.desk.offers import IN_HAND
from bot.desk.raising import CaseRaising
from bot.desk.records import BOT, BUYER, CLOCK, card_as_json, person_of
from bot.desk.shifts import in_shift, is_at_work
from bot.desk.tables import cases, people
from bot.desk.values.cases import Case, CaseCard, CaseState, ClockKind, Outcome, Priority, Reason
from bot.desk.values.history import EventKind
from bot.desk.values.people import Person
from bot.mailroom import conversations, inbox, timers
from bot.mailroom.conversations import Owner

log = logging.getLogger(__name__)

#: The inbox event by which the bot learns that the buyer needs a new date, and why.
CASE_LATE = "case_late"

#: Reasons that decide the queue whatever the intent was.
QUEUE_OF_REASON = {Reason.ALWAYS_HUMAN: SUPERVISOR, Reason.WHOLESALE: "wholesale"}

#: Topics of wishes that go on with whatever was spoken of before, such as the wish for a person.
NO_TOPIC = ("service", "other")

#: The longest line that a card keeps of what the buyer wants.
LONGEST_WANTS = 500


class Cases(CaseRaising):
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

    def buyer_wrote(self, conversation_id: int, threat: str | None = None, words: str = "") -> Case | None:
        """Note that the buyer wrote while people have the conversation.

        Args:
            conversation_id: whose.
            threat: which threat or harm the message tells of (`nlu.mood.kinds.Threat`), if any.
            words: the message.

        Returns:
            The case; ``None`` if the conversation has no open one: then the bot must answer.
        """
        conversations.hold(self.connection, conversation_id)
        known = self.open_case_of(conversation_id)
        if known is None:
            return None
        case = self._locked(known.id)
        if case.state is CaseState.CLOSED:
            return None
        now = self.clock.now()
        self._record(case.id, EventKind.BUYER_WROTE, BUYER)
        if not case.state.is_buyers_turn:
            case = self._change(case, waiting_since=case.waiting_since or now)
        else:
            case = self._owed(case)
            absence = self._absence(case)
            case = case if absence is None else self._queued(case, EventKind.LAPSED, CLOCK, absence)
        return case if threat is None else self.raise_for(case, threat, words)

    def due(self, limit: int = 100) -> Sequence[int]:
        """The cases whose clock has run out, longest ago first."""
        rows = self.connection.execute(
            sa.select(cases.c.id)
            .where(cases.c.state != CaseState.CLOSED.value, cases.c.due_at <= self.clock.now())
            .order_by(cases.c.due_at)
            .limit(limit)
        )
        return tuple(rows.scalars())

    def deserted(self) -> Sequence[int]:
        """Cases that wait for an owner who has gone since they claimed them: away, or out of their shift."""
        rows = self.connection.execute(
            sa.select(cases.c.id.label("case_id"), cases.c.claimed_at.label("since"), people)
            .join(people, people.c.id == cases.c.owner_id)
            .where(cases.c.state.in_(IN_HAND), sa.or_(people.c.away, people.c.shift.is_not(None)))
            .order_by(cases.c.id)
        ).all()
        now = self.clock.now()
        return tuple(row.case_id for row in rows if _gone(person_of(row), row.since, now) is not None)

    def desert(self, case_id: int) -> Case:
        """Put a case back into its queue whose owner has gone, and give its buyer a new date.

        Does nothing if somebody acted in the meantime.
        """
        case = self._locked(case_id)
        absence = self._absence(case) if case.state.value in IN_HAND else None
        if absence is None:
            return case
        case = self._queued(case, EventKind.LAPSED, CLOCK, absence)
        self._tell_late(case, "owner_away")
        return case

    def expire(self, case_id: int) -> Case:
        """Move a case up whose clock has run out: its queue again, the supervisor, then the operator.

        Where a snooze is over, its owner has to act from now on. Does nothing if somebody acted meanwhile.
        """
        case = self._locked(case_id)
        now = self.clock.now()
        if case.state is CaseState.CLOSED or case.due_at is None or case.due_at > now:
            return case
        if case.state is CaseState.SNOOZED:
            return self._woken(case)
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
        states = list(IN_HAND)
        if answered_too:
            states += [state.value for state in CaseState if state.is_buyers_turn]
        owned = self.connection.execute(
            sa.select(cases.c.id)
            .where(cases.c.owner_id == person.id, cases.c.state.in_(states))
            .order_by(cases.c.id)
        )
        given_up = []
        for case_id in tuple(owned.scalars()):
            case = self._locked(case_id)
            if case.owner_id != person.id or case.state.value not in states:
                # Closed, or somebody else's, since it was looked for.
                continue
            case = self._queued(case, EventKind.LAPSED, person, why)
            if case.waiting_since is not None:
                self._tell_late(case, "owner_away")
            given_up.append(case)
        return tuple(given_up)

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
        # The card's way to those who claim is ours, not the buyer's.
        begun = self.due_if_shown(case) or case.due_at
        return hours.after(at_work, begun, dt.timedelta(minutes=minutes))

    def suggested_replies(self, case: Case, person: Person, shown: CaseCard | None = None) -> Sequence[str]:
        """The card's suggestions; where the answer comes late, it opens with a name and the question.

        ``shown`` is the card if it was masked already.
        """
        shown = shown or mask_card(case.card)
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

    def _absence(self, case: Case) -> str | None:
        """Why the owner cannot be expected to answer; ``None`` if they can."""
        owner = self._person(case.owner_id)
        if owner is None:
            return "nobody has it"
        return _gone(owner, case.claimed_at, self.clock.now())

    def _tell_late(self, case: Case, cause: str) -> None:
        payload = {
            "case_id": case.id,
            "cause": cause,
            "queue": case.queue,
            "until": self.promise(case).isoformat(),
        }
        inbox.accept_event(self.connection, case.conversation_id, CASE_LATE, payload, now=self.clock.now())


def _gone(owner: Person, since: dt.datetime | None, now: dt.datetime) -> str | None:
    """Why an owner is no longer there; who claimed outside of their shift has chosen to be."""
    if not owner.active or owner.away:
        return f"{owner.name} is away"
    if owner.shift is None or in_shift(owner.shift, now):
        return None
    overtime = since is not None and not in_shift(owner.shift, since)
    return None if overtime else f"the shift of {owner.name} has ended"


def _laid_over(known: CaseCard, added: CaseCard, reason: Reason) -> CaseCard:
    """The card of a case to which the bot adds: what the new one does not say is kept from the old."""
    kept = {name: getattr(known, name) for name, value in vars(added).items() if not value}
    if reason is Reason.UNDELIVERED:
        # It is about a message of ours: what the buyer wants is what they wanted before.
        kept["wants"] = known.wants
    return replace(added, **kept)
