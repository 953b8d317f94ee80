"""Finds an order for each situation that buyers write about: for demonstrations and conversation tests.

Situations are found by looking at the orders, nothing is stored about them: what policy calls stuck or late
at the given moment is what the sample shows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.settings import ShopRules
from bot.shop import policy
from bot.shop.catalogue_reading import product_of
from bot.shop.customers import completed_orders, paid_total
from bot.shop.exchange import Rates, read_rates
from bot.shop.order_reading import read_orders
from bot.shop.tables import customers, orders
from bot.shop.values import (
    ON_ITS_WAY,
    DelayCause,
    LineState,
    Money,
    Order,
    OrderSample,
    OrderState,
    PaymentState,
    Product,
    RefundState,
    ReturnReason,
    ReturnState,
    ShipmentState,
)

#: Orders read at once while looking for samples.
BATCH = 200


@dataclass(frozen=True)
class _Look:
    """One order at one moment."""

    connection: Connection
    order: Order
    rules: ShopRules
    rates: Rates
    now: dt.datetime
    #: Products by SKU, read once for all orders.
    products: dict[str, Product | None] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Nothing is being returned, refunded or traced, and the money is as it should be."""
        order = self.order
        traced = any(parcel.trace for parcel in order.shipments)
        paid = sum(one.amount.minor for one in policy.received(order))
        return not (order.returns or order.refunds or traced) and paid == order.total.minor

    @property
    def cause(self) -> DelayCause | None:
        causes = [parcel.delay_cause for parcel in self.order.shipments if parcel.delay_cause]
        return causes[-1] if causes else None

    @property
    def is_stuck(self) -> bool:
        return any(
            policy.is_stuck(parcel, self.rules, self.now, self.order.ship_to.country)
            for parcel in self.order.shipments
        )

    @property
    def is_late(self) -> bool:
        return policy.promised_late(self.order, self.now)

    def moves_well(self, *states: OrderState) -> bool:
        """It is in one of these states, on time and without trouble."""
        trouble = self.cause or self.is_stuck or self.is_late
        backordered = any(line.state is LineState.BACKORDERED for line in self.order.lines)
        return self.is_plain and self.order.state in states and not trouble and not backordered

    def has_payment(self, state: PaymentState) -> bool:
        return any(payment.state is state for payment in self.order.payments)

    @property
    def waits_paid(self) -> bool:
        """Paid, on time and not packed."""
        return self.moves_well(OrderState.PAID) and not _dispatch_is_late(self)

    @property
    def total(self) -> Money:
        """What was paid, in the store's currency."""
        return self.rates.convert(self.order.total, self.rules.store.currency)

    @property
    def is_swappable(self) -> bool:
        """Each line's product has another variant that can take its place."""
        products = {line.id: self._sold_as(line.sku) for line in self.order.lines}
        return all(
            product is not None and policy.replacements(product, line)
            for line in self.order.lines
            for product in [products[line.id]]
        )

    @property
    def is_returnable(self) -> bool:
        lines = [line.id for line in self.order.lines]
        return self.is_plain and policy.return_refusal(self.order, lines, self.rules, self.now) is None

    @property
    def goods(self) -> Money:
        """What all goods of the order are worth in the store's currency."""
        lines = [line.id for line in self.order.lines]
        value = policy.return_value(self.order, lines, ReturnReason.CHANGED_MIND)
        return self.rates.convert(value, self.rules.store.currency)

    @property
    def must_come_back(self) -> bool:
        return policy.goods_must_come_back(self.goods, self.rules, self.rates)

    @property
    def product(self) -> Product | None:
        """What was bought, where that is one thing."""
        lines = self.order.lines
        return self._sold_as(lines[0].sku) if len(lines) == 1 else None

    @property
    def is_exchangeable(self) -> bool:
        """Another variant is there at the same price."""
        return len(self.order.lines) == 1 and self.is_swappable

    @property
    def has_first_help(self) -> bool:
        return self.product is not None and "troubleshooting" in self.product.facts

    @property
    def warranty_until(self) -> dt.date | None:
        """Where the time in which a fault is settled at once is over, and the catalogue has no first help."""
        if not self.is_plain or self.order.state is not OrderState.DELIVERED or self.has_first_help:
            return None
        if self.product is None or policy.is_in_window(self.order, self.rules, self.now, ReturnReason.FAULTY):
            return None
        return policy.warranty_until(self.product, self.order)

    def _sold_as(self, sku: str) -> Product | None:
        if sku not in self.products:
            self.products[sku] = product_of(self.connection, sku)
        return self.products[sku]

    def has_return(self, state: ReturnState) -> bool:
        return [back.state for back in self.order.returns] == [state]

    def has_refund(self, state: RefundState, *, late: bool = False) -> bool:
        refunds = self.order.refunds
        is_cancelled = self.order.state is OrderState.CANCELLED
        if is_cancelled or [refund.state for refund in refunds] != [state]:
            return False
        return policy.is_refund_late(refunds[0], self.order, self.rules, self.now) is late

    @property
    def completed_before(self) -> int:
        return completed_orders(
            self.connection, self.order.customer_id, self.order.placed_at, self.order.number
        )

    @property
    def is_valued(self) -> bool:
        least = Money.of(self.rules.store.vip_from, self.rules.store.currency)
        return paid_total(self.connection, self.order.customer_id, self.rules) >= least


