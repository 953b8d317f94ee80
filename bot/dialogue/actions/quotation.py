"""Wholesale: a lead is collected, quoted by the store's price breaks, and handed to sales with all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.change import is_question, leaves, word
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.leads import (
    CONFIRM,
    INTENT,
    PRICE,
    Quote,
    asked_of,
    breaks_told,
    company_named,
    destination_of,
    gather,
    in_english,
    pieces_in,
    price_named,
    product_of,
    quote_of,
    say_too_few,
)
from bot.dialogue.actions.shipping import place_named
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, inform, remembered, typed_answer
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.policy import lane_of, price_breaks
from bot.shop.values import Money

QUEUE = "wholesale"
#: How the form ends.
PASS, FEW, INCOMPLETE, LEFT = "pass", "few", "incomplete", "left"
#: None at all, or more pieces than anybody means: an answer that is asked for again.
NO_PIECES = "no_pieces"
#: Answers that are none before a person takes over.
TRIES = 2
#: What the bot would answer by itself while it asks.
_ASIDE = (
    "product_details",
    "product_stock",
    "product_size",
    "product_usage",
    "product_promotion",
    "file_alone",
)
_FRESH: Slots = {"quote_answer": None}


class StartQuotation(Step):
    """A price for many pieces is wanted, or a price list."""

    title = "action_start_quotation"
    flow = "quotation"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take what the message tells; what was told before needn't be told again."""
        state = dict(tracker.get_slot("quote") or {})
        state |= {"part": None, "tries": 0, "wish": None}
        if not state.get("country"):
            # Where shipping was asked about before.
            state["country"] = tracker.get_slot("destination")
        gather(turn, tracker, state)
        turn.memory["question_count"] = 0
        return _FRESH | destination_of(state) | {"quote": state, "misunderstandings": 0}


class QuotationForm(Form):
    """What sales must know, then a yes to passing it on, or another price."""

    title = "validate_quotation_form"
    flow = "quotation"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take an answer to what was asked, and whatever else the message tells."""
        if tracker.get_slot("requested_slot") != "quote_answer":
            return {}
        state = dict(tracker.get_slot("quote") or {})
        part = asked_of(state)
        taken = self._pressed(turn, state) or self._take(turn, tracker, state, part)
        if taken is None and _is_aside(turn, part):
            return {}
        answer = taken if taken in (PASS, LEFT) else None
        if taken in (None, NO_PIECES):
            state["tries"] = int(state.get("tries", 0)) + 1
            answer = INCOMPLETE if state["tries"] >= TRIES else None
        else:
            state["tries"] = 0
            turn.memory["question_count"] = 0
        if answer is None and part == "product" == asked_of(state):
            # Whoever tells all but a product that we know is asked no more: sales know what is meant.
            state["unnamed"] = int(state.get("unnamed", 0)) + 1
            answer = INCOMPLETE if state["unnamed"] > TRIES else None
        if answer is None and 0 < (state.get("quantity") or 0) < min(turn.rules.wholesale.breaks):
            answer = FEW if asked_of(state) != "product" else None
        return destination_of(state) | {"quote": state, "quote_answer": answer, "misunderstandings": 0}

    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """All of it is one answer: the lead lies in a slot of its own."""
        return () if slots.get("quote_answer") is not None else ("quote_answer",)

    @staticmethod
    def _pressed(turn: Turn, state: dict[str, Any]) -> str | None:
        pressed = turn.understanding.first("quote_answer")
        if pressed == "quantity":
            state |= {"quantity": None, "part": None}
        elif pressed == PRICE:
            state["part"] = PRICE
        elif pressed != PASS or asked_of(state) not in (CONFIRM, PRICE):
            return None
        return str(pressed)

    @staticmethod
    def _take(turn: Turn, tracker: Tracker, state: dict[str, Any], part: str) -> str | None:
        """The name of what was taken; None if it is no answer."""
        read = turn.understanding
        if part in (CONFIRM, PRICE):
            wish = price_named(turn, part)
            if wish is not None:
                state["wish"] = wish.minor
                return PASS
        if part == CONFIRM:
            answer = typed_answer(turn)
            if answer is not None:
                return PASS if answer == "yes" else LEFT
            if read.intent == "product_bargain":
                state["part"] = PRICE
                return PRICE
        # A country alone may be taken for a language.
        named = part == "country" and place_named(turn, asked=True) is not None and not is_question(turn)
        if part == "quantity" and read.first("quantity") is None and not is_question(turn):
            # "A million" alone is taken for thanks or anything else.
            pieces = pieces_in(read.text, turn.rules.languages)
            if pieces is not None:
                state["quantity"] = pieces or None
                return part if pieces else NO_PIECES
        asks = leaves(turn) and read.intent != INTENT and not named
        if not asks and part == "company":
            gather(turn, tracker, state)
            name = company_named(turn)
            if name is None:
                return None
            state["company"] = name
            return part
        if not asks and gather(turn, tracker, state):
            return "more"
        return None


def _is_aside(turn: Turn, part: str) -> bool:
    """Whether a message asks for something else, which the bot answers before it asks again."""
    read = turn.understanding
    if read.intent == INTENT:
        return False
    if part == "company" and not read.text.rstrip().endswith(("?", "？", "؟")):
        return leaves(turn)
    return leaves(turn) or read.intent in _ASIDE or read.intent.startswith(("logistics_", "payment_"))


class AskQuotation(Step):
    """Asks for what is missing, each thing a second time in other words; then reads the quotation out."""

    title = "action_ask_quotation_form_quote_answer"
    flow = "quotation"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Ask."""
        state = tracker.get_slot("quote") or {}
        part, again = asked_of(state), bool(state.get("tries"))
        least = min(turn.rules.wholesale.breaks)
        tail = "_again" if again else ""
        if part == "product":
            found = [turn.shop.product(code) for code in state.get("candidates") or ()]
            buttons = [inform(turn.words.product(one), product=one.code) for one in found if one is not None]
            reply = "utter_ask_which_product" if buttons else f"utter_ask_product{tail}"
            speaker.say(reply, buttons)
        elif part == "country" and not again:
            speaker.say("utter_ask_destination_form_destination")
        elif part == CONFIRM:
            self._read_out(turn, speaker, state)
        else:
            speaker.say(f"utter_quote_{part}{tail}", least=least)
        return {}

    @staticmethod
    def _read_out(turn: Turn, speaker: Speaker, state: Mapping[str, Any]) -> None:
        words, product, quote = turn.words, product_of(turn, state), quote_of(turn, state)
        quantity = int(state["quantity"])
        values = {"quantity": words.number(quantity), "product": words.product(product) if product else "–"}
        buttons = [
            inform(word(turn, "utter_quote_pass_on"), quote_answer=PASS),
            inform(word(turn, "utter_quote_other_price"), quote_answer=PRICE),
            inform(word(turn, "utter_quote_other_quantity"), quote_answer="quantity"),
        ]
        if quote is None or product is None:
            speaker.say("utter_quote_by_sales", **values)
            speaker.say("utter_quote_confirm", buttons[:1] + buttons[2:])
            return
        each, goods = words.money(quote.reached.price), words.money(quote.goods)
        speaker.say("utter_quote", **values, each=each, goods=goods, until=words.day(quote.until))
        country = words.country(str(state["country"]))
        if quote.freight is None:
            reply = (
                "utter_quote_not_sent"
                if lane_of(str(state["country"]), turn.rules)
                else "utter_quote_no_lane"
            )
            speaker.say(reply, country=country, product=words.product(product))
        else:
            speaker.say("utter_quote_freight", country=country, freight=words.money(quote.freight))
        speaker.say("utter_quote_breaks", breaks=breaks_told(turn, product))
        speaker.say("utter_quote_confirm", buttons)


