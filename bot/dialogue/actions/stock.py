"""Stock, from the catalogue: there, few left, or out with the date of more, an alternative and a notice."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from rasa_sdk import Tracker

from bot.dialogue.actions.change import word
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.product_answers import ask_why_later, colour_name, known_product
from bot.dialogue.actions.products import TRAITS
from bot.dialogue.actions.recommending import offer_with
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.policy import local_day, stock_state
from bot.shop.values import Product, StockState, Variant
from bot.spelling import words_in

#: Words of a question in which a number alone is a size.
SHORT_QUESTION = 5
_NUMBERS = re.compile(r"(?<![\d.,])\d{2}(?:\.5)?(?![\d,])")
#: Names like a sold-out product's that are looked at for something to have instead.
ALIKE = 8


class TellStock(Step):
    """In stock, low, or out: with the date of more, or an alternative."""

    title = "action_product_stock"
    flow = "product_stock"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Answer for the colour and size that were asked for, or for all there are."""
        product = known_product(turn, tracker)
        asked = dict(tracker.get_slot("product_variant") or {})
        for trait in TRAITS:
            asked[trait] = turn.understanding.first(trait) or asked.get(trait)
        if asked["size"] is None:
            asked["size"] = _size_named(product, turn.understanding.text)
        chosen = [
            variant
            for variant in product.variants
            if _same(variant.colour, asked["colour"]) and _same(variant.size, asked["size"])
        ]
        done: Slots = {"done": remembered(tracker, "stock")}
        ask_why_later(turn, product)
        if not chosen:
            offered = [_label(turn, variant) for variant in product.variants if variant.stock > 0]
            speaker.say(
                "utter_stock_no_such_variant",
                product=turn.words.product(product),
                variants=turn.words.all_of(list(dict.fromkeys(offered))[:8]) or "–",
            )
        elif self._answer(turn, speaker, product, chosen) is StockState.IN_STOCK:
            offer_with(turn, tracker, speaker, product)
        return done | back_to(turn, tracker, speaker)

    @staticmethod
    def _answer(turn: Turn, speaker: Speaker, product: Product, chosen: Sequence[Variant]) -> StockState:
        words = turn.words
        there = [variant for variant in chosen if variant.stock > 0]
        values = {
            "product": words.product(product),
            "price": words.money(min(chosen, key=lambda v: v.price.minor).price),
        }
        named = words.all_of([_label(turn, one) for one in (there or chosen) if one.colour or one.size][:8])
        values["variants"] = f" ({named})" if named else ""
        if there:
            states = {stock_state(variant.stock, turn.rules) for variant in there}
            few = states == {StockState.LOW}
            speaker.say(
                "utter_stock_low" if few else "utter_stock_in",
                count=str(sum(v.stock for v in there)),
                **values,
            )
            return StockState.LOW if few else StockState.IN_STOCK
        tell_me = _restock_button(turn, product, chosen)
        today = local_day(turn.clock.now(), turn.rules.store.timezone)
        coming = [
            variant.restock_on for variant in chosen if variant.restock_on and variant.restock_on >= today
        ]
        if coming:
            speaker.say("utter_stock_out_until", tell_me, day=words.day(min(coming)), **values)
            return StockState.OUT
        alternatives = [
            words.product(other)
            for other in turn.shop.products_named(product.name, limit=ALIKE)
            if other.code != product.code
            and other.category == product.category
            and any(variant.stock > 0 for variant in other.variants)
        ]
        elsewhere = [_label(turn, variant) for variant in product.variants if variant.stock > 0]
        if elsewhere:
            speaker.say(
                "utter_stock_out_other_variant", tell_me, others=words.any_of(elsewhere[:6]), **values
            )
        elif alternatives:
            speaker.say(
                "utter_stock_out_alternative", tell_me, others=words.any_of(alternatives[:3]), **values
            )
        else:
            speaker.say("utter_stock_out", tell_me, **values)
        return StockState.OUT


def _restock_button(turn: Turn, product: Product, chosen: Sequence[Variant]) -> list[Button]:
    """The offer to tell when it is there again."""
    if "restock" not in turn.rules.notices.kinds:
        return []
    code = chosen[0].sku if len(chosen) == 1 else product.code
    payload = json.dumps({"notice_answer": "restock", "product": code})
    return [Button(word(turn, "utter_notice_restock_offer"), f"/notice_answer{payload}")]


def _size_named(product: Product, text: str) -> str | None:
    """The one of a product's sizes that a short message names by its number: "and in 46?"."""
    numbers = _NUMBERS.findall(text) if words_in(text) <= SHORT_QUESTION else []
    named = [size for size in product.sizes if size in numbers]
    return named[0] if len(named) == 1 else None


def _same(have: str, asked: object) -> bool:
    return asked is None or have.casefold() == str(asked).casefold()


def _label(turn: Turn, variant: Variant) -> str:
    colour = colour_name(turn, variant.colour) if variant.colour else ""
    return " ".join(part for part in (colour, variant.size) if part)
