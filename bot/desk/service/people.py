"""People over the database: they sign in, go away and come back, and are known elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import anyio
from sqlalchemy.engine import Connection

from bot.desk import accounts
from bot.desk.ranks import require_active
from bot.desk.service.work import DatabaseWork, in_thread
from bot.desk.sessions import end_session, person_id_of
from bot.desk.sign_in import SignIn
from bot.desk.values.people import AccountKind, Person

log = logging.getLogger(__name__)


class DatabasePeople(DatabaseWork):
    """Implements ``bot.desk.port.people.DeskPeople``."""

    _sign_in: SignIn
    #: Hashing takes 64 MB for each: few at once.
    _hashing: anyio.CapacityLimiter

    async def sign_in(self, login: str, password: str, network: str) -> str:
        """See the port."""
        return await in_thread(self._hashing, self._sign_in.sign_in, login, password, network)

    async def person(self, token: str) -> Person | None:
        """See the port."""
        return await self._in_unit(
            lambda connection: self._if_active(connection, person_id_of(connection, token, self.clock.now()))
        )

    async def sign_out(self, token: str) -> None:
        """See the port."""
        await self._in_unit(lambda connection: end_session(connection, token))

    async def change_password(self, person: Person, old: str, new: str) -> str:
        """See the port."""
        return await in_thread(self._hashing, self._sign_in.change_password, person, old, new)

    async def set_away(self, person: Person, away: bool) -> Person:
        """See the port."""

        def work(connection: Connection) -> Person:
            known = self._people(connection)
            who = known.locked(person.id, to_change=True)
            require_active(who)
            return known.set_away(who, away)

        return await self._in_unit(work)

    async def person_by_account(self, kind: AccountKind, account: str) -> Person | None:
        """See the port."""
        return await self._in_unit(
            lambda connection: self._if_active(connection, accounts.person_id_of(connection, kind, account))
        )

    async def accounts(self, kind: AccountKind) -> Mapping[int, str]:
        """See the port."""
        return await self._in_unit(lambda connection: accounts.accounts(connection, kind))

    async def refuse_stranger(
        self, kind: AccountKind, account: str, what: str, *, case_id: int | None = None
    ) -> None:
        """See the port."""
        who = f"{kind.value} {account[:80]}"
        log.warning("refused at the desk: %s, who is no member, tried: %s", who, what[:80])
        if case_id is None:
            return
        number = case_id
        await self._in_unit(
            lambda connection: self._cases(connection).refused_stranger(number, who, what[:80])
        )

    def _if_active(self, connection: Connection, person_id: int | None) -> Person | None:
        if person_id is None:
            return None
        person = self._people(connection).get(person_id)
        return person if person.active else None
