"""The order that a flow is about, once its buyer is identified, and what a message tells of either."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.dialogue.turn import Turn
from bot.shop.values import Order, OrderState

#: Orders that are offered as buttons to a buyer who is known.
OFFERED = 4


def known_order(turn: Turn, tracker: Tracker) -> Order:
    """The order whose buyer is identified in this conversation.

    Raises:
        LookupError: no order is known; a flow must not get here.
    """
    order = order_if_known(turn, tracker)
    if order is None:
        raise LookupError("no order of an identified buyer is known")
    return order


def order_if_known(turn: Turn, tracker: Tracker) -> Order | None:
    """The same, for what may be said without one."""
    number = tracker.get_slot("order_number")
    order = turn.shop.order(number) if number and turn.customer is not None else None
    if order is None or turn.customer is None or order.customer_id != turn.customer.id:
        return None
    turn.read("order", number=order.number, state=order.state.value)
    return order


def own_order(turn: Turn, typed: str | None, spoken_of: str | None) -> Order | None:
    """The known buyer's order that is meant, if it can be told."""
    if turn.customer is None:
        return None
    for number in (typed, None if typed else spoken_of):
        meant = turn.shop.nearest_order_number(turn.customer.id, number) if number else None
        if meant:
            return turn.shop.order(meant)
    if typed:
        return None
    recent = turn.shop.orders_of(turn.customer.id, limit=2)
    return recent[0] if len(recent) == 1 else None


def given_contact(turn: Turn) -> str | None:
    """The e-mail address or phone number in a message.

    A phone number as it was typed: only the order's own country tells what a national form means.
    """
    read = turn.understanding
    found = read.first("email")
    if found:
        return str(found)
    phone = next((one for one in read.entities if one["entity"] == "phone"), None)
    return None if phone is None else read.text[phone["start"] : phone["end"]] or str(phone["value"])


def is_before_shipping(order: Order) -> bool:
    """Whether the parcel has not left us yet."""
    return order.state in (OrderState.UNPAID, OrderState.PAID, OrderState.PACKED)
