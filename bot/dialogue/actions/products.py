"""Which product is meant: asked for, by its name, its code or a button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions import answers
from bot.dialogue.actions.assortment import SHOWN, found_for
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.interruptions import interrupted
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, inform
from bot.dialogue.turn import Turn
from bot.shop.finding import words_named
from bot.shop.values import Product
from bot.spelling import words_in

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
    "product_bargain": "bargain",
}
#: What tells the variants of a product apart.
TRAITS = ("colour", "size")
UNKNOWN, RANGE = "unknown", "range"
FAILED = "failed"
#: Products that are offered as buttons.
OFFERED = 3
#: From this confidence on a message is what it seems to be, and not a product's name that looks like it.
SURE = 0.7
#: Meanings that a product's name may be taken for.
NO_TOPIC = ("inform", "nlu_fallback", "out_of_scope")
#: Talk for which the model takes a name that it does not know.
TALK = ("service_greeting", "service_praise", "service_goodbye", "service_bot")
#: Words of a message that may be no more than a name.
SHORT_NAME = 5
#: Times that a product is asked for before a person helps.
TRIES = 2


def most_named(turn: Turn, found: Sequence[Product]) -> Product | None:
    """The one product of which the words hold more of a name than of any other's."""
    said, words = turn.understanding.text, turn.words
    held = [words_named(said, (product.name, words.product(product))) for product in found]
    most = max(held, default=0)
    return found[held.index(most)] if len(found) == 1 or held.count(most) == 1 else None


def spoken_product(turn: Turn, tracker: Tracker) -> tuple[Product | None, Sequence[Product]]:
    """The product that a message is about, and candidates where it is not certain."""
    code = turn.understanding.first("product")
    if code:
        return turn.shop.product(str(code)), ()
    candidates = turn.shop.products_named(turn.understanding.text, limit=OFFERED)
    meant = most_named(turn, candidates)
    if meant is not None:
        return meant, ()
    if candidates:
        return None, candidates
    known = tracker.get_slot("product")
    if known:
        return turn.shop.product(known), ()
    # A word of its name alone is asked about: "the rain" is no jacket.
    return None, turn.shop.products_hinted(turn.understanding.text, limit=OFFERED)


def _of_a_kind(turn: Turn) -> Slots | None:
    """Where a kind of goods is asked about: what there is of it; None where one product is meant."""
    found = found_for(turn, turn.understanding.text)
    if found is None:
        return None
    shown = [product.code for product in found[:SHOWN]]
    return {"product": None, "product_candidates": shown, "product_step": RANGE}


def _comes_in(product: Product, colour: str) -> bool:
    return any(one.colour.casefold() == colour.casefold() for one in product.variants)


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
        if (
            intent == tracker.get_slot("product_wish")
            and answers.yes_or_no(turn.understanding.text) == answers.YES
        ):
            # A yes to going on with the question that was left.
            begun.pop("product_question")
            begun.pop("product_variant")
        # A question about a fact is about one product, however it is put.
        several = _of_a_kind(turn) if STEP_OF_INTENT[intent] == "stock" else None
        if several is not None:
            return begun | several
        product, candidates = spoken_product(turn, tracker)
        if product is not None:
            return begun | {"product": product.code, "product_step": STEP_OF_INTENT[intent]}
        # What was shown just now is what "how much is it?" may be about.
        offered = [one.code for one in candidates] or list(tracker.get_slot("product_candidates") or ())
        return begun | {"product": None, "product_candidates": offered, "product_step": UNKNOWN}


class ProductForm(Form):
    """Asks which product is meant."""

    title = "validate_product_form"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take a name, a code or a button."""
        wish = tracker.get_slot("product_wish")
        step = STEP_OF_INTENT.get(wish or "", "facts")
        turn.flow = step if step == "bargain" else f"product_{step}"
        if tracker.get_slot("product_step") != UNKNOWN or tracker.get_slot("requested_slot") != "product":
            return {}
        several = _of_a_kind(turn)
        if several is not None:
            return several | {"product_question": turn.understanding.text, "misunderstandings": 0}
        product = self._offered(turn, tracker)
        # "The roll-top" is no praise where one of the names that were offered has it.
        if product is None or words_in(turn.understanding.text) > SHORT_NAME:
            if self._is_something_else(turn):
                return {}
            named, candidates = spoken_product(turn, tracker)
            product = product or named
        if product is not None:
            return {"product": product.code, "product_step": step, "misunderstandings": 0}
        if not candidates and self._asks_on(turn, wish):
            read = turn.understanding
            return {"product_wish": read.intent, "product_question": read.text}
        tries = int(tracker.get_slot("product_tries") or 0) + 1
        asked: Slots = {"product_tries": tries}
        if candidates:
            asked["product_candidates"] = [candidate.code for candidate in candidates]
        return asked | ({"product_step": FAILED} if tries >= TRIES else {})

    @staticmethod
    def _asks_on(turn: Turn, wish: str | None) -> bool:
        """Another question about the product that isn't named yet: "and has it got a CE mark?" is no name."""
        read = turn.understanding
        facts = STEP_OF_INTENT.get(wish or "") == STEP_OF_INTENT.get(read.intent) == "facts"
        # Measures are told beside the wish for a size.
        more = read.intent != wish or any(map(str.isdecimal, read.text))
        return facts and more and read.confidence >= SURE

    @staticmethod
    def _is_something_else(turn: Turn) -> bool:
        """The message is no answer: it talks, or surely means another thing."""
        read = turn.understanding
        if read.intent in TALK and words_in(read.text) <= SHORT_NAME:
            # A brand alone looks like a greeting, or like anything that is said in a word.
            return not turn.shop.products_named(read.text, limit=OFFERED)
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
        colour = turn.understanding.first("colour")
        if colour is not None:
            of_it = [product for product in offered if _comes_in(product, str(colour))]
            # One that doesn't come in it is meant all the same, where nothing else was offered.
            meant = of_it or offered
            return meant[0] if len(meant) == 1 else None
        return most_named(turn, offered) if len(offered) > 1 else None

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
        buttons = [
            inform(turn.words.product(product), product=product.code)
            for product in found
            if product is not None
        ]
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
