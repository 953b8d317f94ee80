from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from bot.shop import policy
from bot.shop.policy import FreightPayer
from bot.shop.values import (
    LineState,
    Money,
    OrderLine,
    OrderState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    Refusal,
    Return,
    ReturnReason,
    ReturnState,
    Shipment,
    ShipmentEvent,
    ShipmentState,
    StockState,
)

NOW = dt.datetime(2026, 3, 16, 9, 30, tzinfo=dt.timezone.utc)
DAY = dt.timedelta(days=1)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def a_payment(number: int, minor: int, state=PaymentState.CAPTURED, *, currency="EUR", hours=0) -> Payment:
    at = NOW - 12 * DAY + dt.timedelta(hours=hours)
    return Payment(number, "card", state, Money(minor, currency), at, f"PAY-{number}")


def a_refund(number: int, minor: int, state=RefundState.REQUESTED, **changes) -> Refund:
    made = Refund(number, "CD-100001", eur(minor), state, ReturnReason.CHANGED_MIND, "card", NOW - DAY)
    return replace(made, **changes)


def a_return(number: int, *line_ids: int, state=ReturnState.APPROVED, **changes) -> Return:
    made = Return(
        number, "CD-100001", line_ids, state, ReturnReason.CHANGED_MIND, NOW - DAY, True, eur(4000), None
    )
    return replace(made, **changes)


# --- The window ------------------------------------------------------------------------------------


def test_the_window_counts_from_the_delivery_of_the_last_parcel_in_the_buyers_zone(make_order, rules) -> None:
    order = make_order()
    early = order.shipments[0]
    late = replace(early, id=2, delivered_at=dt.datetime(2026, 3, 10, 23, 30, tzinfo=dt.timezone.utc))
    early = replace(early, delivered_at=dt.datetime(2026, 3, 8, 12, tzinfo=dt.timezone.utc))
    # 23:30 in London is half past midnight of the 11th in Berlin; Germany has 14 days.
    assert policy.return_window(make_order(shipments=(early, late)), rules) == (dt.date(2026, 3, 25), 14)


def test_a_destination_without_a_law_of_its_own_has_the_stores_window(make_order, rules) -> None:
    order = make_order()
    abroad = make_order(ship_to=replace(order.ship_to, country="US"), timezone="America/New_York")
    assert policy.return_window(abroad, rules).days == rules.returns.window_days == 7


def test_the_last_day_of_the_window_ends_at_the_buyers_midnight(make_order, rules) -> None:
    order = make_order()
    assert policy.return_window(order, rules).last_day == dt.date(2026, 3, 28)
    # Berlin is an hour ahead on that day.
    assert policy.is_in_window(order, rules, dt.datetime(2026, 3, 28, 22, 59, tzinfo=dt.timezone.utc))
    assert not policy.is_in_window(order, rules, dt.datetime(2026, 3, 28, 23, 1, tzinfo=dt.timezone.utc))


def test_an_order_with_a_parcel_still_on_its_way_has_no_last_day_yet(make_order, rules) -> None:
    order = make_order()
    other = replace(order.shipments[0], id=2, delivered_at=None, state=ShipmentState.IN_TRANSIT)
    assert policy.return_window(make_order(shipments=(order.shipments[0], other)), rules).last_day is None


# --- Returns ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "lines", "refusal"),
    [
        ({}, [1], None),
        ({}, [1, 2], None),
        ({}, [], Refusal.UNKNOWN_LINE),
        ({}, [1, 99], Refusal.UNKNOWN_LINE),
        ({"state": OrderState.IN_TRANSIT}, [1], Refusal.NOT_DELIVERED),
        ({"state": OrderState.CANCELLED}, [1], Refusal.NOT_DELIVERED),
        ({"state": OrderState.RETURNED}, [1], Refusal.ALREADY_RETURNED),
        ({"returns": (a_return(1, 1),)}, [1], Refusal.ALREADY_RETURNED),
        ({"returns": (a_return(1, 1),)}, [2], None),
        ({"returns": (a_return(1, 1, state=ReturnState.REFUSED),)}, [1], None),
        ({"shipments": ()}, [1], Refusal.WINDOW_CLOSED),
    ],
)
def test_who_may_return_what(make_order, rules, changes, lines, refusal) -> None:
    assert policy.return_refusal(make_order(**changes), lines, rules, NOW) is refusal


