"""The store that is walked: seeded, in a throw-away file."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.dialogue.check.answers import World
from bot.settings import CodeRules, ShopRules
from bot.shop.seed import seed
from bot.shop.situations import situations
from bot.shop.tables import coupons, products
from bot.shop.values import OrderSample

#: The seed of the store.
SEED = 1
#: Enough for an order in every situation, few enough to be made quickly.
CUSTOMERS, ORDERS = 1200, 3000
#: A Monday noon in the queues' time zone: every queue is open.
NOON = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.timezone.utc)


def fill(url: str) -> None:
    """Fill a database that has every table and nothing in them."""
    database = Database(url)
    try:
        with database.begin() as connection:
            seed(connection, SEED, NOON.date(), customers=CUSTOMERS, orders=ORDERS)
    finally:
        database.close()


def with_codes(rules: ShopRules) -> ShopRules:
    """The rules, with one-time codes even where the store sends none: proven before they are used."""
    if rules.identity.one_time_code is not None:
        return rules
    codes = CodeRules(channel=rules.channels[0], account="store")
    return rules.copy(update={"identity": rules.identity.copy(update={"one_time_code": codes})})


def look(database: Database, rules: ShopRules) -> tuple[dict[str, OrderSample], World]:
    """An order for each situation, and what a buyer can name."""
    with database.begin() as connection:
        samples = situations(connection, rules, SetClock(NOON))
        product = connection.execute(sa.select(products.c.code, products.c.name).limit(1)).one()
        coupon = connection.execute(sa.select(coupons.c.code).limit(1)).scalar_one()
    order = samples["returnable_within_authority"]
    other = next(one for one in samples.values() if one.customer_id != order.customer_id)
    return samples, World(
        {
            "number": order.number,
            "email": order.email,
            "other": other.number,
            "product": product.name,
            "code": product.code,
            "goods": product.name.split()[-1],
            "coupon": coupon,
        }
    )
