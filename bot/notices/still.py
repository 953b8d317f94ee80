"""Whether what is to be told is still true: asked again when it is told, however long it had to wait."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.notices import finding
from bot.notices.kinds import Notice, NoticeKind
from bot.settings import ShopRules
from bot.shop.catalogue_reading import product_of
from bot.shop.tables import order_lines, orders, returns, shipments, traces, variants


def is_true(
    connection: Connection, rules: ShopRules, notice: Notice, customer_id: int | None, now: dt.datetime
) -> bool:
    """Whether there is still reason to tell it, to this buyer."""
    match notice.kind:
        case NoticeKind.RESTOCK:
            return in_stock(connection, notice.product or "")
        case NoticeKind.NOT_BOUGHT:
            return not _bought(connection, notice.product or "", customer_id)
        case NoticeKind.UNPAID:
            condition = sa.and_(finding.is_unpaid(), sa.not_(finding.PART_PAID))
        case NoticeKind.BALANCE:
            condition = sa.and_(finding.is_unpaid(), finding.PART_PAID)
        case NoticeKind.LATE:
            condition = finding.is_late(rules, now)
        case NoticeKind.DELIVERED:
            condition = sa.and_(finding.is_delivered(), sa.not_(_gone_wrong()))
    theirs = sa.and_(orders.c.number == notice.order_number, orders.c.customer_id == customer_id)
    return bool(connection.execute(sa.select(orders.c.id).where(theirs, condition)).first())


def in_stock(connection: Connection, code: str) -> bool:
    """Whether there are pieces of a SKU, or of any variant of a product."""
    own = connection.execute(sa.select(variants.c.stock).where(variants.c.sku == code)).scalar()
    if own is not None:
        return bool(own > 0)
    product = product_of(connection, code)
    return product is not None and any(variant.stock > 0 for variant in product.variants)


def _bought(connection: Connection, code: str, customer_id: int | None) -> bool:
    """Whether the buyer has an order with a variant of the product."""
    product = product_of(connection, code)
    if product is None:
        # Nobody is asked about what is no longer sold.
        return True
    own = (
        sa.select(order_lines.c.id)
        .join(orders, orders.c.id == order_lines.c.order_id)
        .where(
            orders.c.customer_id == customer_id,
            order_lines.c.sku.in_([variant.sku for variant in product.variants]),
        )
    )
    return connection.execute(own.limit(1)).first() is not None


def _gone_wrong() -> Any:
    """Of an order of which something came back, or was looked for."""
    searched = (
        sa.exists().where(shipments.c.order_id == orders.c.id).where(traces.c.shipment_id == shipments.c.id)
    )
    return sa.or_(sa.exists().where(returns.c.order_id == orders.c.id), searched)
