"""Wholesale: a lead is collected, quoted by the store's price breaks, and handed to sales with all of it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.change import is_question, leaves, word
from bot.dialogue.actions.deals import sum_of
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.identity import back_to, given_contact
from bot.dialogue.actions.products import spoken_product
from bot.dialogue.actions.shipping import place_named
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, inform, remembered, typed_answer
from bot.dialogue.turn import Turn
from bot.errors import ShopError
from bot.messages import Button
from bot.privacy import mask_cards
from bot.shop.policy import (
    PriceBreak,
    freight_estimate,
    is_sent,
    lane_of,
    local_day,
    price_breaks,
    price_for,
)
from bot.shop.values import Money, Product

INTENT = "product_quotation"
QUEUE = "wholesale"
#: What is asked for, in this order; then the quotation is read out.
PARTS = ("product", "quantity", "country", "company", "contact")
CONFIRM, PRICE = "confirm", "price"
#: How the form ends.
PASS, FEW, INCOMPLETE, LEFT = "pass", "few", "incomplete", "left"
#: Answers that are none before a person takes over.
TRIES = 2
#: More pieces than this nobody means.
MOST_PIECES = 100_000_000
_LONGEST_NAME = 120
_WHOLE = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,' \u00a0\u202f]\d{3})+(?![\d.,]\d)|\d+")
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


class Quote(NamedTuple):
    """What the store offers by itself."""

    reached: PriceBreak
    goods: Money
    #: None where no lane goes there.
    freight: Money | None
    until: dt.date


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
        _gather(turn, tracker, state)
        turn.memory["question_count"] = 0
        return _FRESH | _destination(state) | {"quote": state, "misunderstandings": 0}


def _destination(state: Mapping[str, Any]) -> Slots:
    """What a question about shipping there needn't ask for."""
    return {"destination": state["country"]} if state.get("country") else {}


def _gather(turn: Turn, tracker: Tracker, state: dict[str, Any]) -> bool:
    """Put what the message tells into the lead; whether it told anything."""
    read, before = turn.understanding, dict(state)
    if read.first("product") or not state.get("product"):
        product, candidates = spoken_product(turn, tracker) if read.text else (None, ())
        if product is not None:
            state |= {"product": product.code, "candidates": []}
        elif candidates:
            state["candidates"] = [one.code for one in candidates]
    quantity = read.first("quantity")
    if isinstance(quantity, int) and 0 < quantity <= MOST_PIECES:
        state["quantity"] = quantity
    place = place_named(turn, asked=state.get("part") == "country")
    if place is not None:
        state["country"] = place
    contact = given_contact(turn)
    if contact:
        state["contact"] = contact
    elif turn.customer is not None and not state.get("contact"):
        state["contact"] = turn.customer.email or turn.customer.phone or None
    return state != before


class QuotationForm(Form):
    """What sales must know, then a yes to passing it on, or another price."""

    title = "validate_quotation_form"
    flow = "quotation"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take an answer to what was asked, and whatever else the message tells."""
        if tracker.get_slot("requested_slot") != "quote_answer":
            return {}
        state = dict(tracker.get_slot("quote") or {})
        part = _asked(state)
        taken = self._pressed(turn, state) or self._take(turn, tracker, state, part)
        if taken is None and _is_aside(turn, part):
            return {}
        answer = taken if taken in (PASS, LEFT) else None
        if taken is None:
            state["tries"] = int(state.get("tries", 0)) + 1
            answer = INCOMPLETE if state["tries"] >= TRIES else None
        else:
            state["tries"] = 0
            turn.memory["question_count"] = 0
        if answer is None and part == "product" == _asked(state):
            # Whoever tells all but a product that we know is asked no more: sales know what is meant.
            state["unnamed"] = int(state.get("unnamed", 0)) + 1
            answer = INCOMPLETE if state["unnamed"] > TRIES else None
        if answer is None and 0 < (state.get("quantity") or 0) < min(turn.rules.wholesale.breaks):
            answer = FEW if _asked(state) != "product" else None
        return _destination(state) | {"quote": state, "quote_answer": answer, "misunderstandings": 0}

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
        elif pressed != PASS or _asked(state) not in (CONFIRM, PRICE):
            return None
        return str(pressed)

    @staticmethod
    def _take(turn: Turn, tracker: Tracker, state: dict[str, Any], part: str) -> str | None:
        """The name of what was taken; None if it is no answer."""
        read = turn.understanding
        if part in (CONFIRM, PRICE):
            wish = _price(turn, part)
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
        asks = leaves(turn) and read.intent != INTENT and not named
        if not asks and part == "quantity" and read.first("quantity") is None:
            number = _number(read.text)
            if number:
                state["quantity"] = number
                return part
        if not asks and part == "company":
            _gather(turn, tracker, state)
            name = _name(turn)
            if name is None:
                return None
            state["company"] = name
            return part
        if not asks and _gather(turn, tracker, state):
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


def _asked(state: Mapping[str, Any]) -> str:
    """What is asked for now."""
    missing = next((part for part in PARTS if not state.get(part)), None)
    return missing or str(state.get("part") or CONFIRM)


def _number(text: str) -> int | None:
    """The one whole number in a text, in any script's digits."""
    plain = "".join(
        str(unicodedata.digit(sign)) if unicodedata.category(sign) == "Nd" else sign for sign in text
    )
    found = _WHOLE.findall(plain)
    if len(found) != 1:
        return None
    number = int(re.sub(r"\D", "", found[0])) if len(found[0]) < 16 else MOST_PIECES + 1
    return number if 0 < number <= MOST_PIECES and f"-{found[0]}" not in plain else None


