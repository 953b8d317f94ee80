"""Policy on prices that buyers bargain for, and on prices by quantity: nothing here looks at words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from bot.settings import ShopRules
from bot.shop.policy.lanes import lane_of
from bot.shop.values import Money, Order, Product

#: Brings money to another currency.
Convert = Callable[[Money, str], Money]


class Ladder(NamedTuple):
    """What may be conceded on a price."""

    #: The list price of the product, or the goods' sum of the order.
    price: Money
    #: What each refusal gets in all, the first one first; empty where nothing may be conceded.
    steps: tuple[Money, ...]
    #: The most that anybody may grant: then the floor is reached.
    most: Money


class PriceBreak(NamedTuple):
    """The price of one piece from so many pieces on."""

    pieces: int
    price: Money


def product_ladder(product: Product, rules: ShopRules, convert: Convert) -> Ladder:
    """What may be conceded on one piece of a product, by the variant with the least room above its floor."""
    rooms = [convert(one.price - one.floor, product.price.currency).minor for one in product.variants]
    room = Money(max(min(rooms, default=0), 0), product.price.currency)
    return _ladder(product.price, room, rules, convert)


def order_ladder(
    order: Order, products: Mapping[str, Product | None], rules: ShopRules, convert: Convert, given: Money
) -> Ladder:
    """What may be conceded on an order in all; ``products`` are those of its lines, by SKU.

    ``given`` was conceded before. A line whose product left the catalogue has no known floor, so no room.
    """
    goods, room = Money.zero(order.currency), Money.zero(order.currency) - order.discount + given
    for line in order.lines:
        goods += line.total
        product = products.get(line.sku)
        variant = next((one for one in product.variants if one.sku == line.sku), None) if product else None
        if variant is not None:
            spare = line.price - convert(variant.floor, order.currency)
            room += spare * line.quantity
    return _ladder(goods, Money(max(room.minor, 0), order.currency), rules, convert)


def _ladder(price: Money, room: Money, rules: ShopRules, convert: Convert) -> Ladder:
    own = rules.authority.discount
    whole = Money.of(own.amount, own.currency)
    most = convert(whole, price.currency)
    if convert(most, own.currency) > whole:
        # Rounded up on the way.
        most -= Money(1, most.currency)
    share = _part(price, own.percent)
    limit = Money(max(min(most.minor, share.minor, room.minor), 0), price.currency)
    steps = dict.fromkeys(_part(limit, percent) for percent in rules.bargaining.steps)
    return Ladder(price, tuple(step for step in steps if step), room)


def price_breaks(product: Product, rules: ShopRules) -> Sequence[PriceBreak]:
    """The price of one piece by quantity, never below a floor of the product's variants."""
    floor = max((one.floor.minor for one in product.variants), default=product.price.minor)
    breaks = []
    for pieces, percent in sorted(rules.wholesale.breaks.items()):
        cut = _part(product.price, percent)
        breaks.append(PriceBreak(pieces, Money(max(product.price.minor - cut.minor, floor), cut.currency)))
    return breaks


def price_for(quantity: int, breaks: Sequence[PriceBreak]) -> PriceBreak | None:
    """The break that a quantity reaches; None where it reaches none."""
    return next((one for one in reversed(breaks) if quantity >= one.pieces), None)


def freight_estimate(quantity: int, country: str, rules: ShopRules) -> Money | None:
    """What it costs to send so many pieces to a country; None where no lane goes there."""
    lane = lane_of(country, rules)
    if lane is None:
        return None
    service = next(iter(lane.services.values()))
    parcels = math.ceil(quantity / rules.wholesale.pieces_per_parcel)
    return Money.of(service.cost, rules.store.currency) * parcels


def _part(amount: Money, percent: Decimal) -> Money:
    """So many percent, rounded against the buyer: a limit is never passed by a cent."""
    part = Decimal(amount.minor) * percent / 100
    return Money(int(part.quantize(Decimal(1), rounding=ROUND_DOWN)), amount.currency)
