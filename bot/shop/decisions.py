"""What people decide on money above the bot's authority."""

from __future__ import annotations

import sqlalchemy as sa

from bot.errors import PolicyError, ShopError
from bot.shop import policy
from bot.shop.concessions import Concessions
from bot.shop.once import Made
from bot.shop.tables import approvals, refunds
from bot.shop.values import (
    ApprovalState,
    Money,
    Order,
    Refund,
    RefundState,
    Refusal,
    RemarkColour,
    Return,
    ReturnState,
)


class Decisions(Concessions):
    """The shop's actions, and what is made of a supervisor's word."""

    def decide_refund(self, number: str, refund_id: int, granted: Money, by: str) -> tuple[int, Made]:
        """Write down what was granted of a refund that waits for it; nothing: it is declined."""
        order = self.locked_order(number)
        asked = next((one for one in order.approvals if one.refund_id == refund_id), None)
        refund = next((one for one in order.refunds if one.id == refund_id), None)
        if asked is None or refund is None:
            raise ShopError(f"no refund {refund_id} of {number} waits", code=Refusal.UNKNOWN_RETURN.value)
        if asked.state is not ApprovalState.PENDING or refund.state is not RefundState.AWAITING_APPROVAL:
            raise PolicyError(f"the refund of {number} was decided on", code=Refusal.CHANGED_MEANWHILE.value)
        if granted.currency != asked.amount.currency:
            raise PolicyError(f"{number}: another currency", code=Refusal.WRONG_CURRENCY.value)
        if not 0 <= granted.minor <= asked.amount.minor:
            raise PolicyError(f"{number}: more than was asked for", code=Refusal.TOO_MUCH.value)
        goods = next((back for back in order.returns if back.id == refund.return_id), None)
        state = _decided(granted, asked.amount)
        self.connection.execute(
            sa.update(approvals)
            .where(approvals.c.id == asked.id)
            .values(state=state.value, decided_at=self.now, decided_by=by)
        )
        self._move(order, refund, goods, granted)
        whole = f"{asked.amount.major} {asked.amount.currency}"
        text = f"Refund of {whole} declined by {by}"
        if granted:
            text = f"Refund: {granted.major} of {whole} granted by {by}"
        self._remark(order.id, RemarkColour(self.rules.remarks.refund), text)
        return order.id, {"refund_id": refund_id, "state": state.value, "minor": granted.minor}

    def _move(self, order: Order, refund: Refund, goods: Return | None, granted: Money) -> None:
        """Move on the refund, and a return that was made for it and waited with it."""
        values: dict[str, object] = {"state": RefundState.DECLINED.value}
        if granted:
            waits = goods is not None and goods.goods_come_back and goods.arrived_at is None
            # Money for goods goes out when they are here, whoever has agreed to it.
            moved = RefundState.REQUESTED if waits else RefundState.APPROVED
            at = None if waits else self.now
            values = {"state": moved.value, "approved_at": at, "amount_minor": granted.minor}
        self.connection.execute(sa.update(refunds).where(refunds.c.id == refund.id).values(**values))
        if goods is None:
            return
        if not granted:
            self._set_return(goods, ReturnState.REQUESTED, state=ReturnState.REFUSED.value)
            return
        # As long to send the goods as if it had been agreed at once.
        until = policy.send_by(order, self.rules, self.now) if goods.goods_come_back else None
        self._set_return(goods, ReturnState.REQUESTED, state=ReturnState.APPROVED.value, send_by=until)


def _decided(granted: Money, asked: Money) -> ApprovalState:
    if not granted:
        return ApprovalState.DECLINED
    return ApprovalState.APPROVED if granted == asked else ApprovalState.COUNTERED
