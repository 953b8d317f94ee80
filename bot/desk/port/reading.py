"""What can be looked at: queues, cases, figures, and what was kept from sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.desk.values.cases import CardField, CaseState
from bot.desk.values.figures import QueueCount, Today
from bot.desk.values.history import Changes
from bot.desk.values.people import Person
from bot.desk.values.views import Because, CaseSummary, CaseView
from bot.messages import TranscriptLine


class DeskReading(Protocol):
    """What people see of the desk. For what holds of every method see ``Desk``."""

    async def queues(self, person: Person) -> Sequence[QueueCount]:
        """All queues with their counts, in the order of ``shop.yml``."""
        ...

    async def cases(
        self,
        person: Person,
        *,
        queue: str | None = None,
        state: CaseState | None = None,
        mine: bool = False,
        closed: bool = False,
        limit: int = 100,
    ) -> Sequence[CaseSummary]:
        """Cases, most pressing first: by priority, lateness, end of clock and age.

        Args:
            person: who asks.
            queue: only of this queue.
            state: only in this state.
            mine: only those that the person owns.
            closed: closed ones too (newest first); ``state=CLOSED`` implies it.
            limit: the most to return, 1 to 500.
        """
        ...

    async def find(self, person: Person, text: str, *, limit: int = 20) -> Sequence[CaseSummary]:
        """Cases by the order's number or a part of the buyer's name, open ones first, then the newest.

        Args:
            person: who asks.
            text: an order's number as the buyer or the store writes it, or a name; case does not matter.
            limit: the most to return, 1 to 500.

        Raises:
            DeskError: the text has less than two characters.
        """
        ...

    async def today(self, person: Person) -> Today:
        """Today's figures."""
        ...

    async def case(self, person: Person, case_id: int) -> CaseView:
        """One case with its masked card, conversation and history."""
        ...

    async def reveal(self, person: Person, case_id: int, field: CardField) -> str:
        """A field of the card in clear; written down with the person's name. For the owner and supervisors.

        Returns:
            The value; empty if the card has none.

        Raises:
            NotOwnerError: the person has no business with it.
        """
        ...

    async def why(self, person: Person, case_id: int, position: int) -> Because:
        """Why the bot said what stands at this position of the transcript. For the owner and supervisors.

        Raises:
            NotOwnerError: the person has no business with the case.
            DeskError: the bot did not say it, or the turn is no longer kept.
        """
        ...

    async def other_talk(
        self, person: Person, case_id: int, conversation_id: int
    ) -> Sequence[TranscriptLine]:
        """The newest lines of one of the case's ``others``, oldest first. For the owner and supervisors.

        Raises:
            NotOwnerError: the person has no business with the case.
            DeskError: it is none of this buyer's conversations, or no longer.
        """
        ...

    async def changes(self, person: Person, since: int | None, *, wait: float = 25.0) -> Changes:
        """What happened at the desk after a cursor; waits for it.

        Args:
            person: who asks.
            since: the cursor of the last call; ``None`` asks for the current one and returns at once. With
                one of another time, before the desk was started or very long ago, all open cases are told.
            wait: the most seconds to wait when nothing has happened yet; then ``case_ids`` is empty.
        """
        ...
