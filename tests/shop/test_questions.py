from __future__ import annotations

import datetime as dt
from dataclasses import fields
from typing import get_type_hints

import pytest

from bot.database import UTCDateTime
from bot.dialogue.composing import TELL_NOTHING
from bot.errors import ShopError
from bot.shop import tables
from bot.shop.customers import completed_orders, paid_total
from bot.shop.database_shop import DatabaseShop
from bot.shop.port import Shop
from bot.shop.values import Money, Order


@pytest.fixture
def shop(seeded, rules, clock):
    with seeded.begin() as connection:
        # As a turn makes it.
        yield DatabaseShop(connection, rules, clock, tell_nothing=TELL_NOTHING)


def test_the_database_shop_offers_the_whole_port(shop) -> None:
    port: Shop = shop
    offered = [name for name in vars(Shop) if not name.startswith("_")]
    assert len(offered) > 15
    assert all(callable(getattr(port, name)) for name in offered)


def test_an_order_comes_with_all_that_belongs_to_it(shop, samples) -> None:
    order = shop.order(samples["refund_late"].number.lower())
    assert order is not None
    assert order.lines
    assert order.payments[0].amount.currency == order.currency
    assert [event.at for event in order.shipments[0].events] == sorted(
        event.at for event in order.shipments[0].events
    )
    assert order.returns[0].line_ids[0] in {line.id for line in order.lines}
    assert order.refunds[0].return_id == order.returns[0].id
    assert order.timezone
    assert order.total == sum((line.total for line in order.lines), order.freight) - order.discount


def test_every_time_is_aware(shop, samples) -> None:
    order = shop.order(samples["delivered"].number)
    assert order is not None
    assert get_type_hints(Order)["placed_at"] is dt.datetime
    for one in fields(order):
        value = getattr(order, one.name)
        if isinstance(value, dt.datetime):
            assert value.tzinfo is not None, one.name
    assert any(isinstance(column.type, UTCDateTime) for column in tables.orders.columns)


@pytest.mark.parametrize(
    "number",
    ["", "CD-999999", "nonsense", "'; drop table orders; --", "C" * 10_000],
    ids=lambda value: value[:20],
)
def test_an_unknown_order_is_none(shop, number) -> None:
    assert shop.order(number) is None


def test_a_customers_orders_come_newest_first_and_no_more_than_asked(shop, samples) -> None:
    customer_id = samples["valued_buyer"].customer_id
    all_of_them = shop.orders_of(customer_id, limit=100)
    assert len(all_of_them) > 2
    assert [order.placed_at for order in all_of_them] == sorted(
        (order.placed_at for order in all_of_them), reverse=True
    )
    assert shop.orders_of(customer_id, limit=2) == all_of_them[:2]
    assert {order.customer_id for order in all_of_them} == {customer_id}
    assert shop.orders_of(10**6) == []


def test_a_product_is_found_by_code_and_by_sku_in_any_case(shop) -> None:
    product = shop.product("ou-101")
    assert product is not None
    assert product.name == "Tindra Rain Jacket"
    assert shop.product(product.variants[-1].sku.lower()) == product
    assert product.price == min(variant.price for variant in product.variants)
    assert shop.product("") is None
    assert shop.product("%") is None
    assert shop.product("nothing") is None


def test_a_product_tells_its_sizes_colours_and_marks(shop) -> None:
    product = shop.product("OU-101")
    assert product is not None
    assert product.sizes == ("XS", "S", "M", "L", "XL")
    assert len(product.colours) == 2
    assert product.size_chart[2].size == "M"
    assert product.size_chart[2].body["chest"] == (94, 100)
    assert product.size_chart[2].equivalents["UK"] == "12-14"
    by_name = {mark.name: mark.countries for mark in product.certificates}
    assert by_name["OEKO-TEX Standard 100"] == ()
    assert "DE" in by_name["REACH"]
    assert shop.product(product.goes_with[0]) is not None


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Tindra Rain Jacket", "Tindra Rain Jacket"),
        ("tindra rain jaket", "Tindra Rain Jacket"),
        ("do you have the tindra rain jaket in size M", "Tindra Rain Jacket"),
        ("kettel gooseneck", "Alba Gooseneck Kettle 0.9 L"),
        ("SONARA WIRELES EARBUDS", "Sonara Wireless Earbuds"),
        ("Reserva power bank 20000", "Reserva Power Bank 20000"),
        ("el-101", "Sonara Wireless Earbuds"),
    ],
)
def test_a_product_is_found_by_its_name_with_typing_errors(shop, words, name) -> None:
    assert shop.products_named(words)[0].name == name


