"""How what is asked of the desk is done: in a thread, in a unit of work, by somebody who may."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

import anyio
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database
from bot.desk import views
from bot.desk.cases import Cases
from bot.desk.people import People
from bot.desk.ranks import require_active
from bot.desk.values.cases import Case
from bot.desk.values.people import Person
from bot.desk.values.views import CaseView
from bot.errors import ForbiddenError, NotOwnerError
from bot.settings import ShopRules

T = TypeVar("T")

#: The most rows that one list returns.
LONGEST_LIST = 500


class DatabaseWork:
    """What the desk's parts over the database share.

    Args:
        database: where cases and people are.
        rules: ``shop.yml``.
        clock: the time.
        notify: called after an act that put something into the inbox or the outbox, from any thread.
    """

    def __init__(
        self, database: Database, rules: ShopRules, clock: Clock, notify: Callable[[], None]
    ) -> None:
        self.database = database
        self.rules = rules
        self.clock = clock
        self.notify = notify
        # Fewer than the database has connections.
        self._threads = anyio.CapacityLimiter(8)

    async def _read(self, person: Person, work: Callable[[Cases, Person], T]) -> T:
        def read(connection: Connection) -> T:
            who = self._people(connection).get(person.id)
            require_active(who)
            return work(self._cases(connection), who)

        return await self._in_unit(read)

    async def _act(
        self, person: Person, case_id: int, name: str, work: Callable[[Cases, Person], Case]
    ) -> CaseView:
        done, who = await self._do(person, case_id, name, lambda known, who: (work(known, who), who))
        self.notify()

        def show(connection: Connection) -> CaseView:
            known = self._cases(connection)
            return views.view(known, known.get(done.id), who)

        # After the act: on SQLite nobody else writes while one is under way, and a page takes its time.
        return await self._in_unit(show)

    async def _do(self, person: Person, case_id: int, name: str, work: Callable[[Cases, Person], T]) -> T:
        def act(connection: Connection) -> T:
            # Read under the lock, so that nobody is sent away in the middle of the act.
            who = self._people(connection).locked(person.id)
            require_active(who)
            return work(self._cases(connection), who)

        try:
            return await self._in_unit(act)
        except (NotOwnerError, ForbiddenError):
            await self._in_unit(lambda connection: self._cases(connection).refused(case_id, person, name))
            raise

    async def _in_unit(self, work: Callable[[Connection], T]) -> T:
        def begun() -> T:
            with self.database.begin() as connection:
                return work(connection)

        return await in_thread(self._threads, begun)

    def _people(self, connection: Connection) -> People:
        return People(connection, self.rules, self.clock)

    def _cases(self, connection: Connection) -> Cases:
        return Cases(connection, self.rules, self.clock)


async def in_thread(limiter: anyio.CapacityLimiter, work: Callable[..., T], *args: object) -> T:
    """Do work that blocks, beside the event loop; of all that have the same limiter so many at once."""
    return await anyio.to_thread.run_sync(functools.partial(work, *args), limiter=limiter)
