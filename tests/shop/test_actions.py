from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from bot.errors import PolicyError, ShopError
from bot.shop import tables
from bot.shop.database_shop import DatabaseShop
from bot.shop.values import (
    ApprovalState,
    Money,
    RefundState,
    RemarkColour,
    ReturnReason,
    ReturnState,
)
from tests.conftest import BACKENDS

#: A test of what happens at the same time holds over both.
both = pytest.mark.parametrize("backend", BACKENDS)
UNWANTED, DAMAGED = ReturnReason.CHANGED_MIND, ReturnReason.DAMAGED


@pytest.fixture
def act(seeded, rules, clock):
    """Runs a function with the shop in a transaction of its own."""

    def run(function: Callable[[DatabaseShop], Any]) -> Any:
        with seeded.begin() as connection:
            return function(DatabaseShop(connection, rules, clock))

    return run


def count(database, table: sa.Table) -> int:
    with database.begin() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def order_of(act, number: str):
    return act(lambda shop: shop.order(number))


def refused(act, code: str, function: Callable[[DatabaseShop], Any]) -> None:
    with pytest.raises(ShopError) as error:
        act(function)
    assert error.value.code == code


# --- Returns ---------------------------------------------------------------------------------------


def test_a_return_is_opened_with_its_goods_last_day_and_worth(act, samples) -> None:
    number = samples["returnable_several_lines"].number
    before = order_of(act, number)
    lines = [line.id for line in before.lines]
    made = act(lambda shop: shop.request_return(number, lines, UNWANTED, key="r1"))
    assert made.state is ReturnState.APPROVED
    assert made.line_ids == tuple(lines)
    assert made.value == before.total - before.freight
    assert made.goods_come_back
    assert made.send_by is not None
    assert order_of(act, number).returns == (made,)


def test_goods_of_little_worth_are_kept(act, samples) -> None:
    number = samples["returnable_to_keep"].number
    lines = [line.id for line in order_of(act, number).lines]
    made = act(lambda shop: shop.request_return(number, lines, UNWANTED, key="r1"))
    assert not made.goods_come_back
    assert made.send_by is None


def test_freight_that_is_given_back_makes_goods_worth_no_more(act, samples, seeded) -> None:
    number = samples["returnable_to_keep"].number
    order = order_of(act, number)
    with seeded.begin() as connection:
        connection.execute(
            tables.orders.update().where(tables.orders.c.id == order.id).values(freight_minor=90_000)
        )
    lines = [line.id for line in order.lines]
    made = act(lambda shop: shop.request_return(number, lines, ReturnReason.DAMAGED, key="r1"))
    assert not made.goods_come_back
    assert made.value.minor > 90_000


def test_an_order_is_not_kept_line_by_line(act, samples, seeded) -> None:
    """Each line is worth less than its way back, but not the two together."""
    number = samples["returnable_several_lines"].number
    order = order_of(act, number)
    first, second = (line.id for line in order.lines[:2])
    with seeded.begin() as connection:
        cheap = tables.order_lines.update().where(tables.order_lines.c.id.in_([first, second]))
        connection.execute(cheap.values(price_minor=500, quantity=1))
        whole = tables.orders.update().where(tables.orders.c.id == order.id)
        connection.execute(whole.values(currency="EUR", discount_minor=0))
    kept = act(lambda shop: shop.request_return(number, [first], UNWANTED, key="r1"))
    back = act(lambda shop: shop.request_return(number, [second], UNWANTED, key="r2"))
    assert (kept.goods_come_back, back.goods_come_back) == (False, True)


def test_the_same_line_is_returned_once(act, samples) -> None:
    number = samples["returnable"].number
    line = order_of(act, number).lines[0].id
    act(lambda shop: shop.request_return(number, [line], UNWANTED, key="r1"))
    refused(act, "already_returned", lambda shop: shop.request_return(number, [line], UNWANTED, key="r2"))


@pytest.mark.parametrize(
    ("situation", "code"),
    [("out_of_window", "window_closed"), ("in_transit", "not_delivered"), ("returned", "already_returned")],
)
def test_a_return_against_policy_is_refused_with_its_code(act, samples, situation, code) -> None:
    number = samples[situation].number
    lines = [line.id for line in order_of(act, number).lines]
    with pytest.raises(PolicyError) as error:
        act(lambda shop: shop.request_return(number, lines, UNWANTED, key="r1"))
    assert error.value.code == code


