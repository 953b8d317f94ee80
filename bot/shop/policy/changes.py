"""Policy on orders that a buyer cancels or changes: what can still be done, by the order's state."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from collections.abc import Sequence

from bot.settings import ShopRules
from bot.shop.policy.days import local_day
from bot.shop.policy.refunds import refundable
from bot.shop.values import Order, OrderLine, OrderState, Product, Variant


class CancelWay(str, enum.Enum):
    """What cancelling an order comes to."""

    #: Nothing was paid: the order is closed.
    CLOSE = "close"
    #: Paid and not packed: cancelled and refunded.
    REFUND = "refund"
    #: Packed and not handed over: the warehouse is asked to pull the parcel.
    PULL = "pull"
    #: On its way: the buyer refuses the parcel or returns it.
    SHIPPED = "shipped"
    #: Delivered: a return.
    DELIVERED = "delivered"
    #: Cancelled or returned already.
    OVER = "over"


def cancel_way(order: Order) -> CancelWay:
    """What cancelling the order comes to, as it stands now."""
    if order.state in (OrderState.CANCELLED, OrderState.RETURNED):
        return CancelWay.OVER
    if order.state is OrderState.DELIVERED:
        return CancelWay.DELIVERED
    if _has_left(order):
        return CancelWay.SHIPPED
    if order.state is OrderState.PACKED:
        return CancelWay.PULL
    return CancelWay.REFUND if refundable(order) else CancelWay.CLOSE


def can_change(order: Order) -> bool:
    """Whether the order may be changed without asking anybody: no part of it is packed yet."""
    return order.state in (OrderState.UNPAID, OrderState.PAID) and not _has_left(order)


def standing(order: Order) -> str:
    """What a question about an order was asked on: it must be the same when the buyer says yes.

    A digest of the state, what can be given back, what is in it and where it goes.
    """
    goods = [(line.id, line.sku, line.quantity) for line in order.lines]
    facts = (order.state.value, _has_left(order), refundable(order).minor, goods, order.ship_to)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


def replacements(product: Product, line: OrderLine) -> Sequence[Variant]:
    """The other variants of a line's product that can take its place: enough pieces, the same price."""
    bought = next((one for one in product.variants if one.sku == line.sku), None)
    if bought is None:
        return ()
    return [
        one
        for one in product.variants
        if one.sku != line.sku and one.price == bought.price and one.stock >= line.quantity
    ]


def protected_until(order: Order, extensions: int, rules: ShopRules) -> dt.date | None:
    """The last day of buyer protection after so many extensions; None while nothing is paid or promised."""
    if order.state is OrderState.UNPAID or order.promised_on is None:
        return None
    days = rules.protection.days + extensions * rules.protection.extend_days
    return order.promised_on + dt.timedelta(days=days)


def extended(order: Order, extensions: int, rules: ShopRules) -> dt.date | None:
    """The last day of buyer protection if it is extended once more."""
    return protected_until(order, extensions + 1, rules)


def can_extend(order: Order, extensions: int, rules: ShopRules, now: dt.datetime) -> bool:
    """Whether it may be extended once more: it still runs, and not so often yet."""
    until = protected_until(order, extensions, rules)
    runs = until is not None and local_day(now, order.timezone) <= until
    over = order.state in (OrderState.CANCELLED, OrderState.RETURNED)
    return runs and not over and extensions < rules.protection.times


def _has_left(order: Order) -> bool:
    """Whether the order, or the first of its parcels, is with the carrier."""
    waiting = (OrderState.UNPAID, OrderState.PAID, OrderState.PACKED)
    return order.state not in waiting or any(parcel.shipped_at is not None for parcel in order.shipments)
