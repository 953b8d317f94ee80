"""A database that is only a tape: it gives each statement the answer that it got once, and writes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine import Engine as LegacyEngine
from sqlalchemy.future import Engine
from sqlalchemy.pool import NullPool

from bot.database import Database, is_write
from bot.dialogue.tape import Step, Tape, digest
from bot.errors import CrossdeskError

#: Reads what is not on the tape: a statement and what is given with it, to rows.
Reader = Callable[[str, Any], tuple[int, Sequence[Sequence[Any]]]]

_TABLE = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)", re.IGNORECASE)
#: What a lock asks of a server of PostgreSQL: there is nobody here to be locked out.
_LOCK = "pg_advisory_xact_lock"


class OffTapeError(CrossdeskError):
    """The turn asks for what it did not ask for then."""


@dataclass
class Player:
    """Answers one turn's statements from its tape."""

    steps: Sequence[Step]
    #: What is asked for off the tape is read here; None: the turn ends there.
    reader: Reader | None = None
    #: Tables into which other things were to be written than then, in order.
    changed: list[str] = field(default_factory=list)
    #: The first statement that was not on the tape.
    off_tape: str | None = None
    _at: int = 0

    def answer(self, statement: str, given: Any) -> Step:
        """What a statement was answered, in the order of then.

        Raises:
            OffTapeError: it is another statement, and nobody reads for it.
        """
        if _LOCK in statement:
            return Step(0, 0, [[None]], 1)
        asked, with_what = digest(statement), digest(given)
        if self._at < len(self.steps) and self.off_tape is None:
            step = self.steps[self._at]
            same = step.given == with_what
            if step.statement == asked and (same or is_write(statement)):
                self._at += 1
                if not same:
                    self.changed.append(_table(statement))
                return step
        return self._elsewhere(statement, given, asked, with_what)

    @property
    def left(self) -> int:
        """How many statements of then were not asked."""
        return len(self.steps) - self._at

    def _elsewhere(self, statement: str, given: Any, asked: int, with_what: int) -> Step:
        first = " ".join(statement.split())[:80]
        self.off_tape = self.off_tape or first
        if self.reader is None:
            raise OffTapeError(f"the turn asks for what it did not ask for then: {first}")
        if is_write(statement):
            self.changed.append(_table(statement))
            return Step(asked, with_what, None, 1)
        for step in self.steps:
            if (step.statement, step.given) == (asked, with_what) and step.rows is not None:
                return step
        count, rows = self.reader(statement, given)
        return Step(asked, with_what, rows, count)


class TapeDatabase(Database):
    """Looks like the store's database to a turn; nothing that is written in it exists."""

    def __init__(self, like: Database, tape: Tape, reader: Reader | None = None) -> None:
        self.url, self.is_sqlite = like.url, like.is_sqlite
        self.player = Player(tape.steps, reader)
        dialect: Dialect = like.engine.dialect
        pool = NullPool(lambda: _Driver(self.player), dialect=dialect)
        self.engine: LegacyEngine = Engine(pool, dialect, like.url)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """See ``Database``."""
        with self.engine.connect() as connection, connection.begin():
            yield connection


class _Driver:
    """As much of a driver's connection as SQLAlchemy looks at."""

    notices: Sequence[str] = ()

    def __init__(self, player: Player) -> None:
        self._player = player

    def cursor(self, *_: Any, **__: Any) -> _Cursor:
        return _Cursor(self, self._player)

    def commit(self) -> None:
        """Nothing was written."""

    rollback = close = commit


class _Cursor:
    """As much of a driver's cursor as SQLAlchemy looks at."""

    arraysize = 1

    def __init__(self, connection: _Driver, player: Player) -> None:
        self.connection = connection
        self._player = player
        self.description: Sequence[tuple[Any, ...]] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, statement: str, given: Any = ()) -> None:
        step = self._player.answer(statement, given)
        self.lastrowid = step.last_id
        if step.rows is None:
            self.description, self.rowcount, self._rows = None, step.count, []
        else:
            self._rows = [tuple(row) for row in step.rows]
            self.rowcount = len(self._rows)
            self.description = [(f"c{number}", *[None] * 6) for number in range(step.count)]

    executemany = execute

    def fetchall(self) -> list[tuple[Any, ...]]:
        rows, self._rows = self._rows, []
        return rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def close(self) -> None:
        """Nothing is open."""


def _table(statement: str) -> str:
    found = _TABLE.match(statement)
    return found[1] if found else ""
