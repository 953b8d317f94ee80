"""Where parcels go, prices that fall, coupons and protection: policy and what it is read from."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from bot.errors import PolicyError
from bot.settings import ShopRules
from bot.shop import policy
from bot.shop.database_shop import DatabaseShop
from bot.shop.seeding.data import read
from bot.shop.values import CouponKind, Money, OrderState, ShipmentState

NOW = dt.datetime(2026, 3, 16, 9, 30, tzinfo=dt.timezone.utc)


# --- Lanes -----------------------------------------------------------------------------------------


def test_a_country_has_one_lane_or_none(rules: ShopRules) -> None:
    assert policy.lane_of("DE", rules) is rules.lanes["europe"]
    assert policy.lane_of("KE", rules) is None
    assert len(set(policy.served(rules))) == len(policy.served(rules))


def test_the_lanes_tell_what_the_demonstration_store_does(rules: ShopRules) -> None:
    for name, lane in read("lanes")["lanes"].items():
        told = rules.lanes[name]
        first = next(iter(told.services.values()))
        assert set(told.countries) == set(lane["countries"])
        assert list(first.days) == lane["days"]
        assert {one for service in told.services.values() for one in service.carriers} == set(
            lane["carriers"]
        )


def test_what_is_ordered_today_arrives_on_the_services_last_day(rules: ShopRules) -> None:
    standard = rules.lanes["europe"].services["standard"]
    assert policy.arrival(standard, dt.date(2026, 3, 1)) == dt.date(2026, 3, 15)


def test_some_goods_may_not_be_sent_to_some_countries(rules, seeded, clock) -> None:
    with seeded.begin() as connection:
        shop = DatabaseShop(connection, rules, clock)
        soap = shop.products_named("Ola Scalp Shampoo")[0]
        torch = shop.products_named("Glim Head Torch")[0]
    assert not policy.is_sent(soap, "BR", rules)
    assert policy.is_sent(soap, "DE", rules)
    assert policy.is_sent(torch, "BR", rules)
    assert not policy.is_sent(torch, "KE", rules)


def test_a_parcel_counts_as_stuck_by_its_lane(make_order, rules) -> None:
    parcel = make_order().shipments[0]
    assert policy.stuck_days("JP", rules) == 7
    assert policy.stuck_days("DE", rules) == rules.shipping.stuck_days
    silent = replace(
        parcel, state=ShipmentState.IN_TRANSIT, delivered_at=None, shipped_at=NOW - dt.timedelta(days=8)
    )
    assert policy.is_stuck(silent, rules, NOW, "JP")
    assert not policy.is_stuck(silent, rules, NOW, "DE")


# --- Prices ----------------------------------------------------------------------------------------


@pytest.fixture
def bought(rules, seeded, clock, samples):
    """An order of one line, and its product."""
    with seeded.begin() as connection:
        shop = DatabaseShop(connection, rules, clock)
        order = shop.order(samples["paid_swappable"].number)
        return order, shop.product(order.lines[0].sku), shop.convert, connection


def test_a_price_that_fell_is_paid_back_for_all_pieces(bought) -> None:
    order, product, _, _ = bought
    line = replace(order.lines[0], quantity=2, price=Money(10000, "EUR"))
    order = replace(order, currency="EUR", lines=(line,))
    half = replace(
        product, variants=tuple(replace(one, price=Money(8000, "EUR")) for one in product.variants)
    )
    fallen = policy.fallen_prices(order, {line.sku: half}, lambda money, _: money)
    assert [one.difference for one in fallen] == [Money(4000, "EUR")]


@pytest.mark.parametrize("now", [10000, 9950, 12000])
def test_what_exchange_rates_make_of_a_price_is_no_fall(bought, now) -> None:
    order, product, _, _ = bought
    line = replace(order.lines[0], price=Money(10000, "EUR"))
    order = replace(order, currency="EUR", lines=(line,))
    same = replace(product, variants=tuple(replace(one, price=Money(now, "EUR")) for one in product.variants))
    assert not policy.fallen_prices(order, {line.sku: same}, lambda money, _: money)


def test_what_has_left_the_catalogue_has_no_price_to_compare(bought) -> None:
    order, _, convert, _ = bought
    assert not policy.fallen_prices(order, {order.lines[0].sku: None}, convert)


def test_the_days_for_a_fallen_price_count_from_the_order_where_the_buyer_lives(make_order, rules) -> None:
    late = dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.timezone.utc)
    assert policy.price_protected_until(make_order(placed_at=late), rules) == dt.date(2026, 3, 9)
    none = rules.copy(update={"payment": rules.payment.copy(update={"price_protection_days": 0})})
    assert policy.price_protected_until(make_order(), none) is None


# --- Coupons ---------------------------------------------------------------------------------------


def test_a_coupon_is_found_however_its_code_is_written(rules, seeded, clock) -> None:
    with seeded.begin() as connection:
        shop = DatabaseShop(connection, rules, clock)
        coupon = shop.coupon(" welcome10 ")
        assert coupon is not None
        assert (coupon.code, coupon.kind, coupon.percent) == ("WELCOME10", CouponKind.PERCENT, 10)
        assert shop.coupon("' OR 1=1 --") is None


# --- Receipt and protection ------------------------------------------------------------------------


def test_receipt_is_confirmed_once(rules, seeded, clock, samples) -> None:
    number = samples["delivered"].number
    with seeded.begin() as connection:
        shop = DatabaseShop(connection, rules, clock)
        assert shop.receipt_confirmed_at(number) is None
        seen = policy.standing(shop.order(number))
        for _ in range(2):
            shop.confirm_receipt(number, seen, key="r1")
        assert shop.receipt_confirmed_at(number) == clock.now()
        added = [one.text for one in shop.order(number).remarks if "receipt" in one.text]
        assert len(added) == 1


def test_protection_is_extended_so_often_as_policy_allows(rules, seeded, clock, samples) -> None:
    number = samples["in_transit"].number
    with seeded.begin() as connection:
        shop = DatabaseShop(connection, rules, clock)
        order = shop.order(number)
        seen, first = policy.standing(order), policy.protected_until(order, 0, rules)
        for times in range(rules.protection.times):
            until = shop.extend_protection(number, seen, key=f"p{times}")
            assert (until - first).days == (times + 1) * rules.protection.extend_days
        assert shop.protection_extensions(number) == rules.protection.times
        with pytest.raises(PolicyError) as refused:
            shop.extend_protection(number, seen, key="one more")
        assert refused.value.code == "too_late"


def test_what_is_unpaid_or_over_is_not_protected(make_order, rules) -> None:
    unpaid = make_order(state=OrderState.UNPAID)
    assert policy.protected_until(unpaid, 0, rules) is None
    cancelled = make_order(state=OrderState.CANCELLED)
    assert not policy.can_extend(cancelled, 0, rules, NOW)
    assert policy.can_extend(make_order(), 0, rules, NOW)
    assert not policy.can_extend(make_order(), 0, rules, NOW + dt.timedelta(days=90))
