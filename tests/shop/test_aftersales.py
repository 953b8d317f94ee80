"""Goods that a buyer has: a fault is settled once, an exchange holds pieces, a way back is repaid once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.errors import ShopError
from bot.shop import policy, tables
from bot.shop.database_shop import DatabaseShop
from bot.shop.values import Money, Remedy, ReturnReason
from tests.conftest import BACKENDS

both = pytest.mark.parametrize("backend", BACKENDS)
DAMAGED = ReturnReason.DAMAGED


@pytest.fixture
def act(seeded, rules, clock):
    """Runs a function with the shop in a transaction of its own."""

    def run(function: Callable[[DatabaseShop], Any]) -> Any:
        with seeded.begin() as connection:
            return function(DatabaseShop(connection, rules, clock))

    return run


@pytest.fixture
def stock(seeded):
    """How many pieces of a SKU are on hand."""

    def pieces(sku: str) -> int:
        with seeded.begin() as connection:
            condition = tables.variants.c.sku == sku
            return int(connection.execute(sa.select(tables.variants.c.stock).where(condition)).scalar_one())

    return pieces


def refused(act, code: str, function: Callable[[DatabaseShop], Any]) -> None:
    with pytest.raises(ShopError) as error:
        act(function)
    assert error.value.code == code


def bought(act, number: str) -> tuple[Any, Any, str]:
    """The order, its first line, and how the order stands."""
    order = act(lambda shop: shop.order(number))
    return order, order.lines[0], policy.standing(order)


# --- A fault ---------------------------------------------------------------------------------------


@both
def test_a_replacement_takes_its_pieces_and_tells_the_warehouse_once(act, samples, stock) -> None:
    number = samples["exchangeable"].number
    _, line, seen = bought(act, number)
    before = stock(line.sku)
    for _ in range(2):
        act(lambda s: s.settle(number, [line.id], DAMAGED, Remedy.REPLACEMENT, seen, key="f1"))
    assert stock(line.sku) == before - line.quantity
    remarks = [one.text for one in act(lambda shop: shop.order(number)).remarks]
    assert len([text for text in remarks if "send again" in text and line.sku in text]) == 1
    assert act(lambda shop: shop.settled_lines(number)) == {line.id}


def test_what_is_settled_is_neither_settled_again_nor_returned(act, samples) -> None:
    number = samples["exchangeable"].number
    _, line, seen = bought(act, number)
    act(lambda s: s.settle(number, [line.id], DAMAGED, Remedy.PART_REFUND, seen, key="f1"))
    again = lambda s: s.settle(number, [line.id], DAMAGED, Remedy.REPLACEMENT, seen, key="f2")  # noqa: E731
    refused(act, "already_returned", again)
    refused(act, "already_returned", lambda s: s.request_return(number, [line.id], DAMAGED, key="r1"))


def test_what_is_being_returned_is_not_settled(act, samples) -> None:
    number = samples["exchangeable"].number
    _, line, seen = bought(act, number)
    act(lambda s: s.request_return(number, [line.id], DAMAGED, key="r1"))
    settle = lambda s: s.settle(number, [line.id], DAMAGED, Remedy.REPLACEMENT, seen, key="f1")  # noqa: E731
    refused(act, "already_returned", settle)


def test_pieces_that_are_gone_are_not_sent_again(act, samples, seeded, stock) -> None:
    number = samples["exchangeable"].number
    _, line, seen = bought(act, number)
    with seeded.begin() as connection:
        gone = sa.update(tables.variants).where(tables.variants.c.sku == line.sku).values(stock=0)
        connection.execute(gone)
    settle = lambda s: s.settle(number, [line.id], DAMAGED, Remedy.REPLACEMENT, seen, key="f1")  # noqa: E731
    refused(act, "out_of_stock", settle)
    assert (stock(line.sku), act(lambda s: s.settled_lines(number))) == (0, frozenset())


def test_an_order_that_changed_since_it_was_read_back_is_left_as_it_is(act, samples) -> None:
    number = samples["exchangeable"].number
    _, line, _ = bought(act, number)
    settle = lambda s: s.settle(number, [line.id], DAMAGED, Remedy.REPLACEMENT, "old", key="f1")  # noqa: E731
    refused(act, "changed_meanwhile", settle)


def test_a_fault_may_be_reported_longer_than_goods_may_be_returned(make_order, rules) -> None:
    order = make_order()
    plain = policy.return_window(order, rules)
    fault = policy.return_window(order, rules, DAMAGED)
    assert (plain.days, fault.days) == (14, rules.faults.days)
    assert policy.return_window(order, rules, ReturnReason.CHANGED_MIND) == plain


@pytest.mark.parametrize(
    ("minor", "percent", "back"), [(1000, 30, 300), (1001, 30, 300), (1005, 30, 302), (1015, 10, 102)]
)
def test_a_part_of_the_price_is_rounded_half_to_even_in_minor_units(
    make_order, rules, minor, percent, back
) -> None:
    made = make_order()
    line = replace(made.lines[0], price=Money(minor, "EUR"), quantity=1)
    order = replace(made, lines=(line,), discount=Money.zero("EUR"))
    changed = rules.copy(update={"faults": rules.faults.copy(update={"part_refund": {"damaged": percent}})})
    assert policy.part_refund(order, [line.id], DAMAGED, changed) == Money(back, "EUR")
    assert not policy.part_refund(order, [line.id], ReturnReason.CHANGED_MIND, changed)


# --- An exchange -----------------------------------------------------------------------------------


@both
def test_an_exchange_holds_the_new_pieces_once(act, samples, stock) -> None:
    number = samples["exchangeable"].number
    _, line, seen = bought(act, number)
    product = act(lambda shop: shop.product(line.sku))
    wanted = policy.replacements(product, line)[0].sku
    before = stock(wanted)
    for _ in range(2):
        act(lambda s: s.exchange(number, line.id, wanted, seen, key="x1"))
    assert stock(wanted) == before - line.quantity
    refused(act, "unknown_line", lambda s: s.exchange(number, line.id, line.sku, seen, key="x2"))
    refused(act, "unknown_line", lambda s: s.exchange(number, line.id, "NO-SUCH", seen, key="x3"))


def test_what_costs_more_is_not_exchanged_without_a_person(act, samples, seeded) -> None:
    number = samples["exchangeable"].number
    _, line, seen = bought(act, number)
    wanted = policy.replacements(act(lambda shop: shop.product(line.sku)), line)[0].sku
    with seeded.begin() as connection:
        dearer = tables.variants.c.price_minor * 2
        connection.execute(
            sa.update(tables.variants).where(tables.variants.c.sku == wanted).values(price_minor=dearer)
        )
    refused(act, "other_price", lambda s: s.exchange(number, line.id, wanted, seen, key="x1"))


# --- The way back ----------------------------------------------------------------------------------


@both
def test_a_way_back_at_our_cost_is_repaid_once_and_beside_the_goods(act, samples, rules) -> None:
    number = samples["return_requested"].number
    order = act(lambda shop: shop.order(number))
    before, back = policy.refundable(order), order.returns[0]
    refund = act(lambda s: s.repay_freight(number, back.id, "DHL", key="w1"))
    assert refund == act(lambda s: s.repay_freight(number, back.id, "DHL", key="w1"))
    assert refund.reason is ReturnReason.RETURN_FREIGHT
    expected = act(
        lambda s: s.convert(Money.of(rules.returns.freight_back["DHL"], "EUR"), refund.amount.currency)
    )
    assert refund.amount == expected
    assert policy.refundable(act(lambda shop: shop.order(number))) == before
    refused(act, "already_returned", lambda s: s.repay_freight(number, back.id, "UPS", key="w2"))


def test_a_way_back_at_the_buyers_cost_is_not_repaid(act, samples) -> None:
    number = samples["return_approved"].number
    back = act(lambda shop: shop.order(number)).returns[0]
    refused(act, "not_ours", lambda s: s.repay_freight(number, back.id, "DHL", key="w1"))
    refused(act, "unknown_return", lambda s: s.repay_freight(number, 10**6, "DHL", key="w2"))


# --- The warranty ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "until"),
    [
        ("24 months", dt.date(2028, 1, 31)),
        ("1 month, battery 6 months", dt.date(2026, 2, 28)),
        ("Good for 36 months", None),
        ("for life", None),
    ],
)
def test_a_warranty_ends_on_the_day_of_delivery_or_the_last_of_a_shorter_month(
    make_order, act, samples, told, until
) -> None:
    made = make_order()
    parcel = replace(made.shipments[0], delivered_at=dt.datetime(2026, 1, 31, 12, tzinfo=dt.timezone.utc))
    order = replace(made, shipments=(parcel,), timezone="UTC")
    number = samples["exchangeable"].number
    product = act(lambda s: s.product(s.order(number).lines[0].sku))
    assert policy.warranty_until(replace(product, facts={"warranty": told}), order) == until
