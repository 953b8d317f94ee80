"""The state of an order."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.known_orders import is_before_shipping, known_order
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.parcels import current_parcel, tell_parcel
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.turn import Turn
from bot.shop.policy import is_stuck, promised_late
from bot.shop.values import ON_ITS_WAY, LineState, OrderState


class TellOrderState(Step):
    """Last event, where and when, the next step and the expected date."""

    title = "action_order_state"
    flow = "order_state"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Tell the state of the order; what went wrong with its parcel is told as the parcel's flow does."""
        order = known_order(turn, tracker)
        parcel, now = current_parcel(order), turn.clock.now()
        wrong = order.state in ON_ITS_WAY and (
            parcel is None
            or (
                parcel.delay_cause is not None
                or is_stuck(parcel, turn.rules, now, order.ship_to.country)
                or promised_late(order, now)
            )
        )
        oversold = is_before_shipping(order) and any(
            line.state is LineState.BACKORDERED for line in order.lines
        )
        if wrong or (oversold and order.state is not OrderState.UNPAID):
            return tell_parcel(turn, tracker, speaker, order)
        say_state(turn, speaker, order)
        return {"done": remembered(tracker, "order_state"), **back_to(turn, tracker, speaker)}
