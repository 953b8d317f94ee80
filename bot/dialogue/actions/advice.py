"""Advice before buying: what the buyer looks for, or which products to compare, until enough is known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rapidfuzz.utils import default_process
from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.change import word
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.interruptions import interrupted
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, inform
from bot.dialogue.follow_ups import WHICH_ONE, question_of
from bot.dialogue.turn import Turn
from bot.shop.choosing import Wish
from bot.shop.values import Money

COMPARE = "product_compare"
UNKNOWN, KNOWN, FAILED = "unknown", "known", "failed"
#: Products that are recommended, and that are compared at once.
OFFERED, COMPARED = 3, 3
#: Parts of a message in which a product's name is looked for, each in the whole catalogue.
SIDES = 6
#: Goods of the kind that is asked for that are looked at.
LOOKED_AT = 40
#: Kinds of goods that are offered as buttons.
CATEGORIES = 6
#: Times that the buyer is asked before a person helps.
TRIES = 2
#: Characters of what the buyer has said so far.
LONGEST_WISH = 400
#: Signs of a category's name at least, to be taken for it: of letters, and of signs that are words.
SHORTEST_NAME, SHORTEST_WIDE_NAME = 4, 2
#: What stands between two products, in the store's languages.
_JOINED = re.compile(
    r",|/|还是|還是|和|与|與|跟|それとも|と|아니면|또는|하고|랑|[와과](?=\s)|\b(?:and|or|vs|versus|y|o|u|et|ou|und|oder|e|и|или|أو|أم)\b|\bو",
    re.IGNORECASE,
)
#: From this confidence on a message of another topic is no answer.
SURE = 0.7
#: Topics of which a message may seem to be while it says what the goods are for.
_OF_GOODS = ("product_", "order_gift", "order_place", "inform", "nlu_fallback", "out_of_scope")


class FindAdvice(Step):
    """Begins it: what is known of the wish already."""

    title = "action_find_advice"
    flow = "advice"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take wish, price and products from the message."""
        intent = turn.understanding.intent
        paused = interrupted(tracker) or tracker.get_slot("paused_intent")
        begun: Slots = {
            "paused_intent": None if paused == intent else paused,
            "misunderstandings": 0,
            "advice_wish": intent,
        }
        shown = dict(tracker.get_slot("advice") or {})
        found = [code for code in shown.get("found", ()) if turn.shop.product(code) is not None]
        if found and question_of(turn.understanding.text) == WHICH_ONE:
            shown |= {"found": found, "choose": len(found) > 1}
            return begun | {"advice": shown, "advice_step": KNOWN}
        wished = _wished(turn, tracker, {"intent": intent, "tries": 0, "words": "", "codes": []})
        known = turn.shop.product(tracker.get_slot("product") or "")
        if known is not None and turn.row.button is not None:
            # "Find me something like it": a button says no more.
            wished |= {"words": " ".join((known.name, *known.aliases)), "category": known.category}
            wished["instead_of"] = known.code
        _look(turn, wished)
        return begun | {"advice": wished, "advice_step": KNOWN if wished["found"] else UNKNOWN}


class AdviceForm(Form):
    """Asks what it is for, or which products to compare."""

    title = "validate_advice_form"
    flow = "advice"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take a category's button, or words."""
        if (
            tracker.get_slot("advice_step") != UNKNOWN
            or tracker.get_slot("requested_slot") != "advice_answer"
        ):
            return {}
        read = turn.understanding
        if read.intent.startswith("service_") or (
            not read.intent.startswith(_OF_GOODS) and read.confidence >= SURE
        ):
            return {}
        wished = _wished(turn, tracker, {**tracker.get_slot("advice"), "asked": True})
        _look(turn, wished)
        if wished["found"]:
            return {"advice": wished, "advice_step": KNOWN, "misunderstandings": 0}
        wished["tries"] += 1
        return {"advice": wished} | ({"advice_step": FAILED} if wished["tries"] >= TRIES else {})

    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """An answer, until enough is known or nobody knows."""
        return ("advice_answer",) if slots.get("advice_step") == UNKNOWN else ()


