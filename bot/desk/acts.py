"""What a person says and does in a case: each act checks right, owner and fence, and is written down."""

from __future__ import annotations

import sqlalchemy as sa

from bot.desk import ranks
from bot.desk.closing import CaseClosing
from bot.desk.sent import outbox_key, proper_text
from bot.desk.tables import case_drafts, cases
from bot.desk.values.cases import CardField, Case, CaseState
from bot.desk.values.history import EventKind
from bot.desk.values.people import Person
from bot.desk.values.replies import Draft, DraftState
from bot.errors import DeskError, ForbiddenError, NotOwnerError
from bot.mailroom import outbox
from bot.messages import Author
from bot.privacy import without_nul


class CaseActs(CaseClosing):
    """A person's acts. The person must have been read in this very unit of work."""

    def reply(self, case_id: int, person: Person, text: str, fence: int, *, key: str | None = None) -> Case:
        """Put the owner's text into the outbox, or a trainee's among the drafts. Idempotent by ``key``.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner: the buyer sees nothing.
            ForbiddenError: the rank does not allow it.
            DeskError: the text is empty or too long.
        """
        ranks.require(self.rules, person, "reply")
        text = proper_text(text)
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
        corrected = None if text is None else proper_text(text)
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
        self._record(case_id, EventKind.DECLINED, person, proper_text(reason))
        return case

    def note(self, case_id: int, person: Person, text: str, *, key: str | None = None) -> Case:
        """Write a private remark into the case's history. Idempotent by ``key``.

        Raises:
            ForbiddenError: the rank does not allow it.
            DeskError: the text is empty or too long.
        """
        ranks.require(self.rules, person, "note")
        case = self._locked(case_id)
        self._record(case_id, EventKind.NOTED, person, proper_text(text), key)
        return case

    def reveal(self, case_id: int, person: Person, field: CardField) -> str:
        """A field of the card in clear, for the owner and for who may take over; written down.

        Raises:
            NotOwnerError: the person has no business with it.
        """
        case = self.looked_into(case_id, person)
        self._record(case_id, EventKind.REVEALED, person, field.value)
        value: str | None = getattr(case.card, field.value)
        return value or ""

    def looked_into(self, case_id: int, person: Person) -> Case:
        """The case, for the owner and for who may take over.

        Raises:
            NotOwnerError: the person has no business with it.
        """
        case = self._locked(case_id)
        ranks.require(self.rules, person, "claim")
        if case.owner_id != person.id and not ranks.may(self.rules, person, "take_over"):
            raise NotOwnerError("Only the owner of the case and supervisors may see this.")
        return case

    def refused(self, case_id: int, person: Person, text: str) -> None:
        """Write down that a person tried what they may not; in a unit of work of its own."""
        self._record(self.get(case_id).id, EventKind.REFUSED, person, text)

    def refused_stranger(self, case_id: int, who: str, text: str) -> None:
        """Write down that somebody who is no member tried something; nothing if there is no such case."""
        known = self.connection.execute(sa.select(cases.c.id).where(cases.c.id == case_id)).first()
        if known is not None:
            self._record(case_id, EventKind.REFUSED, without_nul(who), without_nul(text))

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
            key=outbox_key(event),
        )
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
