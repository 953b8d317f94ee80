"""Signing in: argon2, equal time for known and unknown logins, tries limited by login and by network."""

from __future__ import annotations

import datetime as dt
import functools

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database, lock_now
from bot.desk.people import LONGEST_PASSWORD, People
from bot.desk.people_records import folded
from bot.desk.sessions import open_session
from bot.desk.tables import people, people_events, sign_in_tries
from bot.desk.values.people import Person
from bot.errors import SignInError
from bot.settings import ShopRules

#: A network address may be many people's: it is allowed so many times the tries of one login.
NETWORK_SHARES = 4


class SignIn:
    """Checks passwords. Opens its own units of work: a password is never hashed while a lock is held."""

    def __init__(
        self, database: Database, rules: ShopRules, clock: Clock, hasher: PasswordHasher | None = None
    ) -> None:
        self.database = database
        self.rules = rules
        self.clock = clock
        self.hasher = hasher or PasswordHasher()

    def sign_in(self, login: str, password: str, network: str) -> str:
        """Open a session.

        Args:
            login: as typed; case does not matter.
            password: as typed.
            network: where the try comes from.

        Returns:
            The session's token.

        Raises:
            SignInError: wrong, whichever of the two; or too many tries, then with ``retry_after``.
        """
        person_id = self._checked(login, password, network)
        with self.database.begin() as connection:
            person = People(connection, self.rules, self.clock).get(person_id)
            if not person.active:
                raise SignInError
            self._record(connection, person, "signed in", network)
            return open_session(connection, person_id, self.clock.now())

    def change_password(self, person: Person, old: str, new: str) -> str:
        """Change one's own password; all sessions end.

        Returns:
            The token of a new session.

        Raises:
            SignInError: the old password is wrong, or was tried too often.
            DeskError: the new one is too short, too long or too easy.
        """
        self._checked(person.login, old, f"session of {person.id}")
        with self.database.begin() as connection:
            known = People(connection, self.rules, self.clock, self.hasher)
            known.set_password(known.get(person.id), new, by=person)
            return open_session(connection, person.id, self.clock.now())

    def _checked(self, login: str, password: str, network: str) -> int:
        """The id of the person whose password this is."""
        login, network = folded(login)[:64], network[:64]
        with self.database.begin() as connection:
            # Written down before the password is looked at: a thousand tries at once are a thousand.
            tried = self._admit(connection, login, network)
            row = connection.execute(
                sa.select(people.c.id, people.c.password_hash, people.c.active).where(people.c.login == login)
            ).one_or_none()
        person_id, hashed = (row.id, row.password_hash) if row is not None and row.active else (None, None)
        right = _matches(self.hasher, hashed or _nobodys(self.hasher), password)
        if person_id is None or hashed is None or not right:
            raise SignInError
        fresh = self.hasher.hash(_bytes(password)) if self.hasher.check_needs_rehash(hashed) else None
        with self.database.begin() as connection:
            mine = sa.or_(sign_in_tries.c.id == tried, sign_in_tries.c.login == login)
            connection.execute(sign_in_tries.delete().where(mine))
            if fresh is not None:
                own = sa.and_(people.c.id == person_id, people.c.password_hash == hashed)
                connection.execute(people.update().where(own).values(password_hash=fresh))
        return int(person_id)

    def _admit(self, connection: Connection, login: str, network: str) -> int:
        # Counted and added in one go: many tries at once are no way around the count.
        lock_now(connection, "sign-in")
        now = self.clock.now()
        window = dt.timedelta(minutes=self.rules.identity.lock_minutes)
        connection.execute(sign_in_tries.delete().where(sign_in_tries.c.at <= now - window))
        allowed = self.rules.identity.wrong_tries
        for column, value, most in (
            (sign_in_tries.c.login, login, allowed),
            (sign_in_tries.c.network, network, allowed * NETWORK_SHARES),
        ):
            count, first = connection.execute(
                sa.select(sa.func.count(), sa.func.min(sign_in_tries.c.at)).where(column == value)
            ).one()
            if count >= most:
                wait = (first + window - now).total_seconds()
                raise SignInError(
                    f"Too many tries; the next one counts in {max(1, round(wait / 60))} minutes.",
                    retry_after=max(wait, 1.0),
                )
        made = connection.execute(sign_in_tries.insert().values(login=login, network=network, at=now))
        return int(made.inserted_primary_key[0])

    def _record(self, connection: Connection, person: Person, kind: str, text: str) -> None:
        connection.execute(
            people_events.insert().values(
                at=self.clock.now(), person_id=person.id, actor=person.login, kind=kind, text=text[:64]
            )
        )


@functools.lru_cache(maxsize=8)
def _nobodys(hasher: PasswordHasher) -> str:
    """A hash that an unknown login is checked against, so that it takes as long as a known one."""
    return hasher.hash("nobody's password")


def _matches(hasher: PasswordHasher, hashed: str, password: str) -> bool:
    # What is longer than any password is not even hashed whole.
    password = password if len(password) <= LONGEST_PASSWORD else ""
    try:
        return hasher.verify(hashed, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "replace")
