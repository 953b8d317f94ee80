"""Timers: what is to happen later, once, unless it becomes needless; late rather than never.

A timer is set, moved and cancelled in the unit of work that makes it needed or needless, and fires in one of
its own, together with all that follows from it: so it is never lost and never fires twice, whoever dies.
"""

from __future__ import annotations

import datetime as dt
import enum
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database, UTCDateTime, insert_once
from bot.errors import TryLaterError
from bot.mailroom import conversations as talks
from bot.mailroom import inbox
from bot.mailroom.tables import timers

log = logging.getLogger(__name__)

#: A firing that fails is tried so often, with growing waits in between, in seconds.
WAITS = (5, 30, 120, 600)
#: The most timers of one look.
MOST = 100


class TimerState(str, enum.Enum):
    """Where a timer stands."""

    PENDING = "pending"
    FIRED = "fired"
    CANCELLED = "cancelled"
    #: Given up after the last try.
    FAILED = "failed"


@dataclass(frozen=True)
class Timer:
    """Something that is to happen at its time."""

    id: int
    key: str
    kind: str
    subject: str
    #: Whose conversation takes a turn on it, unless a handler does without.
    conversation_id: int | None
    data: Mapping[str, Any]
    due_at: dt.datetime
    state: TimerState
    #: Firings that failed so far.
    attempts: int
    #: While it fires: the conversation that nobody else writes. Its own, or the one that is needed just then.
    held: int | None = None

    def late(self, now: dt.datetime) -> dt.timedelta:
        """How long after its time it is."""
        return max(now - self.due_at, dt.timedelta(0))


#: What a timer of some kind does, in the unit of work in which it fires: (connection, timer, now). It may
#: write to the database only. A moment instead of None puts the timer off until then, as for quiet hours.
Handler = Callable[[Connection, Timer, dt.datetime], "dt.datetime | None"]
#: Which conversation a timer without one needs held when it fires; None: none, or one still to be made.
Needs = Callable[[Connection, Timer], "int | None"]
#: Told, in the same unit of work, of a timer that was given up: (connection, timer, why).
OnFailed = Callable[[Connection, Timer, str], None]

_KEY = sa.bindparam("timer_key", type_=sa.String)
_NOW = sa.bindparam("now", type_=UTCDateTime)
_PENDING = timers.c.state == sa.literal_column(f"'{TimerState.PENDING.value}'")
_INSERT = insert_once(timers)
_BY_KEY = sa.select(timers).where(timers.c.key == _KEY)
_REARM = timers.update().where(timers.c.key == _KEY, timers.c.state != TimerState.FIRED.value)
_REARM_EVEN_FIRED = timers.update().where(timers.c.key == _KEY)
_DUE = (
    sa.select(timers)
    .where(
        _PENDING,
        timers.c.not_before <= _NOW,
        # What only another version of this program knows is left to it.
        sa.or_(
            timers.c.conversation_id.isnot(None), timers.c.kind.in_(sa.bindparam("kinds", expanding=True))
        ),
    )
    .order_by(timers.c.not_before, timers.c.id)
    .limit(MOST)
)
_FIRE = timers.update().where(timers.c.id == sa.bindparam("timer"), _PENDING, timers.c.not_before <= _NOW)


def schedule(
    connection: Connection,
    key: str,
    *,
    kind: str,
    subject: str,
    due: dt.datetime,
    now: dt.datetime,
    conversation_id: int | None = None,
    data: Mapping[str, Any] | None = None,
    again: bool = False,
) -> bool:
    """Have something happen at its time, in the caller's unit of work; False if it has happened already.

    A timer that waits under the same key is moved, one that was cancelled or failed waits anew.

    Args:
        connection: the caller's unit of work.
        key: what it is for, unique for ever: ``unpaid:CD-100001:1``. At most 200 characters.
        kind: which handler fires it; without one, the kind of the event that the conversation's turn is on.
        subject: what it is about, to be cancelled by: ``order:CD-100001``.
        due: when, aware; a moment in the past is now.
        now: the moment of setting it.
        conversation_id: the buyer's conversation. Give it wherever there is one: then the timer is told,
            erased and kept together with it.
        data: what whoever fires it needs to know; JSON, and no personal data.
        again: have it happen once more even if it has happened already.

    Raises:
        ValueError: key, kind or subject is longer than its column.
    """
    for name, value in (("key", key), ("kind", kind), ("subject", subject)):
        # SQLite would take it, and PostgreSQL tell it with the buyer's turn.
        if len(value) > timers.c[name].type.length:
            raise ValueError(f"a timer's {name} has at most {timers.c[name].type.length} characters")
    if conversation_id is not None:
        # A timer is written only while its conversation is held, here as where it fires.
        talks.hold(connection, conversation_id)
    values = {
        "kind": kind,
        "subject": subject,
        "conversation_id": conversation_id,
        "data": dict(data or {}),
        "due_at": due,
        "not_before": due,
        "state": TimerState.PENDING.value,
        "attempts": 0,
        "note": None,
        "ended_at": None,
    }
    inserted = connection.execute(_INSERT[connection.dialect.name], {"key": key, "created_at": now, **values})
    if inserted.rowcount == 1:
        return True
    statement = _REARM_EVEN_FIRED if again else _REARM
    return bool(connection.execute(statement, {"timer_key": key, **values}).rowcount)


def cancel(connection: Connection, key: str, *, now: dt.datetime, why: str = "needless") -> bool:
    """Have a timer not fire, in the unit of work that makes it needless; False if it does not wait."""
    return bool(_cancel(connection, timers.c.key == key, now, why))