def _unpaid(look: _Look) -> bool:
    return look.order.state is OrderState.UNPAID and not policy.received(look.order)


def _wrong_amount(look: _Look) -> bool:
    paid = policy.received(look.order)
    return len(paid) == 1 and paid[0].amount != look.order.total and not look.order.refunds


def _dispatch_is_late(look: _Look) -> bool:
    return policy.is_dispatch_late(look.order, look.rules, look.now)


def _just_delivered(look: _Look) -> bool:
    delivered = look.order.delivered_at
    recently = delivered is not None and look.now - delivered < dt.timedelta(days=3)
    return look.is_plain and look.order.state is OrderState.DELIVERED and recently


def _out_of_window(look: _Look) -> bool:
    is_delivered = look.is_plain and look.order.state is OrderState.DELIVERED
    return is_delivered and not policy.is_in_window(look.order, look.rules, look.now)


def _under_warranty(look: _Look) -> bool:
    until = look.warranty_until
    return until is not None and until > look.now.date()


def _warranty_over(look: _Look) -> bool:
    until = look.warranty_until
    return until is not None and until < look.now.date()


def _two_parcels(look: _Look) -> bool:
    parcels = [parcel.state for parcel in look.order.shipments]
    return look.is_plain and len(parcels) > 1 and parcels.count(ShipmentState.DELIVERED) == 1


def _delayed_by(cause: DelayCause) -> Callable[[_Look], bool]:
    return lambda look: look.is_plain and look.cause is cause


def _returning(state: ReturnState) -> Callable[[_Look], bool]:
    return lambda look: look.has_return(state)


def _refunding(state: RefundState) -> Callable[[_Look], bool]:
    return lambda look: look.has_refund(state)


