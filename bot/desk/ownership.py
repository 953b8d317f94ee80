"""Whose a case is: claimed, released, passed on, taken over; each change of hands raises the fence."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from bot.database import lock_now
from bot.desk import clocks, hours, offers, ranks, wording
from bot.desk.case_records import CaseRecords
from bot.desk.people_records import person_of
from bot.desk.tables import cases, people
from bot.desk.values.cases import Case, CaseState, ClockKind
from bot.desk.values.history import EventKind
from bot.desk.values.people import Person
from bot.errors import CaseTakenError, DeskError, ForbiddenError, NotOwnerError


class CaseOwnership(CaseRecords):
    """How a case changes hands. The person must have been read in this very unit of work."""

    def claim(self, case_id: int, person: Person) -> Case:
        """Become the owner of an open case; of any number at once exactly one succeeds. Idempotent.

        Raises:
            CaseTakenError: somebody else has it, or it is closed.
            ForbiddenError: the rank or the queue does not allow it.
            DeskError: the person has as many unanswered cases as ``cases.most_open`` allows.
        """
        ranks.require(self.rules, person, "claim")
        # Of two claims of one person at once the second counts the first.
        lock_now(self.connection, f"claims of {person.id}")
        # Read under the lock: whether an answer is owed decides the state that follows.
        case = self._locked(case_id)
        if case.owner_id == person.id and case.state is not CaseState.CLOSED:
            return case
        if not ranks.serves(self.rules, person, case.queue):
            raise ForbiddenError(f"You do not serve the queue '{case.queue}'.")
        if case.state is CaseState.OPEN and case.owner_id is None:
            self._require_hands_free(person)
        # The decision: of all these updates the database lets one through.
        done = self.connection.execute(
            cases.update()
            .where(
                cases.c.id == case_id,
                cases.c.state == CaseState.OPEN.value,
                cases.c.owner_id.is_(None),
                cases.c.fence == case.fence,
            )
            .values(**self._owned(case, person))
        )
        if done.rowcount != 1:
            raise self._taken(case_id)
        waited = wording.lasting((self.clock.now() - case.opened_at).total_seconds())
        self._record(case_id, EventKind.CLAIMED, person, f"{waited} after it was opened")
        return self.get(case_id)

    def take_over(self, case_id: int, person: Person) -> Case:
        """Become the owner whoever has it now; from then on the other's words are refused. Idempotent.

        Raises:
            ForbiddenError: the rank does not allow it.
            CaseTakenError: it is closed.
        """
        ranks.require(self.rules, person, "take_over")
        case = self._locked(case_id)
        if case.state is CaseState.CLOSED:
            raise self._taken(case_id)
        if case.owner_id == person.id:
            return case
        before = self._name(case.owner_id)
        case = self._change(case, **self._owned(case, person))
        self._let_drafts_lapse(case_id)
        self._record(case_id, EventKind.TAKEN_OVER, person, f"from {before or 'the queue'}")
        return case

    def release(self, case_id: int, person: Person, fence: int) -> Case:
        """Put one's own case back into its queue; its clock starts anew.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
        """
        ranks.require(self.rules, person, "claim")
        case = self._locked(case_id)
        self._require_owner(case, person, fence)
        return self._queued(case, EventKind.RELEASED, person)

    def pass_on(self, case_id: int, person: Person, queue: str, fence: int) -> Case:
        """Put a case into another queue: its owner's act, or of one who may take over.

        Raises:
            NotOwnerError: the person may not, or the case changed hands since the fence was read.
            DeskError: there is no such queue, or the case is in it already.
        """
        ranks.require(self.rules, person, "claim")
        case = self._locked(case_id)
        if queue not in self.rules.queues:
            raise DeskError(f"There is no queue '{queue}' (there are: {', '.join(self.rules.queues)}).")
        if not ranks.may(self.rules, person, "take_over"):
            self._require_owner(case, person, fence)
        elif case.state is CaseState.CLOSED or case.fence != fence:
            raise NotOwnerError("The case has changed since you looked at it; load it again.")
        if queue == case.queue:
            raise DeskError(f"The case is in the queue '{queue}' already.")
        # New people are asked once more before it moves up; what was late stays late.
        level = min(case.level, clocks.SUPERVISOR_LEVEL - 1)
        return self._queued(case, EventKind.PASSED_ON, person, f"to {queue}", queue=queue, level=level)

    def _queued(
        self,
        case: Case,
        kind: EventKind,
        actor: Person | str,
        text: str = "",
        *,
        queue: str | None = None,
        level: int | None = None,
    ) -> Case:
        """Put a case (back) into a queue without an owner, with the claim clock running."""
        queue = queue or case.queue
        level = case.level if level is None else level
        changed = self._change(
            case,
            state=CaseState.OPEN,
            queue=queue,
            level=level,
            owner_id=None,
            fence=case.fence + 1,
            **self._waiting(queue, level, self.clock.now()),
            direct=False,
            offered_to=list(self._offered_to(queue, case.language, but=case.owner_id)),
        )
        self._let_drafts_lapse(case.id)
        self._record(case.id, kind, actor, text)
        return changed

    def shown(self, case_id: int, fence: int, where: str) -> Case:
        """Have a claim's clock begin, for a frontend shows the case from now on. Idempotent.

        It only ever ends earlier than without that: a case that nobody can see has a running clock, too. Does
        nothing if the case has changed hands since, or could be seen already.

        Args:
            case_id: the case.
            fence: as it was shown.
            where: what the history calls the frontend.
        """
        case = self._locked(case_id)
        if not case.waits_unseen or case.fence != fence:
            return case
        now = self.clock.now()
        changed = self._change(case, shown_at=now, due_at=self.due_if_shown(case, now))
        self._record(case.id, EventKind.SHOWN, where)
        return changed

    def due_if_shown(self, case: Case, at: dt.datetime | None = None) -> dt.datetime | None:
        """When a case's clock ends if its card can be seen from a moment on, or else from now on."""
        if not case.waits_unseen or case.due_at is None:
            return case.due_at
        return min(case.due_at, clocks.claim_due(self.rules, case.queue, at or self.clock.now(), case.level))

    def _waiting(self, queue: str, level: int, now: dt.datetime) -> dict[str, object]:
        """The clock of a case that waits in a queue from now on for somebody to claim it."""
        late = clocks.posts_cards(self.rules)
        return {
            "clock": ClockKind.CLAIM.value,
            "due_at": clocks.claim_due(self.rules, queue, now, level, unseen=late),
            "shown_at": None if late else now,
        }

    def _owned(self, case: Case, person: Person) -> dict[str, object]:
        """What changes when a person becomes the owner: who owes no answer has no clock."""
        now = self.clock.now()
        owes = case.waiting_since is not None
        return {
            "owner_id": person.id,
            "fence": case.fence + 1,
            "direct": False,
            "claimed_at": now,
            "state": (CaseState.CLAIMED if owes else CaseState.WAITING_BUYER).value,
            "clock": ClockKind.FIRST_ANSWER.value if owes else None,
            "due_at": clocks.first_answer_due(self.rules, case, now) if owes else None,
        }

    def _owes(self, case: Case) -> Case:
        """Have the owner act within the time of a first answer although the buyer has not written."""
        now = self.clock.now()
        within = dt.timedelta(minutes=self.rules.clocks.first_answer_minutes)
        return self._change(
            case,
            state=CaseState.WAITING_US,
            waiting_since=now,
            clock=ClockKind.OPEN_QUESTION,
            due_at=hours.after(clocks.hours_of(self.rules, case.queue), now, within),
        )

    def _offered_to(self, queue: str, language: str, *, but: int | None = None) -> tuple[int, ...]:
        """Whom a case is offered to that comes into this queue now; never who has just let go of it."""
        if not self.rules.cases.offered_to:
            return ()
        return offers.offered_to(
            self.rules,
            [one for one in offers.to_be_asked(self.connection, self.clock.now()) if one.id != but],
            offers.load_of_all(self.connection),
            queue=queue,
            language=language,
            now=self.clock.now(),
        )

    def _require_hands_free(self, person: Person) -> None:
        most = self.rules.cases.most_open
        if ranks.may(self.rules, person, "take_over") or offers.load_of(self.connection, person.id) < most:
            return
        raise DeskError(f"You have {most} cases that wait for your answer: answer or release one first.")

    def _require_owner(self, case: Case, person: Person, fence: int) -> None:
        if case.state is CaseState.CLOSED:
            raise NotOwnerError("The case is closed.")
        if case.owner_id != person.id:
            name = self._name(case.owner_id)
            raise NotOwnerError(f"{name} has this case now." if name else "Claim this case first.")
        if case.fence != fence:
            raise NotOwnerError("The case has changed hands since you looked at it; load it again.")

    def _taken(self, case_id: int) -> CaseTakenError:
        case = self.get(case_id)
        if case.state is CaseState.CLOSED:
            return CaseTakenError("The case is closed.")
        name = self._name(case.owner_id)
        return CaseTakenError(f"{name or 'Somebody else'} has this case.", owner=name)

    def _person(self, person_id: int | None, *, locked: bool = False) -> Person | None:
        """Somebody as they are now; ``locked``, as they stay until the unit of work ends."""
        query = sa.select(people).where(people.c.id == person_id)
        row = self.connection.execute(query.with_for_update(read=True) if locked else query).one_or_none()
        return None if row is None else person_of(row)

    def _name(self, person_id: int | None) -> str | None:
        query = sa.select(people.c.name).where(people.c.id == person_id)
        return None if person_id is None else self.connection.execute(query).scalar_one_or_none()
