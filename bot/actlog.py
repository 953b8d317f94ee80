"""What admins have done with models, words and rules, a line each; nothing in it is changed."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection


@dataclass(frozen=True)
class Line:
    """One line: what every log has; more stands in a subclass, a field for each further column."""

    at: dt.datetime
    #: A login, or ``operator`` for the command line.
    actor: str
    #: What was done; its class has a member for each kind of act.
    act: enum.Enum
    #: The version that it was done with; empty where it was none.
    version: str = ""
    #: The version that served before.
    before: str | None = None


AnyLine = TypeVar("AnyLine", bound=Line)


class ActLog(Generic[AnyLine]):
    """A log in a table with a column for each field of its lines.

    Args:
        table: where the lines are; its ``id`` tells their order.
        line: their class.
        act: the kinds of acts.
    """

    def __init__(self, table: sa.Table, line: type[AnyLine], act: type[enum.Enum]) -> None:
        self._table, self._line, self._act = table, line, act
        self._names = tuple(one.name for one in fields(line))

    def note(self, connection: Connection, line: AnyLine) -> None:
        """Add a line."""
        told = {name: _plain(getattr(line, name)) for name in self._names}
        connection.execute(self._table.insert().values(told))

    def latest(self, connection: Connection, limit: int = 50) -> list[AnyLine]:
        """The latest lines, the newest first."""
        rows = connection.execute(sa.select(self._table).order_by(self._table.c.id.desc()).limit(limit))
        return [self._read({name: getattr(row, name) for name in self._names}) for row in rows]

    def _read(self, told: dict[str, Any]) -> AnyLine:
        lists = {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
        return self._line(**{**told, **lists, "act": self._act(told["act"])})


def _plain(value: Any) -> Any:
    """A value as its column takes it."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [dict(one) if not isinstance(one, str) else one for one in value]
    return value
