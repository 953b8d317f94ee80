"""What a supervisor decides on a refund: once, never more than was asked for, and its return goes with it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.errors import PolicyError, ShopError
from bot.shop.database_shop import DatabaseShop
from bot.shop.values import (
    ApprovalState,
    Money,
    Order,
    Refund,
    RefundState,
    ReturnReason,
    ReturnState,
)
from tests.conftest import BACKENDS

DAMAGED, UNWANTED = ReturnReason.DAMAGED, ReturnReason.CHANGED_MIND
both = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def act(seeded, rules, clock) -> Callable[[Callable[[DatabaseShop], Any]], Any]:
    def run(function: Callable[[DatabaseShop], Any]) -> Any:
        with seeded.begin() as connection:
            return function(DatabaseShop(connection, rules, clock))

    return run


@pytest.fixture
def number(samples) -> str:
    return str(samples["returnable_above_authority"].number)


def order_of(act, number: str) -> Order:
    return act(lambda shop: shop.order(number))


def asked(act, number: str) -> Refund:
    """A refund of the whole order, for a return of all its goods."""

    def ask(shop: DatabaseShop) -> Refund:
        lines = [line.id for line in shop.order(number).lines]
        back = shop.request_return(number, lines, UNWANTED, key="r1")
        return shop.request_refund(number, None, UNWANTED, key="f1", return_id=back.id)

    return act(ask)


def decide(act, refund: Refund, granted: Money, key: str = "d1", by: str = "Sue") -> Refund:
    return act(lambda shop: shop.decide_refund(refund.order_number, refund.id, granted, by=by, key=key))


def test_a_return_waits_with_its_refund_and_is_agreed_with_the_yes(act, number, rules) -> None:
    refund = asked(act, number)
    assert order_of(act, number).returns[-1].state is ReturnState.REQUESTED
    made = decide(act, refund, refund.amount)
    order = order_of(act, number)
    # The goods are not here: the money waits for them.
    assert (made.state, made.amount, made.approved_at) == (RefundState.REQUESTED, refund.amount, None)
    assert order.returns[-1].state is ReturnState.APPROVED
    approval = order.approvals[-1]
    assert (approval.state, approval.decided_by) == (ApprovalState.APPROVED, "Sue")
    assert order.remarks[-1].colour.value == rules.remarks.refund
    assert "granted by Sue" in order.remarks[-1].text


def test_less_than_was_asked_for_is_what_goes_back(act, number) -> None:
    refund = act(lambda shop: shop.request_refund(number, None, DAMAGED, key="f1"))
    granted = Money(1_000, refund.amount.currency)
    made = decide(act, refund, granted)
    assert (made.state, made.amount) == (RefundState.APPROVED, granted)
    assert made.approved_at is not None
    assert order_of(act, number).approvals[-1].state is ApprovalState.COUNTERED


def test_a_no_refuses_the_return_too_and_frees_its_goods(act, number) -> None:
    refund = asked(act, number)
    made = decide(act, refund, Money.zero(refund.amount.currency))
    order = order_of(act, number)
    assert (made.state, order.returns[-1].state) == (RefundState.DECLINED, ReturnState.REFUSED)
    assert order.approvals[-1].state is ApprovalState.DECLINED
    assert "declined by Sue" in order.remarks[-1].text
    again = act(
        lambda shop: shop.request_return(number, [line.id for line in order.lines], DAMAGED, key="r2")
    )
    assert again.state is ReturnState.APPROVED


def test_goods_that_were_sent_all_the_same_stay_sent(act, number) -> None:
    refund = asked(act, number)
    back = order_of(act, number).returns[-1]
    act(lambda shop: shop.record_return_parcel(back.id, "RR1NL", key="p1"))
    decide(act, refund, Money.zero(refund.amount.currency))
    assert order_of(act, number).returns[-1].state is ReturnState.SENT


def test_within_the_authority_nothing_waits(act, samples) -> None:
    number = samples["returnable_within_authority"].number
    refund = asked(act, number)
    assert refund.state is RefundState.REQUESTED
    assert order_of(act, number).returns[-1].state is ReturnState.APPROVED
    with pytest.raises(ShopError) as error:
        decide(act, refund, refund.amount)
    assert error.value.code == "unknown_return"


@pytest.mark.parametrize(("minor", "code"), [(1, "too_much"), (-(10**9), "too_much")])
def test_more_than_was_asked_for_is_never_granted(act, number, minor: int, code: str) -> None:
    refund = asked(act, number)
    with pytest.raises(PolicyError) as error:
        decide(act, refund, Money(refund.amount.minor + minor, refund.amount.currency))
    assert error.value.code == code
    assert order_of(act, number).refunds[-1].state is RefundState.AWAITING_APPROVAL


def test_in_another_currency_nothing_is_granted(act, number) -> None:
    refund = asked(act, number)
    with pytest.raises(PolicyError) as error:
        decide(act, refund, Money(1, "CNY"))
    assert error.value.code == "wrong_currency"


def test_the_first_decision_counts_and_is_repeated_under_its_key(act, number) -> None:
    refund = asked(act, number)
    first = decide(act, refund, refund.amount)
    assert decide(act, refund, refund.amount) == first
    with pytest.raises(PolicyError) as error:
        decide(act, refund, Money.zero(refund.amount.currency), key="d2", by="Bob")
    assert error.value.code == "changed_meanwhile"
    assert order_of(act, number).refunds[-1].amount == refund.amount


@both
def test_of_decisions_at_once_one_counts(act, number) -> None:
    refund = asked(act, number)

    def one(minor: int) -> bool:
        try:
            decide(act, refund, Money(minor, refund.amount.currency), key=f"d{minor}")
        except PolicyError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(6))) == 1
    order = order_of(act, number)
    assert [one.state for one in order.approvals].count(ApprovalState.PENDING) == 0
    assert sum("Sue" in remark.text for remark in order.remarks) == 1


@pytest.mark.parametrize("state", [ReturnState.REQUESTED, ReturnState.REFUSED])
def test_a_way_back_that_nobody_agreed_to_is_not_paid(act, number, state: ReturnState) -> None:
    def ask(shop: DatabaseShop) -> Refund:
        lines = [line.id for line in shop.order(number).lines]
        back = shop.request_return(number, lines, DAMAGED, key="r1")
        return shop.request_refund(number, None, DAMAGED, key="f1", return_id=back.id)

    refund = act(ask)
    if state is ReturnState.REFUSED:
        decide(act, refund, Money.zero(refund.amount.currency))
    back = order_of(act, number).returns[-1]
    assert back.state is state
    with pytest.raises(ShopError):
        act(lambda shop: shop.repay_freight(number, back.id, "DHL", key="w1"))
