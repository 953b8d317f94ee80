"""Whether the store sells a kind of goods: some of those it has, or a plain no with the kinds that it has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rasa_sdk import Tracker

from bot.dialogue.actions.advice import CATEGORIES, typed_category
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.recommending import category_button, details, line_of
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.assortment import asks_for_gift_cards, asks_for_one, goods_asked
from bot.dialogue.turn import Turn
from bot.shop.choosing import Wish
from bot.shop.finding import words_named, words_of
from bot.shop.heads import HEAD_LAST
from bot.shop.values import Product

#: Products that are shown.
SHOWN = 5
#: Products with a part of such a name that are looked at.
LOOKED_AT = 40
#: Arabic's plural of what ends in "ة": another word to whoever compares the letters they begin with.
_PLURAL = re.compile(r"ات\b")


def found_for(turn: Turn, text: str) -> Sequence[Product] | None:
    """What there is of the goods that a message asks about, the best rated first; perhaps nothing.

    None where the message asks about no kind of goods, or names one of them.
    """
    goods = None if turn.understanding.first("product") else goods_asked(text)
    if goods is None:
        return None
    category = typed_category(turn, goods)
    if category is not None:
        return turn.shop.fitting(Wish(goods, category), SHOWN).products
    found = turn.shop.products_of_kind(goods, limit=LOOKED_AT)
    if not found and (one := _PLURAL.sub("ة", goods)) != goods:
        found = turn.shop.products_of_kind(one, limit=LOOKED_AT)
    found = found or turn.shop.products_of_material(goods, limit=LOOKED_AT)
    if not found and asks_for_one(text):
        # "Have you got an account for traders?": not all that a store may have is goods.
        return None
    if asks_for_gift_cards(text):
        # A greetings card has only half of the name.
        found = [one for one in found if words_named(goods, _names(turn, one)) >= len(words_of(goods)) > 1]
    found = [one for one in found if words_named(_lead(turn, goods), _names(turn, one))] or found
    held = {one.code: words_named(goods, _names(turn, one)) for one in found}
    most = max(held.values(), default=0)
    fit = [one for one in found if held[one.code] == most]
    return sorted(fit, key=lambda one: (-(one.rating or 0.0), -one.review_count, one.code))


def _names(turn: Turn, product: Product) -> tuple[str, str]:
    return product.name, turn.words.product(product)


def _lead(turn: Turn, goods: str) -> str:
    """The word that says what goods it is: a waterproof backpack is a backpack."""
    words = words_of(goods) or (goods,)
    return words[-1 if turn.words.language.partition("-")[0] in HEAD_LAST else 0]


class TellAssortment(Step):
    """The goods that were asked about, or that nothing has that name."""

    title = "action_product_range"
    flow = "product_range"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Name some, or say no and name the kinds of goods that there are."""
        text = tracker.get_slot("product_question") or turn.understanding.text
        goods = goods_asked(text) or text
        products = [
            one for one in map(turn.shop.product, tracker.get_slot("product_candidates") or ()) if one
        ]
        for product in products:
            turn.read("product", code=product.code)
        if products:
            lines = "\n".join(line_of(turn, product) for product in products)
            speaker.say("utter_range", [details(turn, one) for one in products], goods=goods, products=lines)
        else:
            kinds = turn.shop.categories()[:CATEGORIES]
            speaker.say("utter_range_none", [category_button(turn, one) for one in kinds], goods=goods)
        return {"done": remembered(tracker, "product")} | back_to(turn, tracker, speaker)
