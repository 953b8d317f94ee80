"""The one database: engine, transactions and column types that behave alike on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.types import TypeDecorator

from bot.errors import ConfigurationError, RowsBusyError, TryLaterError

#: Every area's tables register here; a migration creates them.
metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: How long a writer waits for SQLite's single write lock, in seconds.
SQLITE_BUSY_SECONDS = 10.0
#: After so many seconds without use, a connection to a server is tried before it is used.
PING_AFTER = 1.0
#: How long a connection to PostgreSQL may take, or may be waited for in our own pool, in seconds.
CONNECT_SECONDS = 5
#: After how long without a statement a unit of work counts as dead, in seconds.
IDLE_SECONDS = 15.0
#: What PostgreSQL ends by itself, so that nothing waits for ever: a statement, a wait for a row, a line on
#: which nobody answers.
SERVER_LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    # What is locked is read again, and then shows what others have committed: the code relies on it.
    "default_transaction_isolation": r"read\ committed",
    # A channel is told that a message is kept: it must be, whatever the server is set to for others.
    "synchronous_commit": "on",
}
#: The same from our side: an answer of a server that is gone would be waited for a quarter of an hour.
CLIENT_LIMITS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


class UTCDateTime(TypeDecorator[dt.datetime]):
    """An aware UTC moment; stored without zone, refused if naive, aware again when read."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(
        self,
        value: dt.datetime | None,
        dialect: Any,  # noqa: ARG002 (SQLAlchemy's signature)
    ) -> dt.datetime | None:
        """Refuse what has no zone, store the rest as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone must not reach the database")
        return value.astimezone(dt.timezone.utc).replace(tzinfo=None)

    def process_result_value(
        self,
        value: dt.datetime | None,
        dialect: Any,  # noqa: ARG002 (SQLAlchemy's signature)
    ) -> dt.datetime | None:
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=dt.timezone.utc)


class _SqliteOnce(sqlite.Insert):
    """Compiled once, unlike its like: SQLAlchemy 1.4 compiles whatever has a conflict clause at each use."""

    inherit_cache = True


class _SqliteNothing(sqlite.dml.OnConflictDoNothing):
    """Without a target there is nothing in which two of these could differ."""

    _traverse_internals: ClassVar[list[Any]] = []
    inherit_cache = True


class _PostgresOnce(postgresql.Insert):
    """The same for PostgreSQL."""

    inherit_cache = True


class _PostgresNothing(postgresql.dml.OnConflictDoNothing):
    """The same for PostgreSQL."""

    _traverse_internals: ClassVar[list[Any]] = []
    inherit_cache = True


def insert_once(table: sa.Table) -> Mapping[str, Any]:
    """Statements, by the dialect's name, that insert a row only where no unique key has it already.

    Where another is inserting the same at this moment, they wait for that. ``rowcount`` tells what happened.
    """
    on_sqlite: Any = _SqliteOnce(table)
    on_postgresql: Any = _PostgresOnce(table)
    on_sqlite._post_values_clause = _SqliteNothing()
    on_postgresql._post_values_clause = _PostgresNothing()
    return {"sqlite": on_sqlite, "postgresql": on_postgresql}


def follow_given_ids(connection: Connection, table: sa.Table) -> None:
    """Have the next row's id follow the highest there is: PostgreSQL does not notice ids that were given."""
    if connection.dialect.name == "postgresql":
        newest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
        sequence = sa.func.pg_get_serial_sequence(table.name, "id")
        connection.execute(sa.select(sa.func.setval(sequence, newest)))


def is_write(statement: str) -> bool:
    """Whether an SQL statement needs the write lock."""
    return not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "EXPLAIN"))


