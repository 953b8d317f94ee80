"""How far a buyer has bargained: one ladder for each order or basket, moved by refusals alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import insert_once
from bot.dialogue.tables import ladders

_INSERT = insert_once(ladders)


class LadderMovedError(RuntimeError):
    """Another conversation of the same buyer moved it at this moment; the turn is taken again."""


@dataclass(frozen=True)
class Bargain:
    """How far one buyer has bargained."""

    id: int
    conversation_id: int
    order_number: str | None
    product: str | None
    refusals: int
    granted_minor: int | None
    coupon: str | None
    begun_at: dt.datetime
    ends_at: dt.datetime | None


def of_order(
    connection: Connection, number: str, conversation_id: int, customer_id: int, now: dt.datetime
) -> Bargain:
    """The order's, begun if there is none."""
    return _begun(
        connection,
        f"order:{number}",
        conversation_id=conversation_id,
        customer_id=customer_id,
        order_number=number,
        begun_at=now,
    )


def of_basket(
    connection: Connection,
    product: str,
    conversation_id: int,
    customer_id: int | None,
    inbox_id: int,
    now: dt.datetime,
    days: int,
) -> Bargain:
    """The buyer's, for whatever they may buy; begun if none lasts.

    A buyer who is known is one on every channel: of several the one that went furthest counts. What it is
    about may become another product until something was conceded.
    """
    theirs = ladders.c.conversation_id == conversation_id
    if customer_id is not None:
        theirs = sa.or_(theirs, ladders.c.customer_id == customer_id)
    found = connection.execute(
        sa.select(ladders)
        .where(theirs, ladders.c.order_number.is_(None), ladders.c.ends_at > now)
        .order_by(ladders.c.granted_minor.is_(None), ladders.c.refusals.desc(), ladders.c.id)
        .limit(1)
    ).one_or_none()
    if found is None:
        return _begun(
            connection,
            f"basket:{inbox_id}",
            conversation_id=conversation_id,
            customer_id=customer_id,
            product=product,
            begun_at=now,
            ends_at=now + dt.timedelta(days=days),
        )
    changed: dict[str, Any] = {}
    if found.granted_minor is None and found.product != product:
        changed["product"] = product
    if customer_id is not None and found.customer_id is None:
        changed["customer_id"] = customer_id
    if changed:
        connection.execute(ladders.update().where(ladders.c.id == found.id).values(changed))
    return get(connection, found.id)


def get(connection: Connection, ladder_id: int) -> Bargain:
    """The ladder with this id."""
    return _of(connection.execute(sa.select(ladders).where(ladders.c.id == ladder_id)).one())


def refused(connection: Connection, bargain: Bargain) -> Bargain:
    """Count one refusal more.

    Raises:
        LadderMovedError: it is not as it was read.
    """
    return _moved(connection, bargain, refusals=bargain.refusals + 1)


def granted(connection: Connection, bargain: Bargain, minor: int, coupon: str | None) -> Bargain:
    """Note what was conceded; that ends it.

    Raises:
        LadderMovedError: it is not as it was read.
    """
    return _moved(connection, bargain, granted_minor=minor, coupon=coupon)


def _moved(connection: Connection, bargain: Bargain, **values: Any) -> Bargain:
    done = connection.execute(
        ladders.update()
        .where(
            ladders.c.id == bargain.id,
            ladders.c.refusals == bargain.refusals,
            ladders.c.granted_minor.is_(None),
        )
        .values(**values)
    )
    if done.rowcount != 1:
        raise LadderMovedError
    return get(connection, bargain.id)


def _begun(connection: Connection, subject: str, **values: Any) -> Bargain:
    row = {"subject": subject, "refusals": 0, **values}
    connection.execute(_INSERT[connection.dialect.name], row)
    return _of(connection.execute(sa.select(ladders).where(ladders.c.subject == subject)).one())


def _of(row: Any) -> Bargain:
    return Bargain(
        id=row.id,
        conversation_id=row.conversation_id,
        order_number=row.order_number,
        product=row.product,
        refusals=row.refusals,
        granted_minor=row.granted_minor,
        coupon=row.coupon,
        begun_at=row.begun_at,
        ends_at=row.ends_at,
    )
