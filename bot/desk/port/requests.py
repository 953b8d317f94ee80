"""What the bot asks of people while it keeps the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.desk.values.people import Person
from bot.desk.values.requests import RequestView


class DeskRequests(Protocol):
    """Approvals of money, and questions to departments. For what holds of every method see ``Desk``."""

    async def requests(
        self, person: Person, *, closed: bool = False, limit: int = 100
    ) -> Sequence[RequestView]:
        """What the bot asks of people while it keeps the conversation, most pressing first.

        Args:
            person: who asks.
            closed: those that are over instead, newest first.
            limit: the most to return, 1 to 500.
        """
        ...

    async def request_count(self, person: Person) -> int:
        """How many requests wait."""
        ...

    async def approve_request(self, person: Person, request_id: int) -> RequestView:
        """Grant the money that is asked for; the buyer's flow goes on by itself. The first decision counts.

        Raises:
            UnknownRequestError: there is none.
            DecidedError: it is over.
            ForbiddenError: the rank does not allow it, or not so much.
            DeskError: it is no approval, or more than anybody may grant.
        """
        ...

    async def counter_request(self, person: Person, request_id: int, amount: str) -> RequestView:
        """Grant another amount, in major units of the request's currency. The first decision counts.

        Raises:
            UnknownRequestError: there is none.
            DecidedError: it is over.
            ForbiddenError: the rank does not allow it, or not so much.
            DeskError: it is no approval, no sum of money, or more than anybody may grant.
        """
        ...

    async def decline_request(self, person: Person, request_id: int, reason: str) -> RequestView:
        """Refuse it, with a reason that only colleagues read. The first decision counts.

        Raises:
            UnknownRequestError: there is none.
            DecidedError: it is over.
            ForbiddenError: the rank does not allow it.
            DeskError: it is no approval, or there is no reason.
        """
        ...

    async def answer_request(self, person: Person, request_id: int, text: str) -> RequestView:
        """Answer a department's question; the buyer reads the words as they are. The first answer counts.

        Raises:
            UnknownRequestError: there is none.
            DecidedError: it is over.
            ForbiddenError: the rank or the queue does not allow it.
            DeskError: it is no question, or the text is empty or too long.
        """
        ...