@pytest.mark.parametrize(
    "words", ["weather in paris", "hello", "", "   ", "🙂", "where is my order", "a" * 10_000]
)
def test_words_that_name_no_product_find_none(shop, words) -> None:
    assert list(shop.products_named(words)) == []


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (
            "is the Osier bag waterproof?",
            ["Osier Daypack 18 L", "Osier Trekking Pack 45 L", "Osier Roll-Top 25 L"],
        ),
        ("and how much is the tindraa", ["Tindra Rain Jacket", "Tindra Rain Trousers"]),
        ("what does it weigh?", []),
        ("", []),
        ("🙂" * 1_000, []),
    ],
)
def test_a_part_of_a_name_tells_what_may_be_meant(shop, words, names) -> None:
    assert sorted(one.name for one in shop.products_hinted(words)) == sorted(names)


def test_no_more_products_are_found_than_asked_for(shop) -> None:
    assert len(shop.products_named("power bank", limit=3)) == 3
    assert len(shop.products_named("power bank", limit=10)) == 4
    assert len(shop.products_named("power bank", limit=1)) == 1
    assert len(shop.products_hinted("something of Osier", limit=2)) == 2


def test_who_is_new_returning_and_valued(shop, samples) -> None:
    new, returning, valued = (samples[f"{kind}_buyer"] for kind in ("new", "returning", "valued"))
    assert not shop.is_returning(new.customer_id, new.number)
    assert shop.is_returning(returning.customer_id, returning.number)
    assert not shop.is_valued(returning.customer_id)
    assert shop.is_valued(valued.customer_id)
    assert not shop.is_returning(10**6)
    assert not shop.is_valued(10**6)


def test_an_order_delivered_later_does_not_make_an_earlier_one_a_second(shop, samples) -> None:
    customer_id = samples["returning_buyer"].customer_id
    first = shop.orders_of(customer_id, limit=100)[-1]
    assert not shop.is_returning(customer_id, first.number)


def test_of_a_customer_it_is_known_what_was_paid_less_what_went_back(shop, seeded, samples, rules) -> None:
    buyer = shop.customer(samples["refund_arrived"].customer_id)
    assert buyer is not None
    paid = Money.zero("EUR")
    done = 0
    for order in shop.orders_of(buyer.id, limit=1000):
        done += order.state.value == "delivered"
        for payment in order.payments:
            if payment.state.value in ("captured", "refunded"):
                paid += shop.convert(payment.amount, "EUR")
        for refund in order.refunds:
            if refund.state.value in ("sent", "arrived"):
                paid -= shop.convert(refund.amount, "EUR")
    with seeded.begin() as connection:
        total = paid_total(connection, buyer.id, rules)
        assert completed_orders(connection, buyer.id) == done
    assert abs(total.minor - paid.minor) <= 5
    assert shop.customer(10**6) is None


def test_only_the_buyers_own_numbers_are_repaired_to(shop, samples) -> None:
    sample, other = samples["delivered"], samples["shipped"]
    digits = list(sample.number)
    digits[-1], digits[-2] = digits[-2], digits[-1]
    mistyped = "".join(digits)
    assert shop.nearest_order_number(sample.customer_id, mistyped) == sample.number
    assert shop.nearest_order_number(sample.customer_id, sample.number) == sample.number
    assert shop.nearest_order_number(other.customer_id, mistyped) is None
    assert shop.nearest_order_number(sample.customer_id, "hello") is None


def test_a_sum_is_converted_by_the_stores_rates(shop) -> None:
    assert shop.convert(Money(10000, "EUR"), "JPY") == Money(16325, "JPY")
    with pytest.raises(ShopError) as refused:
        shop.convert(Money(1, "CHF"), "EUR")
    assert refused.value.code == "no_rate"


def test_a_question_takes_no_lock_on_sqlite(seeded, rules, clock, samples) -> None:
    with seeded.begin() as first, seeded.begin() as second:
        shop = DatabaseShop(first, rules, clock)
        shop.order(samples["delivered"].number)
        shop.products_named("tindra jacket")
        shop.is_valued(samples["delivered"].customer_id)
        assert not first.connection.dbapi_connection.in_transaction
        assert DatabaseShop(second, rules, clock).order(samples["shipped"].number) is not None
