"""What people and the store's own systems change: an order moves on, a supervisor decides on a refund."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.errors import ShopError
from bot.settings import ShopRules
from bot.shop.decisions import Decisions
from bot.shop.money import Money
from bot.shop.numbers import normal_number
from bot.shop.states import ApprovalState, DelayCause, OrderState, Refusal, ShipmentState
from bot.shop.tables import approvals, orders, shipments

#: The state of the parcel that goes with an order's state.
_PARCEL_STATE = {
    state.value: ShipmentState(state.value)
    for state in OrderState
    if state.value in {parcel.value for parcel in ShipmentState}
}


def change_order(
    connection: Connection, rules: ShopRules, clock: Clock, number: str, values: Mapping[str, Any]
) -> None:
    """Move an order on, as the store's own system would: ``state`` and, for its parcel, ``delay_cause``.

    Raises:
        ShopError: there is no such order.
        ValueError: a value is none of the allowed ones.
    """
    order_id = _order_id(connection, rules, number)
    unknown = set(values) - {"state", "delay_cause"}
    if unknown or not values:
        raise ValueError("`set` holds `state`, `delay_cause` or both")
    now = clock.now()
    parcel: dict[str, Any] = {}
    if "state" in values:
        state = OrderState(values["state"])
        changed: dict[str, Any] = {"state": state.value}
        stamp = {
            OrderState.PAID: "paid_at",
            OrderState.PACKED: "packed_at",
            OrderState.CANCELLED: "cancelled_at",
        }
        if state in stamp:
            changed[stamp[state]] = now
        connection.execute(orders.update().where(orders.c.id == order_id).values(**changed))
        if state.value in _PARCEL_STATE:
            parcel["state"] = _PARCEL_STATE[state.value].value
            parcel["delivered_at"] = now if state is OrderState.DELIVERED else None
    if "delay_cause" in values:
        cause = values["delay_cause"]
        parcel["delay_cause"] = None if cause is None else DelayCause(cause).value
    if parcel:
        connection.execute(shipments.update().where(shipments.c.order_id == order_id).values(**parcel))


def decide_approval(
    connection: Connection,
    rules: ShopRules,
    clock: Clock,
    number: str,
    decision: str,
    *,
    by: str,
    amount: object = None,
) -> Money:
    """Decide on the order's refund that waits for a supervisor; the first decision counts.

    Args:
        connection: the caller's unit of work.
        rules: ``shop.yml``.
        clock: the time.
        number: the order's.
        decision: ``approve``, ``counter`` or ``decline``.
        by: who decides.
        amount: in major units of the order's currency, for ``counter``; never more than was asked for.

    Returns:
        What will be refunded; zero where it is declined.

    Raises:
        ShopError: there is no such order, or nothing waits for a decision.
        PolicyError: somebody decided meanwhile.
        ValueError: the amount is not allowed.
    """
    order_id = _order_id(connection, rules, number)
    waiting = connection.execute(
        sa.select(approvals, orders.c.number)
        .join(orders, orders.c.id == approvals.c.order_id)
        .where(approvals.c.order_id == order_id, approvals.c.state == ApprovalState.PENDING.value)
        .order_by(approvals.c.id)
        .limit(1)
    ).one_or_none()
    if waiting is None:
        raise ShopError(f"no refund of {number} waits for a decision", code=Refusal.UNKNOWN_RETURN.value)
    asked = Money(waiting.amount_minor, waiting.currency)
    granted = {"approve": asked, "decline": Money.zero(asked.currency)}.get(decision)
    if granted is None:
        granted = _amount(amount, asked)
    # Decides on the approval as it is once the order is locked.
    Decisions(connection, rules, clock.now()).decide_refund(waiting.number, waiting.refund_id, granted, by)
    return granted


def _amount(given: object, most: Money) -> Money:
    try:
        counter = Money.of(Decimal(str(given)), most.currency)
    except InvalidOperation as error:
        raise ValueError("`amount` must be a sum in the order's currency, such as 25.00") from error
    if not 0 < counter.minor <= most.minor:
        raise ValueError(f"`amount` must be above zero and at most {most.major} {most.currency}")
    return counter


def _order_id(connection: Connection, rules: ShopRules, number: str) -> int:
    found = connection.execute(
        sa.select(orders.c.id).where(orders.c.number == (normal_number(number, rules.patterns) or number))
    ).scalar_one_or_none()
    if found is None:
        raise ShopError(f"there is no order {number}", code=Refusal.UNKNOWN_ORDER.value)
    return int(found)
