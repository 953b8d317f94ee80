"""Saying where an order stands; used by every flow that must."""

from __future__ import annotations

from bot.dialogue.actions.step import Speaker
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.policy import dispatch_due
from bot.shop.values import Order, OrderState


def say_state(turn: Turn, speaker: Speaker, order: Order) -> None:
    """One reply for each state of an order; dates are in the buyer's own zone."""
    words = turn.words
    items = words.all_of([f"{line.quantity} × {words.line(line)}" for line in order.lines[:3]])
    values: dict[str, str] = {"number": order.number, "items": items, "total": words.money(order.total)}
    match order.state:
        case OrderState.UNPAID:
            speaker.say("utter_order_unpaid", **values)
        case OrderState.PAID | OrderState.PACKED:
            due = dispatch_due(order, turn.rules)
            now = turn.clock.now()
            late = due is not None and due < now
            reply = f"utter_order_{order.state.value}" + ("_late" if late else "")
            expected = order.promised_on
            speaker.say(
                reply,
                dispatch=words.day_of(due or now),
                expected=words.day(expected) if expected else words.day_of(now),
                **values,
            )
        case OrderState.CANCELLED:
            at = order.cancelled_at or order.placed_at
            paid_back = order.refunds[-1] if order.refunds else None
            speaker.say("utter_order_cancelled", day=words.day_of(at), **values)
            if paid_back is not None:
                speaker.say("utter_order_cancelled_refund", amount=words.money(paid_back.amount))
        case OrderState.RETURNED:
            speaker.say("utter_order_returned", **values)
        case _:
            _say_parcel_state(turn, speaker, order, values)


def _say_parcel_state(turn: Turn, speaker: Speaker, order: Order, values: dict[str, str]) -> None:
    words = turn.words
    if not order.shipments:
        state = turn.replies.say(f"utter_state_{order.state.value}", words.language, {}).text
        speaker.say("utter_order_untracked", state=state, **values)
        return
    parcel = order.shipments[-1]
    last = parcel.last_event
    where = Button(
        turn.replies.say("utter_meaning_logistics_where_is_parcel", words.language, {}).text,
        "/logistics_where_is_parcel",
    )
    speaker.say(
        f"utter_order_{order.state.value}",
        [where] if order.state is not OrderState.DELIVERED else [],
        place=last.place if last else order.ship_to.city,
        day=words.day_of(last.at if last else order.placed_at),
        carrier=parcel.carrier,
        expected=words.day(parcel.expected_on or order.promised_on or turn.clock.now().date()),
        **values,
    )
