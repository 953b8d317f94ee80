"""Product facts and stock, from the catalogue; a fact that it lacks is never invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process
from rasa_sdk import Tracker

from bot.desk.values import Reason
from bot.dialogue.actions.facts import fact_asked, told_elsewhere
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.identity import back_to, interrupted
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, inform, remembered
from bot.dialogue.turn import Turn
from bot.shop.policy import local_day, stock_state
from bot.shop.values import Product, StockState, Variant

#: Which action goes on once the product is known, by the intent that asked for it.
STEP_OF_INTENT = {
    "product_details": "facts",
    "product_size": "facts",
    "product_compatibility": "facts",
    "product_usage": "facts",
    "product_authenticity": "facts",
    "product_certificate": "facts",
    "product_price": "facts",
    "product_stock": "stock",
    "product_restock": "stock",
}
#: What tells the variants of a product apart.
TRAITS = ("colour", "size")
UNKNOWN = "unknown"
FAILED = "failed"
#: Products that are offered as buttons.
OFFERED = 3
#: From this confidence on a message is what it seems to be, and not a product's name that looks like it.
SURE = 0.7
#: Meanings that a product's name may be taken for.
NO_TOPIC = ("inform", "nlu_fallback", "out_of_scope")
#: Times that a product is asked for before a person helps.
TRIES = 2
#: From this likeness on (0 to 100) a typed word is a word of a name, typing errors forgiven.
SAME_WORD = 85
#: Names like a sold-out product's that are looked at for something to have instead.
ALIKE = 8


def most_named(words: str, found: Sequence[Product]) -> Product | None:
    """The one product of which the words hold more of the name than of any other's."""
    said = default_process(words).split()

    def named(product: Product) -> int:
        own = default_process(product.name).split()
        return sum(
            process.extractOne(word, said, scorer=fuzz.ratio, score_cutoff=SAME_WORD) is not None
            for word in own
        )

    best = sorted(found, key=named, reverse=True)
    return best[0] if len(best) == 1 or (best and named(best[0]) > named(best[1])) else None


def spoken_product(turn: Turn, tracker: Tracker) -> tuple[Product | None, Sequence[Product]]:
    """The product that a message is about, and candidates where it is not certain."""
    code = turn.understanding.first("product")
    if code:
        return turn.shop.product(str(code)), ()
    candidates = turn.shop.products_named(turn.understanding.text, limit=OFFERED)
    meant = most_named(turn.understanding.text, candidates)
    if meant is not None:
        return meant, ()
    if candidates:
        return None, candidates
    known = tracker.get_slot("product")
    return (turn.shop.product(known) if known else None), ()


class FindProduct(Step):
    """Begins every flow about a product: finds out which."""

    title = "action_find_product"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take the product from the message, else the one spoken of before."""
        intent = turn.understanding.intent
        turn.flow = f"product_{STEP_OF_INTENT[intent]}"
        begun: Slots = {
            "product_wish": intent,
            "product_question": turn.understanding.text,
            "product_variant": {
                trait: turn.understanding.first(trait)
                for trait in TRAITS
                if turn.understanding.first(trait) is not None
            },
            "product_tries": 0,
            "misunderstandings": 0,
        }
        paused = interrupted(tracker) or tracker.get_slot("paused_intent")
        begun["paused_intent"] = None if paused == tracker.get_slot("product_wish") else paused
        if intent == tracker.get_slot("product_wish") and len(turn.understanding.text.split()) == 1:
            # A yes to going on with the question that was left.
            begun.pop("product_question")
            begun.pop("product_variant")
        product, candidates = spoken_product(turn, tracker)
        if product is not None:
            return begun | {"product": product.code, "product_step": STEP_OF_INTENT[intent]}
        offered = [candidate.code for candidate in candidates]
        return begun | {"product": None, "product_candidates": offered, "product_step": UNKNOWN}


class ProductForm(Form):
    """Asks which product is meant."""

    title = "validate_product_form"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take a name, a code or a button."""
        wish = tracker.get_slot("product_wish")
        step = STEP_OF_INTENT.get(wish or "", "facts")
        turn.flow = f"product_{step}"
        if tracker.get_slot("product_step") != UNKNOWN or tracker.get_slot("requested_slot") != "product":
            return {}
        if self._is_something_else(turn):
            return {}
        product, candidates = spoken_product(turn, tracker)
        product = self._offered(turn, tracker) or product
        if product is not None:
            return {"product": product.code, "product_step": step, "misunderstandings": 0}
        tries = int(tracker.get_slot("product_tries") or 0) + 1
        asked: Slots = {"product_tries": tries}
        if candidates:
            asked["product_candidates"] = [candidate.code for candidate in candidates]
        return asked | ({"product_step": FAILED} if tries >= TRIES else {})

    @staticmethod
    def _is_something_else(turn: Turn) -> bool:
        """The message is no answer: it talks, or surely means another thing."""
        read = turn.understanding
        if read.intent.startswith("service_"):
            return True
        if read.intent in STEP_OF_INTENT or read.intent in NO_TOPIC or read.confidence < SURE:
            return False
        return not (read.intent.startswith("product_") and read.first("product"))

    @staticmethod
    def _offered(turn: Turn, tracker: Tracker) -> Product | None:
        """One of the products that were offered, by what tells it apart: "the blue one"."""
        if turn.understanding.first("product"):
            return None
        found = [turn.shop.product(code) for code in tracker.get_slot("product_candidates") or ()]
        offered = [product for product in found if product is not None]
        return most_named(turn.understanding.text, offered) if len(offered) > 1 else None

    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """The product, until it is known or given up."""
        return ("product",) if slots.get("product_step") == UNKNOWN else ()


class AskProduct(Step):
    """Asks which product, by buttons where the words fit several."""

    title = "action_ask_product_form_product"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Ask; the second time in other words."""
        found = [turn.shop.product(code) for code in tracker.get_slot("product_candidates") or ()]
        buttons = [inform(product.name, product=product.code) for product in found if product is not None]
        again = int(tracker.get_slot("product_tries") or 0) > 0
        reply = "utter_ask_which_product" if buttons else "utter_ask_product"
        speaker.say("utter_ask_product_again" if again and not buttons else reply, buttons)
        return {}


class ProductNotFound(Step):
    """The catalogue has nothing like it, or it cannot be told which is meant."""

    title = "action_product_not_found"
    flow = "product_not_found"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """A person looks for it."""
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.NOT_UNDERSTOOD,
            why="the product could not be found in the catalogue",
            intent=tracker.get_slot("product_wish"),
            reply="utter_product_not_found",
        )


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
