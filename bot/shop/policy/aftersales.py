"""Policy on goods that a buyer has: what an exchange costs, what is sent again, who pays a way back."""

from __future__ import annotations

import datetime as dt
import re

from bot.settings import ShopRules
from bot.shop.exchange import Rates
from bot.shop.policy.days import local_day
from bot.shop.policy.lanes import lane_of
from bot.shop.policy.returns import FreightPayer, freight_payer
from bot.shop.values import (
    Money,
    Order,
    OrderLine,
    Product,
    RefundState,
    Return,
    ReturnReason,
    ReturnState,
    Variant,
)

#: A shelf life ("good for …") is no warranty.
_MONTHS = re.compile(r"(\d+)[ -]months?\b")


def price_difference(line: OrderLine, variant: Variant, rates: Rates) -> Money:
    """What the buyer owes for getting this variant instead of a line's, for all pieces; below zero: is owed.

    A price that is the same but for an exchange rate that moved is no difference.

    Raises:
        ShopError: ``no_rate``.
    """
    one = rates.convert(variant.price, line.price.currency) - line.price
    # Less than a hundredth is the day's rate.
    return Money(0 if abs(one.minor) * 100 <= line.price.minor else one.minor * line.quantity, one.currency)


def variants_for(product: Product, line: OrderLine) -> list[Variant]:
    """The other variants of a line's product of which there are enough pieces, whatever they cost."""
    return [one for one in product.variants if one.sku != line.sku and one.stock >= line.quantity]


def leaves_by(now: dt.datetime, order: Order, rules: ShopRules) -> dt.date:
    """The day by which what is decided now leaves the warehouse."""
    return local_day(now + dt.timedelta(hours=rules.shipping.dispatch_hours), order.timezone)


def reaches_by(now: dt.datetime, order: Order, rules: ShopRules) -> dt.date:
    """The day by which what is sent again should arrive; without a lane, as far as the longest takes."""
    lane = lane_of(order.ship_to.country, rules)
    lanes = [lane] if lane is not None else list(rules.lanes.values())
    days = max(next(iter(one.services.values())).days[1] for one in lanes)
    return leaves_by(now, order, rules) + dt.timedelta(days=days)


def is_agreed(order: Order, back: Return) -> bool:
    """Whether the store takes these goods back: not while a supervisor decides on it, nor after a no."""
    decided = all(
        one.state is not RefundState.AWAITING_APPROVAL for one in order.refunds if one.return_id == back.id
    )
    return back.state is not ReturnState.REFUSED and (decided or back.state is not ReturnState.REQUESTED)


def freight_is_ours(order: Order, back: Return) -> bool:
    """Whether the way back of these goods is at the store's cost, if it is agreed."""
    return (
        is_agreed(order, back) and back.goods_come_back and freight_payer(back.reason) is FreightPayer.STORE
    )


def freight_repaid(order: Order, return_id: int) -> bool:
    """Whether the freight of this return was paid back, or is about to be."""
    return any(
        refund.return_id == return_id
        and refund.reason is ReturnReason.RETURN_FREIGHT
        and refund.state is not RefundState.DECLINED
        for refund in order.refunds
    )


def freight_back(order: Order, carrier: str, rules: ShopRules, rates: Rates) -> Money:
    """What is paid back for a way back with this carrier, in the order's currency.

    Raises:
        ShopError: ``no_rate``.
    """
    by_carrier = rules.returns.freight_back
    most = Money.of(by_carrier.get(carrier, by_carrier["other"]), rules.store.currency)
    return rates.convert(most, order.currency)


def warranty_until(product: Product, order: Order) -> dt.date | None:
    """The last day of the product's warranty; None where the catalogue names no months, or nothing came."""
    told = _MONTHS.match(product.facts.get("warranty", ""))
    if told is None or order.delivered_at is None:
        return None
    day = local_day(order.delivered_at, order.timezone)
    years, month = divmod(day.month - 1 + int(told.group(1)), 12)
    first = dt.date(min(day.year + years, dt.MAXYEAR - 1), month + 1, 1)
    following = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return min(first + dt.timedelta(days=day.day - 1), following - dt.timedelta(days=1))
