"""Rows on their way into the database: collected by table, numbered, written in bulk."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import follow_given_ids, metadata

T = TypeVar("T")

#: Rows in one statement's execution: enough to be quick, few enough to be held twice.
BATCH = 2000


class Book:
    """All rows of a seeded store, with ids that depend on nothing but the order of adding."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(self, table: sa.Table, **values: Any) -> int:
        """Note a row; says its id."""
        rows = self.rows[table.name]
        row_id = len(rows) + 1
        rows.append({"id": row_id, **values} if "id" in table.c else values)
        return row_id

    def write(self, connection: Connection) -> None:
        """Insert everything, parents first."""
        for table in metadata.sorted_tables:
            rows = self.rows.get(table.name, [])
            # Bulk insertion takes its columns from the first row: every row must name all of them.
            names = [column.name for column in table.columns]
            full = [{name: row.get(name) for name in names} for row in rows]
            for start in range(0, len(full), BATCH):
                connection.execute(sa.insert(table), full[start : start + BATCH])
            if full and "id" in table.c:
                follow_given_ids(connection, table)


def fill(pattern: str, rng: random.Random) -> str:
    """A pattern with each ``#`` replaced by a digit."""
    return re.sub("#", lambda _: str(rng.randrange(10)), pattern)


def weighted(rng: random.Random, shares: dict[T, float] | Sequence[tuple[T, float]]) -> T:
    """One of the keys, drawn by its share."""
    pairs = list(shares.items()) if isinstance(shares, dict) else list(shares)
    return rng.choices([key for key, _ in pairs], [share for _, share in pairs])[0]