def _name(turn: Turn) -> str | None:
    """A company's name in the buyer's words."""
    text = mask_cards(" ".join(turn.understanding.text.split()))[:_LONGEST_NAME]
    letters = sum(sign.isalpha() for sign in text)
    is_contact = given_contact(turn) is not None and " " not in text
    refuses = turn.understanding.intent in ("service_deny", "service_affirm") and letters < 12
    return None if letters < 2 or is_contact or refuses else text


def _price(turn: Turn, part: str) -> Money | None:
    """A price for one piece that the buyer names, in the store's currency."""
    read, store = turn.understanding, turn.rules.store.currency
    named = read.first("money")
    wish = None
    if isinstance(named, Mapping):
        try:
            wish = turn.shop.convert(Money(int(named["amount_minor"]), str(named["currency"])), store)
        except (ShopError, KeyError, TypeError, ValueError):
            return None
    elif part == PRICE:
        wish = sum_of(read.text, store)
    return wish if wish is not None and wish.minor > 0 else None


def _product(turn: Turn, state: Mapping[str, Any]) -> Product | None:
    return turn.shop.product(state["product"]) if state.get("product") else None


def _quote(turn: Turn, state: Mapping[str, Any]) -> Quote | None:
    """The offer by ``shop.yml``; None where sales must calculate."""
    product = _product(turn, state)
    quantity = int(state.get("quantity") or 0)
    if product is None or not 0 < quantity <= turn.rules.wholesale.most:
        return None
    reached = price_for(quantity, price_breaks(product, turn.rules))
    if reached is None:
        return None
    country = str(state.get("country") or "")
    sent = is_sent(product, country, turn.rules)
    freight = freight_estimate(quantity, country, turn.rules) if sent else None
    today = local_day(turn.clock.now(), turn.rules.store.timezone)
    until = today + dt.timedelta(days=turn.rules.wholesale.valid_days)
    turn.read("quotation", product=product.code, quantity=quantity, each=reached.price.minor)
    return Quote(reached, reached.price * quantity, freight, until)


class AskQuotation(Step):
    """Asks for what is missing, each thing a second time in other words; then reads the quotation out."""

    title = "action_ask_quotation_form_quote_answer"
    flow = "quotation"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Ask."""
        state = tracker.get_slot("quote") or {}
        part, again = _asked(state), bool(state.get("tries"))
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
        words, product, quote = turn.words, _product(turn, state), _quote(turn, state)
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
        breaks = [
            word(turn, "utter_quote_break", pieces=words.number(one.pieces), price=words.money(one.price))
            for one in price_breaks(product, turn.rules)
        ]
        speaker.say("utter_quote_breaks", breaks=words.beside(breaks))
        speaker.say("utter_quote_confirm", buttons)


class SubmitQuotation(Step):
    """Hands the lead to sales, or ends where there is none."""

    title = "action_submit_quotation"
    flow = "quotation"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """By how the form has ended."""
        state, answer = dict(tracker.get_slot("quote") or {}), tracker.get_slot("quote_answer")
        product, quote = _product(turn, state), _quote(turn, state)
        if answer == LEFT:
            speaker.say("utter_left")
            return _FRESH | back_to(turn, tracker, speaker)
        if answer == FEW and product is not None:
            again = [Button(word(turn, "utter_quote_other_quantity"), f"/{INTENT}")]
            speaker.say(
                "utter_quote_too_few",
                again,
                product=turn.words.product(product),
                price=turn.words.money(product.price),
                least=turn.words.number(min(turn.rules.wholesale.breaks)),
            )
            left = {"quote": state | {"quantity": None}, "done": remembered(tracker, "quotation")}
            return _FRESH | left | back_to(turn, tracker, speaker)
        if answer == PASS and state.get("wish") and quote is not None:
            self._counter(turn, speaker, state, quote)
        contact = str(state.get("contact") or "")
        known: dict[str, Any] = {
            "wants": _lead(turn, state, product, quote),
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
        product = _product(turn, state)
        breaks = price_breaks(product, turn.rules) if product else ()
        above = next((one for one in breaks if one.pieces > quote.reached.pieces and one.price < each), None)
        if above is not None:
            pieces = words.number(above.pieces)
            speaker.say("utter_quote_next_break", pieces=pieces, price=words.money(above.price))


def _lead(turn: Turn, state: Mapping[str, Any], product: Product | None, quote: Quote | None) -> str:
    """All that sales must know in one line of English."""
    wish = state.get("wish")
    currency = turn.rules.store.currency
    told = [
        f"{state.get('quantity') or '?'} pieces of {f'{product.name} ({product.code})' if product else '?'}",
        f"to {state.get('country') or '?'}",
        f"company: {state.get('company') or '?'}",
        f"contact: {state.get('contact') or '?'}",
        "" if quote is None else f"quoted {_plain(quote.reached.price)} each, {_plain(quote.goods)} in all",
        "" if quote is None or quote.freight is None else f"freight about {_plain(quote.freight)}",
        "" if quote is None else f"until {quote.until.isoformat()}",
        "" if not wish else f"the buyer would pay {_plain(Money(int(wish), currency))} each",
    ]
    return "; ".join(part for part in told if part)


def _plain(amount: Money) -> str:
    return f"{amount.major} {amount.currency}"
