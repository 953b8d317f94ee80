"""Approvals and questions to departments, over the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.engine import Connection

from bot.desk import views
from bot.desk.ranks import require_active
from bot.desk.requests import Requests
from bot.desk.service.work import LONGEST_LIST, DatabaseWork, T
from bot.desk.values.people import Person
from bot.desk.values.requests import Request, RequestView
from bot.errors import ForbiddenError


class DatabaseRequests(DatabaseWork):
    """Implements ``bot.desk.port.requests.DeskRequests``."""

    async def requests(
        self, person: Person, *, closed: bool = False, limit: int = 100
    ) -> Sequence[RequestView]:
        """See the port."""

        def read(known: Requests, who: Person) -> Sequence[RequestView]:
            found = known.list(closed=closed, limit=max(1, min(limit, LONGEST_LIST)))
            return tuple(views.request_view(known, one, who) for one in found)

        return await self._asked(person, read, to_change=False)

    async def request_count(self, person: Person) -> int:
        """See the port."""
        return await self._asked(person, lambda known, _: known.count(), to_change=False)

    async def approve_request(self, person: Person, request_id: int) -> RequestView:
        """See the port."""
        return await self._decided(
            person, request_id, "approve", lambda known, who: known.approve(request_id, who)
        )

    async def counter_request(self, person: Person, request_id: int, amount: str) -> RequestView:
        """See the port."""
        return await self._decided(
            person, request_id, "counter", lambda known, who: known.counter(request_id, who, amount)
        )

    async def decline_request(self, person: Person, request_id: int, reason: str) -> RequestView:
        """See the port."""
        return await self._decided(
            person, request_id, "decline", lambda known, who: known.decline(request_id, who, reason)
        )

    async def answer_request(self, person: Person, request_id: int, text: str) -> RequestView:
        """See the port."""
        return await self._decided(
            person, request_id, "answer", lambda known, who: known.answer(request_id, who, text)
        )

    async def _decided(
        self, person: Person, request_id: int, name: str, work: Callable[[Requests, Person], Request]
    ) -> RequestView:
        try:
            view = await self._asked(
                person, lambda known, who: views.request_view(known, work(known, who), who), to_change=True
            )
        except ForbiddenError:
            what = f"{name} request {request_id}"
            await self._in_unit(lambda connection: self._people(connection).refused(person, what))
            raise
        self.notify()
        return view

    async def _asked(self, person: Person, work: Callable[[Requests, Person], T], *, to_change: bool) -> T:
        def act(connection: Connection) -> T:
            known = self._people(connection)
            who = known.locked(person.id) if to_change else known.get(person.id)
            require_active(who)
            return work(Requests(connection, self.rules, self.clock), who)

        return await self._in_unit(act)
