"""Which process has which door open: told by each process of itself, and forgotten when it falls silent."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import shared_now
from bot.sharing.tables import doors

#: A process tells its doors' states this often, in seconds.
EVERY = 15.0
#: Silent for longer, it counts as gone; after more time its rows go.
SILENT, FORGOTTEN = dt.timedelta(seconds=60), dt.timedelta(hours=1)


#: What the name of a model begins with that a process's workers serve with, or refuse.
MODEL = "model "


class DoorState(str, enum.Enum):
    """How a door stands in one process."""

    #: It is being opened, or stands by.
    OPENING = "opening"
    OPEN = "open"
    #: The outside is away: it is tried again.
    WAITING = "waiting"
    #: Until a person acts.
    CLOSED = "closed"


@dataclass(frozen=True)
class Door:
    """How a door stands in one process."""

    #: Such as ``channel web``.
    name: str
    #: The process: its host, its id and something unique.
    holder: str
    state: DoorState
    #: Why it is not open, or what is wrong although it is; empty if nothing is.
    why: str
    #: Since when, by that process's clock.
    since: dt.datetime


def tell(connection: Connection, holder: str, mine: Sequence[Door], *, alone: bool = False) -> None:
    """Write down how all doors of a process stand, in place of what it told before.

    Args:
        connection: a unit of work.
        holder: the process.
        mine: its doors; none: it ends.
        alone: whether no other process can serve: what others told is then over.
    """
    now = shared_now(connection)
    gone = (doors.c.seen_at < now - FORGOTTEN) | (doors.c.seen_at > now)
    connection.execute(doors.delete().where(sa.true() if alone else (doors.c.holder == holder) | gone))
    for door in mine:
        connection.execute(
            doors.insert().values(
                name=door.name,
                holder=holder,
                state=door.state.value,
                why=door.why,
                since=door.since,
                seen_at=now,
            )
        )


def listed(connection: Connection) -> Sequence[Door]:
    """How the doors of all processes stand that have not fallen silent, by name."""
    now = shared_now(connection)
    rows = connection.execute(
        sa.select(doors)
        .where(doors.c.seen_at > now - SILENT, doors.c.seen_at <= now)
        .order_by(doors.c.name, doors.c.holder)
    )
    return [Door(row.name, row.holder, DoorState(row.state), row.why, row.since) for row in rows]