def test_after_the_window_nothing_is_returned(make_order, rules) -> None:
    assert policy.return_refusal(make_order(), [1], rules, NOW + 13 * DAY) is Refusal.WINDOW_CLOSED


def test_returned_lines_lose_their_share_of_the_discount(make_order) -> None:
    order = make_order(discount=eur(601), total=eur(5399))
    # A third of 6.01 is 2.003: 2.00.
    assert policy.return_value(order, [2], ReturnReason.CHANGED_MIND) == eur(1800)
    assert policy.return_value(order, [1, 2], ReturnReason.CHANGED_MIND) == eur(5399)


def test_the_parts_of_a_discounted_order_add_up_to_no_more_than_was_paid(make_order) -> None:
    lines = tuple(OrderLine(n, n, f"A-{n}", "Thing", 1, eur(333), LineState.DELIVERED) for n in range(1, 4))
    order = make_order(lines=lines, discount=eur(100), total=eur(899))
    parts = sum(policy.return_value(order, [n], ReturnReason.CHANGED_MIND).minor for n in (1, 2, 3))
    assert abs(parts - 899) <= 1


def test_freight_comes_back_only_where_the_cause_is_ours_and_all_comes_back(make_order) -> None:
    order = make_order(freight=eur(490), total=eur(6490))
    assert policy.return_value(order, [1, 2], ReturnReason.DAMAGED) == eur(6490)
    assert policy.return_value(order, [1], ReturnReason.DAMAGED) == eur(4000)
    assert policy.return_value(order, [1, 2], ReturnReason.CHANGED_MIND) == eur(6000)


def test_the_way_back_is_paid_by_whoever_caused_it() -> None:
    assert policy.freight_payer(ReturnReason.CHANGED_MIND) is FreightPayer.BUYER
    assert policy.freight_payer(ReturnReason.DOES_NOT_FIT) is FreightPayer.BUYER
    assert policy.freight_payer(ReturnReason.WRONG_ITEM) is FreightPayer.STORE


def test_goods_below_the_limit_are_kept_in_any_currency(rules, rates) -> None:
    assert not policy.goods_must_come_back(eur(799), rules, rates)
    assert policy.goods_must_come_back(eur(800), rules, rates)
    assert not policy.goods_must_come_back(Money(999, "USD"), rules, rates)
    assert policy.goods_must_come_back(Money(1000, "USD"), rules, rates)


# --- Double charges --------------------------------------------------------------------------------


def test_two_equal_payments_beyond_what_was_owed_are_a_pair(make_order) -> None:
    first, second = a_payment(1, 6000), a_payment(2, 6000, hours=1)
    assert policy.duplicate_charges(make_order(payments=(first, second))) == ((first, second),)


def test_three_equal_payments_are_two_pairs_with_the_first(make_order) -> None:
    paid = tuple(a_payment(n, 6000, hours=n) for n in (1, 2, 3))
    pairs = policy.duplicate_charges(make_order(payments=paid))
    assert [(first.id, later.id) for first, later in pairs] == [(1, 2), (1, 3)]


