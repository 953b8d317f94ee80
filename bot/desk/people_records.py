"""Reading and writing people and what was done to them, in the caller's unit of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import lock_now
from bot.desk import ranks
from bot.desk.tables import people, people_accounts, people_events
from bot.desk.values.people import Person, Rank, Shift
from bot.errors import DeskError, ForbiddenError
from bot.settings import ShopRules

#: Who did it, where it was done on the command line.
OPERATOR = "operator"
#: The lock under which people are added and changed.
CHANGES = "people"


class PeopleRecords:
    """The desk's people as rows. What may be done with them is the business of who derives from it."""

    def __init__(
        self,
        connection: Connection,
        rules: ShopRules,
        clock: Clock,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self.connection = connection
        self.rules = rules
        self.clock = clock
        self.hasher = hasher or PasswordHasher()

    def list(self) -> Sequence[Person]:
        """Everybody, by login; those no longer active too."""
        rows = self.connection.execute(sa.select(people).order_by(people.c.login))
        return tuple(person_of(row) for row in rows)

    def get(self, person_id: int) -> Person:
        """The person with this id.

        Raises:
            DeskError: there is none.
        """
        return self._one(
            sa.select(people).where(people.c.id == person_id), f"There is no person {person_id}."
        )

    def locked(self, person_id: int, *, to_change: bool = False) -> Person:
        """The person with this id, who stays as read until the unit of work ends.

        Any number of acts of one person may go on at once, but none while the person is changed.

        Raises:
            DeskError: there is none.
        """
        if to_change:
            # Also so that of two who go, the second sees that the first is gone.
            lock_now(self.connection, CHANGES)
        lock_now(self.connection)
        query = sa.select(people).where(people.c.id == person_id)
        query = query.with_for_update(read=not to_change, key_share=to_change)
        return self._one(query, f"There is no person {person_id}.")

    def named(self, login: str) -> Person:
        """The person with this login; case does not matter.

        Raises:
            DeskError: there is none.
        """
        query = sa.select(people).where(people.c.login == folded(login))
        return self._one(query, f"There is nobody with the login '{login}'.")

    def accounts_of(self, person: Person) -> Sequence[str]:
        """A person's accounts elsewhere, as ``slack T123/U456``."""
        rows = self.connection.execute(
            sa.select(people_accounts).where(people_accounts.c.person_id == person.id).order_by("id")
        )
        return tuple(f"{row.kind} {row.account}" for row in rows)

    def refused(self, person: Person, what: str) -> None:
        """Write down that somebody tried what they may not, where no case is concerned."""
        self._record(person, "refused", what, person)

    def proper_queues(self, queues: Sequence[str]) -> Sequence[str]:
        """The queues as the table keeps them.

        Raises:
            DeskError: shop.yml has no such queue.
        """
        unknown = [queue for queue in queues if queue not in self.rules.queues]
        if unknown:
            known = ", ".join(self.rules.queues)
            raise DeskError(f"There is no queue '{unknown[0]}' in shop.yml (there are: {known}).")
        return sorted(set(queues))

    def _one(self, query: Any, missing: str) -> Person:
        row = self.connection.execute(query).one_or_none()
        if row is None:
            raise DeskError(missing)
        return person_of(row)

    def _set(self, person: Person, kind: str, text: str, by: Person | str | None, **values: Any) -> Person:
        self.connection.execute(people.update().where(people.c.id == person.id).values(**values))
        self._record(person, kind, text, by)
        return self.get(person.id)

    def _record(self, person: Person, kind: str, text: str, by: Person | str | None) -> None:
        self.connection.execute(
            people_events.insert().values(
                at=self.clock.now(),
                person_id=person.id,
                actor=by.login if isinstance(by, Person) else by or OPERATOR,
                kind=kind,
                text=text,
            )
        )

    def _require_over(self, by: Person | None, rank: Rank) -> None:
        if by is None:
            return
        ranks.require(self.rules, by, "people")
        if rank.height > by.rank.height:
            raise ForbiddenError(f"Your rank ({by.rank.value}) is below {rank.value}.")

    def _own_work(self, person: Person) -> dict[str, Any] | None:
        """What the operator gave, while groups say otherwise."""
        kept: dict[str, Any] | None = self.connection.execute(
            sa.select(people.c.own_work).where(people.c.id == person.id)
        ).scalar_one()
        return kept

    def _require_own_work(self, person: Person) -> None:
        if self._own_work(person) is not None:
            raise DeskError(
                f"Groups say which rank and queues {person.login} has: see `crossdesk people groups`."
            )

    def _require_another_keeper(self, person: Person) -> None:
        lock_now(self.connection, CHANGES)
        keepers = [one for one in self.list() if ranks.may(self.rules, one, "people")]
        if [one.id for one in keepers] == [person.id]:
            raise DeskError(
                f"{person.login} is the last who may look after people; give somebody else that rank."
            )


def folded(login: str) -> str:
    """A login as the table keeps it."""
    return login.strip().casefold()


def person_of(row: Any) -> Person:
    """A row of the people's table as a value."""
    return Person(
        id=row.id,
        login=row.login,
        name=row.name,
        rank=Rank(row.rank),
        languages=tuple(row.languages),
        queues=tuple(row.queues),
        active=row.active,
        away=row.away,
        shift=_shift_of(row.shift),
    )


def shift_as_json(shift: Shift | None) -> dict[str, Any] | None:
    """A shift as the database keeps it."""
    if shift is None:
        return None
    return {"timezone": shift.timezone, "hours": {day: list(span) for day, span in shift.hours.items()}}


def _shift_of(stored: Mapping[str, Any] | None) -> Shift | None:
    if stored is None:
        return None
    return Shift(stored["timezone"], {day: (span[0], span[1]) for day, span in stored["hours"].items()})
