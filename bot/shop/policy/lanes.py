"""Policy on where parcels go: by which lane, how long they take, and what is not sent there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from bot.settings import LaneRules, ServiceRules, ShopRules
from bot.shop.values import Product


def lane_of(country: str, rules: ShopRules) -> LaneRules | None:
    """The lane that serves a country; None: the store does not send there."""
    return next((lane for lane in rules.lanes.values() if country in lane.countries), None)


def served(rules: ShopRules) -> Sequence[str]:
    """Every country that the store sends to, in the order of ``shop.yml``."""
    return [country for lane in rules.lanes.values() for country in lane.countries]


def arrival(service: ServiceRules, today: dt.date) -> dt.date:
    """The day by which something ordered today should arrive."""
    return today + dt.timedelta(days=service.days[1])


def is_sent(product: Product, country: str, rules: ShopRules) -> bool:
    """Whether this product may be sent to a country."""
    lane = lane_of(country, rules)
    return lane is not None and product.category not in lane.not_sent


def stuck_days(country: str, rules: ShopRules) -> int:
    """Days without a scan after which a parcel to this country counts as stuck."""
    lane = lane_of(country, rules)
    own = lane.stuck_days if lane is not None else None
    return rules.shipping.stuck_days if own is None else own