class AskAdvice(Step):
    """Asks; the second time in other words."""

    title = "action_ask_advice_form_advice_answer"
    flow = "advice"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Ask, with the catalogue's categories or the products that may be meant as buttons."""
        wished = tracker.get_slot("advice")
        again = wished["tries"] > 0
        if wished["intent"] == COMPARE:
            found = [turn.shop.product(code) for code in wished.get("candidates", ())]
            buttons = [
                inform(turn.words.product(product), product=product.code) for product in found if product
            ]
            speaker.say("utter_ask_compare_again" if again else "utter_ask_compare", buttons)
            return {}
        buttons = [
            inform(category_name(turn, one), category=one) for one in turn.shop.categories()[:CATEGORIES]
        ]
        speaker.say("utter_ask_wish_again" if again else "utter_ask_wish", buttons)
        return {}


class AdviceFailed(Step):
    """Nothing in the catalogue is like it."""

    title = "action_advice_failed"
    flow = "advice"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """A person advises."""
        wished = tracker.get_slot("advice")
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.NOT_UNDERSTOOD,
            why=f"wants advice that the catalogue does not give: {wished['words']}",
            intent=wished["intent"],
            reply="utter_passed_on",
        )


def _wished(turn: Turn, tracker: Tracker, wished: dict[str, Any]) -> dict[str, Any]:
    """The wish so far, with what this message adds."""
    read = turn.understanding
    wished["words"] = f"{wished['words']} {read.text}".strip()[-LONGEST_WISH:]
    wished["category"] = read.first("category") or typed_category(turn, read.text) or wished.get("category")
    amount = read.first("money")
    if isinstance(amount, Mapping) and amount.get("currency"):
        wished["most"] = [int(amount["amount_minor"]), str(amount["currency"])]
    if wished["intent"] != COMPARE:
        return wished
    codes = [*wished["codes"], *(str(one["value"]) for one in read.entities if one["entity"] == "product")]
    if len(set(codes)) < 2:
        # "The daypack or the trekking pack": each side names one.
        sides = [
            turn.shop.products_hinted(side, limit=1) for side in _JOINED.split(read.text, maxsplit=SIDES)
        ]
        codes += [one.code for side in sides for one in side]
    known = tracker.get_slot("product")
    if len(set(codes)) == 1 and known:
        codes.append(known)
    wished["codes"] = list(dict.fromkeys(codes))[:COMPARED]
    hinted = turn.shop.products_hinted(read.text, limit=OFFERED)
    wished["candidates"] = [one.code for one in hinted if one.code not in wished["codes"]]
    return wished


def typed_category(turn: Turn, words: str) -> str | None:
    """The category whose name in the buyer's language was typed, or a part of that name."""
    typed = default_process(words)
    if len(typed) < (SHORTEST_NAME if typed.isascii() else SHORTEST_WIDE_NAME):
        return None
    names = {one: default_process(category_name(turn, one)) for one in turn.shop.categories()[:CATEGORIES]}
    return next((one for one, name in names.items() if typed in name or name in typed), None)


def _look(turn: Turn, wished: dict[str, Any]) -> None:
    """Note which products answer the wish: none as long as too little is known of it."""
    if wished["intent"] == COMPARE:
        codes = [one.code for one in map(turn.shop.product, wished["codes"]) if one is not None]
        wished |= {"found": codes if len(codes) > 1 else [], "is_over": False}
        return
    most = most_of(wished)
    # Who was asked what it is for, and tells a price alone, leaves the rest to us.
    anything = most is not None and bool(wished.get("asked"))
    category = wished.get("category")
    kind = () if category else [one.code for one in turn.shop.products_of_kind(wished["words"], LOOKED_AT)]
    wish = Wish(wished["words"], category, most, anything, wished.get("instead_of"), kind)
    fitting = turn.shop.fitting(wish, OFFERED)
    wished |= {"found": [one.code for one in fitting.products], "is_over": fitting.is_over}


def most_of(wished: Mapping[str, Any]) -> Money | None:
    """The most that it may cost, if that was told."""
    return Money(*wished["most"]) if wished.get("most") else None


def category_name(turn: Turn, category: str) -> str:
    """In the buyer's language, or as the catalogue calls it."""
    reply = f"utter_category_{category}"
    return word(turn, reply) if turn.replies.has(reply) else category.replace("_", " ")
