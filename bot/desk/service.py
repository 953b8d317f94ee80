"""The desk over the database: an async face whose work runs in threads, a unit of work for each act."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import anyio
import sqlalchemy as sa
from argon2 import PasswordHasher

from bot.clock import Clock
from bot.database import Database
from bot.desk import views
from bot.desk.cases import Cases
from bot.desk.clocks import require_supervisor
from bot.desk.health import health
from bot.desk.people import People
from bot.desk.port import CaseSummary, CaseView, Changes, QueueCount
from bot.desk.ranks import require_active
from bot.desk.sessions import end_session, person_id_of
from bot.desk.sign_in import SignIn
from bot.desk.tables import case_events
from bot.desk.values import CardField, Case, CaseState, Outcome, Person
from bot.errors import ForbiddenError, NotOwnerError
from bot.settings import ShopRules

log = logging.getLogger(__name__)

T = TypeVar("T")

#: The most cases that one list returns.
LONGEST_LIST = 500

#: How often, in seconds, the database is asked for changes while somebody waits for them. What
#: another process did is seen after so long at the latest.
LOOK_EVERY = 0.25


class DatabaseDesk:
    """Implements ``bot.desk.port.Desk``.

    Args:
        database: where cases and people are.
        rules: ``shop.yml``.
        clock: the time.
        notify: called after an act that put something into the inbox or the outbox, from any thread.
        hasher: argon2's parameters; its own defaults if left out.

    Raises:
        ConfigurationError: the desk cannot work by these rules.
    """

    def __init__(
        self,
        database: Database,
        rules: ShopRules,
        clock: Clock,
        notify: Callable[[], None],
        hasher: PasswordHasher | None = None,
    ) -> None:
        require_supervisor(rules)
        self.database = database
        self.rules = rules
        self.clock = clock
        self.notify = notify
        self._sign_in = SignIn(database, rules, clock, hasher)
        # Fewer than the database has connections; hashing takes 64 MB for each.
        self._threads = anyio.CapacityLimiter(8)
        self._hashing = anyio.CapacityLimiter(2)
        self._looked_at = 0.0
        self._newest = 0

    async def sign_in(self, login: str, password: str, network: str) -> str:
        """See the port."""
        return await _in_thread(self._hashing, self._sign_in.sign_in, login, password, network)

    async def person(self, token: str) -> Person | None:
        """See the port."""

        def read() -> Person | None:
            with self.database.begin() as connection:
                person_id = person_id_of(connection, token, self.clock.now())
                if person_id is None:
                    return None
                person = People(connection, self.rules, self.clock).get(person_id)
                return person if person.active else None

        return await _in_thread(self._threads, read)

    async def sign_out(self, token: str) -> None:
        """See the port."""

        def end() -> None:
            with self.database.begin() as connection:
                end_session(connection, token)

        await _in_thread(self._threads, end)

    async def change_password(self, person: Person, old: str, new: str) -> str:
        """See the port."""
        return await _in_thread(self._hashing, self._sign_in.change_password, person, old, new)

    async def set_away(self, person: Person, away: bool) -> Person:
        """See the port."""

        def work() -> Person:
            with self.database.begin() as connection:
                known = People(connection, self.rules, self.clock)
                return known.set_away(_active(known.locked(person.id)), away)

        return await _in_thread(self._threads, work)

    async def queues(self, person: Person) -> Sequence[QueueCount]:
        """See the port."""
        return await self._read(person, lambda known, _: views.queue_counts(known))

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
        """See the port."""

        def read(known: Cases, who: Person) -> Sequence[CaseSummary]:
            found = known.list(
                queue=queue,
                state=state,
                owner_id=who.id if mine else None,
                closed=closed,
                limit=max(1, min(limit, LONGEST_LIST)),
            )
            return views.summaries(known, found)

        return await self._read(person, read)

    async def case(self, person: Person, case_id: int) -> CaseView:
        """See the port."""
        return await self._read(person, lambda known, who: views.view(known, known.get(case_id), who))

    async def claim(self, person: Person, case_id: int) -> CaseView:
        """See the port."""
        return await self._act(person, case_id, "claim", lambda known, who: known.claim(case_id, who))

    async def take_over(self, person: Person, case_id: int) -> CaseView:
        """See the port."""
        return await self._act(person, case_id, "take over", lambda known, who: known.take_over(case_id, who))

    async def reply(
        self, person: Person, case_id: int, fence: int, text: str, *, key: str | None = None
    ) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "reply", lambda known, who: known.reply(case_id, who, text, fence, key=key)
        )

    async def approve_reply(
        self, person: Person, case_id: int, draft_id: int, *, text: str | None = None
    ) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "approve",
            lambda known, who: known.approve_reply(case_id, who, draft_id, text=text),
        )

    async def decline_reply(self, person: Person, case_id: int, draft_id: int, reason: str) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "decline", lambda known, who: known.decline_reply(case_id, who, draft_id, reason)
        )

    async def note(self, person: Person, case_id: int, text: str, *, key: str | None = None) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "note", lambda known, who: known.note(case_id, who, text, key=key)
        )

    async def close(
        self, person: Person, case_id: int, fence: int, outcome: Outcome, summary: str = ""
    ) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "close", lambda known, who: known.close(case_id, who, outcome, summary, fence)
        )

    async def hand_back(
        self, person: Person, case_id: int, fence: int, outcome: Outcome, summary: str = ""
    ) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "hand back",
            lambda known, who: known.hand_back(case_id, who, outcome, summary, fence),
        )

    async def release(self, person: Person, case_id: int, fence: int) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "release", lambda known, who: known.release(case_id, who, fence)
        )

    async def pass_on(self, person: Person, case_id: int, fence: int, queue: str) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "pass on", lambda known, who: known.pass_on(case_id, who, queue, fence)
        )

    async def reveal(self, person: Person, case_id: int, field: CardField) -> str:
        """See the port."""
        return await self._do(
            person, case_id, f"see {field.value}", lambda known, who: known.reveal(case_id, who, field)
        )

    async def changes(self, person: Person, since: int | None, *, wait: float = 25.0) -> Changes:
        """See the port."""
        until = time.monotonic() + wait
        while True:
            newest = await self._newest_event(person, fresh=since is None)
            if since is None:
                return Changes(newest, ())
            if newest > since:
                return await self._read(person, lambda known, _: _changes(known, since))
            left = until - time.monotonic()
            if left <= 0:
                return Changes(since, ())
            await anyio.sleep(min(LOOK_EVERY, left))

    async def _newest_event(self, person: Person, *, fresh: bool) -> int:
        """The newest event's id: however many pages wait, the database is asked once in ``LOOK_EVERY``."""
        now = time.monotonic()
        if fresh or now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            found = await self._read(person, lambda known, _: _newest(known))
            self._newest = max(self._newest, found)
        return self._newest

    async def _read(self, person: Person, work: Callable[[Cases, Person], T]) -> T:
        def read() -> T:
            with self.database.begin() as connection:
                who = _active(People(connection, self.rules, self.clock).get(person.id))
                return work(Cases(connection, self.rules, self.clock), who)

        return await _in_thread(self._threads, read)

    async def _act(
        self, person: Person, case_id: int, name: str, work: Callable[[Cases, Person], Case]
    ) -> CaseView:
        view = await self._do(
            person, case_id, name, lambda known, who: views.view(known, work(known, who), who)
        )
        self.notify()
        return view

    async def _do(self, person: Person, case_id: int, name: str, work: Callable[[Cases, Person], T]) -> T:
        def act() -> T:
            with self.database.begin() as connection:
                # Read under the lock, so that nobody is sent away in the middle of the act.
                who = _active(People(connection, self.rules, self.clock).locked(person.id))
                return work(Cases(connection, self.rules, self.clock), who)

        def refuse() -> None:
            with self.database.begin() as connection:
                Cases(connection, self.rules, self.clock).refused(case_id, person, name)

        try:
            return await _in_thread(self._threads, act)
        except (NotOwnerError, ForbiddenError):
            await _in_thread(self._threads, refuse)
            raise


