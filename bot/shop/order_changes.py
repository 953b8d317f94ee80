"""What a buyer may have changed about an order: decided on the order as it is once it is locked."""

from __future__ import annotations

import sqlalchemy as sa

from bot.errors import PolicyError, ShopError
from bot.shop import policy
from bot.shop.actions import Actions
from bot.shop.catalogue_reading import product_of
from bot.shop.once import Made, actions_of
from bot.shop.policy import CancelWay
from bot.shop.tables import order_lines, orders, variants
from bot.shop.values import (
    Address,
    LineState,
    Order,
    OrderLine,
    OrderState,
    Product,
    Refusal,
    RemarkColour,
    Variant,
)

#: Kinds of once-only actions that are looked up again.
CONFIRM_RECEIPT, EXTEND_PROTECTION = "confirm_receipt", "extend_protection"
_BEFORE_SHIPPING = (OrderState.UNPAID, OrderState.PAID, OrderState.PACKED)


class OrderChanges(Actions):
    """The shop's actions, and those that change an order for its buyer."""

    def cancel_order(self, number: str, seen: str) -> tuple[int, Made]:
        """Cancel an order that is not packed yet, with all its lines."""
        order = self._as_seen(number, seen)
        if policy.cancel_way(order) not in (CancelWay.CLOSE, CancelWay.REFUND):
            raise _refused(number, Refusal.TOO_LATE)
        cancelled = {"state": OrderState.CANCELLED.value, "cancelled_at": self.now}
        self.connection.execute(sa.update(orders).where(orders.c.id == order.id).values(cancelled))
        self.connection.execute(
            sa.update(order_lines)
            .where(order_lines.c.order_id == order.id)
            .values(state=LineState.CANCELLED.value)
        )
        self._note(order, f"Cancelled at the buyer's wish; it was {order.state.value}.")
        return order.id, {"order_id": order.id}

    def change_address(self, number: str, address: Address, seen: str) -> tuple[int, Made]:
        """Send the order to another address in the same country."""
        order = self._changeable(number, seen)
        if address.country != order.ship_to.country:
            raise _refused(number, Refusal.OTHER_COUNTRY)
        values = {
            "ship_name": address.name,
            "ship_street": address.street,
            "ship_city": address.city,
            "ship_region": address.region,
            "ship_postcode": address.postcode,
            "ship_phone": address.phone,
        }
        self.connection.execute(sa.update(orders).where(orders.c.id == order.id).values(values))
        was = order.ship_to
        former = f"{was.name}, {was.street}, {was.postcode} {was.city}"
        self._note(order, f"Address changed at the buyer's wish; it was: {former}.")
        return order.id, {"order_id": order.id}

    def swap_variant(self, number: str, line_id: int, sku: str, seen: str) -> tuple[int, Made]:
        """Put another variant, at the same price, in the place of a line's."""
        order = self._changeable(number, seen)
        line = next((one for one in order.lines if one.id == line_id), None)
        product = product_of(self.connection, line.sku) if line is not None else None
        variant = next((one for one in product.variants if one.sku == sku), None) if product else None
        if line is None or product is None or variant is None:
            raise ShopError(f"{number} has no such line", code=Refusal.UNKNOWN_LINE.value)
        if variant not in policy.replacements(product, line):
            short = variant.stock < line.quantity
            raise _refused(number, Refusal.OUT_OF_STOCK if short else Refusal.OTHER_PRICE)
        self._hold(order, line, product, variant)
        self._note(order, f"Swapped at the buyer's wish: {line.sku} for {sku}, {line.quantity} pieces.")
        return order.id, {"order_id": order.id}

    def record_wish(self, number: str, text: str, seen: str) -> tuple[int, Made]:
        """Leave a buyer's wish on the order."""
        order = self._as_seen(number, seen)
        return order.id, {"remark_id": self._note(order, text)}

    def confirm_receipt(self, number: str, seen: str) -> tuple[int, Made]:
        """Note that the buyer has got everything."""
        order = self._as_seen(number, seen)
        return order.id, {"remark_id": self._note(order, "The buyer confirms the receipt of everything.")}

    def extend_protection(self, number: str, seen: str) -> tuple[int, Made]:
        """Give more days of buyer protection."""
        order = self._as_seen(number, seen)
        times = len(list(actions_of(self.connection, order.id, EXTEND_PROTECTION)))
        until = policy.extended(order, times, self.rules)
        if until is None or not policy.can_extend(order, times, self.rules, self.now):
            raise _refused(number, Refusal.TOO_LATE)
        self._note(order, f"Buyer protection extended to {until.isoformat()}.")
        return order.id, {"until": until.isoformat()}

    def _hold(self, order: Order, line: OrderLine, product: Product, variant: Variant) -> None:
        taken = self.connection.execute(
            sa.update(variants)
            .where(variants.c.sku == variant.sku, variants.c.stock >= line.quantity)
            .values(stock=variants.c.stock - line.quantity)
        )
        if taken.rowcount != 1:
            # Another order took the last pieces.
            raise _refused(order.number, Refusal.OUT_OF_STOCK)
        if line.state is LineState.ORDERED:
            self.connection.execute(
                sa.update(variants)
                .where(variants.c.sku == line.sku)
                .values(stock=variants.c.stock + line.quantity)
            )
        self.connection.execute(
            sa.update(order_lines)
            .where(order_lines.c.id == line.id)
            .values(sku=variant.sku, title=titled(product.name, variant), state=LineState.ORDERED.value)
        )

    def _changeable(self, number: str, seen: str) -> Order:
        order = self._as_seen(number, seen)
        if not policy.can_change(order):
            raise _refused(number, Refusal.TOO_LATE)
        return order

    def _as_seen(self, number: str, seen: str) -> Order:
        """The order, locked, if it is still what the buyer was told."""
        order = self.locked_order(number)
        if policy.standing(order) != seen:
            raise _refused(number, Refusal.CHANGED_MEANWHILE)
        return order

    def _note(self, order: Order, text: str) -> int:
        colours = self.rules.remarks
        before = order.state in _BEFORE_SHIPPING
        colour = RemarkColour(colours.before_shipping if before else colours.after_shipping)
        return self._remark(order.id, colour, text)


def titled(name: str, variant: Variant) -> str:
    """A variant as an order's line names it: the product's name with colour and size."""
    traits = ", ".join(trait for trait in (variant.colour, variant.size) if trait)
    return f"{name} ({traits})" if traits else name


def _refused(number: str, refusal: Refusal) -> PolicyError:
    return PolicyError(f"{number}: {refusal.value}", code=refusal.value)
