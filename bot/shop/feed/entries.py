"""The feed's entries: written with the action, told in order, settled once."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import insert_once
from bot.shop.feed.tables import feed, shop_reads
from bot.shop.tables import orders

#: The waits between tries, in seconds; the last one is repeated for ever.
WAITS = (2, 10, 30, 120, 600, 1800, 3600)
#: The most entries of one look.
MOST = 50
#: What people do by hand: the buyer is not told of it, so nothing waits for it.
SILENT = frozenset({"add_remark"})
_LONGEST_NOTE = 200


class FeedState(str, enum.Enum):
    """Where an entry stands."""

    WAITING = "waiting"
    ACKNOWLEDGED = "acknowledged"
    #: The store's system cannot do it; what comes after it of the same order waits for a person.
    REFUSED = "refused"


@dataclass(frozen=True)
class Entry:
    """One action, as the store's own system is told."""

    id: int
    key: str
    kind: str
    order_number: str | None
    conversation_id: int | None
    turn_id: int | None
    body: Mapping[str, Any]
    held: Sequence[Mapping[str, Any]]
    state: FeedState
    attempts: int
    note: str | None
    created_at: dt.datetime

    @property
    def message(self) -> dict[str, Any]:
        """What goes out, as JSON."""
        return {
            "id": self.id,
            "key": self.key,
            "action": self.kind,
            "order": self.order_number,
            "at": self.created_at.isoformat(),
            **self.body,
        }


def enter(
    connection: Connection,
    key: str,
    kind: str,
    order_id: int | None,
    body: Mapping[str, Any],
    now: dt.datetime,
    *,
    conversation_id: int | None,
    turn_id: int | None,
) -> None:
    """Have an action told, in the unit of work that does it."""
    number = sa.select(orders.c.number).where(orders.c.id == order_id)
    connection.execute(
        feed.insert().values(
            key=key,
            kind=kind,
            order_id=order_id,
            order_number=connection.execute(number).scalar(),
            conversation_id=conversation_id,
            turn_id=turn_id,
            body=dict(body),
            held=[],
            state=FeedState.WAITING.value,
            attempts=0,
            not_before=now,
            created_at=now,
        )
    )


def hold(connection: Connection, turn_id: int, held: Sequence[Mapping[str, Any]]) -> None:
    """Keep what is said once all that this turn asked for is acknowledged."""
    last = sa.select(sa.func.max(feed.c.id)).where(feed.c.turn_id == turn_id).scalar_subquery()
    connection.execute(feed.update().where(feed.c.id == last).values(held=list(held)))


def due(connection: Connection, now: dt.datetime) -> Sequence[Entry]:
    """What is to be told now: of each order the oldest that is not acknowledged, if its time has come."""
    before = feed.alias()
    blocked = sa.exists().where(
        sa.and_(
            before.c.order_id == feed.c.order_id,
            before.c.id < feed.c.id,
            before.c.state != FeedState.ACKNOWLEDGED.value,
        )
    )
    ready = sa.and_(feed.c.state == FeedState.WAITING.value, feed.c.not_before <= now, sa.not_(blocked))
    return _read(connection, ready, MOST)


def of_turn(connection: Connection, turn_id: int) -> Sequence[Entry]:
    """All that a turn asked for, oldest first."""
    return _read(connection, feed.c.turn_id == turn_id)


def open_of(connection: Connection, order_number: str) -> Sequence[Entry]:
    """What of an order is not acknowledged yet, oldest first; of what buyers are told."""
    is_open = sa.and_(feed.c.state != FeedState.ACKNOWLEDGED.value, feed.c.kind.not_in(SILENT))
    return _read(connection, sa.and_(feed.c.order_number == order_number, is_open))


def not_acknowledged(connection: Connection, limit: int = 200) -> Sequence[Entry]:
    """What waits or was refused, oldest first."""
    return _read(connection, feed.c.state != FeedState.ACKNOWLEDGED.value, limit)


def counts(connection: Connection) -> Mapping[FeedState, int]:
    """How many there are in each state."""
    query = sa.select(feed.c.state, sa.func.count()).group_by(feed.c.state)
    return {FeedState(state): int(count) for state, count in connection.execute(query)}


def acknowledge(connection: Connection, entry: Entry, now: dt.datetime) -> bool:
    """The store's system has it; False if somebody settled it before."""
    return _write(connection, entry, state=FeedState.ACKNOWLEDGED.value, ended_at=now, note=None)


def refuse(connection: Connection, entry: Entry, why: str, now: dt.datetime) -> bool:
    """The store's system says no; False if somebody settled it before."""
    return _write(connection, entry, state=FeedState.REFUSED.value, note=why[:_LONGEST_NOTE], ended_at=now)


def put_off(
    connection: Connection, entry: Entry, why: str, now: dt.datetime, after: float | None = None
) -> bool:
    """Try again later: after so many seconds if it was said, else after a wait that grows with each try."""
    wait = WAITS[min(entry.attempts, len(WAITS) - 1)]
    later = now + dt.timedelta(seconds=max(wait, min(after or 0, WAITS[-1])))
    return _write(connection, entry, not_before=later, note=why[:_LONGEST_NOTE])


def retry(connection: Connection, now: dt.datetime, entry_id: int | None = None) -> int:
    """Have what waits or was refused tried at once, all of it or one; returns how many."""
    open_ones = feed.c.state != FeedState.ACKNOWLEDGED.value
    which = open_ones if entry_id is None else sa.and_(open_ones, feed.c.id == entry_id)
    again = {"state": FeedState.WAITING.value, "not_before": now, "ended_at": None}
    return int(connection.execute(feed.update().where(which).values(**again)).rowcount)


def read_at(connection: Connection) -> dt.datetime | None:
    """When the store's data were last loaded from its own system; None: never."""
    found: dt.datetime | None = connection.execute(sa.select(shop_reads.c.at)).scalar()
    return found


def note_read(connection: Connection, now: dt.datetime) -> None:
    """Note that they were loaded now."""
    connection.execute(insert_once(shop_reads)[connection.dialect.name], {"name": "import", "at": now})
    connection.execute(shop_reads.update().values(at=now))


def _write(connection: Connection, entry: Entry, **values: Any) -> bool:
    waiting = sa.and_(feed.c.state == FeedState.WAITING.value, feed.c.attempts == entry.attempts)
    done = connection.execute(
        feed.update().where(feed.c.id == entry.id, waiting).values(attempts=entry.attempts + 1, **values)
    )
    return bool(done.rowcount == 1)


def _read(connection: Connection, condition: Any, limit: int | None = None) -> Sequence[Entry]:
    rows = connection.execute(sa.select(feed).where(condition).order_by(feed.c.id).limit(limit))
    return tuple(
        Entry(
            id=row.id,
            key=row.key,
            kind=row.kind,
            order_number=row.order_number,
            conversation_id=row.conversation_id,
            turn_id=row.turn_id,
            body=row.body,
            held=row.held,
            state=FeedState(row.state),
            attempts=row.attempts,
            note=row.note,
            created_at=row.created_at,
        )
        for row in rows
    )