class SubmitQuotation(Step):
    """Hands the lead to sales, or ends where there is none."""

    title = "action_submit_quotation"
    flow = "quotation"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """By how the form has ended."""
        state, answer = dict(tracker.get_slot("quote") or {}), tracker.get_slot("quote_answer")
        product, quote = product_of(turn, state), quote_of(turn, state)
        if answer == LEFT:
            speaker.say("utter_left")
            return _FRESH | back_to(turn, tracker, speaker)
        if answer == FEW and product is not None:
            again = [Button(word(turn, "utter_quote_other_quantity"), f"/{INTENT}")]
            say_too_few(turn, speaker, product, again)
            left = {"quote": state | {"quantity": None}, "done": remembered(tracker, "quotation")}
            return _FRESH | left | back_to(turn, tracker, speaker)
        if answer == PASS and state.get("wish") and quote is not None:
            self._counter(turn, speaker, state, quote)
        contact = str(state.get("contact") or "")
        known: dict[str, Any] = {
            "wants": in_english(turn, state, product, quote),
            "verified": turn.customer is not None,
        }
        known |= {"email": contact} if "@" in contact else {"phone": contact} if contact else {}
        if quote is not None:
            known |= {"money_minor": quote.goods.minor, "currency": quote.goods.currency}
        whole = answer == PASS
        return (
            _FRESH
            | {"quote": None, "done": remembered(tracker, "quotation")}
            | hand_over(
                turn,
                tracker,
                speaker,
                Reason.WHOLESALE,
                why="a wholesale lead" if whole else "a wholesale lead that is not complete",
                intent=INTENT,
                queue=QUEUE,
                reply="utter_quote_passed" if whole else "utter_passed_on",
                known=known,
            )
        )

    @staticmethod
    def _counter(turn: Turn, speaker: Speaker, state: Mapping[str, Any], quote: Quote) -> None:
        """What another price comes to: the quoted one is as low as the bot may go, whatever is named."""
        words, each = turn.words, quote.reached.price
        wish = Money(int(state["wish"]), each.currency)
        if wish >= each:
            speaker.say("utter_quote_fits", each=words.money(each))
            return
        speaker.say("utter_quote_countered", each=words.money(each), wish=words.money(wish))
        product = product_of(turn, state)
        breaks = price_breaks(product, turn.rules) if product else ()
        above = next((one for one in breaks if one.pieces > quote.reached.pieces and one.price < each), None)
        if above is not None:
            pieces = words.number(above.pieces)
            speaker.say("utter_quote_next_break", pieces=pieces, price=words.money(above.price))
