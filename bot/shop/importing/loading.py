"""Puts checked rows into their tables: new ones are inserted, known ones updated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.engine import Row as Found

from bot.shop.importing.kinds import KINDS, Columns, Kind
from bot.shop.importing.parsing import Parsed
from bot.shop.importing.report import Tally

#: Rows that are loaded at once: SQLite takes no more than so many values in one question.
BATCH = 500


class Loader:
    """Collects rows by kind and loads them in batches, parents before what hangs on them."""

    def __init__(self, connection: Connection, tally: Tally) -> None:
        self._connection = connection
        self._tally = tally
        self._waiting: dict[str, list[Parsed]] = {name: [] for name in KINDS}

    def add(self, made: Mapping[str, list[Parsed]]) -> None:
        """Take the rows of one record."""
        for name, parsed in made.items():
            self._waiting[name].extend(parsed)
        if any(len(waiting) >= BATCH for waiting in self._waiting.values()):
            self.flush()

    def flush(self) -> None:
        """Load what is waiting."""
        for name, kind in KINDS.items():
            waiting, self._waiting[name] = self._waiting[name], []
            for start in range(0, len(waiting), BATCH):
                self._load(kind, waiting[start : start + BATCH])

    def _load(self, kind: Kind, batch: list[Parsed]) -> None:
        rows = list(self._resolved(kind, batch))
        known = self._known(kind, rows)
        fresh = [columns for columns in rows if _key(kind, columns) not in known]
        if fresh:
            self._connection.execute(sa.insert(kind.table), fresh)
        changed = [
            {**_marked(columns), "_row": known[_key(kind, columns)]}
            for columns in rows
            if _key(kind, columns) in known
        ]
        if changed:
            self._connection.execute(_update(kind.table, rows[0]), changed)
        if fresh:
            self._tally.inserted[kind.name] += len(fresh)
        if changed:
            self._tally.updated[kind.name] += len(changed)

    def _resolved(self, kind: Kind, batch: list[Parsed]) -> Iterable[Columns]:
        """The batch's rows with the ids of what they name; those that name nothing are told and left out."""
        reference = kind.reference
        found: dict[str, Found] = {}
        if reference is not None:
            wanted = sorted({getattr(one.row, reference.field) for one in batch})
            number = reference.table.c[reference.number]
            there = self._connection.execute(sa.select(reference.table).where(number.in_(wanted)))
            found = {row._mapping[reference.number]: row for row in there}
        for one in batch:
            columns = one.row.columns()
            columns = {kind.renamed.get(name, name): value for name, value in columns.items()}
            if reference is not None:
                name = columns.pop(reference.field)
                other = found.get(name)
                if other is None:
                    # What stood within a row that was refused has been told with it.
                    if not one.place.within:
                        reason = f"there is no {reference.noun} '{name}' in these files or in the store"
                        self._tally.complain(one.place.problem(reference.field, reason))
                    continue
                try:
                    columns = {**reference.finish(columns, other), reference.target: other.id}
                except ValueError as error:
                    self._tally.complain(one.place.problem(None, str(error)))
                    continue
            yield columns

    def _known(self, kind: Kind, rows: list[Columns]) -> dict[tuple[Any, ...], Any]:
        """The ids of the rows that are there already, by key."""
        first = kind.unique[0]
        values = sorted({columns[first] for columns in rows})
        identity = next(iter(kind.table.primary_key.columns))
        columns = [kind.table.c[name].label(f"key_{name}") for name in kind.unique]
        there = self._connection.execute(
            sa.select(identity.label("row_id"), *columns).where(kind.table.c[first].in_(values))
        )
        return {tuple(row)[1:]: row.row_id for row in there}


def _key(kind: Kind, columns: Columns) -> tuple[Any, ...]:
    return tuple(columns[name] for name in kind.unique)


def _marked(columns: Columns) -> dict[str, Any]:
    """SQLAlchemy keeps the columns' own names for itself."""
    return {f"_{name}": value for name, value in columns.items()}


def _update(table: sa.Table, columns: Columns) -> Any:
    identity = next(iter(table.primary_key.columns))
    values = {name: sa.bindparam(f"_{name}", type_=table.c[name].type) for name in columns}
    return sa.update(table).where(identity == sa.bindparam("_row")).values(values)
