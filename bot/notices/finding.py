"""What the shop's data gives reason to write about: each found once, whoever changed the data and how."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.mailroom.tables import conversations
from bot.mailroom.tables import timers as timer_table
from bot.notices.kinds import Notice, NoticeKind, key_of
from bot.notices.tables import notices
from bot.settings import ShopRules
from bot.shop.states import LineState, OrderState, PaymentState
from bot.shop.tables import customers, order_lines, orders, payments, shipments

#: The most of one kind that one look finds; the next look goes on.
MOST = 200


def found(connection: Connection, rules: ShopRules, now: dt.datetime) -> Sequence[Notice]:
    """All that is to be told and for which no timer was ever set.

    Only of buyers who agreed to be written to, and whose conversation is known or who may get a first letter.
    """
    kinds = [kind for kind in NoticeKind if kind.value in rules.notices.kinds]
    return [notice for kind in kinds for notice in _of(kind, rules, now, connection)]


def _of(kind: NoticeKind, rules: ShopRules, now: dt.datetime, connection: Connection) -> Iterator[Notice]:
    told = rules.notices
    oldest = now - dt.timedelta(days=told.oldest_days)
    match kind:
        case NoticeKind.UNPAID | NoticeKind.BALANCE:
            part = PART_PAID if kind is NoticeKind.BALANCE else sa.not_(PART_PAID)
            first, *second = told.unpaid_hours
            old_enough = orders.c.placed_at.between(oldest, now - dt.timedelta(hours=first))
            yield from _orders(connection, rules, kind, sa.and_(is_unpaid(), part, old_enough))
            for hours in second:
                before = now - dt.timedelta(hours=hours - first)
                reminded = sa.exists().where(
                    sa.and_(notices.c.key == _key(kind, times=1), notices.c.at.between(oldest, before))
                )
                yield from _orders(connection, rules, kind, sa.and_(is_unpaid(), part, reminded), 2)
        case NoticeKind.LATE:
            yield from _orders(connection, rules, kind, is_late(rules, now) & (orders.c.paid_at > oldest))
        case NoticeKind.DELIVERED:
            since = now - dt.timedelta(days=told.delivered_days)
            arrived = sa.select(shipments.c.order_id).where(shipments.c.delivered_at.between(oldest, since))
            yield from _orders(connection, rules, kind, orders.c.id.in_(arrived) & is_delivered())


def _orders(
    connection: Connection, rules: ShopRules, kind: NoticeKind, condition: Any, times: int = 1
) -> Iterator[Notice]:
    """The orders of which it is true, each with its buyer's newest conversation, if there is one."""
    known = sa.exists().where(timer_table.c.key == _key(kind, times))
    by = rules.notices.first_letters
    writes_first = by is not None and by.channel in rules.channels
    reachable = sa.or_(
        conversations.c.id.isnot(None), sa.and_(sa.literal(writes_first), orders.c.email != "")
    )
    query = (
        sa.select(orders.c.number, conversations.c.id)
        .join(customers, customers.c.id == orders.c.customer_id)
        .outerjoin(
            conversations,
            (conversations.c.customer_id == customers.c.id) & conversations.c.channel.in_(rules.channels),
        )
        .where(condition, sa.not_(known), customers.c.consents_to_notices, reachable)
        .order_by(orders.c.id, conversations.c.last_at.desc(), conversations.c.id.desc())
        .limit(MOST)
    )
    before = None
    for number, talk in connection.execute(query).all():
        if number != before:
            yield Notice(kind, key_of(kind, number, times), talk, order_number=number)
        before = number


def _key(kind: NoticeKind, times: int) -> Any:
    """The key of an order's notice, of the order of the row that is looked at."""
    before, after = key_of(kind, "|", times).split("|")
    return sa.literal(before) + orders.c.number + sa.literal(after)


def is_unpaid() -> Any:
    """Of an order that waits for its payment."""
    return orders.c.state == OrderState.UNPAID.value


def is_late(rules: ShopRules, now: dt.datetime) -> Any:
    """Of a paid order that should have left the warehouse, or of which an article is sold out."""
    due = now - dt.timedelta(hours=rules.shipping.dispatch_hours)
    sold_out = sa.exists().where(
        sa.and_(order_lines.c.order_id == orders.c.id, order_lines.c.state == LineState.BACKORDERED.value)
    )
    paid = orders.c.state.in_([OrderState.PAID.value, OrderState.PACKED.value])
    return sa.and_(paid, sa.or_(orders.c.paid_at < due, sold_out))


def is_delivered() -> Any:
    """Of an order that arrived."""
    return orders.c.state == OrderState.DELIVERED.value


#: Of an order of which something was paid.
PART_PAID = sa.exists().where(
    sa.and_(payments.c.order_id == orders.c.id, payments.c.state == PaymentState.CAPTURED.value)
)
