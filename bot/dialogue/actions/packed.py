"""What cannot be done to an order any more, because it is packed or on its way."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.step import Slots, Speaker
from bot.dialogue.turn import Turn
from bot.shop.policy import CancelWay, cancel_way
from bot.shop.values import Order


def refused_once_packed(
    turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, *, too_late: str, why: str, intent: str
) -> Slots | None:
    """Say that a wish for the packing comes too late (the reply ``too_late``), or hand it over.

    None where it is in time. A person may still open what is packed; ``why`` is what the person reads.
    """
    way = cancel_way(order)
    if way is CancelWay.OVER:
        say_state(turn, speaker, order)
        return {}
    if way in (CancelWay.SHIPPED, CancelWay.DELIVERED):
        speaker.say(too_late, number=order.number)
        return {}
    if way is not CancelWay.PULL:
        return None
    return hand_over(
        turn,
        tracker,
        speaker,
        Reason.POLICY,
        why=why,
        intent=intent,
        order=order,
        reply="utter_items_packed",
    )
