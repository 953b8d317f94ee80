"""The one database: engine, transactions and column types that behave alike on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.types import TypeDecorator

from bot.errors import ConfigurationError, TryLaterError

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


def is_write(statement: str) -> bool:
    """Whether an SQL statement needs the write lock."""
    return not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "EXPLAIN"))


class Database:
    """Opens connections to the store's one database.

    On SQLite, reads run outside a transaction until the first write, which takes the write lock at
    once (``BEGIN IMMEDIATE``): a turn never fails because somebody wrote between its read and its
    write, and never holds the lock while it only thinks. What must not have changed in between is
    read again after the first write.

    Raises:
        ConfigurationError: the URL is none, names a database that we do not speak, or a folder in which
            nothing can be made.
    """

    def __init__(self, url: str, *, echo: bool = False) -> None:
        try:
            self.url = make_url(url)
            self.is_sqlite = self.url.get_backend_name() == "sqlite"
            self.engine = _sqlite_engine(self.url, echo) if self.is_sqlite else _server_engine(self.url, echo)
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
            TryLaterError: the database is locked, full or away.
            ConfigurationError: it is no database, or damaged.
        """
        try:
            with self.engine.connect() as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            if is_passing(error):
                raise TryLaterError(f"the database cannot do this now: {reason_of(error)}") from error
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
    return error.connection_invalidated or isinstance(error, OperationalError)


def _passes(error: sqlite3.Error) -> bool:
    words = str(error).lower()
    return any(sign in words for sign in ("locked", "busy", "full", "disk i/o", "readonly", "unable to open"))


def lock_now(connection: Connection) -> None:
    """Take SQLite's write lock before the first write; nothing to do on PostgreSQL, which locks rows."""
    raw: Any = connection.connection.dbapi_connection
    if isinstance(raw, sqlite3.Connection) and not raw.in_transaction:
        _refuse_halves(connection)
        raw.execute("BEGIN IMMEDIATE")
        connection.info[_WRITES] = True


#: In a connection's info: its unit of work has begun to write.
_WRITES = "writes"


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


def _server_engine(url: sa.engine.URL, echo: bool) -> Engine:
    return sa.create_engine(url, future=True, echo=echo, hide_parameters=True, pool_pre_ping=True)
