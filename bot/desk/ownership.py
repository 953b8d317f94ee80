"""Whose a case is: claimed, released, passed on, taken over; each change of hands raises the fence."""

from __future__ import annotations

import sqlalchemy as sa

from bot.desk import clocks, ranks
from bot.desk.records import CaseRecords
from bot.desk.tables import cases, people
from bot.desk.values import Case, CaseState, ClockKind, EventKind, Person
from bot.errors import CaseTakenError, DeskError, ForbiddenError, NotOwnerError


class CaseOwnership(CaseRecords):
    """How a case changes hands. The person must have been read in this very unit of work."""

    def claim(self, case_id: int, person: Person) -> Case:
        """Become the owner of an open case; of any number at once exactly one succeeds. Idempotent.

        Raises:
            CaseTakenError: somebody else has it, or it is closed.
            ForbiddenError: the rank or the queue does not allow it.
        """
        ranks.require(self.rules, person, "claim")
        # Read under the lock: whether an answer is owed decides the state that follows.
        case = self._locked(case_id)
        if case.owner_id == person.id and case.state is not CaseState.CLOSED:
            return case
        if not ranks.serves(self.rules, person, case.queue):
            raise ForbiddenError(f"You do not serve the queue '{case.queue}'.")
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
        waited = str(self.clock.now() - case.opened_at).split(".", maxsplit=1)[0]
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
            clock=ClockKind.CLAIM,
            due_at=clocks.claim_due(self.rules, queue, self.clock.now(), level),
        )
        self._let_drafts_lapse(case.id)
        self._record(case.id, kind, actor, text)
        return changed

    def _owned(self, case: Case, person: Person) -> dict[str, object]:
        """What changes when a person becomes the owner: who owes no answer has no clock."""
        now = self.clock.now()
        owes = case.waiting_since is not None
        return {
            "owner_id": person.id,
            "fence": case.fence + 1,
            "claimed_at": now,
            "state": (CaseState.CLAIMED if owes else CaseState.WAITING_BUYER).value,
            "clock": ClockKind.FIRST_ANSWER.value if owes else None,
            "due_at": clocks.first_answer_due(self.rules, case, now) if owes else None,
        }

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

    def _name(self, person_id: int | None) -> str | None:
        query = sa.select(people.c.name).where(people.c.id == person_id)
        return None if person_id is None else self.connection.execute(query).scalar_one_or_none()
