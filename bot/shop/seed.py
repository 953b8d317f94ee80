"""A made-up store to try everything on: the same seed and day make the same rows, always."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ShopError
from bot.shop import tables
from bot.shop.seeding.book import Book
from bot.shop.seeding.goods import write_goods, write_terms
from bot.shop.seeding.people import write_people
from bot.shop.seeding.sales import Till
from bot.shop.values import Refusal

CUSTOMERS = 2000
ORDERS = 5000


def seed(
    connection: Connection,
    seed: int,
    today: dt.date,
    *,
    customers: int = CUSTOMERS,
    orders: int = ORDERS,
) -> Mapping[str, int]:
    """Fill an empty shop with a believable store; says how many rows each table got.

    200 products with their variants, coupons, exchange rates, customers in 25 countries and orders in every
    state with every fault. All that has happened lies before ``today`` began (UTC); promises lie around it.

    Raises:
        ShopError: ``not_empty`` if there are products, customers or orders already.
    """
    if not is_empty(connection):
        raise ShopError("the shop has data already: seed an empty database", code=Refusal.NOT_EMPTY.value)
    book = Book()
    rng = random.Random(f"{seed} {today.isoformat()}")
    items = write_goods(book, rng, today)
    buyers = write_people(book, rng, customers)
    write_terms(book, rng, today, customers)
    Till(book, rng, items, today).write_orders(buyers, orders)
    book.write(connection)
    return MappingProxyType({name: len(rows) for name, rows in book.rows.items()})


def is_empty(connection: Connection) -> bool:
    """Whether the shop has neither products nor customers nor orders."""
    return not any(
        connection.execute(sa.select(table.c.id).limit(1)).first()
        for table in (tables.products, tables.customers, tables.orders)
    )
