"""Customers out of the database, with what their orders say about them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ShopError
from bot.settings import ShopRules
from bot.shop.exchange import read_rates
from bot.shop.tables import customers, orders, payments, refunds
from bot.shop.values import Customer, Money, OrderState, PaymentState, RefundState

# Read in every turn of a known buyer: made once.
_BY_ID = sa.select(customers).where(customers.c.id == sa.bindparam("customer", type_=sa.Integer))


def read_customer(connection: Connection, customer_id: int) -> Customer | None:
    """The customer; None if unknown."""
    row = connection.execute(_BY_ID, {"customer": customer_id}).one_or_none()
    if row is None:
        return None
    return Customer(
        id=row.id,
        number=row.number,
        name=row.name,
        email=row.email,
        phone=row.phone,
        language=row.language,
        country=row.country,
        timezone=row.timezone,
        consents_to_notices=row.consents_to_notices,
        consents_to_marketing=row.consents_to_marketing,
        points=row.points,
    )


def completed_orders(
    connection: Connection, customer_id: int, before: dt.datetime | None = None, but: str | None = None
) -> int:
    """How many of the customer's orders were delivered: all, or those placed before a moment, but for one."""
    condition = (orders.c.customer_id == customer_id) & (orders.c.state == OrderState.DELIVERED.value)
    if before is not None:
        condition &= orders.c.placed_at < before
    if but is not None:
        condition &= orders.c.number != but
    return int(connection.execute(sa.select(sa.func.count()).where(condition)).scalar_one())


def paid_total(connection: Connection, customer_id: int, rules: ShopRules) -> Money:
    """All that was paid less what was given back, in the store's currency.

    Sums in currencies without an exchange rate are left out: they must not keep a buyer from being greeted.
    """
    paid = _sums(
        connection,
        customer_id,
        payments,
        payments.c.state.in_([PaymentState.CAPTURED.value, PaymentState.REFUNDED.value]),
    )
    back = _sums(
        connection,
        customer_id,
        refunds,
        refunds.c.state.in_([RefundState.SENT.value, RefundState.ARRIVED.value]),
    )
    total = Money.zero(rules.store.currency)
    rates = read_rates(connection)
    for currency in {**paid, **back}:
        amount = Money(paid.get(currency, 0) - back.get(currency, 0), currency)
        try:
            total += rates.convert(amount, total.currency)
        except ShopError:
            continue
    return total


def _sums(connection: Connection, customer_id: int, table: sa.Table, condition: Any) -> dict[str, int]:
    rows = connection.execute(
        sa.select(table.c.currency, sa.func.sum(table.c.amount_minor))
        .join(orders, orders.c.id == table.c.order_id)
        .where((orders.c.customer_id == customer_id) & condition)
        .group_by(table.c.currency)
    )
    return {currency: int(total) for currency, total in rows}
