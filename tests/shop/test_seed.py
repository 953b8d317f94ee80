from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter

import phonenumbers
import pytest
import sqlalchemy as sa

from bot.database import Database, metadata
from bot.errors import ShopError
from bot.settings import ROOT, read_rules
from bot.shop import policy, tables
from bot.shop.numbers import normal_number
from bot.shop.order_reading import read_orders
from bot.shop.seed import is_empty, seed
from bot.shop.seeding.data import categories, read
from bot.shop.situations import SITUATIONS, situations
from bot.shop.values import DelayCause, LineState, OrderState, PaymentState, RefundState, ReturnState

TODAY = dt.date(2026, 3, 16)
MIDNIGHT = dt.datetime(2026, 3, 16, tzinfo=dt.timezone.utc)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory):
    """The store in its full size."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('full') / 'shop.sqlite'}")
    metadata.create_all(database.engine)
    with database.begin() as connection:
        counts = seed(connection, 1, TODAY)
    yield database, counts
    database.close()


@pytest.fixture(scope="module")
def all_orders(full):
    database, _ = full
    with database.begin() as connection:
        return read_orders(connection, sa.true())


def digest(database: Database) -> str:
    made = hashlib.sha256()
    with database.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name in tables.__dict__:
                for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns)):
                    made.update(json.dumps([table.name, *row], default=str).encode())
    return made.hexdigest()


def seeded(path, number: int, today: dt.date) -> str:
    database = Database(f"sqlite:///{path}")
    metadata.create_all(database.engine)
    with database.begin() as connection:
        seed(connection, number, today, customers=120, orders=300)
    made = digest(database)
    database.close()
    return made


def test_the_same_seed_and_day_make_the_same_rows(tmp_path) -> None:
    first = seeded(tmp_path / "a.sqlite", 1, TODAY)
    assert seeded(tmp_path / "b.sqlite", 1, TODAY) == first
    assert seeded(tmp_path / "c.sqlite", 2, TODAY) != first
    assert seeded(tmp_path / "d.sqlite", 1, TODAY + dt.timedelta(days=1)) != first


def test_the_store_is_as_large_as_it_should_be(full) -> None:
    _, counts = full
    assert counts["products"] == 200
    assert counts["variants"] >= 600
    assert counts["customers"] == 2000
    assert counts["orders"] == 5000


def test_a_shop_with_data_is_not_seeded(full) -> None:
    database, _ = full
    with database.begin() as connection:
        assert not is_empty(connection)
        with pytest.raises(ShopError, match="empty database") as refused:
            seed(connection, 1, TODAY)
    assert refused.value.code == "not_empty"


def test_every_situation_has_an_order(full) -> None:
    database, _ = full
    rules = read_rules(ROOT / "shop.yml")

    class Morning:
        def now(self) -> dt.datetime:
            return MIDNIGHT + dt.timedelta(hours=8)

    with database.begin() as connection:
        found = situations(connection, rules, Morning())
    assert set(found) == set(SITUATIONS)
    assert all(sample.email and sample.phone for sample in found.values())


def test_every_state_and_fault_occurs(all_orders) -> None:
    states = Counter(order.state for order in all_orders)
    assert min(states[state] for state in OrderState) >= 25
    causes = Counter(parcel.delay_cause for order in all_orders for parcel in order.shipments)
    assert min(causes[cause] for cause in DelayCause) >= 25
    refunds = Counter(refund.state for order in all_orders for refund in order.refunds)
    assert min(refunds[state] for state in RefundState) >= 10
    returns = Counter(back.state for order in all_orders for back in order.returns)
    assert min(returns[state] for state in ReturnState) >= 10
    payments = Counter(payment.state for order in all_orders for payment in order.payments)
    declined, pending = payments[PaymentState.DECLINED], payments[PaymentState.PENDING]
    assert min(declined, pending) >= 25
    assert sum(bool(policy.duplicate_charges(order)) for order in all_orders) >= 50
    backordered = [
        line for order in all_orders for line in order.lines if line.state is LineState.BACKORDERED
    ]
    assert len(backordered) >= 25


def test_all_that_has_happened_lies_before_the_day_and_in_its_order(all_orders) -> None:
    for order in all_orders:
        moments = [order.placed_at]
        moments += [order.paid_at] if order.paid_at else []
        moments += [order.packed_at] if order.packed_at else []
        assert moments == sorted(moments), order.number
        moments += [payment.at for payment in order.payments]
        for parcel in order.shipments:
            scans = [event.at for event in parcel.events]
            assert scans == sorted(scans)
            moments += scans
            if parcel.delivered_at:
                assert parcel.delivered_at == scans[-1]
        for refund in order.refunds:
            steps = [refund.requested_at, refund.approved_at, refund.sent_at, refund.arrived_at]
            known = [step for step in steps if step]
            assert known == sorted(known)
            moments += known
        moments += [back.requested_at for back in order.returns]
        moments += [remark.at for remark in order.remarks]
        moments += [order.cancelled_at] if order.cancelled_at else []
        assert max(moments) < MIDNIGHT, order.number
        assert min(moments) == order.placed_at, order.number


def test_the_sums_of_an_order_agree(all_orders) -> None:
    for order in all_orders:
        goods = sum(line.total.minor for line in order.lines)
        assert order.total.minor == goods - order.discount.minor + order.freight.minor
        assert order.total.minor > 0
        for refund in order.refunds:
            assert 0 < refund.amount.minor <= order.total.minor


def test_states_fit_the_parcels(all_orders) -> None:
    for order in all_orders:
        if order.state in (OrderState.UNPAID, OrderState.CANCELLED):
            assert order.shipments == ()
        if order.state in (OrderState.DELIVERED, OrderState.RETURNED):
            assert order.delivered_at is not None
        for parcel in order.shipments:
            assert bool(parcel.tracking_number) is (parcel.shipped_at is not None)
        if order.state is OrderState.OUT_FOR_DELIVERY and order.shipments[-1].delay_cause is None:
            assert order.promised_on is not None
            assert order.promised_on >= TODAY


def test_numbers_look_as_shop_yml_says(all_orders) -> None:
    rules = read_rules(ROOT / "shop.yml")
    import re

    patterns = [re.compile(pattern) for pattern in rules.patterns.tracking_number]
    for order in all_orders:
        assert order.number.startswith("CD-1")
        assert normal_number(order.number, rules.patterns) == order.number
        for parcel in order.shipments:
            number = parcel.tracking_number
            assert not number or any(pattern.fullmatch(number) for pattern in patterns), number


def test_methods_and_currencies_are_those_of_shop_yml(all_orders) -> None:
    rules = read_rules(ROOT / "shop.yml")
    assert {order.currency for order in all_orders} == set(rules.payment.currencies)
    methods = {payment.method for order in all_orders for payment in order.payments}
    assert methods == set(rules.payment.methods)


def test_customers_live_all_over_the_world_and_can_be_reached(full) -> None:
    database, _ = full
    rules = read_rules(ROOT / "shop.yml")
    with database.begin() as connection:
        people = connection.execute(sa.select(tables.customers)).all()
    assert len({person.country for person in people}) == 25
    assert {person.language for person in people} == set(rules.languages)
    assert len({person.email for person in people}) == len(people)
    assert len({person.phone for person in people}) == len(people)
    for person in people:
        assert person.email.endswith(".example")
        assert person.email.isascii()
        number = phonenumbers.parse(person.phone)
        assert phonenumbers.is_valid_number(number), person.phone
        assert phonenumbers.region_code_for_number(number) == person.country, person.phone
        assert all((person.name, person.street, person.city))


def test_products_are_fit_to_be_asked_about(full) -> None:
    database, _ = full
    with database.begin() as connection:
        goods = connection.execute(sa.select(tables.products)).all()
        parts = connection.execute(sa.select(tables.variants)).all()
    assert len({row.category for row in goods}) == 5
    assert len({row.name for row in goods}) == len(goods)
    codes = {row.code for row in goods}
    for row in goods:
        assert {"weight", "material", "origin", "warranty"} <= set(row.facts), row.name
        assert set(row.goes_with) <= codes - {row.code}
        assert all(isinstance(fact, str) and fact for fact in row.facts.values())
    stock = Counter(0 if row.stock == 0 else 1 if row.stock <= 5 else 2 for row in parts)
    assert min(stock[0], stock[1]) >= 30
    assert any(row.stock == 0 and row.restock_on for row in parts)
    assert any(row.stock == 0 and not row.restock_on for row in parts)
    for row in parts:
        assert 0 < row.floor_minor < row.price_minor
        assert row.restock_on is None or row.restock_on > TODAY
    assert sum(bool(row.size_chart) for row in goods) >= 20


def test_the_catalogue_files_hold_nothing_but_known_keys() -> None:
    """An unquoted comma inside braces would cut a name in two without a word."""
    known = {"name", "price", "weight", "dimensions", "material", "text", "facts", "sizes", "colours"}
    for name in categories():
        for group in read(name)["groups"]:
            for product in group["products"]:
                assert set(product) <= known | {"certificates"}, product
