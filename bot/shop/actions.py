"""What the bot may do to an order: each action decides and writes; ``once`` lets it do so once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import PolicyError, ShopError
from bot.settings import ShopRules
from bot.shop import policy
from bot.shop.exchange import read_rates
from bot.shop.once import Made, settled_lines
from bot.shop.order_reading import read_orders
from bot.shop.tables import (
    approvals,
    orders,
    refunds,
    remarks,
    return_lines,
    returns,
    shipments,
    traces,
)
from bot.shop.values import (
    ApprovalState,
    Money,
    Order,
    Refund,
    RefundState,
    Refusal,
    RemarkColour,
    Return,
    ReturnReason,
    ReturnState,
)

#: The author of the bot's own remarks, before the assistant's name.
BOT = "bot"


@dataclass(frozen=True)
class Actions:
    """The shop's actions in one unit of work, at one moment."""

    connection: Connection
    rules: ShopRules
    now: dt.datetime

    def request_return(self, number: str, line_ids: Sequence[int], reason: ReturnReason) -> tuple[int, Made]:
        """Open a return within policy."""
        order = self.locked_order(number)
        refusal = policy.return_refusal(order, line_ids, self.rules, self.now, reason)
        if refusal is None and settled_lines(self.connection, order.id) & set(line_ids):
            refusal = Refusal.ALREADY_RETURNED
        if refusal is Refusal.UNKNOWN_LINE:
            raise ShopError(f"{number} has no such line", code=refusal.value)
        if refusal is not None:
            raise _refused(number, refusal)
        value = policy.return_value(order, line_ids, reason)
        worth = policy.worth_of_way_back(order, line_ids)
        comes_back = policy.goods_must_come_back(worth, self.rules, read_rates(self.connection))
        return_id = self._insert(
            returns,
            order_id=order.id,
            state=ReturnState.APPROVED.value,
            reason=reason.value,
            requested_at=self.now,
            goods_come_back=comes_back,
            value_minor=value.minor,
            send_by=policy.send_by(order, self.rules, self.now) if comes_back else None,
            tracking_number="",
        )
        rows = [{"return_id": return_id, "line_id": line_id} for line_id in sorted(set(line_ids))]
        self.connection.execute(sa.insert(return_lines), rows)
        return order.id, {"return_id": return_id}

    def record_return_parcel(self, return_id: int, tracking_number: str) -> tuple[int, Made]:
        """Note the number of the parcel that comes back."""
        found = self.connection.execute(
            sa.select(returns.c.order_id, returns.c.state).where(returns.c.id == return_id).with_for_update()
        ).one_or_none()
        if found is None:
            raise ShopError(f"there is no return {return_id}", code=Refusal.UNKNOWN_RETURN.value)
        values = {"tracking_number": tracking_number}
        if found.state in (ReturnState.REQUESTED.value, ReturnState.APPROVED.value):
            values["state"] = ReturnState.SENT.value
        self.connection.execute(sa.update(returns).where(returns.c.id == return_id).values(values))
        return found.order_id, {"return_id": return_id}

    def request_refund(
        self, number: str, amount: Money | None, reason: ReturnReason, return_id: int | None
    ) -> tuple[int, Made]:
        """Ask for money back within policy, and for an approval above the bot's authority."""
        order = self.locked_order(number)
        goods = None if return_id is None else _return_of(order, return_id)
        rates = read_rates(self.connection)
        decision = policy.refund_decision(order, amount, reason, self.rules, rates, self.now, goods=goods)
        if decision.refusal is not None:
            raise _refused(number, decision.refusal)
        state = RefundState.AWAITING_APPROVAL if decision.needs_approval else RefundState.REQUESTED
        refund_id = self._insert_refund(order, decision.amount, reason, state, return_id=return_id)
        made = {"refund_id": refund_id}
        if decision.needs_approval:
            made["approval_id"] = self._insert(
                approvals,
                order_id=order.id,
                refund_id=refund_id,
                amount_minor=decision.amount.minor,
                currency=decision.amount.currency,
                state=ApprovalState.PENDING.value,
                asked_at=self.now,
            )
            if goods is not None and amount is None:
                # Made for this refund alone: nothing need be sent before somebody has agreed.
                self._set_return(goods, ReturnState.APPROVED, state=ReturnState.REQUESTED.value)
        text = f"Refund of {_plain(decision.amount)} asked for: {reason.value}, {state.value}"
        self._remark(order.id, RemarkColour(self.rules.remarks.refund), text)
        return order.id, made

    def report_double_charge(self, number: str) -> tuple[int, Made]:
        """Ask finance to give back every payment that was taken again."""
        order = self.locked_order(number)
        pairs = policy.duplicate_charges(order)
        if not pairs:
            raise _refused(number, Refusal.NO_DOUBLE_CHARGE)
        reported = {refund.payment_id: refund.id for refund in order.refunds}
        refund_ids = []
        for first, later in pairs:
            if later.id not in reported:
                reported[later.id] = self._insert_refund(
                    order,
                    later.amount,
                    ReturnReason.CHARGED_TWICE,
                    RefundState.REQUESTED,
                    payment_id=later.id,
                    method=later.method,
                )
                text = f"Charged twice: {_plain(later.amount)}, {first.reference} and {later.reference}"
                self._remark(order.id, RemarkColour(self.rules.remarks.special), text)
            refund_ids.append(reported[later.id])
        return order.id, {"refund_ids": refund_ids}

    def open_trace(self, shipment_id: int) -> tuple[int, Made]:
        """Open a search for a parcel, or find the one that is open."""
        parcel = self.connection.execute(
            sa.select(shipments).where(shipments.c.id == shipment_id).with_for_update()
        ).one_or_none()
        if parcel is None:
            raise ShopError(f"there is no parcel {shipment_id}", code=Refusal.UNKNOWN_SHIPMENT.value)
        if parcel.shipped_at is None:
            raise _refused(parcel.number, Refusal.NOT_SHIPPED)
        is_open = (traces.c.shipment_id == shipment_id) & traces.c.closed_at.is_(None)
        trace_id = self.connection.execute(sa.select(traces.c.id).where(is_open)).scalar()
        if trace_id is None:
            trace_id = self._insert(
                traces,
                shipment_id=shipment_id,
                opened_at=self.now,
                answer_by=self.now.date() + dt.timedelta(days=self.rules.shipping.trace_days),
            )
        return parcel.order_id, {"trace_id": trace_id}

    def add_remark(self, number: str, colour: RemarkColour, author: str, text: str) -> tuple[int, Made]:
        """Leave a note on an order."""
        order = self.locked_order(number)
        return order.id, {"remark_id": self._remark(order.id, colour, text, author)}

    def locked_order(self, number: str) -> Order:
        """The order, locked against other actions until the transaction ends (on SQLite everything is)."""
        condition = orders.c.number == number
        self.connection.execute(sa.select(orders.c.id).where(condition).with_for_update()).all()
        found = read_orders(self.connection, condition)
        if not found:
            raise ShopError(f"there is no order {number}", code=Refusal.UNKNOWN_ORDER.value)
        return found[0]

    def _insert(self, table: sa.Table, **values: Any) -> int:
        return int(self.connection.execute(sa.insert(table).values(values)).inserted_primary_key[0])

    def _insert_refund(
        self,
        order: Order,
        amount: Money,
        reason: ReturnReason,
        state: RefundState,
        *,
        return_id: int | None = None,
        payment_id: int | None = None,
        method: str | None = None,
    ) -> int:
        return self._insert(
            refunds,
            order_id=order.id,
            return_id=return_id,
            payment_id=payment_id,
            amount_minor=amount.minor,
            currency=amount.currency,
            state=state.value,
            reason=reason.value,
            method=method or policy.refund_method(order),
            requested_at=self.now,
        )

    def _set_return(self, goods: Return, was: ReturnState, **values: Any) -> None:
        """Write to a return that is still what it was."""
        same = (returns.c.id == goods.id) & (returns.c.state == was.value)
        self.connection.execute(sa.update(returns).where(same).values(**values))

    def _remark(self, order_id: int, colour: RemarkColour, text: str, author: str | None = None) -> int:
        return self._insert(
            remarks,
            order_id=order_id,
            colour=colour.value,
            author=author or f"{BOT} {self.rules.store.assistant}",
            at=self.now,
            text=text,
        )


def _return_of(order: Order, return_id: int) -> Return:
    goods = next((back for back in order.returns if back.id == return_id), None)
    if goods is None or goods.state is ReturnState.REFUSED:
        raise ShopError(f"{order.number} has no return {return_id}", code=Refusal.UNKNOWN_RETURN.value)
    if any(_hangs_on(refund, return_id) for refund in order.refunds):
        raise _refused(order.number, Refusal.ALREADY_RETURNED)
    return goods


def _hangs_on(refund: Refund, return_id: int) -> bool:
    return refund.return_id == return_id and refund.state is not RefundState.DECLINED


def _refused(number: str, refusal: Refusal) -> PolicyError:
    return PolicyError(f"{number}: {refusal.value}", code=refusal.value)


def _plain(amount: Money) -> str:
    """For the store's people, who read remarks in English."""
    return f"{amount.major} {amount.currency}"


def as_arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    """An action's arguments in a form that can be compared later."""
    return {
        name: [value.minor, value.currency] if isinstance(value, Money) else value
        for name, value in values.items()
    }