def test_lines_of_another_order_are_refused(act, samples) -> None:
    foreign = [line.id for line in order_of(act, samples["shipped"].number).lines]
    number = samples["returnable"].number
    refused(act, "unknown_line", lambda shop: shop.request_return(number, foreign, UNWANTED, key="r1"))
    refused(act, "unknown_line", lambda shop: shop.request_return(number, [], UNWANTED, key="r1"))
    refused(act, "unknown_order", lambda shop: shop.request_return("CD-999999", [1], UNWANTED, key="r1"))


def test_the_number_of_the_parcel_that_comes_back_is_kept(act, samples) -> None:
    number = samples["return_approved"].number
    return_id = order_of(act, number).returns[0].id
    made = act(lambda shop: shop.record_return_parcel(return_id, "RR1NL", key="p1"))
    assert (made.state, made.tracking_number) == (ReturnState.SENT, "RR1NL")
    refused(act, "unknown_return", lambda shop: shop.record_return_parcel(10**6, "RR1NL", key="p2"))


def test_goods_that_have_arrived_are_not_sent_again(act, samples) -> None:
    return_id = order_of(act, samples["return_arrived"].number).returns[0].id
    made = act(lambda shop: shop.record_return_parcel(return_id, "RR1NL", key="p1"))
    assert (made.state, made.tracking_number) == (ReturnState.ARRIVED, "RR1NL")


# --- Refunds ---------------------------------------------------------------------------------------


def test_a_refund_within_authority_is_requested_and_remarked(act, samples, rules) -> None:
    number = samples["returnable_within_authority"].number
    made = act(lambda shop: shop.request_refund(number, None, DAMAGED, key="f1"))
    order = order_of(act, number)
    assert made.state is RefundState.REQUESTED
    assert made.amount == order.total
    assert made.method == order.payments[0].method
    assert order.approvals == ()
    assert order.remarks[-1].colour.value == rules.remarks.refund
    assert str(made.amount.major) in order.remarks[-1].text


def test_a_refund_above_authority_waits_for_an_approval(act, samples) -> None:
    number = samples["returnable_above_authority"].number
    made = act(lambda shop: shop.request_refund(number, None, DAMAGED, key="f1"))
    order = order_of(act, number)
    assert made.state is RefundState.AWAITING_APPROVAL
    assert len(order.approvals) == 1
    approval = order.approvals[0]
    assert (approval.refund_id, approval.amount, approval.state) == (
        made.id,
        made.amount,
        ApprovalState.PENDING,
    )


def test_a_refund_for_a_return_is_worth_its_goods(act, samples) -> None:
    number = samples["returnable"].number
    line = order_of(act, number).lines[0].id
    back = act(lambda shop: shop.request_return(number, [line], UNWANTED, key="r1"))
    made = act(lambda shop: shop.request_refund(number, None, UNWANTED, key="f1", return_id=back.id))
    assert (made.amount, made.return_id) == (back.value, back.id)
    refused(
        act,
        "already_returned",
        lambda shop: shop.request_refund(number, None, UNWANTED, key="f2", return_id=back.id),
    )


def test_a_return_of_another_order_earns_nothing(act, samples) -> None:
    foreign = order_of(act, samples["return_approved"].number).returns[0].id
    number = samples["returnable"].number
    refused(
        act,
        "unknown_return",
        lambda shop: shop.request_refund(number, None, UNWANTED, key="f1", return_id=foreign),
    )


@pytest.mark.parametrize(
    ("situation", "reason", "code"),
    [
        ("out_of_window", UNWANTED, "window_closed"),
        ("in_transit", DAMAGED, "not_delivered"),
        ("unpaid_declined", DAMAGED, "not_paid"),
        ("returnable", UNWANTED, "return_first"),
        ("cancelled_refunded", DAMAGED, "nothing_left"),
    ],
)
def test_a_refund_against_policy_is_refused_with_its_code(act, samples, situation, reason, code) -> None:
    number = samples[situation].number
    refused(act, code, lambda shop: shop.request_refund(number, None, reason, key="f1"))


@pytest.mark.parametrize(("minor", "code"), [(0, "not_positive"), (-5, "not_positive"), (10**9, "too_much")])
def test_an_absurd_amount_is_refused(act, samples, minor, code) -> None:
    sample = samples["returnable"]
    amount = Money(minor, order_of(act, sample.number).currency)
    refused(act, code, lambda shop: shop.request_refund(sample.number, amount, DAMAGED, key="f1"))