@pytest.mark.parametrize(
    "paid",
    [
        (a_payment(1, 6000),),
        # Two halves, an instalment each.
        (a_payment(1, 3000), a_payment(2, 3000, hours=1)),
        # A declined try is no charge, an authorisation is none yet.
        (a_payment(1, 6000, PaymentState.DECLINED), a_payment(2, 6000, hours=1)),
        (a_payment(1, 6000), a_payment(2, 6000, PaymentState.AUTHORISED, hours=1)),
        # Too much, but not twice.
        (a_payment(1, 6000), a_payment(2, 500, hours=1)),
        (a_payment(1, 6000), a_payment(2, 6000, currency="USD", hours=1)),
        (a_payment(1, 0), a_payment(2, 0), a_payment(3, 6000)),
        (),
    ],
)
def test_what_is_no_double_charge(make_order, paid) -> None:
    assert policy.duplicate_charges(make_order(payments=paid)) == ()


def test_a_pair_stays_one_after_it_was_given_back(make_order) -> None:
    paid = (a_payment(1, 6000), a_payment(2, 6000, PaymentState.REFUNDED, hours=1))
    order = make_order(payments=paid, refunds=(a_refund(1, 6000, RefundState.SENT, payment_id=2),))
    assert [later.id for _, later in policy.duplicate_charges(order)] == [2]
    assert policy.refundable(order) == eur(6000)


# --- Refunds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, 6000),
        ({"payments": (a_payment(1, 6000), a_payment(2, 6000, hours=1))}, 6000),
        ({"refunds": (a_refund(1, 2000),)}, 4000),
        ({"refunds": (a_refund(1, 2000, RefundState.DECLINED),)}, 6000),
        ({"refunds": (a_refund(1, 2000), a_refund(2, 4000, RefundState.ARRIVED))}, 0),
        ({"payments": (a_payment(1, 6000, PaymentState.REFUNDED),)}, 0),
        (
            {
                "payments": (a_payment(1, 6000, PaymentState.REFUNDED),),
                "refunds": (a_refund(1, 6000, RefundState.ARRIVED),),
            },
            0,
        ),
        ({"payments": (a_payment(1, 2000, PaymentState.REFUNDED), a_payment(2, 4000))}, 4000),
        ({"payments": (a_payment(1, 6000, PaymentState.DECLINED),)}, 0),
        ({"payments": ()}, 0),
    ],
)
def test_what_can_still_be_given_back(make_order, changes, left) -> None:
    assert policy.refundable(make_order(**changes)) == eur(left)


DAMAGED, UNWANTED = ReturnReason.DAMAGED, ReturnReason.CHANGED_MIND


@pytest.mark.parametrize(
    ("changes", "amount", "reason", "refusal"),
    [
        ({}, 4000, DAMAGED, None),
        ({}, None, DAMAGED, None),
        ({}, 4000, UNWANTED, Refusal.RETURN_FIRST),
        ({}, 799, UNWANTED, None),
        ({"refunds": (a_refund(1, 700),)}, 799, UNWANTED, Refusal.RETURN_FIRST),
        ({}, 6001, DAMAGED, Refusal.TOO_MUCH),
        ({}, 0, DAMAGED, Refusal.NOT_POSITIVE),
        ({}, -100, DAMAGED, Refusal.NOT_POSITIVE),
        ({"payments": ()}, 100, DAMAGED, Refusal.NOT_PAID),
        ({"refunds": (a_refund(1, 6000),)}, 100, DAMAGED, Refusal.NOTHING_LEFT),
        ({"state": OrderState.PAID}, 100, DAMAGED, Refusal.NOT_DELIVERED),
        ({"state": OrderState.IN_TRANSIT}, 100, DAMAGED, Refusal.NOT_DELIVERED),
        ({"state": OrderState.CANCELLED}, None, UNWANTED, None),
        ({"state": OrderState.RETURNED}, None, UNWANTED, None),
    ],
)
def test_who_may_have_how_much_back(make_order, rules, rates, changes, amount, reason, refusal) -> None:
    wanted = None if amount is None else eur(amount)
    decision = policy.refund_decision(make_order(**changes), wanted, reason, rules, rates, NOW)
    assert decision.refusal is refusal
    assert decision.allowed is (refusal is None)


