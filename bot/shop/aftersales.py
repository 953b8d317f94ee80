"""What becomes of goods that a buyer has: sent again, paid back in part, exchanged; the way back repaid."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.errors import PolicyError, ShopError
from bot.shop import policy
from bot.shop.catalogue_reading import product_of
from bot.shop.exchange import read_rates
from bot.shop.once import Made, settled_lines
from bot.shop.order_changes import OrderChanges
from bot.shop.tables import variants
from bot.shop.values import (
    Order,
    OrderLine,
    RefundState,
    Refusal,
    RemarkColour,
    Remedy,
    ReturnReason,
    ReturnState,
)


class AfterSales(OrderChanges):
    """The shop's actions, those that change an order, and those on goods that were delivered."""

    def settle(
        self, number: str, line_ids: Sequence[int], reason: ReturnReason, remedy: Remedy, seen: str
    ) -> tuple[int, Made]:
        """Settle what is wrong with these lines for good; pieces that are sent again are held."""
        order = self._as_seen(number, seen)
        lines = _lines(order, line_ids)
        gone = policy.returning_lines(order) | settled_lines(self.connection, order.id)
        if gone & set(line_ids):
            raise _refused(number, Refusal.ALREADY_RETURNED)
        if not policy.is_in_window(order, self.rules, self.now, reason):
            raise _refused(number, Refusal.WINDOW_CLOSED)
        if remedy is Remedy.REPLACEMENT:
            for line in lines:
                self._take(number, line.sku, line.quantity)
        goods = ", ".join(f"{line.quantity} x {line.sku}" for line in lines)
        done = "send again" if remedy is Remedy.REPLACEMENT else "kept by the buyer"
        self._say(order, f"{reason.value}: {goods}: {done}, at our cost.")
        return order.id, {"lines": sorted(set(line_ids)), "remedy": remedy.value}

    def exchange(self, number: str, line_id: int, sku: str, seen: str) -> tuple[int, Made]:
        """Hold another variant of the same product until the line's goods are back."""
        order = self._as_seen(number, seen)
        (line,) = _lines(order, [line_id])
        product = product_of(self.connection, line.sku)
        variant = next((one for one in product.variants if one.sku == sku), None) if product else None
        if variant is None or sku == line.sku:
            raise ShopError(f"{number} has no such line", code=Refusal.UNKNOWN_LINE.value)
        if policy.price_difference(line, variant, read_rates(self.connection)).minor > 0:
            # Money must be collected: a person does.
            raise _refused(number, Refusal.OTHER_PRICE)
        self._take(number, sku, line.quantity)
        self._say(order, f"Exchange: {line.quantity} x {sku} held for {line.sku}, which comes back.")
        return order.id, {"line": line_id, "sku": sku}

    def repay_freight(self, number: str, return_id: int, carrier: str) -> tuple[int, Made]:
        """Pay back the way back, by what is paid for this carrier."""
        order = self.locked_order(number)
        back = next((one for one in order.returns if one.id == return_id), None)
        if back is None or back.state is ReturnState.REFUSED:
            raise ShopError(f"{number} has no return {return_id}", code=Refusal.UNKNOWN_RETURN.value)
        if not policy.freight_is_ours(order, back):
            raise _refused(number, Refusal.NOT_OURS)
        if policy.freight_repaid(order, return_id):
            raise _refused(number, Refusal.ALREADY_RETURNED)
        amount = policy.freight_back(order, carrier, self.rules, read_rates(self.connection))
        refund_id = self._insert_refund(
            order, amount, ReturnReason.RETURN_FREIGHT, RefundState.REQUESTED, return_id=return_id
        )
        text = f"Freight of the way back with {carrier}: {amount.major} {amount.currency} asked for"
        self._remark(order.id, RemarkColour(self.rules.remarks.refund), text)
        return order.id, {"refund_id": refund_id}

    def _take(self, number: str, sku: str, quantity: int) -> None:
        taken = self.connection.execute(
            sa.update(variants)
            .where(variants.c.sku == sku, variants.c.stock >= quantity)
            .values(stock=variants.c.stock - quantity)
        )
        if taken.rowcount != 1:
            # Another order took the last pieces.
            raise _refused(number, Refusal.OUT_OF_STOCK)

    def _say(self, order: Order, text: str) -> None:
        """For the warehouse: nothing else tells it to send something."""
        self._remark(order.id, RemarkColour(self.rules.remarks.special), text)


def _lines(order: Order, line_ids: Sequence[int]) -> list[OrderLine]:
    found = [line for line in order.lines if line.id in line_ids]
    if not found or len(found) != len(set(line_ids)):
        raise ShopError(f"{order.number} has no such line", code=Refusal.UNKNOWN_LINE.value)
    return found


def _refused(number: str, refusal: Refusal) -> PolicyError:
    return PolicyError(f"{number}: {refusal.value}", code=refusal.value)
