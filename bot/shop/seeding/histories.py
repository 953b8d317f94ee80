"""What happens to an order after it was placed: payments, parcels, returns and refunds."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass

from bot.shop.seeding.book import Book, weighted
from bot.shop.seeding.data import read
from bot.shop.seeding.journeys import Journey
from bot.shop.seeding.scenarios import Paying, Scenario
from bot.shop.tables import approvals, payments, refunds, return_lines, returns, shipment_events, shipments
from bot.shop.values import (
    ApprovalState,
    DelayCause,
    Money,
    PaymentState,
    RefundState,
    ReturnState,
    ShipmentState,
)

#: What a parcel's last regular step makes of it.
PARCEL_STATES = {
    "label": ShipmentState.PENDING,
    "accepted": ShipmentState.SHIPPED,
    "departed": ShipmentState.SHIPPED,
    "exported": ShipmentState.IN_TRANSIT,
    "arrived": ShipmentState.IN_TRANSIT,
    "customs": ShipmentState.AT_CUSTOMS,
    "released": ShipmentState.IN_TRANSIT,
    "at_depot": ShipmentState.IN_TRANSIT,
    "out_for_delivery": ShipmentState.OUT_FOR_DELIVERY,
    "delivered": ShipmentState.DELIVERED,
}

_REFUND_STEPS = (RefundState.REQUESTED, RefundState.APPROVED, RefundState.SENT, RefundState.ARRIVED)


@dataclass(frozen=True)
class Placed:
    """An order that has been noted, as its history needs it."""

    id: int
    total: Money
    freight: Money
    placed_at: dt.datetime
    line_ids: tuple[int, ...]


def write_payments(
    book: Book, rng: random.Random, scenario: Scenario, order: Placed, now: dt.datetime
) -> tuple[str, dt.datetime | None]:
    """Note the order's payments; gives back the method that worked and when."""
    store = read("store")
    method = weighted(rng, {name: terms["share"] for name, terms in store["methods"].items()})
    paying = scenario.paying
    if paying is Paying.PENDING:
        method = "bank_transfer"
    elif paying in (Paying.DECLINED, Paying.RETRIED, Paying.TWICE) and method == "bank_transfer":
        method = "card"
    label = rng.choice(store["methods"][method]["labels"])
    if method == "card":
        label += f" {rng.randrange(1000, 10000)}"
    at = order.placed_at

    def pay(state: PaymentState, amount: Money, reason: str | None = None) -> dt.datetime:
        nonlocal at
        # A seeded moment must lie in the past, however young the order is.
        at = min(at + dt.timedelta(seconds=rng.randrange(40, 900)), now - dt.timedelta(seconds=1))
        book.add(
            payments,
            order_id=order.id,
            reference=f"PAY-{rng.randrange(16**10):010X}",
            method=method,
            label=label,
            state=state.value,
            amount_minor=amount.minor,
            currency=amount.currency,
            at=at,
            decline_reason=reason,
        )
        return at

    if paying is Paying.NONE:
        return method, None
    if paying is Paying.PENDING:
        pay(PaymentState.PENDING, order.total)
        return method, None
    if paying in (Paying.DECLINED, Paying.RETRIED):
        reasons = store["decline_reasons"].get(method) or [None]
        for _ in range(rng.randrange(1, 4)):
            pay(PaymentState.DECLINED, order.total, rng.choice(reasons))
        if paying is Paying.DECLINED:
            return method, None
    amount = order.total
    if paying is Paying.WRONG_AMOUNT:
        amount += (
            order.freight if order.freight else Money(max(order.total.minor // 10, 1), order.total.currency)
        )
    whole = scenario.refunded is RefundState.ARRIVED
    paid_at = pay(PaymentState.REFUNDED if whole else PaymentState.CAPTURED, amount)
    if paying is Paying.TWICE:
        pay(PaymentState.CAPTURED, amount)
    return method, None if paying is Paying.NOT_REGISTERED else paid_at


def write_parcels(
    book: Book,
    rng: random.Random,
    scenario: Scenario,
    order: Placed,
    journeys: Sequence[Journey],
    carrier: str,
    expected_on: dt.date | None,
) -> None:
    """Note the order's parcels; one without a journey where the warehouse has missed it."""

    def add(number: str, journey: Journey | None) -> int:
        reached = journey.reached if journey else "label"
        has_label = journey is not None and journey.shipped_at is not None
        return book.add(
            shipments,
            number=number,
            order_id=order.id,
            carrier=journey.carrier if journey else carrier,
            tracking_number=journey.tracking_number if journey and has_label else "",
            state=PARCEL_STATES[reached].value,
            shipped_at=journey.shipped_at if journey else None,
            expected_on=expected_on,
            delivered_at=journey.delivered_at if journey else None,
            delay_cause=None if scenario.cause is None else scenario.cause.value,
            proof=rng.choice(read("store")["proofs"]) if journey and journey.delivered_at else "",
        )

    if not journeys and scenario.cause is DelayCause.WAREHOUSE_MISSED:
        add(f"SH-{order.id + 50000}-1", None)
    for place, journey in enumerate(journeys, start=1):
        shipment_id = add(f"SH-{order.id + 50000}-{place}", journey)
        for scan in journey.scans:
            book.add(
                shipment_events,
                shipment_id=shipment_id,
                at=scan.at,
                place=scan.place,
                code=scan.code,
                text=scan.text,
            )


def write_way_back(
    book: Book,
    rng: random.Random,
    scenario: Scenario,
    order: Placed,
    method: str,
    since: dt.datetime,
    now: dt.datetime,
) -> None:
    """Note the order's return and refund, between the delivery (or cancelling) and now."""
    asked_at = _between(since, min(now, since + dt.timedelta(days=10)), 0.3)
    end = now - dt.timedelta(hours=rng.randrange(4, 20))
    if scenario.refund_late:
        end = now - dt.timedelta(days=rng.randrange(19, 24))
    end = max(end, asked_at)
    return_id = None
    # With one line at most the freight is no question: what comes back is the first line.
    lines = order.line_ids if scenario.refunded is RefundState.ARRIVED else order.line_ids[:1]
    value = order.total if len(lines) == len(order.line_ids) else _worth(book, lines, order)
    if scenario.returned is not None:
        return_id = _add_return(book, rng, scenario, order, value, asked_at, end)
        for line_id in lines:
            book.add(return_lines, return_id=return_id, line_id=line_id)
    if scenario.refunded is not None:
        if scenario.returned is None:
            value = order.total
        _add_refund(book, scenario, order, value, method, return_id, asked_at, end)


def _add_return(
    book: Book,
    rng: random.Random,
    scenario: Scenario,
    order: Placed,
    value: Money,
    asked_at: dt.datetime,
    end: dt.datetime,
) -> int:
    state = scenario.returned
    has_left = state in (ReturnState.SENT, ReturnState.ARRIVED, ReturnState.CLOSED)
    is_here = state in (ReturnState.ARRIVED, ReturnState.CLOSED)
    return book.add(
        returns,
        order_id=order.id,
        state=state.value if state else None,
        reason=scenario.reason.value,
        requested_at=asked_at,
        goods_come_back=True,
        value_minor=value.minor,
        send_by=asked_at.date() + dt.timedelta(days=14),
        tracking_number=f"RR{rng.randrange(10**9):09d}NL" if has_left else "",
        arrived_at=_between(asked_at, end, 0.6) if is_here else None,
    )


def _add_refund(
    book: Book,
    scenario: Scenario,
    order: Placed,
    amount: Money,
    method: str,
    return_id: int | None,
    asked_at: dt.datetime,
    end: dt.datetime,
) -> None:
    state = scenario.refunded
    steps = _REFUND_STEPS[: _REFUND_STEPS.index(state) + 1] if state in _REFUND_STEPS else _REFUND_STEPS[:1]
    reached = {}
    for place, step in enumerate(steps):
        # Asked, then evenly to the last step, but approved only after the goods are here.
        part = 0.0 if place == 0 else 0.7 + 0.3 * place / max(len(steps) - 1, 1)
        reached[step] = _between(asked_at, end, part)
    refund_id = book.add(
        refunds,
        order_id=order.id,
        return_id=return_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        state=state.value if state else None,
        reason=scenario.reason.value,
        method=method,
        requested_at=asked_at,
        approved_at=reached.get(RefundState.APPROVED),
        sent_at=reached.get(RefundState.SENT),
        arrived_at=reached.get(RefundState.ARRIVED),
    )
    if state is RefundState.AWAITING_APPROVAL:
        book.add(
            approvals,
            order_id=order.id,
            refund_id=refund_id,
            amount_minor=amount.minor,
            currency=amount.currency,
            state=ApprovalState.PENDING.value,
            asked_at=asked_at,
        )


def _between(first: dt.datetime, last: dt.datetime, part: float) -> dt.datetime:
    return (first + (last - first) * part).replace(microsecond=0)


def _worth(book: Book, line_ids: Sequence[int], order: Placed) -> Money:
    rows = book.rows["order_lines"]
    minor = sum(rows[line_id - 1]["price_minor"] * rows[line_id - 1]["quantity"] for line_id in line_ids)
    return min(Money(minor, order.total.currency), order.total)
