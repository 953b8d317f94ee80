"""Goods recommended or compared, one of them with the reason, and the lines and buttons that name goods."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.dialogue.actions.advice import COMPARE, category_name, most_of
from bot.dialogue.actions.change import word
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.actions.told import fact_of
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.choosing import preferred
from bot.shop.policy import is_sent
from bot.shop.values import Order, Product

#: Facts that products are compared by, the most telling first, and how many are told of each.
TELLING = ("material", "dimensions", "weight", "battery", "age", "warranty", "care")
TOLD = 3
#: Under this name a conversation remembers what was offered beside what was asked for.
_OFFERED = "goes_with"


class Advise(Step):
    """Recommends, or compares."""

    title = "action_advise"
    flow = "advice"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Tell what fits, the best first."""
        wished = tracker.get_slot("advice")
        products = [one for one in map(turn.shop.product, wished["found"]) if one is not None]
        for product in products:
            turn.read("product", code=product.code)
        if wished.get("choose"):
            spoken_of = self._choose(turn, speaker, products)
        elif wished["intent"] == COMPARE:
            spoken_of = self._compare(turn, speaker, products)
        else:
            spoken_of = self._recommend(turn, speaker, products, wished)
            offer_with(turn, tracker, speaker, spoken_of, products)
        known: Slots = {"product": spoken_of.code, "done": remembered(tracker, "product")}
        return known | back_to(turn, tracker, speaker)

    @staticmethod
    def _recommend(
        turn: Turn, speaker: Speaker, products: Sequence[Product], wished: Mapping[str, Any]
    ) -> Product:
        lines = "\n".join(line_of(turn, product) for product in products)
        buttons = [details(turn, product) for product in products]
        most = most_of(wished)
        if wished["is_over"] and most is not None:
            speaker.say("utter_recommend_over", buttons, products=lines, most=turn.words.money(most))
        else:
            speaker.say("utter_recommend", buttons, products=lines)
        return products[0]

    @staticmethod
    def _compare(turn: Turn, speaker: Speaker, products: Sequence[Product]) -> Product:
        facts = _telling(products)
        lines = []
        for product in products:
            told = turn.words.beside(
                [fact_of(turn, product, fact) for fact in facts if fact in product.facts]
            )
            line = line_of(turn, product)
            lines.append(word(turn, "utter_compare_line", line=line, facts=told) if told else line)
        speaker.say("utter_compare", products="\n".join(lines))
        return _preferred(turn, speaker, products) or products[0]

    @staticmethod
    def _choose(turn: Turn, speaker: Speaker, products: Sequence[Product]) -> Product:
        """Which one, of those that were shown."""
        choice = _preferred(turn, speaker, products)
        if choice is not None:
            return choice
        speaker.say("utter_compare_open", [details(turn, one) for one in products])
        return products[0]


def _preferred(turn: Turn, speaker: Speaker, products: Sequence[Product]) -> Product | None:
    """Name the one to take, with the reason; None, and nothing said, where there is none."""
    choice = preferred(products)
    if choice is None:
        return None
    rating, name = turn.words.number(choice.rating or 0.0), turn.words.product(choice)
    if all(one.rating == choice.rating for one in products):
        speaker.say("utter_compare_alike", [details(turn, choice)], product=name, rating=rating)
    else:
        values = {"product": name, "rating": rating, "count": choice.review_count}
        speaker.say("utter_compare_best", [details(turn, choice)], **values)
    return choice


def line_of(turn: Turn, product: Product) -> str:
    """A product with its price and what buyers think of it."""
    price, name = turn.words.money(product.price), turn.words.product(product)
    if product.rating is None or not product.review_count:
        return word(turn, "utter_product_line_unrated", product=name, price=price)
    rating = turn.words.number(product.rating)
    return word(
        turn,
        "utter_product_line",
        product=name,
        price=price,
        rating=rating,
        count=product.review_count,
    )


def details(turn: Turn, product: Product) -> Button:
    """Leads to what the catalogue says of a product."""
    return Button(turn.words.product(product), f"/product_details{json.dumps({'product': product.code})}")


def offer_with(
    turn: Turn, tracker: Tracker, speaker: Speaker, product: Product, shown: Sequence[Product] = ()
) -> None:
    """Name one thing that goes with a product and is there, once in a conversation.

    Args:
        turn: the current turn.
        tracker: the conversation so far; it may know where the goods go to.
        speaker: says it.
        product: was asked about, and the question is answered.
        shown: what the answer has named already.
    """
    country = str(tracker.get_slot("destination") or (turn.customer.country if turn.customer else "") or "")
    other = _companion(turn, product, (product, *shown), country)
    if other is not None:
        speaker.say("utter_goes_with", [details(turn, other)], **_named(turn, other))


def offer_to_add(turn: Turn, speaker: Speaker, order: Order) -> None:
    """Name one thing that goes with an order's goods, once in a conversation: the buyer's wish is served."""
    goods = [product for line in order.lines if (product := turn.shop.product(line.sku)) is not None]
    for product in goods:
        other = _companion(turn, product, goods, order.ship_to.country)
        if other is not None:
            ordered = turn.words.product(product)
            speaker.say("utter_goods_to_add", [details(turn, other)], ordered=ordered, **_named(turn, other))
            return


def _companion(turn: Turn, product: Product, known: Sequence[Product], country: str) -> Product | None:
    """What goes with a product, is there, is sent to the country and was not named yet."""
    if turn.memory.get(_OFFERED):
        return None
    for other in filter(None, map(turn.shop.product, product.goes_with)):
        there = any(variant.stock > 0 for variant in other.variants)
        is_new = other.code not in {one.code for one in known}
        if there and is_new and (not country or is_sent(other, country, turn.rules)):
            turn.memory[_OFFERED] = other.code
            turn.read("product", code=other.code)
            return other
    return None


def _named(turn: Turn, product: Product) -> dict[str, str]:
    return {"product": turn.words.product(product), "price": turn.words.money(product.price)}


def category_button(turn: Turn, category: str) -> Button:
    """Leads to the best of a kind of goods."""
    return Button(category_name(turn, category), f"/product_recommend{json.dumps({'category': category})}")


def _telling(products: Sequence[Product]) -> list[str]:
    """The facts in which they differ."""
    several = [fact for fact in TELLING if len({product.facts.get(fact) for product in products}) > 1]
    return several[:TOLD]
