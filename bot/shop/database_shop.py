"""The shop in the store's own database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.errors import ShopError
from bot.settings import ShopRules
from bot.shop import exchange, policy
from bot.shop.actions import Actions, as_arguments
from bot.shop.catalogue_reading import product_of, products_like
from bot.shop.customers import completed_orders, paid_total, read_customer
from bot.shop.numbers import nearest, normal_number
from bot.shop.once import Made, once
from bot.shop.order_reading import read_orders, trace_of
from bot.shop.tables import orders, refunds, remarks, returns, traces
from bot.shop.values import (
    Customer,
    DoubleCharge,
    Money,
    Order,
    Product,
    Refund,
    Refusal,
    Remark,
    RemarkColour,
    Return,
    ReturnReason,
    Trace,
)


class DatabaseShop:
    """Implements ``bot.shop.port.Shop`` over the caller's unit of work."""

    def __init__(self, connection: Connection, rules: ShopRules, clock: Clock) -> None:
        self._connection = connection
        self._rules = rules
        self._clock = clock

    def now(self) -> dt.datetime:
        """The moment that policies are judged at."""
        return self._clock.now()

    def product(self, code: str) -> Product | None:
        """The product of this code or SKU."""
        return product_of(self._connection, code)

    def products_named(self, words: str, limit: int = 3) -> Sequence[Product]:
        """Products that are meant by these words, likeliest first."""
        return products_like(self._connection, words, limit)

    def order(self, number: str) -> Order | None:
        """The order of this number, however it is written."""
        found = read_orders(self._connection, orders.c.number == self._normal(number))
        return found[0] if found else None

    def orders_of(self, customer_id: int, limit: int = 10) -> Sequence[Order]:
        """The customer's orders, newest first."""
        return read_orders(self._connection, orders.c.customer_id == customer_id, limit=limit)

    def customer(self, customer_id: int) -> Customer | None:
        """The customer."""
        return read_customer(self._connection, customer_id, self._rules)

    def is_returning(self, customer_id: int, current: str | None = None) -> bool:
        """Whether an order was delivered before the current one."""
        if current is None:
            return completed_orders(self._connection, customer_id) > 0
        number = self._normal(current)
        placed = sa.select(orders.c.placed_at).where(orders.c.number == number)
        before = self._connection.execute(placed).scalar()
        return completed_orders(self._connection, customer_id, before, number) > 0

    def is_valued(self, customer_id: int) -> bool:
        """Whether the customer has paid enough, over time, to be a valued one."""
        from_here = Money.of(self._rules.store.vip_from, self._rules.store.currency)
        return paid_total(self._connection, customer_id, self._rules) >= from_here

    def nearest_order_number(self, customer_id: int, typed: str) -> str | None:
        """The one of the customer's own numbers that was meant."""
        number = normal_number(typed, self._rules.patterns)
        if number is None:
            return None
        own = self._connection.execute(sa.select(orders.c.number).where(orders.c.customer_id == customer_id))
        return nearest(number, own.scalars())

    def convert(self, amount: Money, currency: str) -> Money:
        """The amount in another currency."""
        return exchange.convert(self._connection, amount, currency)

    def request_return(
        self, order_number: str, line_ids: Sequence[int], reason: ReturnReason, *, key: str
    ) -> Return:
        """Open a return of whole order lines."""
        number = self._normal(order_number)
        lines = sorted(set(line_ids))
        made = self._once(
            key,
            "request_return",
            lambda actions: actions.request_return(number, lines, reason),
            number=number,
            lines=lines,
            reason=reason.value,
        )
        return self._return(made["return_id"])

    def record_return_parcel(self, return_id: int, tracking_number: str, *, key: str) -> Return:
        """Note that the buyer has sent the goods."""
        made = self._once(
            key,
            "record_return_parcel",
            lambda actions: actions.record_return_parcel(return_id, tracking_number),
            return_id=return_id,
            tracking_number=tracking_number,
        )
        return self._return(made["return_id"])

    def request_refund(
        self,
        order_number: str,
        amount: Money | None,
        reason: ReturnReason,
        *,
        key: str,
        return_id: int | None = None,
    ) -> Refund:
        """Ask for money back."""
        number = self._normal(order_number)
        made = self._once(
            key,
            "request_refund",
            lambda actions: actions.request_refund(number, amount, reason, return_id),
            number=number,
            amount=amount,
            reason=reason.value,
            return_id=return_id,
        )
        order = self._order_with(refunds, made["refund_id"])
        return next(refund for refund in order.refunds if refund.id == made["refund_id"])

    def report_double_charge(self, order_number: str, *, key: str) -> DoubleCharge:
        """Ask finance to give back what was taken twice."""
        number = self._normal(order_number)
        made = self._once(
            key,
            "report_double_charge",
            lambda actions: actions.report_double_charge(number),
            number=number,
        )
        order = self._order_with(refunds, made["refund_ids"][0])
        asked = tuple(refund for refund in order.refunds if refund.id in made["refund_ids"])
        paid = {refund.payment_id for refund in asked}
        extra = tuple(one for one in order.payments if one.id in paid)
        first = next(
            (first for first, later in policy.duplicate_charges(order) if later.id in paid),
            next((one for one in order.payments if one.id not in paid), extra[0]),
        )
        hours = dt.timedelta(hours=self._rules.payment.double_charge_hours)
        return DoubleCharge(order.number, first, extra, asked, min(one.requested_at for one in asked) + hours)

    def open_trace(self, shipment_id: int, *, key: str) -> Trace:
        """Ask logistics to search for a parcel."""
        made = self._once(
            key, "open_trace", lambda actions: actions.open_trace(shipment_id), shipment_id=shipment_id
        )
        found = self._connection.execute(sa.select(traces).where(traces.c.id == made["trace_id"])).one()
        return trace_of(found)

    def add_remark(
        self, order_number: str, colour: RemarkColour, author: str, text: str, *, key: str
    ) -> Remark:
        """Leave a note on an order."""
        number = self._normal(order_number)
        made = self._once(
            key,
            "add_remark",
            lambda actions: actions.add_remark(number, colour, author, text),
            number=number,
            colour=colour.value,
            author=author,
            text=text,
        )
        order = self._order_with(remarks, made["remark_id"])
        return next(remark for remark in order.remarks if remark.id == made["remark_id"])

    def _once(
        self,
        key: str,
        kind: str,
        act: Callable[[Actions], tuple[int, Made]],
        **arguments: Any,
    ) -> Made:
        now = self._clock.now()
        actions = Actions(self._connection, self._rules, now)
        return once(self._connection, key, kind, as_arguments(arguments), now, lambda: act(actions))

    def _normal(self, typed: str) -> str:
        """The number as the database has it; what looks like none is looked for as it was typed."""
        return normal_number(typed, self._rules.patterns) or typed.strip()

    def _return(self, return_id: int) -> Return:
        order = self._order_with(returns, return_id)
        return next(back for back in order.returns if back.id == return_id)

    def _order_with(self, table: sa.Table, row_id: int) -> Order:
        found = read_orders(
            self._connection, orders.c.id.in_(sa.select(table.c.order_id).where(table.c.id == row_id))
        )
        if not found:
            raise ShopError("what this action made is gone", code=Refusal.UNKNOWN_ORDER.value)
        return found[0]
