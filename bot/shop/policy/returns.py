"""Policy on goods that come back."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from bot.settings import ShopRules
from bot.shop.exchange import Rates
from bot.shop.policy.days import local_day
from bot.shop.values import Money, Order, OrderState, Refusal, ReturnReason, ReturnState

#: The cause lies with us: freight is ours, both ways.
OUR_FAULT = frozenset(
    {
        ReturnReason.DAMAGED,
        ReturnReason.WRONG_ITEM,
        ReturnReason.MISSING_ITEM,
        ReturnReason.NOT_AS_DESCRIBED,
        ReturnReason.FAULTY,
        ReturnReason.NOT_RECEIVED,
    }
)


class FreightPayer(str, enum.Enum):
    """Who pays for a parcel's way back."""

    BUYER = "buyer"
    STORE = "store"


class ReturnWindow(NamedTuple):
    """Until when an order may be returned."""

    #: In the buyer's time zone; None while the order has not been delivered.
    last_day: dt.date | None
    #: From the day of delivery.
    days: int


def return_window(order: Order, rules: ShopRules, reason: ReturnReason | None = None) -> ReturnWindow:
    """Until when the order may be returned: counted from the delivery of its last parcel.

    With a ``reason`` that lies with us, until when it may be reported, which is never earlier.
    """
    days = rules.returns.window_days_by_country.get(order.ship_to.country, rules.returns.window_days)
    if reason in OUR_FAULT:
        days = max(days, rules.faults.days)
    if order.delivered_at is None:
        return ReturnWindow(None, days)
    return ReturnWindow(local_day(order.delivered_at, order.timezone) + dt.timedelta(days=days), days)


def is_in_window(
    order: Order, rules: ShopRules, now: dt.datetime, reason: ReturnReason | None = None
) -> bool:
    """Whether the order may be returned today for this reason, where the buyer lives."""
    last_day = return_window(order, rules, reason).last_day
    return last_day is not None and local_day(now, order.timezone) <= last_day


def return_refusal(
    order: Order,
    line_ids: Sequence[int],
    rules: ShopRules,
    now: dt.datetime,
    reason: ReturnReason | None = None,
) -> Refusal | None:
    """Why these lines cannot be returned; None if they can."""
    if not line_ids or not set(line_ids) <= {line.id for line in order.lines}:
        return Refusal.UNKNOWN_LINE
    if order.state is OrderState.RETURNED:
        return Refusal.ALREADY_RETURNED
    if order.state is not OrderState.DELIVERED:
        return Refusal.NOT_DELIVERED
    if returning_lines(order) & set(line_ids):
        return Refusal.ALREADY_RETURNED
    return None if is_in_window(order, rules, now, reason) else Refusal.WINDOW_CLOSED


def returning_lines(order: Order) -> frozenset[int]:
    """The ids of lines that are in a return which was not refused."""
    taken = (back.line_ids for back in order.returns if back.state is not ReturnState.REFUSED)
    return frozenset(line_id for ids in taken for line_id in ids)


def freight_payer(reason: ReturnReason) -> FreightPayer:
    """Who pays for the way back."""
    return FreightPayer.STORE if reason in OUR_FAULT else FreightPayer.BUYER


def goods_value(order: Order, line_ids: Iterable[int]) -> Money:
    """What the buyer paid for these lines: less their share of the order's discount."""
    wanted = set(line_ids)
    goods = sum(line.total.minor for line in order.lines if line.id in wanted)
    every = sum(line.total.minor for line in order.lines)
    share = Decimal(order.discount.minor) * goods / every if every else Decimal(0)
    return Money(goods - int(share.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)), order.currency)


def return_value(order: Order, line_ids: Sequence[int], reason: ReturnReason) -> Money:
    """What the buyer gets back for these lines.

    The order's freight is given back with them where all lines come back and the cause is ours.
    """
    value = goods_value(order, line_ids)
    if {line.id for line in order.lines} <= set(line_ids) and reason in OUR_FAULT:
        value += order.freight
    return value


def part_refund(order: Order, line_ids: Iterable[int], reason: ReturnReason, rules: ShopRules) -> Money:
    """What goes back for these lines where the buyer keeps them as they are; nothing: it isn't offered."""
    percent = {str(name): share for name, share in rules.faults.part_refund.items()}.get(reason.value, 0)
    share = Decimal(goods_value(order, line_ids).minor) * percent / 100
    return Money(int(share.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)), order.currency)


def worth_of_way_back(order: Order, line_ids: Iterable[int]) -> Money:
    """The value of these lines and of all goods of the order which the buyer was let keep before.

    Whether goods are worth the way back is judged by it: a dear order must not be kept line by line. Freight
    that is refunded makes them worth no more.
    """
    kept = (
        line_id
        for back in order.returns
        if not back.goods_come_back and back.state is not ReturnState.REFUSED
        for line_id in back.line_ids
    )
    return goods_value(order, {*line_ids, *kept})


def goods_must_come_back(value: Money, rules: ShopRules, rates: Rates) -> bool:
    """Whether goods of this value are worth the way back.

    Raises:
        ShopError: ``no_rate``.
    """
    currency = rules.store.currency
    return rates.convert(value, currency) >= Money.of(rules.returns.keep_below, currency)


def send_by(order: Order, rules: ShopRules, now: dt.datetime) -> dt.date:
    """The last day on which returned goods may be handed to a carrier: as long again as the window has."""
    return local_day(now, order.timezone) + dt.timedelta(days=return_window(order, rules).days)
