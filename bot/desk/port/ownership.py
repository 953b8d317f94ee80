"""Who has a case, until when it rests, and how it ends."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from bot.desk.values.cases import Outcome
from bot.desk.values.people import Person
from bot.desk.values.views import CaseView


class DeskOwnership(Protocol):
    """How a case gets an owner, changes hands and ends. For what holds of every method see ``Desk``."""

    async def claim(self, person: Person, case_id: int) -> CaseView:
        """Become the owner of an open case. Of any number of claims at once exactly one succeeds.

        Idempotent for the owner.

        Raises:
            CaseTakenError: somebody else has it (``owner`` is the name) or it is closed.
            ForbiddenError: the rank or the queue does not allow it.
            DeskError: the person has as many unanswered cases as ``cases.most_open`` allows.
        """
        ...

    async def take_over(self, person: Person, case_id: int) -> CaseView:
        """Become the owner of a case that somebody else may have; what they send from now on is refused.

        Idempotent for the owner.

        Raises:
            ForbiddenError: the rank does not allow it.
            CaseTakenError: it is closed, or changed hands in this very moment.
        """
        ...

    async def release(self, person: Person, case_id: int, fence: int) -> CaseView:
        """Put one's own case back into its queue; its clock starts anew.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
        """
        ...

    async def pass_on(self, person: Person, case_id: int, fence: int, queue: str) -> CaseView:
        """Put a case into another queue; for its owner, or for who may take over.

        Raises:
            NotOwnerError: the person may not, or looked at an older page.
            DeskError: there is no such queue, or it is there already.
        """
        ...

    async def snooze(self, person: Person, case_id: int, fence: int, until: dt.datetime) -> CaseView:
        """Lay an answered case aside until a moment; the buyer's next message ends that.

        At that moment the owner must act within the time of a first answer, or the case goes on as any other.

        Args:
            person: its owner.
            case_id: the case.
            fence: of the page that was looked at.
            until: aware; at most ``cases.snooze_days`` ahead.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            DeskError: the buyer waits for an answer, or the moment is past or too far.
        """
        ...

    async def wake(self, person: Person, case_id: int, fence: int) -> CaseView:
        """End a snooze before its time: it is the buyer's turn again. Idempotent.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
        """
        ...

    async def close(
        self,
        person: Person,
        case_id: int,
        fence: int,
        outcome: Outcome,
        summary: str = "",
        *,
        true_intent: str | None = None,
    ) -> CaseView:
        """Close the case; the bot answers the buyer's next message and knows what happened.

        Says nothing to the buyer but the one question for a rating, where ``shop.yml`` has it asked.

        Args:
            person: its owner.
            case_id: the case.
            fence: of the page that was looked at.
            outcome: how it ended.
            summary: for the next colleague and the bot.
            true_intent: what it was really about, such as one of ``CaseView.likely_intents``; those who train
                the model read it.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the rank does not allow it.
            DeskError: the intent is none.
        """
        ...

    async def hand_back(
        self,
        person: Person,
        case_id: int,
        fence: int,
        outcome: Outcome,
        summary: str = "",
        *,
        true_intent: str | None = None,
    ) -> CaseView:
        """Close the case and let the bot go on with the buyer at once; else as ``close``.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the rank does not allow it.
            DeskError: the intent is none.
        """
        ...