def cancel_about(
    connection: Connection, subject: str, *, now: dt.datetime, kind: str | None = None, why: str = "needless"
) -> int:
    """Have no timer about a subject fire, or none of a kind; returns how many waited."""
    about = timers.c.subject == subject
    return _cancel(connection, about if kind is None else sa.and_(about, timers.c.kind == kind), now, why)


def _cancel(connection: Connection, which: Any, now: dt.datetime, why: str) -> int:
    ended = {"state": TimerState.CANCELLED.value, "ended_at": now, "note": why[:200]}
    return int(connection.execute(timers.update().where(which, _PENDING).values(**ended)).rowcount)


def find(connection: Connection, key: str) -> Timer | None:
    """The timer with this key, wherever it stands; None if it was never set, or long ago."""
    row = connection.execute(_BY_KEY, {"timer_key": key}).one_or_none()
    return None if row is None else _timer(row)


def pending_about(connection: Connection, subject: str) -> Sequence[Timer]:
    """What waits about a subject, the soonest first."""
    query = sa.select(timers).where(timers.c.subject == subject, _PENDING)
    return [_timer(row) for row in connection.execute(query.order_by(timers.c.not_before, timers.c.id))]


def next_due(connection: Connection) -> dt.datetime | None:
    """When the next timer may fire; None if none waits."""
    earliest: dt.datetime | None = connection.execute(
        sa.select(sa.func.min(timers.c.not_before)).where(_PENDING)
    ).scalar_one()
    return earliest


class TimerRoom:
    """Fires what is due. Any number of them, on any hosts, may work on one database.

    Args:
        database: where the timers are.
        clock: the time.
        handlers: what to do, by kind. A timer with a conversation and without a handler becomes an event of
            its kind, on which the conversation takes a turn; ``key``, ``due`` and ``data`` are its payload.
        on_failed: told of a timer that was given up.
        needs: by kind, which conversation a timer without one will write to.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, Handler] | None = None,
        on_failed: OnFailed = lambda *_: None,
        needs: Mapping[str, Needs] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._handlers = dict(handlers or {})
        self._on_failed = on_failed
        self._needs = dict(needs or {})

    def fire_due(self) -> int:
        """Fire what is due, the longest due first, each in a unit of work of its own; returns how many fired.

        To be called every few seconds. If some fired, inbox and outbox may have something new.

        Raises:
            TryLaterError: the database is away; nothing is lost.
        """
        with self._database.begin() as connection:
            asked = {"now": self._clock.now(), "kinds": list(self._handlers)}
            due = [_timer(row) for row in connection.execute(_DUE, asked).all()]
        return sum(self._fire(timer) for timer in due)

    def _fire(self, timer: Timer) -> bool:
        try:
            with self._database.begin() as connection:
                return self._fire_in(connection, timer)
        except TryLaterError:
            raise
        except Exception as error:
            # One timer that cannot fire must not stop the others. Its kind only: an error's words may hold
            # buyers' data.
            why = type(error).__name__
        log.error("timer %d (%s) could not fire: %s", timer.id, timer.kind, why)
        with self._database.begin() as connection:
            self._put_off(connection, timer, why)
        return False

    def _fire_in(self, connection: Connection, timer: Timer) -> bool:
        now = self._clock.now()
        needed, held = self._needs.get(timer.kind), timer.conversation_id
        if held is None and needed is not None:
            held = needed(connection, timer)
        if not self._take(connection, timer, held, now, state=TimerState.FIRED.value, ended_at=now):
            return False
        # What it says now: it may have been moved or told something else since we looked.
        timer = replace(_timer(connection.execute(_BY_KEY, {"timer_key": timer.key}).one()), held=held)
        handler = self._handlers.get(timer.kind, _become_event)
        later = handler(connection, timer, now)
        if later is None:
            return True
        again = {"state": TimerState.PENDING.value, "ended_at": None, "not_before": later, "attempts": 0}
        connection.execute(timers.update().where(timers.c.id == timer.id).values(**again))
        return False

    def _put_off(self, connection: Connection, timer: Timer, why: str) -> None:
        now, attempts = self._clock.now(), timer.attempts + 1
        talk, tried = timer.conversation_id, {"attempts": attempts, "note": why}
        if attempts <= len(WAITS):
            later = now + dt.timedelta(seconds=WAITS[attempts - 1])
            self._take(connection, timer, talk, now, not_before=later, **tried)
        elif self._take(connection, timer, talk, now, state=TimerState.FAILED.value, ended_at=now, **tried):
            self._on_failed(connection, timer, why)

    @staticmethod
    def _take(
        connection: Connection, timer: Timer, talk: int | None, now: dt.datetime, **values: Any
    ) -> bool:
        """Write to a timer that is still due; False for whoever is second, or comes after a cancelling."""
        if talk is not None:
            # In the order in which a turn does it that cancels a timer: so no two wait for each other.
            talks.hold(connection, talk)
        taken = connection.execute(_FIRE.values(**values), {"timer": timer.id, "now": now})
        return bool(taken.rowcount == 1)


def _become_event(connection: Connection, timer: Timer, now: dt.datetime) -> None:
    if timer.conversation_id is None:
        raise LookupError(f"nothing is known of timers of the kind '{timer.kind}'")
    payload = {"key": timer.key, "due": timer.due_at.isoformat(), "data": dict(timer.data)}
    inbox.accept_event(connection, timer.conversation_id, timer.kind, payload, now=now)


def _timer(row: Any) -> Timer:
    return Timer(
        id=row.id,
        key=row.key,
        kind=row.kind,
        subject=row.subject,
        conversation_id=row.conversation_id,
        data=row.data,
        due_at=row.due_at,
        state=TimerState(row.state),
        attempts=row.attempts,
    )