def turn_clocks(database: Database, rules: ShopRules, clock: Clock) -> Sequence[int]:
    """Move up every case whose clock has run out, each in a unit of work of its own.

    To be called every few seconds, by any number of processes.

    Returns:
        The ids of the cases that were moved; if there are some, the inbox may have something new.
    """
    with database.begin() as connection:
        due = Cases(connection, rules, clock).due()
    moved = []
    for case_id in due:
        try:
            with database.begin() as connection:
                Cases(connection, rules, clock).expire(case_id)
            moved.append(case_id)
        except Exception as error:
            # One case that cannot be moved must not stop the clocks of the others. Its kind only: the
            # words of a database error hold buyers' data.
            log.error("the clock of case %d could not be turned: %s", case_id, type(error).__name__)
    return tuple(moved)


def watch(database: Database, clock: Clock) -> Sequence[str]:
    """Run the watchdog once, in a unit of work of its own; to be called every minute."""
    with database.begin() as connection:
        return tuple(health(connection, clock))


def _newest(known: Cases) -> int:
    found: int | None = known.connection.execute(sa.select(sa.func.max(case_events.c.id))).scalar_one()
    return found or 0


def _changes(known: Cases, since: int) -> Changes:
    rows = known.connection.execute(
        sa.select(case_events.c.id, case_events.c.case_id)
        .where(case_events.c.id > since)
        .order_by(case_events.c.id)
    ).all()
    ids = tuple(dict.fromkeys(row.case_id for row in rows))
    return Changes(rows[-1].id if rows else since, ids)


def _active(person: Person) -> Person:
    require_active(person)
    return person


async def _in_thread(limiter: anyio.CapacityLimiter, work: Callable[..., T], *args: object) -> T:
    return await anyio.to_thread.run_sync(functools.partial(work, *args), limiter=limiter)
