"""Leases: of all processes of a store, one at a time does what must not be done twice at once.

A lease ends by a clock that all share, so that the hosts' clocks need not agree. Whoever takes it gets a
number that only grows: whoever had it before can neither prolong nor end it (the fence).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import lock_now, shared_after, shared_now
from bot.errors import LostLeaseError
from bot.sharing.tables import leases

#: Nobody takes a lease for longer. What seems to last longer was given before that clock was set
#: back, and counts as over.
LONGEST = dt.timedelta(seconds=60)


@dataclass(frozen=True)
class Lease:
    """Proof that somebody holds something."""

    name: str
    holder: str
    #: The fence.
    number: int


_STANDING = sa.select(leases).where(leases.c.name == sa.bindparam("lease"))
_IF_HELD = leases.update().where(
    leases.c.name == sa.bindparam("lease"),
    leases.c.holder == sa.bindparam("by"),
    leases.c.number == sa.bindparam("fence"),
)


def take(connection: Connection, name: str, holder: str, *, length: dt.timedelta) -> Lease | None:
    """Take a lease if nobody else holds it. Idempotent for its holder.

    Args:
        connection: a unit of work for this alone.
        name: what to hold, at most 200 characters.
        holder: who, unique for ever.
        length: until when, unless it is extended; at most ``LONGEST``.
    """
    # Most times somebody has it: this is seen without waiting for anybody.
    if _is_held(connection, name, holder):
        return None
    # From here on nobody else takes it.
    lock_now(connection, _lock_of(name))
    now = shared_now(connection)
    row = connection.execute(_STANDING, {"lease": name}).one_or_none()
    if row is None:
        connection.execute(leases.insert().values(name=name, holder=holder, until=now + length, number=1))
        return Lease(name, holder, 1)
    held = _lasts(row.until, now)
    if held and row.holder != holder:
        return None
    number = row.number if held else row.number + 1
    connection.execute(
        leases.update().where(leases.c.name == name).values(holder=holder, until=now + length, number=number)
    )
    return Lease(name, holder, number)


def extend(connection: Connection, held: Lease, *, length: dt.timedelta) -> None:
    """Hold it for ``length`` from now on.

    Raises:
        LostLeaseError: another has it.
    """
    if not extend_all(connection, [held], length=length):
        raise LostLeaseError


def extend_all(connection: Connection, held: Collection[Lease], *, length: dt.timedelta) -> frozenset[Lease]:
    """Hold several for ``length`` from now on, in one statement; returns those that nobody else has."""
    pairs = [(one.name, one.number) for one in held]
    holders = {one.holder for one in held}
    mine = sa.and_(leases.c.holder.in_(holders), sa.tuple_(leases.c.name, leases.c.number).in_(pairs))
    changed = connection.execute(leases.update().where(mine).values(until=shared_after(connection, length)))
    if changed.rowcount == len(held):
        return frozenset(held)
    kept = {(row.name, row.holder, row.number) for row in connection.execute(sa.select(leases).where(mine))}
    return frozenset(one for one in held if (one.name, one.holder, one.number) in kept)


def release(connection: Connection, held: Lease) -> None:
    """Let go of it, so that another takes it at once. Idempotent; whoever lost it releases nothing."""
    connection.execute(_IF_HELD.values(until=shared_after(connection, dt.timedelta())), _parameters(held))


def _lock_of(name: str) -> str:
    return f"lease {name}"


def _is_held(connection: Connection, name: str, holder: str) -> bool:
    row = connection.execute(_STANDING, {"lease": name}).one_or_none()
    return row is not None and row.holder != holder and _lasts(row.until, shared_now(connection))


def _lasts(until: dt.datetime, now: dt.datetime) -> bool:
    return now < until <= now + LONGEST


def _parameters(held: Lease) -> dict[str, object]:
    return {"lease": held.name, "by": held.holder, "fence": held.number}