def test_the_parts_of_an_order_are_never_more_than_the_whole(act, samples) -> None:
    number = samples["returnable_within_authority"].number
    total = order_of(act, number).total
    most = Money(total.minor - 1, total.currency)
    act(lambda shop: shop.request_refund(number, most, DAMAGED, key="f1"))
    refused(act, "too_much", lambda shop: shop.request_refund(number, most, DAMAGED, key="f2"))
    last = act(lambda shop: shop.request_refund(number, None, DAMAGED, key="f3"))
    assert last.amount.minor == 1
    refused(act, "nothing_left", lambda shop: shop.request_refund(number, None, DAMAGED, key="f4"))


# --- Double charges, traces, remarks -----------------------------------------------------------------


def test_a_double_charge_is_reported_once_whatever_the_key(act, samples, seeded, clock, rules) -> None:
    number = samples["charged_twice"].number
    before = count(seeded, tables.refunds)
    first = act(lambda shop: shop.report_double_charge(number, key="d1"))
    clock.advance(hours=5)
    again = act(lambda shop: shop.report_double_charge(number, key="d2"))
    assert first == again
    assert count(seeded, tables.refunds) == before + 1
    order = order_of(act, number)
    assert {first.first.id, first.extra[0].id} == {payment.id for payment in order.payments}
    assert first.refunds[0].payment_id == first.extra[0].id
    assert first.refunds[0].reason is ReturnReason.CHARGED_TWICE
    waits = first.answer_by - first.refunds[0].requested_at
    assert waits.total_seconds() == rules.payment.double_charge_hours * 3600
    remarks = [remark for remark in order.remarks if "Charged twice" in remark.text]
    assert len(remarks) == 1
    assert all(payment.reference in remarks[0].text for payment in order.payments)


def test_one_charge_is_no_double_charge(act, samples) -> None:
    refused(
        act,
        "no_double_charge",
        lambda shop: shop.report_double_charge(samples["delivered"].number, key="d1"),
    )


def test_one_search_at_a_time_for_a_parcel(act, samples, seeded, clock, rules) -> None:
    parcel = order_of(act, samples["stuck"].number).shipments[0]
    first = act(lambda shop: shop.open_trace(parcel.id, key="t1"))
    clock.advance(days=1)
    assert act(lambda shop: shop.open_trace(parcel.id, key="t2")) == first
    assert (first.answer_by - first.opened_at.date()).days == rules.shipping.trace_days
    assert order_of(act, samples["stuck"].number).shipments[0].trace == first
    with seeded.begin() as connection:
        connection.execute(sa.update(tables.traces).values(closed_at=clock.now(), outcome="found"))
    assert act(lambda shop: shop.open_trace(parcel.id, key="t3")).id != first.id


def test_a_parcel_that_has_not_left_is_not_searched_for(act, samples) -> None:
    parcel = order_of(act, samples["missed_by_warehouse"].number).shipments[0]
    refused(act, "not_shipped", lambda shop: shop.open_trace(parcel.id, key="t1"))
    refused(act, "unknown_shipment", lambda shop: shop.open_trace(10**6, key="t2"))


def test_a_remark_keeps_colour_author_time_and_words(act, samples, clock) -> None:
    number = samples["shipped"].number
    text = "Ring twice — 'please'; <b>now</b>"
    made = act(lambda shop: shop.add_remark(number, RemarkColour.BLUE, "Lin Yue", text, key="m1"))
    assert (made.colour, made.author, made.at, made.text) == (
        RemarkColour.BLUE,
        "Lin Yue",
        clock.now(),
        text,
    )
    assert order_of(act, number).remarks[-1] == made


# --- Once ------------------------------------------------------------------------------------------


@both
def test_the_same_key_acts_once_and_gives_the_first_result(act, samples, seeded, clock) -> None:
    number = samples["returnable_within_authority"].number
    before = count(seeded, tables.refunds)
    first = act(lambda shop: shop.request_refund(number, None, DAMAGED, key="f1"))
    clock.advance(days=100)
    again = act(lambda shop: shop.request_refund(number, None, DAMAGED, key="f1"))
    assert again == first
    assert count(seeded, tables.refunds) == before + 1


def test_the_number_may_be_written_otherwise_at_the_second_time(act, samples) -> None:
    number = samples["shipped"].number
    first = act(lambda shop: shop.add_remark(number, RemarkColour.RED, "a", "x", key="m1"))
    again = number.lower().replace("-", " ")
    assert act(lambda shop: shop.add_remark(again, RemarkColour.RED, "a", "x", key="m1")) == first


