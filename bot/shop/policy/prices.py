"""Policy on prices that fall after an order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bot.settings import ShopRules
from bot.shop.policy.days import local_day
from bot.shop.values import Money, Order, OrderLine, Product


class FallenPrice(NamedTuple):
    """A line that costs less now than it did when it was ordered."""

    line: OrderLine
    #: For all its pieces, in the order's currency.
    difference: Money


def price_protected_until(order: Order, rules: ShopRules) -> dt.date | None:
    """The last day on which a fallen price is paid back; None where it never is."""
    days = rules.payment.price_protection_days
    return local_day(order.placed_at, order.timezone) + dt.timedelta(days=days) if days else None


def fallen_prices(
    order: Order, products: Mapping[str, Product | None], convert: Callable[[Money, str], Money]
) -> Sequence[FallenPrice]:
    """The lines whose list price is lower now, by more than what exchange rates make of it.

    ``products`` are those of the lines, by SKU; ``convert`` brings money to another currency.
    """
    fallen = []
    for line in order.lines:
        product = products.get(line.sku)
        variant = next((one for one in product.variants if one.sku == line.sku), None) if product else None
        if variant is None:
            continue
        now = convert(variant.price, order.currency)
        one = line.price - now
        # A foreign price moves with the rates from day to day: that is no fall.
        if one.minor * 100 > line.price.minor:
            fallen.append(FallenPrice(line, one * line.quantity))
    return fallen
