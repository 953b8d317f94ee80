"""Policy on parcels and stock: what is late, stuck or low."""

from __future__ import annotations

import datetime as dt

from bot.settings import ShopRules
from bot.shop.policy.days import local_day
from bot.shop.policy.lanes import stuck_days
from bot.shop.values import ON_ITS_WAY, Order, OrderState, Shipment, ShipmentState, StockState

_MOVING = frozenset(
    {
        ShipmentState.SHIPPED,
        ShipmentState.IN_TRANSIT,
        ShipmentState.AT_CUSTOMS,
        ShipmentState.OUT_FOR_DELIVERY,
    }
)


def days_without_scan(shipment: Shipment, now: dt.datetime) -> int:
    """Whole days since the parcel was last seen; 0 before it left."""
    last = shipment.last_event.at if shipment.last_event else shipment.shipped_at
    return 0 if last is None or shipment.shipped_at is None else max((now - last).days, 0)


def is_stuck(shipment: Shipment, rules: ShopRules, now: dt.datetime, country: str = "") -> bool:
    """Whether a parcel on its way has not been seen for too long, for the country it goes to."""
    return shipment.state in _MOVING and days_without_scan(shipment, now) >= stuck_days(country, rules)


def promised_late(order: Order, now: dt.datetime) -> bool:
    """Whether the day is over by which delivery was promised, and nothing was delivered."""
    waiting = order.state in ON_ITS_WAY or order.state in (OrderState.PAID, OrderState.PACKED)
    return waiting and order.promised_on is not None and order.promised_on < local_day(now, order.timezone)


def dispatch_due(order: Order, rules: ShopRules) -> dt.datetime | None:
    """When the order should have left the warehouse; None while it is unpaid."""
    if order.paid_at is None:
        return None
    return order.paid_at + dt.timedelta(hours=rules.shipping.dispatch_hours)


def is_dispatch_late(order: Order, rules: ShopRules, now: dt.datetime) -> bool:
    """Whether the order should have left the warehouse and has not."""
    due = dispatch_due(order, rules)
    return order.state in (OrderState.PAID, OrderState.PACKED) and due is not None and due < now


def stock_state(stock: int, rules: ShopRules) -> StockState:
    """What a buyer is told about so many pieces."""
    if stock <= 0:
        return StockState.OUT
    return StockState.LOW if stock <= rules.stock.low else StockState.IN_STOCK
