"""Questions about the store itself: promotions, how to order, how to reach it."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.dialogue.actions.change import word
from bot.dialogue.actions.deals import basket_told, running, say_missing
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.values import Money


class TellPromotions(Step):
    """Promotions first, then coupons, then what one more article brings."""

    title = "action_promotions"
    flow = "promotions"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Say it; inside a form, the form goes on by itself."""
        told = running(turn)
        free = turn.rules.shipping.free_from
        named = turn.shop.products_named(turn.understanding.text, limit=2)
        product = turn.understanding.first("product") or (named[0].code if len(named) == 1 else None)
        # Whoever asks for a discount on one article may bargain for it.
        less = [Button(word(turn, "utter_meaning_product_bargain"), "/product_bargain")] if product else []
        if told:
            speaker.say("utter_promotions", less, coupons=turn.words.all_of(told))
        elif not free:
            speaker.say("utter_promotions_none")
        if free:
            least = turn.words.money(Money.of(free, turn.rules.store.currency))
            speaker.say("utter_promotions_free_freight", least=least)
            goods = basket_told(turn)
            if goods is not None:
                say_missing(turn, speaker, goods)
        if tracker.active_loop_name:
            return {}
        spoken_of = {"product": str(product)} if product else {}
        return spoken_of | {"done": remembered(tracker, "payment_answer")}


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