class Database:
    """Opens connections to the store's one database.

    On PostgreSQL a unit of work is a transaction that sees what others commit meanwhile ("read committed");
    what must not change is read with its row locked.

    On SQLite, reads run outside a transaction until the first write, which takes the write lock at
    once (``BEGIN IMMEDIATE``): a turn never fails because somebody wrote between its read and its
    write, and never holds the lock while it only thinks. What must not have changed in between is
    read again after the first write.

    Args:
        url: where it is.
        echo: log every statement.
        idle_seconds: on PostgreSQL, how long a unit of work may think between two statements: what its rows
            are locked for is then taken back, and others go on.

    Raises:
        ConfigurationError: the URL is none, names a database that we do not speak, or a folder in which
            nothing can be made.
    """

    def __init__(self, url: str, *, echo: bool = False, idle_seconds: float = IDLE_SECONDS) -> None:
        try:
            self.url = make_url(url)
            self.is_sqlite = self.url.get_backend_name() == "sqlite"
            self.engine = (
                _sqlite_engine(self.url, echo)
                if self.is_sqlite
                else _server_engine(self.url, echo, idle_seconds)
            )
        except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
            # Not the URL itself: it may hold a password.
            raise ConfigurationError(
                "CROSSDESK_DATABASE_URL is no database URL that can be used: give one such as "
                "sqlite:////srv/crossdesk.sqlite or postgresql://user:password@host/name"
            ) from error

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A unit of work: committed when the block ends, rolled back when it raises.

        Raises:
            TryLaterError: the database is locked, full or away; ``RowsBusyError`` where PostgreSQL says that
                somebody holds the rows.
            ConfigurationError: it is no database, or damaged; or the server does not know us.
        """
        with self._passing_told(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """A connection for statements that only read, each for itself: it sees what is committed by then.

        What is asked every second, mostly in vain, costs a server a third of what a unit of work does.

        Raises: what ``begin`` raises.
        """
        if self.is_sqlite:
            # Reads run outside a transaction anyway, and its driver must not be told to begin any by itself.
            with self.begin() as connection:
                yield connection
            return
        with self._passing_told(), self.engine.connect() as connection:
            # By the driver itself: SQLAlchemy's option sets the isolation at the server, twice.
            raw: Any = connection.connection.dbapi_connection
            raw.autocommit = True
            try:
                yield connection
            finally:
                if not raw.closed:
                    raw.autocommit = False

    @contextmanager
    def _passing_told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if _is_refused(error):
                raise ConfigurationError(
                    f"the database server refuses: {reason_of(error)}: see CROSSDESK_DATABASE_URL"
                ) from error
            if is_passing(error):
                kind = RowsBusyError if getattr(error.orig, "pgcode", None) in _BUSY else TryLaterError
                raise kind(f"the database cannot do this now: {reason_of(error)}") from error
            if "not a database" in reason_of(error) or "malformed" in reason_of(error):
                raise ConfigurationError(
                    f"{self.url.database}: {reason_of(error)}: restore a backup, or give another in "
                    "CROSSDESK_DATABASE_URL"
                ) from error
            raise
        except PoolTimeoutError as error:
            raise TryLaterError("the database cannot do this now: too many wait for it already") from error
        except sqlite3.Error as error:
            # `lock_now` speaks to the driver itself, whose errors nobody has wrapped.
            if _passes(error):
                raise TryLaterError(f"the database cannot do this now: {error}") from error
            raise

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def reason_of(error: DBAPIError) -> str:
    """The driver's own words, without the statement and its parameters (they are buyers' data)."""
    return str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__


def is_passing(error: DBAPIError) -> bool:
    """Whether a database error may pass by itself: locked, full, away, connection lost."""
    if isinstance(error.orig, sqlite3.Error):
        return _passes(error.orig)
    # A server that has become a copy of another takes no writes, and soon the other one answers.
    away = getattr(error.orig, "pgcode", None) in _READ_ONLY
    return away or error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


#: PostgreSQL's codes for a lock that was not had in time, a deadlock and a clash of transactions.
_BUSY = ("55P03", "40P01", "40001")
#: PostgreSQL's code for a write on a server that only reads.
_READ_ONLY = ("25006",)
#: What a server says that will not let us in however often we knock; it gives no code for it.
_REFUSALS = re.compile(
    r"authentication failed|no password supplied|pg_hba\.conf|(database|role) \".*\" does not exist"
)


def _is_refused(error: DBAPIError) -> bool:
    # Only while connecting: later there is a code.
    code = getattr(error.orig, "pgcode", "")
    return code is None and bool(_REFUSALS.search(str(error.orig)))


def _passes(error: sqlite3.Error) -> bool:
    words = str(error).lower()
    return any(sign in words for sign in ("locked", "busy", "full", "disk i/o", "readonly", "unable to open"))


def lock_now(connection: Connection, name: str | None = None) -> None:
    """Have nobody else write, before the first write, until the unit of work ends.

    On SQLite this is the one write lock. PostgreSQL locks the rows that are written or read for update; where
    no row stands for what must not happen twice at once, ``name`` does.
    """
    raw: Any = connection.connection.dbapi_connection
    if not isinstance(raw, sqlite3.Connection):
        if name is not None:
            connection.execute(_LOCK_NAME, {"name": name})
        return
    if not raw.in_transaction:
        _refuse_halves(connection)
        raw.execute("BEGIN IMMEDIATE")
        connection.info[_WRITES] = True


_LOCK_NAME = sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("name"), 0)))


_SERVER_NOW = sa.select(sa.cast(sa.func.timezone("utc", sa.func.clock_timestamp()), UTCDateTime))
_START = dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)


def shared_after(connection: Connection, length: dt.timedelta) -> Any:
    """A moment so long after ``shared_now``, to be written: nobody has to ask for the time first."""
    if connection.dialect.name != "postgresql":
        return shared_now(connection) + length
    return sa.cast(sa.func.timezone("utc", sa.func.clock_timestamp()) + length, UTCDateTime)


def shared_now(connection: Connection) -> dt.datetime:
    """A moment on which all processes agree, whatever their hosts' clocks say; of use for leases alone.

    On PostgreSQL it is the server's clock; on SQLite, which is one machine, the time since that was started.
    """
    if connection.dialect.name != "postgresql":
        return _START + dt.timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))
    now: dt.datetime = connection.execute(_SERVER_NOW).scalar_one()
    return now


#: In a connection's info: its unit of work has begun to write.
_WRITES = "writes"
#: In a connection's info: what others must remember of its unit of work; forgotten when the next one begins.
NOTES = "notes"


def _refuse_halves(connection: Connection) -> None:
    """Have a unit of work fail as a whole that SQLite took back by itself, as it does when the disk is full.

    Where the error was swallowed on the way (Rasa does), what is written later would be committed alone.
    """
    if connection.info.get(_WRITES) and not _in_transaction(connection):
        raise TryLaterError("the database cannot do this now: it took back what was written before")


def _in_transaction(connection: Connection) -> bool:
    raw: Any = connection.connection.dbapi_connection
    return bool(raw.in_transaction)


def _begin_anew(connection: Connection) -> None:
    connection.info[_WRITES] = False
    connection.info.pop(NOTES, None)


def _sqlite_engine(url: sa.engine.URL, echo: bool) -> Engine:
    if url.database and not url.database.startswith((":memory:", "file:")):
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"the database's folder {folder} cannot be made: {error.strerror}"
            ) from error
    engine = sa.create_engine(
        url,
        future=True,
        echo=echo,
        # A statement's parameters are buyers' words: an error that is logged must not tell them.
        hide_parameters=True,
        poolclass=sa.pool.QueuePool,
        pool_timeout=SQLITE_BUSY_SECONDS,
        # A connection is used by one thread at a time, but not always by the same one.
        connect_args={"timeout": SQLITE_BUSY_SECONDS, "check_same_thread": False, "isolation_level": None},
    )

    sa.event.listen(engine, "connect", _configure)
    sa.event.listen(engine, "begin", _begin_anew)
    sa.event.listen(engine, "before_cursor_execute", _lock_before_first_write)
    sa.event.listen(engine, "commit", _refuse_halves)
    return engine


def _configure(raw: sqlite3.Connection, _record: object) -> None:
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("PRAGMA foreign_keys=ON")


def _lock_before_first_write(connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
    if is_write(statement):
        lock_now(connection)


def _server_engine(url: sa.engine.URL, echo: bool, idle_seconds: float) -> Engine:
    limits = [f"-c {name}={value}" for name, value in SERVER_LIMITS.items()]
    limits.append(f"-c idle_in_transaction_session_timeout={round(idle_seconds * 1000)}")
    # The operator's own options come last, and so win.
    own = url.query.get("options", "")
    options = " ".join([*limits, own if isinstance(own, str) else " ".join(own)])
    known: dict[str, Any] = {"application_name": "crossdesk", **CLIENT_LIMITS}
    engine = sa.create_engine(
        url,
        future=True,
        echo=echo,
        hide_parameters=True,
        # The one that was used last is used next: there is nothing to be feared for its life.
        pool_use_lifo=True,
        pool_timeout=CONNECT_SECONDS,
        connect_args={
            **{name: value for name, value in known.items() if name not in url.query},
            "options": options,
        },
    )
    sa.event.listen(engine, "begin", _begin_anew)
    sa.event.listen(engine, "checkin", _note_use)
    sa.event.listen(engine, "checkout", partial(_require_alive, engine.dialect))
    return engine


#: In a pooled connection's info: when it was given back, in seconds of ``time.monotonic``.
_USED = "used"


def _note_use(_raw: object, record: Any) -> None:
    record.info[_USED] = time.monotonic()


def _require_alive(dialect: Any, raw: Any, record: Any, _fairy: object) -> None:
    """Try a connection that has not just been used.

    SQLAlchemy's own way tries each time: a fifth of all that a quiet service says to its server.

    Raises:
        DisconnectionError: it does not; the pool then opens another.
    """
    used = record.info.get(_USED)
    if used is not None and time.monotonic() - used > PING_AFTER and not dialect.do_ping(raw):
        raise DisconnectionError("the server has closed it")