def test_another_currency_than_the_orders_is_refused(make_order, rules, rates) -> None:
    decision = policy.refund_decision(make_order(), Money(100, "USD"), DAMAGED, rules, rates, NOW)
    assert decision.refusal is Refusal.WRONG_CURRENCY


def test_after_the_window_money_comes_back_only_for_a_return_that_was_opened_in_time(
    make_order, rules, rates
) -> None:
    later = NOW + 40 * DAY
    assert policy.refund_decision(make_order(), None, DAMAGED, rules, rates, later).refusal is (
        Refusal.WINDOW_CLOSED
    )
    goods = a_return(5, 1)
    order = make_order(returns=(goods,))
    decision = policy.refund_decision(order, None, UNWANTED, rules, rates, later, goods=goods)
    assert (decision.refusal, decision.amount) == (None, eur(4000))


def test_a_return_is_worth_its_goods_at_most(make_order, rules, rates) -> None:
    goods = a_return(5, 1)
    order = make_order(returns=(goods,))
    decision = policy.refund_decision(order, eur(4001), UNWANTED, rules, rates, NOW, goods=goods)
    assert decision.refusal is Refusal.TOO_MUCH


@pytest.mark.parametrize(
    ("minor", "before", "needs"),
    [(5000, 0, False), (5001, 0, True), (3000, 2000, False), (3000, 2001, True)],
)
def test_above_the_authority_a_person_must_agree_however_it_is_split(
    make_order, rules, rates, minor, before, needs
) -> None:
    order = make_order(
        total=eur(20000),
        payments=(a_payment(1, 20000),),
        refunds=(a_refund(1, before),) if before else (),
    )
    assert policy.refund_decision(order, eur(minor), DAMAGED, rules, rates, NOW).needs_approval is needs


def test_the_authority_is_compared_in_the_stores_currency(make_order, rules, rates) -> None:
    paid = (a_payment(1, 20000, currency="USD"),)
    order = make_order(currency="USD", total=Money(20000, "USD"), payments=paid)
    at_limit = policy.refund_decision(order, Money(6250, "USD"), DAMAGED, rules, rates, NOW)
    above = policy.refund_decision(order, Money(6252, "USD"), DAMAGED, rules, rates, NOW)
    assert (at_limit.needs_approval, above.needs_approval) == (False, True)
    assert at_limit.limit == eur(5000)


def test_that_a_delivered_parcel_was_not_received_only_a_person_grants(make_order, rules, rates) -> None:
    decision = policy.refund_decision(make_order(), eur(100), ReturnReason.NOT_RECEIVED, rules, rates, NOW)
    assert decision.allowed
    assert decision.needs_approval


def test_money_goes_back_the_way_most_of_it_came(make_order) -> None:
    small = replace(a_payment(1, 1000), method="wallet")
    large = replace(a_payment(2, 5000), method="paypal")
    assert policy.refund_method(make_order(payments=(small, large))) == "paypal"
    assert policy.refund_method(make_order(payments=())) == ""


# --- When the money arrives ------------------------------------------------------------------------


def test_money_arrives_by_the_method_and_after_the_check(rules) -> None:
    start = dt.date(2026, 3, 1)
    assert policy.refund_arrival("wallet", start, rules) == dt.date(2026, 3, 4)
    assert policy.refund_arrival("card", start, rules, checking=True) == dt.date(2026, 3, 14)
    # A method that the rules do not know takes as long as the slowest.
    assert policy.refund_arrival("barter", start, rules) == dt.date(2026, 3, 11)


