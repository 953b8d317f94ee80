"""What is written in a case: to its buyer, and among colleagues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.desk.values.people import Person
from bot.desk.values.replies import Delivery, Macro
from bot.desk.values.views import CaseView


class DeskWriting(Protocol):
    """What people write in a case. For what holds of every method see ``Desk``."""

    async def reply(
        self, person: Person, case_id: int, fence: int, text: str, *, key: str | None = None
    ) -> CaseView:
        """Send a text to the buyer; a trainee's becomes a draft instead, that waits for an agent's yes.

        When this returns, the text lies in the outbox (or among the drafts) and survives a crash.
        Card numbers in it are masked. Idempotent by ``key``.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner; the buyer saw nothing.
            DeskError: the text is empty or too long.
        """
        ...

    async def delivery(self, person: Person, case_id: int, key: str) -> Delivery | None:
        """Where a reply stands that this person wrote with this ``key``; ``None`` if there is none.

        News of it come through ``changes`` only if it fails: ask again until it has ended.
        """
        ...

    async def retry_reply(self, person: Person, case_id: int, position: int) -> CaseView:
        """Have a reply that was not delivered tried again; for the owner and for who may take over.

        Args:
            person: who asks.
            case_id: the case.
            position: ``Delivery.position``.

        Raises:
            NotOwnerError: the person has no business with it.
            DeskError: there is no such reply, or it is on its way or delivered already.
        """
        ...

    async def change_reply(
        self, person: Person, case_id: int, fence: int, position: int, text: str
    ) -> CaseView:
        """Change one's own reply: before it goes, or on the channel that has shown it.

        What the channel has shown is changed by it, in order with what else goes to the buyer. Whether it did
        stands in the transcript: a line that ``edits`` the reply's, and its state.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the person's replies need a yes.
            DeskError: there is no such reply of theirs, the text is empty or too long, or it is on its way at
                this moment: the message says so, and nothing was changed.
        """
        ...

    async def withdraw_reply(self, person: Person, case_id: int, fence: int, position: int) -> CaseView:
        """Take back one's own reply: before it goes, or from the channel that has shown it.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            DeskError: there is no such reply of theirs, it was taken back already, or is on its way at this
                moment: the message says so.
        """
        ...

    async def approve_reply(
        self, person: Person, case_id: int, draft_id: int, *, text: str | None = None
    ) -> CaseView:
        """Send a trainee's draft to the buyer, in the trainee's name. The first decision counts.

        Args:
            person: anybody whose own replies need no yes.
            case_id: the draft's case.
            draft_id: the draft.
            text: the corrected text, if it was corrected.

        Raises:
            ForbiddenError: the rank does not allow it.
            DeskError: it was decided already, or the case has changed hands since.
        """
        ...

    async def decline_reply(self, person: Person, case_id: int, draft_id: int, reason: str) -> CaseView:
        """Refuse a trainee's draft, with a reason that the trainee reads. The first decision counts.

        Raises:
            ForbiddenError: the rank does not allow it.
            DeskError: it was decided already, or the case has changed hands since.
        """
        ...

    async def set_direct(self, person: Person, case_id: int, fence: int, direct: bool) -> CaseView:
        """Switch whether a frontend may send what the owner writes without a further word. Idempotent.

        Off for every new case, and again whenever the owner changes.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the person's replies need somebody's yes.
        """
        ...

    async def macros(self, person: Person, case_id: int) -> Sequence[Macro]:
        """The store's ready texts for this case: labelled in the person's language, filled for the buyer."""
        ...

    async def note(self, person: Person, case_id: int, text: str, *, key: str | None = None) -> CaseView:
        """Write a private remark into the case's history; the buyer never sees it. Idempotent by ``key``.

        Raises:
            ForbiddenError: the rank does not allow it.
            DeskError: the text is empty or too long.
        """
        ...
