"""What a buyer may have changed about an order: only as it was read back, only in time, only once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from bot.errors import PolicyError, ShopError
from bot.shop import policy, tables
from bot.shop.database_shop import DatabaseShop
from bot.shop.policy import CancelWay
from bot.shop.values import LineState, OrderState, RemarkColour, ShipmentState
from tests.conftest import BACKENDS

both = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def act(seeded, rules, clock):
    """Runs a function with the shop in a transaction of its own."""

    def run(function: Callable[[DatabaseShop], Any]) -> Any:
        with seeded.begin() as connection:
            return function(DatabaseShop(connection, rules, clock))

    return run


@pytest.fixture
def seen(act):
    """How an order stands, as it is read back to its buyer."""
    return lambda number: policy.standing(act(lambda shop: shop.order(number)))


def refused(act, code: str, function: Callable[[DatabaseShop], Any]) -> None:
    with pytest.raises(ShopError) as error:
        act(function)
    assert error.value.code == code


def packed(seeded, number: str) -> None:
    """The warehouse packs it."""
    with seeded.begin() as connection:
        state = {"state": OrderState.PACKED.value}
        connection.execute(sa.update(tables.orders).where(tables.orders.c.number == number).values(state))


# --- Cancelling ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "way"),
    [
        (OrderState.UNPAID, CancelWay.REFUND),
        (OrderState.PAID, CancelWay.REFUND),
        (OrderState.PACKED, CancelWay.PULL),
        (OrderState.SHIPPED, CancelWay.SHIPPED),
        (OrderState.AT_CUSTOMS, CancelWay.SHIPPED),
        (OrderState.OUT_FOR_DELIVERY, CancelWay.SHIPPED),
        (OrderState.DELIVERED, CancelWay.DELIVERED),
        (OrderState.RETURNED, CancelWay.OVER),
        (OrderState.CANCELLED, CancelWay.OVER),
    ],
)
def test_what_cancelling_comes_to_depends_on_the_state(make_order, state, way) -> None:
    assert policy.cancel_way(make_order(state=state, shipments=())) is way


def test_without_money_received_the_order_is_only_closed(make_order) -> None:
    assert (
        policy.cancel_way(make_order(state=OrderState.UNPAID, shipments=(), payments=())) is CancelWay.CLOSE
    )


def test_one_parcel_that_has_left_makes_it_too_late(make_order) -> None:
    order = make_order(state=OrderState.PAID)
    parcel = order.shipments[0]
    waiting = replace(parcel, state=ShipmentState.PENDING, shipped_at=None, delivered_at=None)
    gone = replace(parcel, state=ShipmentState.SHIPPED, delivered_at=None)
    assert policy.cancel_way(replace(order, shipments=(waiting,))) is CancelWay.REFUND
    assert policy.cancel_way(replace(order, shipments=(waiting, gone))) is CancelWay.SHIPPED
    assert not policy.can_change(replace(order, shipments=(waiting, gone)))


def test_a_cancelled_order_keeps_a_remark_in_the_colour_of_changes_before_shipping(
    act, samples, seen, rules
) -> None:
    number = samples["paid"].number
    before = act(lambda shop: shop.order(number))
    order = act(lambda shop: shop.cancel_order(number, seen(number), key="c1"))
    assert order.state is OrderState.CANCELLED
    assert order.cancelled_at is not None
    assert {line.state for line in order.lines} == {LineState.CANCELLED}
    added = order.remarks[len(before.remarks) :]
    assert [one.colour for one in added] == [RemarkColour(rules.remarks.before_shipping)]


def test_cancelling_again_with_the_same_key_changes_nothing(act, samples, seen) -> None:
    number, shown = samples["paid"].number, seen(samples["paid"].number)
    first = act(lambda shop: shop.cancel_order(number, shown, key="c1"))
    assert act(lambda shop: shop.cancel_order(number, shown, key="c1")) == first


def test_an_order_that_was_packed_meanwhile_is_not_cancelled(act, samples, seen, seeded) -> None:
    number, shown = samples["paid"].number, seen(samples["paid"].number)
    packed(seeded, number)
    refused(act, "changed_meanwhile", lambda shop: shop.cancel_order(number, shown, key="c1"))
    order = act(lambda shop: shop.order(number))
    assert order.state is OrderState.PACKED
    # The key stays free, and even what is seen now comes too late.
    refused(act, "too_late", lambda shop: shop.cancel_order(number, seen(number), key="c1"))


@both
def test_of_a_buyer_and_a_warehouse_at_the_same_time_one_wins(act, samples, seen, seeded) -> None:
    number, shown = samples["paid"].number, seen(samples["paid"].number)
    ready = Barrier(2)

    def buyer() -> bool:
        ready.wait()
        try:
            act(lambda shop: shop.cancel_order(number, shown, key="c1"))
        except PolicyError as error:
            return error.code != "changed_meanwhile"
        return True

    def warehouse() -> bool:
        ready.wait()
        with seeded.begin() as connection:
            orders = tables.orders
            changed = connection.execute(
                sa.update(orders)
                .where(orders.c.number == number, orders.c.state == OrderState.PAID.value)
                .values(state=OrderState.PACKED.value)
            )
            return bool(changed.rowcount == 1)

    with ThreadPoolExecutor(2) as pool:
        won = [one.result() for one in (pool.submit(buyer), pool.submit(warehouse))]
    assert sum(won) == 1
    state = act(lambda shop: shop.order(number)).state
    assert state is (OrderState.CANCELLED if won[0] else OrderState.PACKED)


# --- The address -----------------------------------------------------------------------------------


def test_the_address_is_changed_and_the_former_one_remarked(act, samples, seen) -> None:
    number = samples["paid"].number
    before = act(lambda shop: shop.order(number)).ship_to
    new = replace(before, street="5 Elm Row", city="Elsewhere", postcode="12345")
    order = act(lambda shop: shop.change_address(number, new, seen(number), key="a1"))
    assert order.ship_to == new
    assert before.street in order.remarks[-1].text


def test_another_country_is_for_a_person(act, samples, seen) -> None:
    number = samples["paid"].number
    new = replace(act(lambda shop: shop.order(number)).ship_to, country="BR")
    refused(act, "other_country", lambda shop: shop.change_address(number, new, seen(number), key="a1"))


def test_the_address_of_a_packed_order_stays(act, samples, seen) -> None:
    number = samples["packed"].number
    new = replace(act(lambda shop: shop.order(number)).ship_to, street="5 Elm Row")
    refused(act, "too_late", lambda shop: shop.change_address(number, new, seen(number), key="a1"))


def test_an_address_changed_by_somebody_else_is_no_longer_what_was_read_back(act, samples, seen) -> None:
    number, shown = samples["paid"].number, seen(samples["paid"].number)
    ship = act(lambda shop: shop.order(number)).ship_to
    act(lambda shop: shop.change_address(number, replace(ship, street="1 A Road"), shown, key="a1"))
    refused(
        act,
        "changed_meanwhile",
        lambda shop: shop.change_address(number, replace(ship, street="2 B Road"), shown, key="a2"),
    )


# --- Another variant -------------------------------------------------------------------------------


@pytest.fixture
def swap(act, samples):
    """An order, its line, and a variant that can take its place."""
    number = samples["paid_swappable"].number
    line = act(lambda shop: shop.order(number)).lines[0]
    product = act(lambda shop: shop.product(line.sku))
    return number, line, policy.replacements(product, line)[0], product


def stock_of(act, sku: str) -> int:
    product = act(lambda shop: shop.product(sku))
    return next(one.stock for one in product.variants if one.sku == sku)


def test_a_swap_holds_the_new_pieces_and_gives_the_old_ones_back(act, swap, seen) -> None:
    number, line, wanted, _ = swap
    before = stock_of(act, line.sku), stock_of(act, wanted.sku)
    order = act(lambda shop: shop.swap_variant(number, line.id, wanted.sku, seen(number), key="s1"))
    assert order.lines[0].sku == wanted.sku
    assert wanted.colour in order.lines[0].title
    assert order.total == act(lambda shop: shop.order(number)).total
    after = stock_of(act, line.sku), stock_of(act, wanted.sku)
    assert after == (before[0] + line.quantity, before[1] - line.quantity)


def test_what_is_sold_out_or_dearer_cannot_take_its_place(act, swap, seen, seeded) -> None:
    number, line, wanted, _ = swap
    shown = seen(number)

    def variant(**values: int) -> None:
        with seeded.begin() as connection:
            sku = tables.variants.c.sku
            connection.execute(sa.update(tables.variants).where(sku == wanted.sku).values(values))

    variant(stock=0)
    refused(act, "out_of_stock", lambda shop: shop.swap_variant(number, line.id, wanted.sku, shown, key="s1"))
    variant(stock=50, price_minor=wanted.price.minor + 100)
    refused(act, "other_price", lambda shop: shop.swap_variant(number, line.id, wanted.sku, shown, key="s1"))
    assert act(lambda shop: shop.order(number)).lines[0].sku == line.sku


def test_another_product_is_no_variant(act, swap, seen) -> None:
    number, line, _, product = swap
    with_other = act(lambda shop: shop.products_named("head torch")) or ()
    other = next(one for one in with_other if one.code != product.code)
    sku = other.variants[0].sku
    refused(act, "unknown_line", lambda shop: shop.swap_variant(number, line.id, sku, seen(number), key="s1"))


# --- Wishes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("situation", "colour"), [("packed", "before_shipping"), ("shipped", "after_shipping")]
)
def test_a_wish_is_remarked_in_the_colour_of_its_time(act, samples, seen, rules, situation, colour) -> None:
    number = samples[situation].number
    made = act(lambda shop: shop.record_wish(number, "Ring twice.", seen(number), key="w1"))
    assert (made.colour.value, made.text) == (getattr(rules.remarks, colour), "Ring twice.")