def test_a_key_for_another_act_is_a_mistake(act, samples) -> None:
    number, other = samples["shipped"].number, samples["in_transit"].number
    act(lambda shop: shop.add_remark(number, RemarkColour.RED, "a", "x", key="k"))
    refused(act, "key_reused", lambda shop: shop.add_remark(other, RemarkColour.RED, "a", "x", key="k"))
    refused(act, "key_reused", lambda shop: shop.add_remark(number, RemarkColour.RED, "a", "y", key="k"))
    refused(act, "key_reused", lambda shop: shop.report_double_charge(number, key="k"))


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_that_cannot_be_kept_is_refused(act, samples, key) -> None:
    with pytest.raises(ValueError, match="200"):
        act(lambda shop: shop.add_remark(samples["shipped"].number, RemarkColour.RED, "a", "x", key=key))


def test_a_refusal_that_the_caller_survives_leaves_its_key_free(act, samples, seeded) -> None:
    """A flow catches the refusal, the turn commits, and the buyer tries again with another answer."""
    number = samples["returnable"].number
    before = count(seeded, tables.shop_actions)

    def turn(shop: DatabaseShop) -> None:
        with pytest.raises(PolicyError):
            shop.request_refund(number, None, UNWANTED, key="turn-1")

    act(turn)
    assert count(seeded, tables.shop_actions) == before
    assert act(lambda shop: shop.request_refund(number, None, DAMAGED, key="turn-1")) is not None


def test_a_turn_that_is_rolled_back_has_done_nothing(seeded, rules, clock, samples) -> None:
    number = samples["returnable_within_authority"].number
    before = count(seeded, tables.refunds), count(seeded, tables.shop_actions)

    def crash() -> None:
        with seeded.begin() as connection:
            DatabaseShop(connection, rules, clock).request_refund(number, None, DAMAGED, key="f1")
            raise RuntimeError("the worker died")

    with pytest.raises(RuntimeError, match="died"):
        crash()
    assert (count(seeded, tables.refunds), count(seeded, tables.shop_actions)) == before


def in_parallel(*functions: Callable[[], Any]) -> list[Any]:
    """Runs them at the same time; gives back results and errors."""
    barrier = threading.Barrier(len(functions))

    def started(function: Callable[[], Any]) -> Any:
        barrier.wait(10)
        try:
            return function()
        except ShopError as error:
            return error

    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(started, functions))


@both
def test_two_requests_with_one_key_at_the_same_time_make_one_refund(act, samples, seeded) -> None:
    number = samples["returnable_within_authority"].number
    before = count(seeded, tables.refunds)

    def ask() -> Any:
        return act(lambda shop: shop.request_refund(number, None, DAMAGED, key="f1"))

    results = in_parallel(*[ask] * 6)
    assert len({refund.id for refund in results}) == 1
    assert count(seeded, tables.refunds) == before + 1


def test_two_requests_with_two_keys_cannot_both_have_all_the_money(act, samples) -> None:
    number = samples["returnable_within_authority"].number

    def ask(key: str) -> Callable[[], Any]:
        return lambda: act(lambda shop: shop.request_refund(number, None, DAMAGED, key=key))

    results = in_parallel(*[ask(f"f{place}") for place in range(4)])
    assert sorted(getattr(result, "code", "done") for result in results) == ["done", *["nothing_left"] * 3]


@both
def test_two_returns_of_one_line_at_the_same_time_are_one(act, samples, seeded) -> None:
    number = samples["returnable"].number
    line = order_of(act, number).lines[0].id
    before = count(seeded, tables.returns)

    def ask(key: str) -> Callable[[], Any]:
        return lambda: act(lambda shop: shop.request_return(number, [line], UNWANTED, key=key))

    results = in_parallel(*[ask(f"r{place}") for place in range(3)])
    assert sorted(getattr(result, "code", "done") for result in results) == [
        "already_returned",
        "already_returned",
        "done",
    ]
    assert count(seeded, tables.returns) == before + 1


@both
def test_two_reports_of_one_double_charge_at_the_same_time_are_one(act, samples, seeded) -> None:
    number = samples["charged_twice"].number
    before = count(seeded, tables.refunds)
    keys = [f"d{place}" for place in range(4)]
    in_parallel(
        *[lambda key=key: act(lambda shop: shop.report_double_charge(number, key=key)) for key in keys]
    )
    assert count(seeded, tables.refunds) == before + 1
