"""What each group holds, counted: kept with it, so that no page ever counts a hundred thousand messages."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import Database
from bot.training.tables import review_groups, review_items
from bot.training.values import ItemState

_OPEN = {ItemState.WAITING: "waiting", ItemState.SECOND: "second", ItemState.DISPUTED: "disputed"}
#: Values in one statement.
_BATCH = 500


def recount(connection: Connection, groups: Collection[int]) -> None:
    """Count the messages of these groups anew; groups without any go.

    Idempotent. Needed wherever messages change their state or go.
    """
    wanted = list(groups)
    for start in range(0, len(wanted), _BATCH):
        _recount(connection, wanted[start : start + _BATCH])


def recount_stale(database: Database) -> int:
    """Count those groups anew whose messages went by age, a few at a time; returns how many they were.

    Reads all groups: nothing for a process that somebody waits for.
    """
    counts = [_count(kind).label(column) for kind, column in _OPEN.items()]
    now = sa.select(review_items.c.group_id, *counts).group_by(review_items.c.group_id).subquery()
    differs = sa.or_(
        now.c.group_id.is_(None),
        *(now.c[column] != review_groups.c[column] for column in _OPEN.values()),
    )
    with database.begin() as connection:
        stale = (
            connection.execute(
                sa.select(review_groups.c.id)
                .outerjoin(now, now.c.group_id == review_groups.c.id)
                .where(differs)
            )
            .scalars()
            .all()
        )
    for start in range(0, len(stale), _BATCH):
        with database.begin() as connection:
            recount(connection, stale[start : start + _BATCH])
    return len(stale)


def _count(kind: ItemState) -> Any:
    return sa.func.sum(sa.case((review_items.c.state == kind.value, 1), else_=0))


def _recount(connection: Connection, groups: list[int]) -> None:
    state = review_items.c.state
    counts = [_count(kind).label(column) for kind, column in _OPEN.items()]
    worth = sa.func.sum(sa.case((state == ItemState.WAITING.value, review_items.c.doubt), else_=0.0))
    counted = {
        row.group_id: row
        for row in connection.execute(
            sa.select(review_items.c.group_id, *counts, worth.label("worth"))
            .where(review_items.c.group_id.in_(groups))
            .group_by(review_items.c.group_id)
        )
    }
    own = review_groups.c
    stored = connection.execute(
        sa.select(own.id, own.waiting, own.second, own.disputed, own.worth).where(own.id.in_(groups))
    ).all()
    for row in stored:
        now = counted.get(row.id)
        if now is None:
            continue
        values = {column: int(getattr(now, column)) for column in _OPEN.values()}
        changed = any(values[column] != getattr(row, column) for column in values)
        if changed or abs(now.worth - row.worth) > 1e-6:
            connection.execute(
                review_groups.update().where(own.id == row.id).values(**values, worth=float(now.worth))
            )
    empty = [row.id for row in stored if row.id not in counted]
    if empty:
        connection.execute(review_groups.delete().where(own.id.in_(empty)))