#: Every situation and how it is recognised.
SITUATIONS: Mapping[str, Callable[[_Look], bool]] = {
    "unpaid": lambda look: _unpaid(look) and not look.order.payments,
    "unpaid_pending": lambda look: _unpaid(look) and look.has_payment(PaymentState.PENDING),
    "unpaid_declined": lambda look: _unpaid(look) and look.has_payment(PaymentState.DECLINED),
    "paid_not_registered": lambda look: look.order.state is OrderState.UNPAID and look.is_plain,
    "charged_twice": lambda look: bool(policy.duplicate_charges(look.order)) and not look.order.refunds,
    "wrong_amount": _wrong_amount,
    "paid": lambda look: look.moves_well(OrderState.PAID) and not _dispatch_is_late(look),
    "paid_within_authority": lambda look: (
        look.waits_paid and look.total <= policy.authority_limit(look.rules)
    ),
    "paid_above_authority": lambda look: look.waits_paid and look.total > policy.authority_limit(look.rules),
    "paid_swappable": lambda look: look.waits_paid and len(look.order.lines) == 1 and look.is_swappable,
    "packed": lambda look: look.moves_well(OrderState.PACKED),
    "not_shipped_in_time": lambda look: look.is_plain and _dispatch_is_late(look),
    "missed_by_warehouse": _delayed_by(DelayCause.WAREHOUSE_MISSED),
    "oversold": lambda look: any(line.state is LineState.BACKORDERED for line in look.order.lines),
    "shipped": lambda look: look.moves_well(OrderState.SHIPPED),
    "in_transit": lambda look: look.moves_well(OrderState.IN_TRANSIT),
    "at_customs": lambda look: look.moves_well(OrderState.AT_CUSTOMS),
    "out_for_delivery": lambda look: look.moves_well(OrderState.OUT_FOR_DELIVERY),
    "two_parcels": _two_parcels,
    "late": lambda look: look.is_plain and look.is_late and not (look.cause or look.is_stuck),
    "stuck": lambda look: look.is_plain and look.is_stuck,
    **{f"delay_{cause.value}": _delayed_by(cause) for cause in DelayCause},
    "delivered": lambda look: look.moves_well(OrderState.DELIVERED) and not _just_delivered(look),
    "delivered_not_received": _just_delivered,
    "returnable": lambda look: look.is_returnable and look.must_come_back,
    "returnable_within_authority": lambda look: (
        look.is_returnable and look.must_come_back and look.goods <= policy.authority_limit(look.rules)
    ),
    "returnable_above_authority": lambda look: (
        look.is_returnable and look.goods > policy.authority_limit(look.rules)
    ),
    "returnable_to_keep": lambda look: look.is_returnable and not look.must_come_back,
    "returnable_several_lines": lambda look: look.is_returnable and len(look.order.lines) > 1,
    "out_of_window": _out_of_window,
    "exchangeable": lambda look: look.is_returnable and look.must_come_back and look.is_exchangeable,
    "with_first_help": lambda look: look.is_returnable and look.has_first_help,
    "under_warranty": _under_warranty,
    "warranty_over": _warranty_over,
    **{f"return_{state.value}": _returning(state) for state in ReturnState},
    **{f"refund_{state.value}": _refunding(state) for state in RefundState},
    "refund_late": lambda look: look.has_refund(RefundState.SENT, late=True),
    "returned": lambda look: look.order.state is OrderState.RETURNED,
    "cancelled": lambda look: look.order.state is OrderState.CANCELLED and not look.order.payments,
    "cancelled_refunded": lambda look: look.order.state is OrderState.CANCELLED and bool(look.order.refunds),
    "new_buyer": lambda look: look.order.state in ON_ITS_WAY and look.completed_before == 0,
    "returning_buyer": lambda look: (
        look.order.state in ON_ITS_WAY and look.completed_before > 0 and not look.is_valued
    ),
    "valued_buyer": lambda look: look.order.state in ON_ITS_WAY and look.is_valued,
}


def situations(connection: Connection, rules: ShopRules, clock: Clock) -> dict[str, OrderSample]:
    """A new order for each situation that the store has, in the order of ``SITUATIONS``.

    Reads as far back as it must, and prefers a buyer who speaks the fallback language among the orders it has
    read by then; a situation that no order is in is missing. Changes nothing. The same data and moment give
    the same samples.
    """
    found: dict[str, OrderSample] = {}
    rates, now = read_rates(connection), clock.now()
    known: dict[str, Product | None] = {}
    missing, improvable = set(SITUATIONS), set(SITUATIONS)
    for order in _newest_first(connection):
        look = _Look(connection, order, rules, rates, now, known)
        for name in sorted(name for name in improvable if SITUATIONS[name](look)):
            sample = _sample(connection, order)
            if sample.language == rules.fallback_language:
                improvable.discard(name)
            elif name not in missing:
                continue
            missing.discard(name)
            found[name] = sample
        if not missing:
            break
    return {name: found[name] for name in SITUATIONS if name in found}


def _newest_first(connection: Connection) -> Iterator[Order]:
    last = None
    while True:
        condition = sa.true() if last is None else orders.c.id < last
        newest = sa.select(orders.c.id).where(condition).order_by(orders.c.id.desc()).limit(BATCH)
        ids = list(connection.execute(newest).scalars())
        if not ids:
            return
        last = min(ids)
        yield from read_orders(connection, orders.c.id.in_(ids))


def _sample(connection: Connection, order: Order) -> OrderSample:
    buyer = connection.execute(sa.select(customers).where(customers.c.id == order.customer_id)).one()
    parcels = [parcel.tracking_number for parcel in order.shipments if parcel.tracking_number]
    return OrderSample(
        number=order.number,
        email=order.email,
        phone=order.ship_to.phone or buyer.phone,
        customer_id=order.customer_id,
        name=buyer.name,
        language=buyer.language,
        country=order.ship_to.country,
        details={
            "state": order.state.value,
            "total": f"{order.total.major} {order.currency}",
            "items": "; ".join(line.title for line in order.lines),
            "tracking": ", ".join(parcels),
        },
    )
