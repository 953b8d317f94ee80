"""What a person does with a case: each act checks the right, the owner and the fence, and is written down."""

from __future__ import annotations

import sqlalchemy as sa

from bot.desk import clocks, ranks
from bot.desk.masking import mask_cards, without_nul
from bot.desk.records import CaseRecords
from bot.desk.tables import case_drafts, cases, people
from bot.desk.values import (
    CardField,
    Case,
    CaseState,
    ClockKind,
    Draft,
    DraftState,
    EventKind,
    Outcome,
    Person,
)
from bot.errors import CaseTakenError, DeskError, ForbiddenError, NotOwnerError
from bot.mailroom import conversations, inbox, outbox
from bot.mailroom.conversations import Owner
from bot.messages import Author

#: The longest text that an agent may send or note; the longest any of our channels takes in one piece.
LONGEST_TEXT = 10_000

#: Inbox events by which the bot learns what became of a case: silently, or to go on with the buyer.
CASE_CLOSED = "case_closed"
HANDED_BACK = "handed_back"


class CaseActs(CaseRecords):
    """A person's acts. The person must have been read in this very unit of work."""

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

    def reply(self, case_id: int, person: Person, text: str, fence: int, *, key: str | None = None) -> Case:
        """Put the owner's text into the outbox, or a trainee's among the drafts. Idempotent by ``key``.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner: the buyer sees nothing.
            ForbiddenError: the rank does not allow it.
            DeskError: the text is empty or too long.
        """
        ranks.require(self.rules, person, "reply")
        text = _proper(text)
        waits = ranks.reply_needs_approval(self.rules, person.rank)
        kind = EventKind.AWAITING_APPROVAL if waits else EventKind.REPLIED
        case = self._locked(case_id)
        event = self._record(case_id, kind, person, text if waits else "", key)
        if event is None:
            return case
        self._require_owner(case, person, fence)
        if waits:
            self._let_drafts_lapse(case_id)
            self.connection.execute(
                case_drafts.insert().values(
                    case_id=case_id,
                    author_id=person.id,
                    fence=fence,
                    text=text,
                    at=self.clock.now(),
                    state=DraftState.PENDING.value,
                )
            )
            return case
        return self._send(case, text, person.name, event)

    def approve_reply(self, case_id: int, person: Person, draft_id: int, *, text: str | None = None) -> Case:
        """Send a trainee's draft, as it is or corrected, in the trainee's name. The first decision counts.

        Raises:
            ForbiddenError: the person's own replies need a yes.
            DeskError: it was decided already, or the case has changed hands since.
        """
        corrected = None if text is None else _proper(text)
        case, draft, fence = self._decide(case_id, person, draft_id, DraftState.APPROVED)
        if case.owner_id != draft.author_id or case.fence != fence:
            raise DeskError("The case has changed hands since; this draft can no longer be sent.")
        changed = corrected is not None and corrected != draft.text
        event = self._record(case_id, EventKind.APPROVED, person, "with corrections" if changed else "")
        return self._send(case, corrected or draft.text, draft.author, event)

    def decline_reply(self, case_id: int, person: Person, draft_id: int, reason: str) -> Case:
        """Refuse a trainee's draft, with a reason that the trainee reads. The first decision counts.

        Raises:
            ForbiddenError: the person's own replies need a yes.
            DeskError: it was decided already.
        """
        case, _, _ = self._decide(case_id, person, draft_id, DraftState.DECLINED)
        self._record(case_id, EventKind.DECLINED, person, _proper(reason))
        return case

    def note(self, case_id: int, person: Person, text: str, *, key: str | None = None) -> Case:
        """Write a private remark into the case's history. Idempotent by ``key``.

        Raises:
            ForbiddenError: the rank does not allow it.
            DeskError: the text is empty or too long.
        """
        ranks.require(self.rules, person, "note")
        case = self._locked(case_id)
        self._record(case_id, EventKind.NOTED, person, _proper(text), key)
        return case

    def close(self, case_id: int, person: Person, outcome: Outcome, summary: str, fence: int) -> Case:
        """Close the case; the bot answers the buyer's next message and knows what happened.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the rank does not allow it.
        """
        ranks.require(self.rules, person, "close")
        return self._end(case_id, person, outcome, summary, fence, EventKind.CLOSED, CASE_CLOSED)

    def hand_back(self, case_id: int, person: Person, outcome: Outcome, summary: str, fence: int) -> Case:
        """Close the case and let the bot go on with the buyer at once.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the rank does not allow it.
        """
        ranks.require(self.rules, person, "hand_back")
        return self._end(case_id, person, outcome, summary, fence, EventKind.HANDED_BACK, HANDED_BACK)

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

    def reveal(self, case_id: int, person: Person, field: CardField) -> str:
        """A field of the card in clear, for the owner and for who may take over; written down.

        Raises:
            NotOwnerError: the person has no business with it.
        """
        case = self._locked(case_id)
        ranks.require(self.rules, person, "claim")
        if case.owner_id != person.id and not ranks.may(self.rules, person, "take_over"):
            raise NotOwnerError("Only the owner of the case and supervisors may see this.")
        self._record(case_id, EventKind.REVEALED, person, field.value)
        value: str | None = getattr(case.card, field.value)
        return value or ""

    def refused(self, case_id: int, person: Person, text: str) -> None:
        """Write down that a person tried what they may not; in a unit of work of its own."""
        self._record(self.get(case_id).id, EventKind.REFUSED, person, text)

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

    def _send(self, case: Case, text: str, name: str, event: int | None) -> Case:
        now = self.clock.now()
        # First the fence, then the outbox: if the case has changed hands, nothing is posted.
        changed = self._change(
            case,
            state=CaseState.WAITING_BUYER,
            first_answer_at=case.first_answer_at or now,
            waiting_since=None,
            clock=None,
            due_at=None,
            level=0,
        )
        outbox.post(
            self.connection,
            case.conversation_id,
            text,
            now=now,
            author=Author.AGENT,
            author_name=name,
            language=case.language,
            key=f"desk-{event}",
        )
        return changed

    def _end(
        self,
        case_id: int,
        person: Person,
        outcome: Outcome,
        summary: str,
        fence: int,
        kind: EventKind,
        told: str,
    ) -> Case:
        summary = _short(summary)
        case = self._locked(case_id)
        self._require_owner(case, person, fence)
        now = self.clock.now()
        changed = self._change(
            case,
            state=CaseState.CLOSED,
            fence=case.fence + 1,
            waiting_since=None,
            clock=None,
            due_at=None,
            closed_at=now,
            outcome=outcome,
            summary=summary,
        )
        self._let_drafts_lapse(case_id)
        self._record(case_id, kind, person, f"{outcome.value}: {summary}" if summary else outcome.value)
        conversations.set_owner(self.connection, case.conversation_id, Owner.BOT)
        payload = {
            "case_id": case_id,
            "outcome": outcome.value,
            "summary": summary,
            "intent": case.intent,
            "agent": person.name,
        }
        inbox.accept_event(self.connection, case.conversation_id, told, payload, now=now)
        return changed

    def _decide(
        self, case_id: int, person: Person, draft_id: int, state: DraftState
    ) -> tuple[Case, Draft, int]:
        """Take the decision on a draft, if nobody has; the caller acts on it in the same unit of work."""
        if not ranks.may_approve(self.rules, person):
            raise ForbiddenError(f"Your rank ({person.rank.value}) cannot decide on somebody's reply.")
        case = self._locked(case_id)
        draft = next((one for one in self.drafts(case_id) if one.id == draft_id), None)
        if draft is None:
            raise DeskError("This draft has been decided already, or the case has changed hands since.")
        own = case_drafts.c.id == draft_id
        self.connection.execute(
            case_drafts.update()
            .where(own, case_drafts.c.state == DraftState.PENDING.value)
            .values(state=state.value, decided_by=person.id, decided_at=self.clock.now())
        )
        fence: int = self.connection.execute(sa.select(case_drafts.c.fence).where(own)).scalar_one()
        return case, draft, fence

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


def _proper(text: str) -> str:
    """The text as it may be stored and sent.

    Raises:
        DeskError: it is empty or too long.
    """
    text = mask_cards(without_nul(text)).strip()
    if not text:
        raise DeskError("There is no text.")
    if len(text) > LONGEST_TEXT:
        raise DeskError(f"The text has {len(text):,} characters; at most {LONGEST_TEXT:,} can be sent.")
    return text


def _short(summary: str) -> str:
    summary = mask_cards(without_nul(summary)).strip()
    if len(summary) > LONGEST_TEXT:
        raise DeskError(f"The summary has {len(summary):,} characters; at most {LONGEST_TEXT:,} are kept.")
    return summary
