"""A seeded store, copied for each test, at one fixed moment."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database, follow_given_ids, metadata
from bot.settings import ROOT, ShopRules, read_rules
from bot.shop.exchange import Rates
from bot.shop.seed import seed
from bot.shop.situations import situations
from bot.shop.values import (
    Address,
    LineState,
    Money,
    Order,
    OrderLine,
    OrderSample,
    OrderState,
    Payment,
    PaymentState,
    Shipment,
    ShipmentState,
)
from tests.peers.postgres import Server

TODAY = dt.date(2026, 3, 16)
NOW = dt.datetime(2026, 3, 16, 9, 30, tzinfo=dt.timezone.utc)


@pytest.fixture(scope="session")
def rules() -> ShopRules:
    return read_rules(ROOT / "shop.yml")


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


def _open(path: Path) -> Database:
    database = Database(f"sqlite:///{path}")
    metadata.create_all(database.engine)
    return database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty shop."""
    opened = _open(tmp_path / "empty.sqlite")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def seeded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seeded") / "shop.sqlite"
    opened = _open(path)
    with opened.begin() as connection:
        seed(connection, 7, TODAY, customers=800, orders=2000)
    opened.close()
    return path


@pytest.fixture(scope="session")
def seeded_name(postgres: Server, empty_database: str, seeded_file: Path) -> str:
    """The name of a database of PostgreSQL with the very same rows, to be copied."""
    name = postgres.create(empty_database)
    file, server = Database(f"sqlite:///{seeded_file}"), Database(postgres.url(name))
    with file.begin() as source, server.begin() as target:
        there = sa.inspect(source).get_table_names()
        for table in (one for one in metadata.sorted_tables if one.name in there):
            rows = [dict(row) for row in source.execute(sa.select(table)).mappings()]
            if rows:
                target.execute(table.insert(), rows)
            if rows and "id" in table.c:
                follow_given_ids(target, table)
    file.close()
    server.close()
    return name


@pytest.fixture
def seeded(
    backend: str, seeded_file: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Database]:
    """The seeded shop, this test's own copy."""
    if backend == "sqlite":
        path = tmp_path / "shop.sqlite"
        shutil.copy(seeded_file, path)
        url = f"sqlite:///{path}"
    else:
        server: Server = request.getfixturevalue("postgres")
        name = server.create(request.getfixturevalue("seeded_name"))
        url = server.url(name)
    opened = Database(url)
    yield opened
    opened.close()
    if backend != "sqlite":
        server.drop(name)


@pytest.fixture(scope="session")
def samples(seeded_file: Path, rules: ShopRules) -> dict[str, OrderSample]:
    """An order of the seeded shop for each situation."""
    opened = Database(f"sqlite:///{seeded_file}")
    with opened.begin() as connection:
        found = situations(connection, rules, SetClock(NOW))
    opened.close()
    return found


@pytest.fixture
def rates() -> Rates:
    from decimal import Decimal

    return Rates({"EUR": Decimal(1), "USD": Decimal("1.25"), "JPY": Decimal(160)})


MakeOrder = Callable[..., Order]


@pytest.fixture
def make_order() -> MakeOrder:
    """Makes an order of 40.00 + 20.00 EUR, delivered to Germany two days ago; anything can be changed."""

    def make(**changes: Any) -> Order:
        lines = (
            OrderLine(1, 1, "A-1", "Jacket", 1, Money(4000, "EUR"), LineState.DELIVERED),
            OrderLine(2, 2, "B-1", "Cup", 2, Money(1000, "EUR"), LineState.DELIVERED),
        )
        placed = NOW - dt.timedelta(days=12)
        delivered = NOW - dt.timedelta(days=2)
        parcel = Shipment(
            id=1,
            number="SH-1",
            carrier="DHL",
            tracking_number="JD0000000001",
            state=ShipmentState.DELIVERED,
            shipped_at=placed + dt.timedelta(days=1),
            expected_on=delivered.date(),
            delivered_at=delivered,
            delay_cause=None,
            events=(),
        )
        whole = Order(
            id=1,
            number="CD-100001",
            customer_id=1,
            state=OrderState.DELIVERED,
            placed_at=placed,
            promised_on=(placed + dt.timedelta(days=14)).date(),
            currency="EUR",
            total=Money(6000, "EUR"),
            discount=Money(0, "EUR"),
            freight=Money(0, "EUR"),
            ship_to=Address("Lena Vogt", "Goetheweg 1", "Leipzig", "", "04109", "DE", "+4915223432001"),
            email="lena@mail.example",
            timezone="Europe/Berlin",
            paid_at=placed,
            packed_at=placed + dt.timedelta(hours=9),
            lines=lines,
            payments=(
                Payment(
                    1, "card", PaymentState.CAPTURED, Money(6000, "EUR"), placed, "PAY-1", None, "Visa 4242"
                ),
            ),
            shipments=(parcel,),
        )
        return replace(whole, **changes)

    return make
