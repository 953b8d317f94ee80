"""People: added, ranked, sent away; the one table of who may work at the desk."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from bot.database import lock_now
from bot.desk import accounts, ranks
from bot.desk.cases import Cases
from bot.desk.people_records import CHANGES, PeopleRecords, folded, shift_as_json
from bot.desk.sessions import end_all_sessions
from bot.desk.shifts import told
from bot.desk.tables import people, people_accounts
from bot.desk.values.people import AccountKind, Person, Rank, Shift
from bot.errors import DeskError
from bot.privacy import without_nul

#: Characters of a password. The upper bound keeps hashing cheap.
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200


_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class People(PeopleRecords):
    """The people of the desk, in the caller's unit of work.

    Every change names who made it (``by``; without it, the operator on the command line) and is
    written down. Nobody can give, or touch, a rank above their own, and the last person who may look
    after people cannot be lost.
    """

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
        lock_now(self.connection, CHANGES)
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
        lock_now(self.connection, CHANGES)
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

    def _hash(self, login: str, password: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise DeskError(
                f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, not {len(password)}."
            )
        if folded(password) == login or len(set(password)) < 4:
            raise DeskError("This password is too easy to guess.")
        return self.hasher.hash(password.encode("utf-8", "replace"))


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
