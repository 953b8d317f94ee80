"""The board over the database."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

import anyio
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from bot.clock import Clock
from bot.database import Database
from bot.desk import views
from bot.desk.cases import Cases
from bot.desk.changes import ChangeReader
from bot.desk.groups import Groups
from bot.desk.people import People
from bot.desk.port.board import BoardCase, BoardEvent, BoardLine
from bot.desk.requests import Requests
from bot.desk.tables import case_events, cases, desk_places, requests
from bot.desk.values.history import Changes, EventKind
from bot.desk.values.people import AccountKind, Group, Person, Rank
from bot.desk.values.requests import RequestState, RequestView
from bot.privacy import without_nul
from bot.settings import ShopRules

T = TypeVar("T")

#: The room itself looks: it may do nothing.
NOBODY = Person(id=0, login="", name="the desk", rank=Rank.TRAINEE, active=False)
#: How often, in seconds, the database is asked for changes while they are waited for.
LOOK_EVERY = 0.1


class DatabaseBoard:
    """Implements ``bot.desk.port.board.Board``."""

    def __init__(self, database: Database, rules: ShopRules, clock: Clock) -> None:
        self._database = database
        self.rules = rules
        self._clock = clock
        # A frontend must not take all of the database's connections.
        self._threads = anyio.CapacityLimiter(4)
        # Whoever shows what the board tells is one in a process.
        self._reader = ChangeReader()
        #: Whoever serves the frontends sets it: told a frontend's name, and what its trouble is.
        self.on_trouble: Callable[[str, str | None], None] = lambda _, __: None

    async def trouble(self, frontend: str, why: str | None) -> None:
        """See the port."""
        self.on_trouble(frontend, why)

    async def changes(self, since: int | None, *, wait: float = 1.0) -> Changes:
        """See the port."""
        until = time.monotonic() + wait
        while True:
            found = await self._do(lambda connection: self._reader.read(connection, since, self._clock.now()))
            left = until - time.monotonic()
            if since is None or found.case_ids or left <= 0:
                return found
            await anyio.sleep(min(LOOK_EVERY, left))

    async def open_cases(self) -> Sequence[int]:
        """See the port."""
        most = 100_000
        return await self._do(lambda connection: [one.id for one in self._cases(connection).list(limit=most)])

    async def queues(self, case_ids: Sequence[int]) -> Mapping[int, str]:
        """See the port."""
        asked = sa.select(cases.c.id, cases.c.queue).where(cases.c.id.in_(case_ids))
        return await self._do(
            lambda connection: {row.id: row.queue for row in connection.execute(asked)} if case_ids else {}
        )

    async def case(self, case_id: int) -> BoardCase:
        """See the port."""

        def read(connection: Connection) -> BoardCase:
            known = self._cases(connection)
            case = known.get(case_id)
            # What is shown now can be seen from now on.
            case = dataclasses.replace(case, due_at=known.due_if_shown(case))
            view = views.view(known, case, NOBODY)
            keys = {
                row.id: _key(row.key)
                for row in connection.execute(
                    sa.select(case_events.c.id, case_events.c.key).where(case_events.c.case_id == case_id)
                )
            }
            said = {one.position: one.event_id for one in view.deliveries}
            return BoardCase(
                dataclasses.replace(view, transcript=(), events=()),
                tuple(BoardLine(line, keys.get(said.get(line.position, 0))) for line in view.transcript),
                views.since(known, case),
                tuple(
                    BoardEvent(event, keys.get(event.id))
                    for event in known.events(case_id)
                    if event.kind is not EventKind.BUYER_WROTE
                ),
            )

        return await self._do(read)

    async def shown(self, case_id: int, fence: int, where: str) -> dt.datetime | None:
        """See the port."""
        return await self._do(lambda connection: self._cases(connection).shown(case_id, fence, where).due_at)

    async def groups(self, kind: AccountKind) -> Sequence[Group]:
        """See the port."""
        return await self._do(lambda connection: self._groups(connection).list(kind))

    async def set_members(self, kind: AccountKind, account: str, accounts: Collection[str]) -> Sequence[str]:
        """See the port."""
        return await self._do(
            lambda connection: self._groups(connection).set_members(kind, account, accounts)
        )

    async def set_presence(self, present: Mapping[int, bool]) -> None:
        """See the port."""
        await self._do(lambda connection: People(connection, self.rules, self._clock).set_presence(present))

    async def requests(self, also: Sequence[int] = ()) -> Sequence[RequestView]:
        """See the port."""

        def read(connection: Connection) -> Sequence[RequestView]:
            known = Requests(connection, self.rules, self._clock)
            asked = sa.or_(requests.c.state == RequestState.PENDING.value, requests.c.id.in_(also))
            ids = connection.execute(sa.select(requests.c.id).where(asked).order_by(requests.c.id)).scalars()
            return [views.request_view(known, known.get(one), NOBODY) for one in list(ids)]

        return await self._do(read)

    async def kept(self, frontend: str, name: str) -> str | None:
        """See the port."""
        asked = sa.select(desk_places.c.value).where(
            desk_places.c.frontend == frontend, desk_places.c.name == name
        )
        return await self._do(lambda connection: connection.execute(asked).scalar_one_or_none())

    async def keep(self, frontend: str, values: Mapping[str, str | None]) -> None:
        """See the port."""

        def write(connection: Connection) -> None:
            for name, value in values.items():
                own = sa.and_(desk_places.c.frontend == frontend, desk_places.c.name == name)
                if value is None:
                    connection.execute(desk_places.delete().where(own))
                    continue
                told = {"value": without_nul(value), "changed_at": self._clock.now()}
                if connection.execute(desk_places.update().where(own).values(**told)).rowcount:
                    continue
                try:
                    with connection.begin_nested():
                        connection.execute(desk_places.insert().values(frontend=frontend, name=name, **told))
                except IntegrityError:
                    # Slack brings a message twice, and two processes take it at once.
                    connection.execute(desk_places.update().where(own).values(**told))

        await self._do(write)

    def _groups(self, connection: Connection) -> Groups:
        return Groups(connection, self.rules, self._clock)

    def _cases(self, connection: Connection) -> Cases:
        return Cases(connection, self.rules, self._clock)

    async def _do(self, work: Callable[[Connection], T]) -> T:
        def act() -> T:
            with self._database.begin() as connection:
                return work(connection)

        return await anyio.to_thread.run_sync(functools.partial(act), limiter=self._threads)


def _key(stored: str | None) -> str | None:
    return None if stored is None else stored.rpartition(":")[2]
