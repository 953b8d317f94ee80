"""What bargaining may come to: within the authority, above the floor, and once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import pairwise
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import PolicyError, ShopError
from bot.settings import ROOT, read_rules
from bot.shop import policy, tables
from bot.shop.database_shop import DatabaseShop
from bot.shop.exchange import Rates
from bot.shop.values import Money, OrderState, Product, RemarkColour, Variant
from tests.conftest import BACKENDS

both = pytest.mark.parametrize("backend", BACKENDS)
RULES = read_rules(ROOT / "shop.yml")
RATES = Rates({"EUR": Decimal(1), "CNY": Decimal("7.821"), "JPY": Decimal("163.25")})


def product(price: int, floor: int, currency: str = "EUR") -> Product:
    variant = Variant("T-1", "T", "", "", Money(price, currency), Money(floor, currency), 5)
    return Product("T", "Tindra", "outdoor", "", {}, (variant,), None, 0, Money(price, currency))


def ladder(price: int, floor: int, currency: str = "EUR") -> policy.Ladder:
    return policy.product_ladder(product(price, floor, currency), RULES, RATES.convert)


# --- The ladder ------------------------------------------------------------------------------------


def test_the_ladder_grows_by_ever_less_up_to_the_authority() -> None:
    # 20 CNY are 2.55 EUR, less than 5 % of 129 EUR.
    assert [step.minor for step in ladder(12_900, 9_000).steps] == [127, 204, 255]
    # 5 % of 20 EUR are less than 20 CNY.
    assert [step.minor for step in ladder(2_000, 1_000).steps] == [50, 80, 100]
    # 20 CNY are 417 yen.
    assert [step.minor for step in ladder(20_000, 0, "JPY").steps] == [208, 333, 417]


def test_the_floor_ends_the_ladder_and_nobody_grants_more() -> None:
    low = ladder(12_900, 12_800)
    assert [step.minor for step in low.steps] == [50, 80, 100]
    assert low.most.minor == 100
    assert ladder(12_900, 12_900).steps == ()


@given(st.integers(1, 10**7), st.integers(0, 10**7))
def test_no_ladder_passes_its_limits(price: int, floor: int) -> None:
    found = ladder(price, floor)
    assert len(found.steps) <= 3
    minors = [0, *(step.minor for step in found.steps)]
    assert minors == sorted(set(minors))
    assert minors[-1] <= min(255, price * 5 // 100, max(price - floor, 0))
    grows = [after - before for before, after in pairwise(minors)]
    # Whole cents: a step may be one cent more than its share.
    assert all(after <= before + 1 for before, after in pairwise(grows))


# --- Prices by quantity ----------------------------------------------------------------------------


def test_more_pieces_cost_less_each_and_never_less_than_the_floor() -> None:
    breaks = policy.price_breaks(product(10_000, 9_300), RULES)
    assert [(one.pieces, one.price.minor) for one in breaks] == [
        (20, 9_700),
        (50, 9_500),
        (100, 9_300),
        (300, 9_300),
    ]
    assert policy.price_for(19, breaks) is None
    assert policy.price_for(99, breaks) == breaks[1]
    assert policy.price_for(5_000, breaks) == breaks[3]


def test_freight_is_counted_by_parcels_of_the_lane() -> None:
    assert policy.freight_estimate(100, "FR", RULES) == Money(5 * 490, "EUR")
    assert policy.freight_estimate(101, "FR", RULES) == Money(6 * 490, "EUR")
    assert policy.freight_estimate(100, "KE", RULES) is None


# --- What is granted -------------------------------------------------------------------------------


@pytest.fixture
def act(seeded, rules, clock):
    """Runs a function with the shop in a transaction of its own."""

    def run(function: Callable[[DatabaseShop], Any]) -> Any:
        with seeded.begin() as connection:
            return function(DatabaseShop(connection, rules, clock))

    return run


@pytest.fixture
def unpaid(seeded, act) -> str:
    """An unpaid order in euros that is worth a concession."""
    orders = tables.orders.c
    with seeded.begin() as connection:
        found = connection.execute(
            sa.select(orders.number).where(
                orders.state == OrderState.UNPAID.value, orders.currency == "EUR", orders.total_minor > 4_000
            )
        ).scalars()
        numbers = found.all()
    return next(one for one in numbers if len(act(lambda shop, one=one: shop.order_ladder(one)).steps) == 3)


def lower(number: str, minor: int, key: str = "k", **more: Any) -> Callable[[DatabaseShop], Any]:
    def lowered(shop: DatabaseShop) -> Any:
        order = shop.order(number)
        assert order is not None
        amount = Money(minor, order.currency)
        return shop.grant_discount(number, amount, policy.standing(order), key=key, **more)

    return lowered


def refused(act, code: str, function: Callable[[DatabaseShop], Any]) -> None:
    with pytest.raises(ShopError) as error:
        act(function)
    assert error.value.code == code


@both
def test_an_order_becomes_cheaper_once_with_a_yellow_remark(act, unpaid, backend) -> None:
    before = act(lambda shop: shop.order(unpaid))
    most = act(lambda shop: shop.order_ladder(unpaid)).steps[-1].minor
    for _ in range(2):
        after = act(lower(unpaid, most))
    assert (before.total - after.total).minor == (after.discount - before.discount).minor == most
    new = [remark for remark in after.remarks if remark not in before.remarks]
    assert [(one.colour, "Price lowered" in one.text) for one in new] == [(RemarkColour.YELLOW, True)]


@both
def test_two_concessions_at_once_stay_within_the_authority_together(act, unpaid, backend) -> None:
    most = act(lambda shop: shop.order_ladder(unpaid)).steps[-1].minor
    before = act(lambda shop: shop.order(unpaid))
    start = Barrier(4)

    def grant(number: int) -> str:
        start.wait()
        try:
            act(lower(unpaid, most, key=f"k{number}"))
        except PolicyError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(grant, range(4)))
    assert sorted(done) == ["done", "too_much", "too_much", "too_much"]
    assert (before.total - act(lambda shop: shop.order(unpaid)).total).minor == most


def test_above_the_authority_a_supervisor_must_have_said_yes(act, unpaid) -> None:
    found = act(lambda shop: shop.order_ladder(unpaid))
    own, most = found.steps[-1].minor, found.most.minor
    assert own < most
    refused(act, "too_much", lower(unpaid, own + 1))
    refused(act, "too_much", lower(unpaid, most + 1, approved=True))
    refused(act, "not_positive", lower(unpaid, 0))
    assert act(lower(unpaid, most, approved=True)).discount.minor >= most


def test_a_price_that_was_paid_stands(act, seeded, unpaid) -> None:
    with seeded.begin() as connection:
        paid = {"state": OrderState.PAID.value}
        connection.execute(sa.update(tables.orders).where(tables.orders.c.number == unpaid).values(paid))
    refused(act, "too_late", lower(unpaid, 1))


def test_an_order_that_changed_meanwhile_stands(act, unpaid) -> None:
    refused(
        act,
        "changed_meanwhile",
        lambda shop: shop.grant_discount(unpaid, Money(1, "EUR"), "seen before", key="k"),
    )


def test_a_coupon_is_made_once_and_is_no_promotion(act) -> None:
    code = act(lambda shop: shop.products_named("jacket", limit=1))[0].code
    until = dt.date(2026, 3, 23)

    def grant(minor: int, key: str = "k", **more: Any) -> Callable[[DatabaseShop], Any]:
        return lambda shop: shop.grant_coupon(
            code, Money(minor, "EUR"), customer_id=None, valid_until=until, key=key, **more
        )

    coupon = act(grant(100))
    assert act(grant(100)) == coupon
    assert (coupon.amount.minor, coupon.uses_left, coupon.valid_until) == (100, 1, until)
    assert coupon.minimum == act(lambda shop: shop.product(code)).price
    assert coupon.code not in [one.code for one in act(lambda shop: shop.running_coupons())]
    refused(act, "too_much", grant(256, key="more"))
    refused(act, "key_reused", grant(90))
    refused(
        act,
        "unknown_line",
        lambda shop: shop.grant_coupon("no", Money(1, "EUR"), customer_id=None, valid_until=until, key="x"),
    )
