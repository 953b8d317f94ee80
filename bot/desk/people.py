"""People: added, ranked, sent away; the one table of who may work at the desk."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import lock_now
from bot.desk import accounts, ranks
from bot.desk.cases import Cases
from bot.desk.records import person_of, shift_as_json
from bot.desk.sessions import end_all_sessions
from bot.desk.shifts import told
from bot.desk.tables import people, people_accounts, people_events
from bot.desk.values.people import AccountKind, Person, Rank, Shift
from bot.errors import DeskError, ForbiddenError
from bot.privacy import without_nul
from bot.settings import ShopRules

#: Who did it, where it was done on the command line.
OPERATOR = "operator"

#: Characters of a password. The upper bound keeps hashing cheap.
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200

#: The lock under which people are added and changed.
_CHANGES = "people"

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class People:
    """The people of the desk, in the caller's unit of work.

    Every change names who made it (``by``; without it, the operator on the command line) and is
    written down. Nobody can give, or touch, a rank above their own, and the last person who may look
    after people cannot be lost.
    """

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
            lock_now(self.connection, _CHANGES)
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

    def add(
        self,
        login: str,
        name: str,
        rank: Rank,
        password: str,
        *,
        languages: Sequence[str] = (),
        queues: Sequence[str] = (),
        by: Person | None = None,
    ) -> Person:
        """Let somebody work at the desk.

        Args:
            login: letters, digits and ``. _ @ + -``; case does not matter.
            name: what buyers read beside a reply.
            rank: what the person may do.
            password: at least ten characters, not the login.
            languages: ISO 639-1 codes.
            queues: those of ``shop.yml`` that the person serves; none means all.
            by: who adds; the operator if left out.

        Raises:
            DeskError: something given is not allowed, or the login is taken.
            ForbiddenError: ``by`` may not.
        """
        login = folded(login)
        if not _LOGIN.fullmatch(login):
            raise DeskError(f"'{login}' is no login: letters, digits and . _ @ + -, at most 64 of them.")
        self._require_over(by, rank)
        # Before the lock: hashing takes its time on purpose.
        hashed = self._hash(login, password)
        lock_now(self.connection, _CHANGES)
        taken = sa.select(people.c.id).where(people.c.login == login)
        if self.connection.execute(taken).first() is not None:
            raise DeskError(f"The login '{login}' is taken.")
        made = self.connection.execute(
            people.insert().values(
                login=login,
                name=_name(name),
                rank=rank.value,
                languages=_languages(languages),
                queues=self.proper_queues(queues),
                password_hash=hashed,
                active=True,
                away=False,
                created_at=self.clock.now(),
            )
        )
        person = self.get(made.inserted_primary_key[0])
        self._record(person, "added", rank.value, by)
        return person

    def add_first_supervisor(self) -> tuple[str, str] | None:
        """Add a supervisor if there is nobody at all yet.

        Returns:
            The login and a random password that nobody will ever see again; ``None`` if there are people.
        """
        lock_now(self.connection, _CHANGES)
        if self.connection.execute(sa.select(people.c.id).limit(1)).first() is not None:
            return None
        password = secrets.token_urlsafe(12)
        person = self.add("supervisor", "Supervisor", Rank.SUPERVISOR, password)
        return person.login, password

    def set_rank(self, person: Person, rank: Rank, *, by: Person | None = None) -> Person:
        """Change what somebody may do.

        Raises:
            DeskError: nobody would be left to look after people, or groups decide that.
            ForbiddenError: ``by`` may not.
        """
        person = self.locked(person.id, to_change=True)
        self._require_over(by, max(person.rank, rank, key=lambda one: one.height))
        self._require_own_work(person)
        if "people" not in ranks.rights(self.rules, rank):
            self._require_another_keeper(person)
        return self._set(person, "rank", rank.value, by, rank=rank.value)

    def set_work(
        self,
        person: Person,
        *,
        name: str | None = None,
        languages: Sequence[str] | None = None,
        queues: Sequence[str] | None = None,
        by: Person | None = None,
    ) -> Person:
        """Change a person's name, languages or queues; what is left out stays.

        Raises:
            DeskError: something given is not allowed, or groups decide on the queues.
            ForbiddenError: ``by`` may not.
        """
        person = self.locked(person.id, to_change=True)
        self._require_over(by, person.rank)
        if queues is not None:
            self._require_own_work(person)
        values: dict[str, Any] = {}
        if name is not None:
            values["name"] = _name(name)
        if languages is not None:
            values["languages"] = _languages(languages)
        if queues is not None:
            values["queues"] = self.proper_queues(queues)
        return self._set(person, "work", ", ".join(values), by, **values) if values else person

    def set_by_groups(
        self, person_id: int, rank: Rank | None, queues: Sequence[str] | None, *, by: str, any_group: bool
    ) -> Person:
        """Have somebody work as their groups say; for ``Groups``.

        Args:
            person_id: who.
            rank: what their groups say of it; ``None`` if none does.
            queues: as ``rank``.
            by: the group because of which this is done.
            any_group: whether they are in any; if not, they have again what they had before.

        Raises:
            DeskError: nobody would be left to look after people.
        """
        person = self.locked(person_id, to_change=True)
        own = self._own_work(person) or {"rank": person.rank.value, "queues": list(person.queues)}
        # Who is in a group of agents, too, stays a supervisor.
        new_rank = max([Rank(own["rank"]), *([rank] if rank else [])], key=lambda one: one.height)
        new_queues = own["queues"] if queues is None else queues
        if "people" not in ranks.rights(self.rules, new_rank):
            self._require_another_keeper(person)
        text = f"{new_rank.value}; {', '.join(new_queues) or 'all queues'}"
        changed = {"rank": new_rank.value, "queues": new_queues, "own_work": own if any_group else None}
        return self._set(person, "groups", text, by, **changed)

    def set_presence(self, present: Mapping[int, bool]) -> None:
        """Note whom a frontend saw there, by the people's ids; whom it does not know is left out."""
        now = self.clock.now()
        for there in (True, False):
            ids = [person_id for person_id, one in present.items() if one is there]
            if ids:
                self.connection.execute(
                    people.update().where(people.c.id.in_(ids)).values(present=there, present_at=now)
                )

    def set_shift(self, person: Person, shift: Shift | None, *, by: Person | None = None) -> Person:
        """Say when somebody works; ``None``: whenever they are not away.

        Raises:
            ForbiddenError: ``by`` may not.
        """
        person = self.locked(person.id, to_change=True)
        self._require_over(by, person.rank)
        return self._set(person, "shift", told(shift), by, shift=shift_as_json(shift))

    def link(self, person: Person, kind: AccountKind, account: str, *, by: Person | None = None) -> None:
        """Know somebody by an account elsewhere. Idempotent.

        Raises:
            DeskError: it is no account of that kind, or another person's.
            ForbiddenError: ``by`` may not.
        """
        account = accounts.proper(kind, account)
        person = self.locked(person.id, to_change=True)
        self._require_over(by, person.rank)
        known = accounts.person_id_of(self.connection, kind, account)
        if known == person.id:
            return
        if known is not None:
            raise DeskError(f"{account} is linked with {self.get(known).login}: unlink it there first.")
        self.connection.execute(
            people_accounts.insert().values(
                person_id=person.id, kind=kind.value, account=account, linked_at=self.clock.now()
            )
        )
        self._record(person, "linked", f"{kind.value} {account}", by)

    def unlink(
        self, person: Person, kind: AccountKind, account: str | None = None, *, by: Person | None = None
    ) -> int:
        """Forget one account of somebody's, or all of a kind; returns how many there were.

        Raises:
            DeskError: it is no account of that kind.
            ForbiddenError: ``by`` may not.
        """
        person = self.locked(person.id, to_change=True)
        self._require_over(by, person.rank)
        own = sa.and_(people_accounts.c.person_id == person.id, people_accounts.c.kind == kind.value)
        if account is not None:
            own = sa.and_(own, people_accounts.c.account == accounts.proper(kind, account))
        gone = int(self.connection.execute(people_accounts.delete().where(own)).rowcount)
        if gone:
            self._record(person, "unlinked", f"{kind.value} {account or 'all'}", by)
        return gone

    def accounts_of(self, person: Person) -> Sequence[str]:
        """A person's accounts elsewhere, as ``slack T123/U456``."""
        rows = self.connection.execute(
            sa.select(people_accounts).where(people_accounts.c.person_id == person.id).order_by("id")
        )
        return tuple(f"{row.kind} {row.account}" for row in rows)

    def refused(self, person: Person, what: str) -> None:
        """Write down that somebody tried what they may not, where no case is concerned."""
        self._record(person, "refused", what, person)

    def set_password(self, person: Person, password: str, *, by: Person | None = None) -> Person:
        """Give a new password and end all of the person's sessions.

        Raises:
            DeskError: the password is too short, too long or too easy.
            ForbiddenError: ``by`` is somebody else and may not.
        """
        if by is not None and by.id != person.id:
            self._require_over(by, person.rank)
        hashed = self._hash(person.login, password)
        end_all_sessions(self.connection, person.id)
        return self._set(person, "password", "", by, password_hash=hashed)

    def set_away(self, person: Person, away: bool) -> Person:
        """Mark somebody as away or back; who goes gives up the open questions, and their buyers are told."""
        person = self.locked(person.id, to_change=True)
        if away:
            self._cases.give_up(person, "went away")
        return self._set(person, "away" if away else "back", "", person, away=away)

    def deactivate(self, person: Person, *, by: Person | None = None) -> Person:
        """Let somebody work here no longer: sessions end, cases go back to their queues. Idempotent.

        Raises:
            DeskError: nobody would be left to look after people.
            ForbiddenError: ``by`` may not.
        """
        person = self.locked(person.id, to_change=True)
        self._require_over(by, person.rank)
        if not person.active:
            return person
        self._require_another_keeper(person)
        changed = self._set(person, "deactivated", "", by, active=False)
        end_all_sessions(self.connection, person.id)
        self._cases.give_up(person, "no longer works here", answered_too=True)
        return changed

    def activate(self, person: Person, *, by: Person | None = None) -> Person:
        """Let somebody work here again, with the rank and password of before. Idempotent.

        Raises:
            ForbiddenError: ``by`` may not.
        """
        person = self.locked(person.id, to_change=True)
        self._require_over(by, person.rank)
        return person if person.active else self._set(person, "activated", "", by, active=True, away=False)

    @property
    def _cases(self) -> Cases:
        return Cases(self.connection, self.rules, self.clock)

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

    def _hash(self, login: str, password: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise DeskError(
                f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, not {len(password)}."
            )
        if folded(password) == login or len(set(password)) < 4:
            raise DeskError("This password is too easy to guess.")
        return self.hasher.hash(password.encode("utf-8", "replace"))

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
        lock_now(self.connection, _CHANGES)
        keepers = [one for one in self.list() if ranks.may(self.rules, one, "people")]
        if [one.id for one in keepers] == [person.id]:
            raise DeskError(
                f"{person.login} is the last who may look after people; give somebody else that rank."
            )


def folded(login: str) -> str:
    """A login as the table keeps it."""
    return login.strip().casefold()


def _name(name: str) -> str:
    name = " ".join(without_nul(name).split())
    if not name or len(name) > 120 or not name.isprintable():
        raise DeskError("A name has 1 to 120 printable characters.")
    return name


def _languages(languages: Sequence[str]) -> Sequence[str]:
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            raise DeskError(f"'{language}' is no language code (such as en or zh).")
    return sorted(set(languages))
