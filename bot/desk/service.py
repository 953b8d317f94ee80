"""The desk over the database: an async face whose work runs in threads, a unit of work for each act."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import anyio
import sqlalchemy as sa
from argon2 import PasswordHasher

from bot.clock import Clock
from bot.database import Database
from bot.desk import accounts, searching, views
from bot.desk.cases import Cases
from bot.desk.clocks import require_supervisor
from bot.desk.explaining import Explainer
from bot.desk.health import health
from bot.desk.macros import MacroBook, NoMacros, macros
from bot.desk.masking import mask_line
from bot.desk.noticing import DatabaseBoard
from bot.desk.people import People
from bot.desk.ranks import require_active
from bot.desk.requests import Requests
from bot.desk.sessions import end_session, person_id_of
from bot.desk.sign_in import SignIn
from bot.desk.tables import case_events
from bot.desk.values.cases import CardField, Case, CaseState, Outcome
from bot.desk.values.figures import QueueCount, Today
from bot.desk.values.history import Changes
from bot.desk.values.people import AccountKind, Person
from bot.desk.values.replies import Delivery, Macro
from bot.desk.values.requests import Request, RequestView
from bot.desk.values.views import Because, CaseSummary, CaseView
from bot.errors import DeskError, ForbiddenError, NotOwnerError
from bot.messages import TranscriptLine
from bot.settings import ShopRules

log = logging.getLogger(__name__)

T = TypeVar("T")

#: The most cases that one list returns.
LONGEST_LIST = 500

#: How often, in seconds, the database is asked for changes while somebody waits for them. What
#: another process did is seen after so long at the latest.
LOOK_EVERY = 0.15


class DatabaseDesk:
    """Implements ``bot.desk.port.desk.Desk``.

    Args:
        database: where cases and people are.
        rules: ``shop.yml``.
        clock: the time.
        notify: called after an act that put something into the inbox or the outbox, from any thread.
        hasher: argon2's parameters; its own defaults if left out.
        macros: the store's ready texts; none if left out.
        explain: why the bot said something; nobody knows if left out.

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
        macros: MacroBook | None = None,
        explain: Explainer | None = None,
    ) -> None:
        require_supervisor(rules)
        self.database = database
        self.rules = rules
        self.clock = clock
        self.notify = notify
        self._macros = macros or NoMacros()
        self._explain = explain
        self.board = DatabaseBoard(database, rules, clock)
        self._sign_in = SignIn(database, rules, clock, hasher)
        # Fewer than the database has connections; hashing takes 64 MB for each.
        self._threads = anyio.CapacityLimiter(8)
        self._hashing = anyio.CapacityLimiter(2)
        self._looked_at = 0.0
        self._newest = 0

    def govern(self, rules: ShopRules) -> None:
        """Go on by other rules; what is under way ends by those it began with.

        Raises:
            ConfigurationError: the desk cannot work by these rules; those before stay.
        """
        require_supervisor(rules)
        self.rules = self._sign_in.rules = self.board.rules = rules

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
                return known.set_away(_active(known.locked(person.id, to_change=True)), away)

        return await _in_thread(self._threads, work)

    async def person_by_account(self, kind: AccountKind, account: str) -> Person | None:
        """See the port."""

        def read() -> Person | None:
            with self.database.begin() as connection:
                person_id = accounts.person_id_of(connection, kind, account)
                if person_id is None:
                    return None
                person = People(connection, self.rules, self.clock).get(person_id)
                return person if person.active else None

        return await _in_thread(self._threads, read)

    async def accounts(self, kind: AccountKind) -> Mapping[int, str]:
        """See the port."""

        def read() -> Mapping[int, str]:
            with self.database.begin() as connection:
                return accounts.accounts(connection, kind)

        return await _in_thread(self._threads, read)

    async def refuse_stranger(
        self, kind: AccountKind, account: str, what: str, *, case_id: int | None = None
    ) -> None:
        """See the port."""
        who = f"{kind.value} {account[:80]}"
        log.warning("refused at the desk: %s, who is no member, tried: %s", who, what[:80])
        if case_id is None:
            return

        def refuse() -> None:
            with self.database.begin() as connection:
                Cases(connection, self.rules, self.clock).refused_stranger(case_id, who, what[:80])

        await _in_thread(self._threads, refuse)

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

    async def find(self, person: Person, text: str, *, limit: int = 20) -> Sequence[CaseSummary]:
        """See the port."""
        most = max(1, min(limit, LONGEST_LIST))
        return await self._read(
            person, lambda known, _: views.summaries(known, searching.find(known, text, most))
        )

    async def today(self, person: Person) -> Today:
        """See the port."""
        return await self._read(person, lambda known, _: searching.today(known))

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

    async def delivery(self, person: Person, case_id: int, key: str) -> Delivery | None:
        """See the port."""
        return await self._read(person, lambda known, who: known.delivery(case_id, who, key))

    async def retry_reply(self, person: Person, case_id: int, position: int) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "send again", lambda known, who: known.retry_reply(case_id, who, position)
        )

    async def change_reply(
        self, person: Person, case_id: int, fence: int, position: int, text: str
    ) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "change a reply",
            lambda known, who: known.change_reply(case_id, who, position, text, fence),
        )

    async def withdraw_reply(self, person: Person, case_id: int, fence: int, position: int) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "take back a reply",
            lambda known, who: known.withdraw_reply(case_id, who, position, fence),
        )

    async def macros(self, person: Person, case_id: int) -> Sequence[Macro]:
        """See the port."""
        return await self._read(
            person, lambda known, who: macros(self._macros, known, known.get(case_id), who)
        )

    async def snooze(self, person: Person, case_id: int, fence: int, until: dt.datetime) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "snooze", lambda known, who: known.snooze(case_id, who, until, fence)
        )

    async def wake(self, person: Person, case_id: int, fence: int) -> CaseView:
        """See the port."""
        return await self._act(person, case_id, "wake", lambda known, who: known.wake(case_id, who, fence))

    async def set_direct(self, person: Person, case_id: int, fence: int, direct: bool) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "write directly",
            lambda known, who: known.set_direct(case_id, who, direct, fence),
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
        self,
        person: Person,
        case_id: int,
        fence: int,
        outcome: Outcome,
        summary: str = "",
        *,
        true_intent: str | None = None,
    ) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "close",
            lambda known, who: known.close(case_id, who, outcome, summary, fence, true_intent=true_intent),
        )

    async def hand_back(
        self,
        person: Person,
        case_id: int,
        fence: int,
        outcome: Outcome,
        summary: str = "",
        *,
        true_intent: str | None = None,
    ) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "hand back",
            lambda known, who: known.hand_back(
                case_id, who, outcome, summary, fence, true_intent=true_intent
            ),
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

    async def why(self, person: Person, case_id: int, position: int) -> Because:
        """See the port."""

        def work(known: Cases, who: Person) -> Because:
            case = known.looked_into(case_id, who)
            found = self._explain and self._explain(known.connection, case.conversation_id, position)
            if not found:
                raise DeskError("Nobody knows why: the bot did not say this, or what it read is gone by age.")
            return dataclasses.replace(found, facts=tuple(mask_line(one, case.card) for one in found.facts))

        return await self._do(person, case_id, "see why", work)

    async def other_talk(
        self, person: Person, case_id: int, conversation_id: int
    ) -> Sequence[TranscriptLine]:
        """See the port."""
        return await self._do(
            person,
            case_id,
            "see another conversation",
            lambda known, who: views.other_lines(known, known.looked_into(case_id, who), conversation_id),
        )

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

    async def _decided(
        self, person: Person, request_id: int, name: str, work: Callable[[Requests, Person], Request]
    ) -> RequestView:
        def refuse() -> None:
            with self.database.begin() as connection:
                known = People(connection, self.rules, self.clock)
                known.refused(person, f"{name} request {request_id}")

        try:
            view = await self._asked(
                person, lambda known, who: views.request_view(known, work(known, who), who), to_change=True
            )
        except ForbiddenError:
            await _in_thread(self._threads, refuse)
            raise
        self.notify()
        return view

    async def _asked(self, person: Person, work: Callable[[Requests, Person], T], *, to_change: bool) -> T:
        def act() -> T:
            with self.database.begin() as connection:
                known = People(connection, self.rules, self.clock)
                who = _active(known.locked(person.id) if to_change else known.get(person.id))
                return work(Requests(connection, self.rules, self.clock), who)

        return await _in_thread(self._threads, act)

    async def _act(
        self, person: Person, case_id: int, name: str, work: Callable[[Cases, Person], Case]
    ) -> CaseView:
        done, who = await self._do(person, case_id, name, lambda known, who: (work(known, who), who))
        self.notify()

        def show() -> CaseView:
            # After the act: on SQLite nobody else writes while one is under way, and a page takes its time.
            with self.database.begin() as connection:
                known = Cases(connection, self.rules, self.clock)
                return views.view(known, known.get(done.id), who)

        return await _in_thread(self._threads, show)

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
    """Move every case whose clock has run out or whose owner has gone, each in a unit of work of its own.

    To be called every few seconds, by any number of processes.

    Returns:
        The ids of the cases that were moved; if there are some, the inbox may have something new.
    """
    with database.begin() as connection:
        known = Cases(connection, rules, clock)
        due = [(case_id, Cases.expire) for case_id in known.due()]
        due += [(case_id, Cases.desert) for case_id in known.deserted()]
    moved = []
    for case_id, move in due:
        try:
            with database.begin() as connection:
                move(Cases(connection, rules, clock), case_id)
            moved.append(case_id)
        except Exception as error:
            # One case that cannot be moved must not stop the clocks of the others. Its kind only: the
            # words of a database error hold buyers' data.
            log.error("the clock of case %d could not be turned: %s", case_id, type(error).__name__)
    return tuple(dict.fromkeys(moved))


def turn_request_clocks(database: Database, rules: ShopRules, clock: Clock) -> Sequence[int]:
    """Ask again, or end, every request whose clock has run out, each in a unit of work of its own.

    Returns:
        The ids of the requests that were moved; if there are some, the inbox has something new.
    """
    with database.begin() as connection:
        due = Requests(connection, rules, clock).due()
    moved = []
    for request_id in due:
        try:
            with database.begin() as connection:
                Requests(connection, rules, clock).expire(request_id)
            moved.append(request_id)
        except Exception as error:
            # As with cases: one must not stop the others.
            log.error("the clock of request %d could not be turned: %s", request_id, type(error).__name__)
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
