"""Up to where turns were looked at, for each of those who look at them once and in order."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.training.tables import review_places

#: On a server, a turn that began earlier may be committed later.
SETTLING = dt.timedelta(seconds=60)


def place_of(connection: Connection, name: str) -> tuple[int, dt.datetime]:
    """The number up to which was looked, and when; 0 and the beginning of time where nobody did."""
    row = connection.execute(
        sa.select(review_places.c.value, review_places.c.at).where(review_places.c.name == name)
    ).one_or_none()
    return (0, dt.datetime.min.replace(tzinfo=dt.timezone.utc)) if row is None else (row.value, row.at)


def move(connection: Connection, name: str, value: int, now: dt.datetime) -> None:
    """Note up to where was looked."""
    changed = connection.execute(
        review_places.update().where(review_places.c.name == name).values(value=value, at=now)
    )
    if changed.rowcount == 0:
        connection.execute(review_places.insert().values(name=name, value=value, at=now))
