"""PostgreSQL's driver with fewer ways to the server, and less to do there: most of a small statement's cost.

* A unit of work begins with its first statement, not with a way of its own before it.
* What is asked time and again is planned once for each connection (``PREPARE``).
* Whether a pooled connection still lives is asked only where nobody can see it from here.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
import select
import time
from collections.abc import Mapping
from typing import Any

import psycopg2  # type: ignore[import-untyped]
import sqlalchemy as sa
from psycopg2 import extensions
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DisconnectionError

#: A statement is planned for good when it comes for this time on a connection.
OFTEN = 3
#: So many plans, and counts of statements that have none yet, are kept for a connection at most.
MOST_PLANS, MOST_COUNTED = 300, 2_000
#: A connection that rested longer than this is asked for a sign of life, in seconds: its host may be gone.
RESTED = 5.0

_PLANNED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
_PLACE = re.compile(r"%%|%\((\w+)\)s")
_INTEGERS = ((2**31, "integer"), (2**63, "bigint"))
#: As what the server takes a value that is written into a statement. A text it takes for what its place asks.
_TYPES = {
    str: "unknown",
    type(None): "unknown",
    bool: "boolean",
    extensions.Binary: "bytea",
    decimal.Decimal: "numeric",
    dt.date: "date",
    dt.timedelta: "interval",
}

#: A statement with the types of its values.
_Key = tuple[str, tuple["str | None", ...]]


def type_of(value: object) -> str | None:
    """As what the server takes a value that the driver writes into a statement; None: don't plan for it."""
    if type(value) is int:
        return next((name for beyond, name in _INTEGERS if -beyond <= value < beyond), "numeric")
    if type(value) is float:
        return "numeric" if math.isfinite(value) else None
    if type(value) is dt.datetime:
        return "timestamp" if value.tzinfo is None else "timestamptz"
    return _TYPES.get(type(value))


class ThriftyCursor(extensions.cursor):  # type: ignore[misc]
    """A cursor that begins the unit of work, and makes plans for what comes often."""

    connection: ThriftyConnection

    def execute(self, query: Any, values: Any = None) -> None:
        """Run a statement."""
        connection = self.connection
        begin = "" if connection.autocommit or _is_in_transaction(connection) else "BEGIN; "
        if type(query) is not str:
            # What the driver itself puts together, for many rows at once.
            if begin:
                super().execute("BEGIN")
            super().execute(query, values)
            return
        if type(values) is dict and values and not connection.autocommit and query.startswith(_PLANNED):
            types = tuple(map(type_of, values.values()))
            if None not in types:
                plan = connection.plans.get((query, types))
                if plan is None:
                    plan = self._planned(begin, query, values, types)
                    begin = "" if _is_in_transaction(connection) else begin
                query = plan or query
        super().execute(f"{begin}{query}" if begin else query, values)

    def executemany(self, query: Any, many: Any) -> None:
        """Run a statement for each of several sets of values."""
        if not self.connection.autocommit and not _is_in_transaction(self.connection):
            super().execute("BEGIN")
        super().executemany(query, many)

    def _planned(
        self, begin: str, query: str, values: Mapping[str, Any], types: tuple[Any, ...]
    ) -> str | None:
        """What to run instead of a statement that came often enough; None as long as it has no plan."""
        connection, key = self.connection, (query, types)
        seen = connection.seen[key] = connection.seen.get(key, 0) + 1
        if seen < OFTEN or len(connection.plans) >= MOST_PLANS:
            if len(connection.seen) > MOST_COUNTED:
                connection.seen.clear()
            return None
        del connection.seen[key]
        numbers = {name: number for number, name in enumerate(values, 1)}
        text = _PLACE.sub(lambda place: f"${numbers[place[1]]}" if place[1] else "%", query)
        name = f"crossdesk_{len(connection.plans)}"
        try:
            # A plan that cannot be made must not take the unit of work with it.
            super().execute(
                f"{begin}SAVEPOINT planning; PREPARE {name} ({', '.join(types)}) AS {text}; RELEASE planning"
            )
        except psycopg2.ProgrammingError:
            super().execute("ROLLBACK TO planning; RELEASE planning")
            # It runs as it is.
            connection.plans[key] = query
        else:
            given = ", ".join(f"%({name})s" for name in values)
            connection.plans[key] = f"EXECUTE {name} ({given})"
        return connection.plans[key]


class ThriftyConnection(extensions.connection):  # type: ignore[misc]
    """A connection whose units of work begin with their first statement.

    The driver is told that there are no transactions: it would begin each by a way to the server of its own.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        """Connect."""
        super().__init__(*given, **named)
        extensions.connection.autocommit.__set__(self, True)
        self._autocommit = False
        self.cursor_factory = ThriftyCursor
        #: What is run instead of a statement.
        self.plans: dict[_Key, str] = {}
        #: How often statements came that have no plan yet.
        self.seen: dict[_Key, int] = {}
        #: When it was last given back to the pool, by the monotonic clock.
        self.rests_since = time.monotonic()

    @property
    def autocommit(self) -> bool:
        """Whether each statement is a unit of work by itself."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, wanted: bool) -> None:
        self._autocommit = wanted

    def set_isolation_level(self, level: int | None) -> None:
        """Have units of work or not; of isolation there is one level only, that of ``SERVER_LIMITS``."""
        self._autocommit = level == extensions.ISOLATION_LEVEL_AUTOCOMMIT

    def cursor(self, name: str | None = None, *given: Any, **named: Any) -> Any:
        """A cursor; one with a name stays on the server, which wants a unit of work to have begun."""
        if name is None:
            return super().cursor(*given, **named)
        if not self._autocommit and not _is_in_transaction(self):
            self._say("BEGIN")
        plain = {"cursor_factory": extensions.cursor, "withhold": True}
        return super().cursor(name, *given, **{**plain, **named})

    def commit(self) -> None:
        """End the unit of work, if one has begun."""
        if self.get_transaction_status() != extensions.TRANSACTION_STATUS_IDLE:
            self._say("COMMIT")

    def rollback(self) -> None:
        """Take the unit of work back, if one has begun."""
        if self.get_transaction_status() != extensions.TRANSACTION_STATUS_IDLE:
            self._say("ROLLBACK")

    def _say(self, command: str) -> None:
        with super().cursor(cursor_factory=extensions.cursor) as cursor:
            cursor.execute(command)


def _is_in_transaction(connection: extensions.connection) -> bool:
    return bool(connection.get_transaction_status() != extensions.TRANSACTION_STATUS_IDLE)


def look_after(engine: Engine) -> None:
    """Have no pooled connection handed out that is broken, where that can be told."""
    sa.event.listen(engine, "checkin", _rests)
    dialect: Any = engine.dialect

    def alive(raw: Any, _record: object, _pooled: object) -> None:
        if raw.closed or (_is_doubtful(raw) and not dialect.do_ping(raw)):
            # The pool makes another.
            raise DisconnectionError

    sa.event.listen(engine, "checkout", alive)


def _rests(raw: Any, _record: object) -> None:
    # None where it broke.
    if raw is not None:
        raw.rests_since = time.monotonic()


def _is_doubtful(raw: ThriftyConnection) -> bool:
    """Whether a connection may be broken: a server that ends it says so, one whose host is gone does not."""
    if time.monotonic() - raw.rests_since > RESTED:
        return True
    waiting = select.poll()
    waiting.register(raw, select.POLLIN)
    return bool(waiting.poll(0))
