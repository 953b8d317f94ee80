"""My parcel is at customs: what may be asked for, who pays, how long, and what if it is refused."""

from __future__ import annotations

import re

from rasa_sdk import Tracker

from bot.desk.values.cases import Priority, Reason
from bot.dialogue.actions.change import word
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.known_orders import known_order
from bot.dialogue.actions.parcels import current_parcel, tell_parcel
from bot.dialogue.actions.shipping import say_duties
from bot.dialogue.actions.step import Slots, Speaker, Step
from bot.dialogue.turn import Turn
from bot.shop.policy import lane_of
from bot.shop.values import DelayCause, OrderState, ShipmentState

#: Goods that customs keeps: on the list of what only people answer.
_SEIZED = re.compile(r"\b(?:sei[sz]|confiscat|destroy)\w*", re.IGNORECASE)


class TellCustoms(Step):
    """Where it stands, then what customs of that country does, from its lane."""

    title = "action_customs"
    flow = "customs"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Tell the parcel first; then papers, duties and time, where it is at customs or may get there."""
        order = known_order(turn, tracker)
        if _SEIZED.search(turn.understanding.text):
            return hand_over(
                turn,
                tracker,
                speaker,
                Reason.ALWAYS_HUMAN,
                why="says that customs seized the goods",
                intent="service_threat",
                priority=Priority.URGENT,
                order=order,
                reply="utter_threat",
            )
        told = tell_parcel(turn, tracker, speaker, order)
        parcel, country = current_parcel(order), order.ship_to.country
        over = (OrderState.UNPAID, OrderState.CANCELLED, OrderState.RETURNED, OrderState.DELIVERED)
        lane = lane_of(country, turn.rules)
        if order.state in over or lane is None or turn.case is not None:
            return told
        turn.read("lane", country=country, paid_by=lane.duties.paid_by)
        say_duties(turn, speaker, country)
        held = parcel is not None and (
            parcel.state is ShipmentState.AT_CUSTOMS or parcel.delay_cause is DelayCause.CUSTOMS_CLEARANCE
        )
        if held:
            names = [word(turn, f"utter_document_{name}") for name in lane.duties.documents]
            documents = turn.words.all_of(names) or word(turn, "utter_document_none")
            speaker.say("utter_customs_asks", documents=documents, days=lane.duties.clearance_days)
            speaker.say("utter_customs_refused")
        return told
