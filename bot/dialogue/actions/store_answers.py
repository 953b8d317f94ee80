"""Questions about the store itself: promotions, how to order, how to reach it."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.dialogue.actions.deals import running
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.turn import Turn
from bot.shop.values import Money


class TellPromotions(Step):
    """Promotions first, then coupons, then what one more article brings."""

    title = "action_promotions"
    flow = "promotions"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Say it; inside a form, the form goes on by itself."""
        told = running(turn)
        free = turn.rules.shipping.free_from
        if told:
            speaker.say("utter_promotions", coupons=turn.words.all_of(told))
        elif not free:
            speaker.say("utter_promotions_none")
        if free:
            least = turn.words.money(Money.of(free, turn.rules.store.currency))
            speaker.say("utter_promotions_free_freight", least=least)
        return {} if tracker.active_loop_name else {"done": remembered(tracker, "payment_answer")}


class AnswerForStore(Step):
    """How to order, and how to reach a person."""

    title = "action_store_answer"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Say it; inside a form, the form goes on by itself."""
        store = turn.rules.store
        if turn.understanding.intent == "order_place":
            turn.flow = "order_place"
            speaker.say("utter_order_place", website=store.website)
            return {}
        turn.flow = "contact"
        speaker.say("utter_contact", email=store.email)
        return {}
