"""Product facts and stock, from the catalogue; a fact that it lacks is never invented."""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk import Tracker

from bot.desk.values import Reason
from bot.dialogue.actions.facts import fact_asked, told_elsewhere
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.identity import back_to
from bot.dialogue.actions.products import TRAITS
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.turn import Turn
from bot.shop.policy import local_day, stock_state
from bot.shop.values import Product, StockState, Variant

#: Names like a sold-out product's that are looked at for something to have instead.
ALIKE = 8


def _known(turn: Turn, tracker: Tracker) -> Product:
    product = turn.shop.product(tracker.get_slot("product"))
    if product is None:
        raise LookupError(f"the product {tracker.get_slot('product')} has left the catalogue")
    turn.read("product", code=product.code)
    return product


def _question(turn: Turn, tracker: Tracker) -> tuple[str, str]:
    wish = tracker.get_slot("product_wish") or turn.understanding.intent
    return wish, tracker.get_slot("product_question") or turn.understanding.text


class TellFacts(Step):
    """A fact of the catalogue, or an honest word that it is not there and who will find out."""

    title = "action_product_facts"
    flow = "product_facts"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Answer with the fact that was asked for."""
        product = _known(turn, tracker)
        wish, text = _question(turn, tracker)
        done: Slots = {"done": remembered(tracker, "product")}
        told = self._tell(turn, tracker, speaker, product, wish, text)
        return done | told if turn.case else done | back_to(turn, tracker, speaker)

    def _tell(
        self, turn: Turn, tracker: Tracker, speaker: Speaker, product: Product, wish: str, text: str
    ) -> Slots:
        words = turn.words
        if wish == "product_price":
            speaker.say("utter_product_price", product=product.name, price=words.money(product.price))
            return {}
        if wish == "product_size":
            return self._sizes(turn, tracker, speaker, product)
        if wish == "product_certificate":
            names = [certificate.name for certificate in product.certificates]
            if names:
                speaker.say(
                    "utter_product_certificates", product=product.name, certificates=words.all_of(names)
                )
                return {}
            return self._open_question(turn, tracker, speaker, product)
        fact = fact_asked(wish, text, product.name)
        if fact is None:
            self._overview(turn, speaker, product)
            return {}
        if fact not in product.facts:
            told = told_elsewhere(fact, [product.description, *product.facts.values()])
            if told is None:
                return self._open_question(turn, tracker, speaker, product)
            speaker.say("utter_fact", product=product.name, fact=told.rstrip("."))
            return {}
        speaker.say(
            f"utter_fact_{fact}" if turn.replies.has(f"utter_fact_{fact}") else "utter_fact",
            product=product.name,
            fact=product.facts[fact].rstrip("."),
        )
        return {}

    @staticmethod
    def _overview(turn: Turn, speaker: Speaker, product: Product) -> None:
        words = turn.words
        colours = product.colours
        speaker.say(
            "utter_product_overview",
            product=product.name,
            description=product.description,
            price=words.money(product.price),
            material=product.facts.get("material", "–"),
        )
        if colours:
            speaker.say("utter_product_colours", colours=words.all_of(colours))

    def _sizes(self, turn: Turn, tracker: Tracker, speaker: Speaker, product: Product) -> Slots:
        if not product.sizes:
            if "dimensions" in product.facts:
                speaker.say("utter_fact_dimensions", product=product.name, fact=product.facts["dimensions"])
                return {}
            return self._open_question(turn, tracker, speaker, product)
        chart = "\n".join(
            f"{row.size}: "
            + ", ".join(
                [f"{_measure(turn, name)} {low:g}–{high:g} cm" for name, (low, high) in row.body.items()]
                + [f"{system} {size}" for system, size in row.equivalents.items()]
            )
            for row in product.size_chart
        )
        sizes = turn.words.all_of(product.sizes)
        if chart:
            speaker.say("utter_product_size_chart", product=product.name, sizes=sizes, chart=chart)
        else:
            speaker.say("utter_product_sizes", product=product.name, sizes=sizes)
        return {}

    @staticmethod
    def _open_question(turn: Turn, tracker: Tracker, speaker: Speaker, product: Product) -> Slots:
        """Not in the catalogue: a person finds out, within the time for open questions."""
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why=f"the catalogue does not tell this of {product.name} ({product.code})",
            intent=tracker.get_slot("product_wish"),
            reply="utter_fact_unknown",
        )


class TellStock(Step):
    """In stock, low, or out: with the date of more, or an alternative."""

    title = "action_product_stock"
    flow = "product_stock"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Answer for the colour and size that were asked for, or for all there are."""
        product = _known(turn, tracker)
        asked = dict(tracker.get_slot("product_variant") or {})
        for trait in TRAITS:
            asked[trait] = turn.understanding.first(trait) or asked.get(trait)
        chosen = [
            variant
            for variant in product.variants
            if _same(variant.colour, asked["colour"]) and _same(variant.size, asked["size"])
        ]
        done: Slots = {"done": remembered(tracker, "stock")}
        if not chosen:
            offered = [_label(variant) for variant in product.variants if variant.stock > 0]
            speaker.say(
                "utter_stock_no_such_variant",
                product=product.name,
                variants=turn.words.all_of(list(dict.fromkeys(offered))[:8]) or "–",
            )
        else:
            self._answer(turn, speaker, product, chosen)
        return done | back_to(turn, tracker, speaker)

    @staticmethod
    def _answer(turn: Turn, speaker: Speaker, product: Product, chosen: Sequence[Variant]) -> None:
        words = turn.words
        there = [variant for variant in chosen if variant.stock > 0]
        values = {
            "product": product.name,
            "price": words.money(min(chosen, key=lambda v: v.price.minor).price),
        }
        named = words.all_of([_label(variant) for variant in (there or chosen) if _label(variant)][:8])
        values["variants"] = f" ({named})" if named else ""
        if there:
            states = {stock_state(variant.stock, turn.rules) for variant in there}
            few = states == {StockState.LOW}
            speaker.say(
                "utter_stock_low" if few else "utter_stock_in",
                count=str(sum(v.stock for v in there)),
                **values,
            )
            return
        today = local_day(turn.clock.now(), turn.rules.store.timezone)
        coming = [
            variant.restock_on for variant in chosen if variant.restock_on and variant.restock_on >= today
        ]
        if coming:
            speaker.say("utter_stock_out_until", day=words.day(min(coming)), **values)
            return
        alternatives = [
            other.name
            for other in turn.shop.products_named(product.name, limit=ALIKE)
            if other.code != product.code
            and other.category == product.category
            and any(variant.stock > 0 for variant in other.variants)
        ]
        elsewhere = [_label(variant) for variant in product.variants if variant.stock > 0]
        if elsewhere:
            speaker.say("utter_stock_out_other_variant", others=words.any_of(elsewhere[:6]), **values)
        elif alternatives:
            speaker.say("utter_stock_out_alternative", others=words.any_of(alternatives[:3]), **values)
        else:
            speaker.say("utter_stock_out", **values)


def _measure(turn: Turn, name: str) -> str:
    """A body measure in the buyer's language, or as the catalogue calls it."""
    reply = f"utter_measure_{name}"
    known = turn.replies.has(reply)
    return turn.replies.say(reply, turn.words.language, {}).text if known else name.replace("_", " ")


def _same(have: str, asked: object) -> bool:
    return asked is None or have.casefold() == str(asked).casefold()


def _label(variant: Variant) -> str:
    return " ".join(part for part in (variant.colour, variant.size) if part)
