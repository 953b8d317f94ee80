"""Cases: all that can be done with them, and how the buyer's words and the clock move them."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

import sqlalchemy as sa

from bot.database import lock_now
from bot.desk import clocks, hours
from bot.desk.case_records import BUYER, CLOCK
from bot.desk.clocks import SUPERVISOR, SUPERVISOR_LEVEL
from bot.desk.masking import mask_card
from bot.desk.offers import IN_HAND
from bot.desk.opening import CaseOpening
from bot.desk.people_records import person_of
from bot.desk.shifts import in_shift
from bot.desk.tables import cases, people
from bot.desk.values.cases import Case, CaseCard, CaseState, ClockKind
from bot.desk.values.history import EventKind
from bot.desk.values.people import Person
from bot.mailroom import inbox

log = logging.getLogger(__name__)

#: The inbox event by which the bot learns that the buyer needs a new date, and why.
CASE_LATE = "case_late"


class Cases(CaseOpening):
    """All that can be done with cases, in the caller's unit of work.

    A case that is not closed has an owner or a running clock, and its conversation belongs to the
    desk; closing gives the conversation back to the bot.
    """

    def buyer_wrote(self, conversation_id: int, threat: str | None = None, words: str = "") -> Case | None:
        """Note that the buyer wrote while people have the conversation.

        Args:
            conversation_id: whose.
            threat: which threat or harm the message tells of (`nlu.mood.kinds.Threat`), if any.
            words: the message.

        Returns:
            The case; ``None`` if the conversation has no open one: then the bot must answer.
        """
        case = self._open_and_held(conversation_id)
        if case is None or case.state is CaseState.CLOSED:
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