@pytest.mark.parametrize(
    ("refund", "due"),
    [
        (a_refund(1, 1, RefundState.SENT, sent_at=NOW - 9 * DAY), dt.date(2026, 3, 17)),
        (a_refund(1, 1, RefundState.APPROVED, approved_at=NOW - 2 * DAY), dt.date(2026, 3, 27)),
        (a_refund(1, 1, RefundState.REQUESTED), dt.date(2026, 3, 28)),
        (a_refund(1, 1, RefundState.ARRIVED, sent_at=NOW - 9 * DAY), None),
        (a_refund(1, 1, RefundState.DECLINED), None),
        # It waits for the goods.
        (a_refund(1, 1, RefundState.REQUESTED, return_id=5), None),
        (a_refund(1, 1, RefundState.RECEIVED, return_id=6), dt.date(2026, 3, 26)),
    ],
)
def test_when_a_refund_is_due(make_order, rules, refund, due) -> None:
    returns = (a_return(5, 1), a_return(6, 2, arrived_at=NOW - 3 * DAY))
    assert policy.refund_due(refund, make_order(returns=returns), rules) == due


def test_a_refund_is_late_the_day_after_it_was_due(make_order, rules) -> None:
    sent = a_refund(1, 1, RefundState.SENT, sent_at=NOW - 10 * DAY)
    order = make_order()
    assert not policy.is_refund_late(sent, order, rules, NOW)
    assert policy.is_refund_late(sent, order, rules, NOW + DAY)


# --- Parcels and stock -----------------------------------------------------------------------------


def a_parcel(state=ShipmentState.IN_TRANSIT, *, days_ago: int | None = 3) -> Shipment:
    events = () if days_ago is None else (ShipmentEvent(NOW - days_ago * DAY, "Leipzig, DE", "arrived", ""),)
    return Shipment(1, "SH-1", "DHL", "JD1", state, NOW - 30 * DAY, None, None, None, events)


@pytest.mark.parametrize(
    ("parcel", "stuck"),
    [
        (a_parcel(days_ago=9), False),
        (a_parcel(days_ago=10), True),
        (a_parcel(days_ago=None), True),
        (a_parcel(ShipmentState.AT_CUSTOMS, days_ago=12), True),
        (a_parcel(ShipmentState.DELIVERED, days_ago=12), False),
        (replace(a_parcel(ShipmentState.PENDING, days_ago=12), shipped_at=None), False),
    ],
)
def test_which_parcels_are_stuck(rules, parcel, stuck) -> None:
    assert policy.is_stuck(parcel, rules, NOW) is stuck


@pytest.mark.parametrize(
    ("state", "promised", "late"),
    [
        (OrderState.IN_TRANSIT, dt.date(2026, 3, 15), True),
        (OrderState.IN_TRANSIT, dt.date(2026, 3, 16), False),
        (OrderState.PAID, dt.date(2026, 3, 15), True),
        (OrderState.DELIVERED, dt.date(2026, 3, 15), False),
        (OrderState.UNPAID, dt.date(2026, 3, 15), False),
        (OrderState.IN_TRANSIT, None, False),
    ],
)
def test_which_orders_are_late(make_order, state, promised, late) -> None:
    assert policy.promised_late(make_order(state=state, promised_on=promised), NOW) is late


def test_an_order_is_dispatched_late_when_its_hours_are_over(make_order, rules) -> None:
    hours = dt.timedelta(hours=rules.shipping.dispatch_hours)
    fresh = make_order(state=OrderState.PAID, paid_at=NOW - hours)
    old = make_order(state=OrderState.PACKED, paid_at=NOW - hours - dt.timedelta(minutes=1))
    assert not policy.is_dispatch_late(fresh, rules, NOW)
    assert policy.is_dispatch_late(old, rules, NOW)
    assert not policy.is_dispatch_late(make_order(state=OrderState.UNPAID, paid_at=None), rules, NOW)


@pytest.mark.parametrize(
    ("pieces", "state"),
    [
        (-1, StockState.OUT),
        (0, StockState.OUT),
        (1, StockState.LOW),
        (5, StockState.LOW),
        (6, StockState.IN_STOCK),
    ],
)
def test_what_stock_is_called(rules, pieces, state) -> None:
    assert policy.stock_state(pieces, rules) is state
