"""A wholesale lead: what a buyer's words tell of it, what the store offers for it, and how sales read it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rasa_sdk import Tracker

from bot.dialogue.actions.change import word
from bot.dialogue.actions.deals import sum_of
from bot.dialogue.actions.known_orders import given_contact
from bot.dialogue.actions.products import spoken_product
from bot.dialogue.actions.shipping import place_named
from bot.dialogue.actions.step import Slots, Speaker
from bot.dialogue.turn import Turn
from bot.errors import ShopError
from bot.messages import Button
from bot.privacy import mask_cards
from bot.shop.policy import PriceBreak, freight_estimate, is_sent, local_day, price_breaks, price_for
from bot.shop.values import Money, Product
from nlu.entities import numerals
from nlu.entities.letters import fold, plain

INTENT = "product_quotation"
#: What is asked for, in this order; then the quotation is read out.
PARTS = ("product", "quantity", "country", "company", "contact")
CONFIRM, PRICE = "confirm", "price"
#: More pieces than this nobody means.
MOST_PIECES = 100_000_000
_LONGEST_NAME = 120
_WHOLE = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,' \u00a0\u202f]\d{3})+(?![\d.,]\d)|\d+")
#: Digits of a number at most.
_MOST_DIGITS = 15
_AROUND = " .,;:!\"'()。、！"
#: What a number is counted in, by name: the expression's groups.
_TIMES = {"million": 1_000_000, "myriad": 10_000, "thousand": 1_000}
_COUNTED = re.compile(
    r"\W*(?P<count>\d*|[^\W\d]+)[\s-]*"
    r"(?:(?P<million>milli?on(?:s|en|es)?|milli?ones|milhao|milhoes|миллион(?:а|ов)?|млн|مليون|ملايين)"
    r"|(?P<myriad>[万萬만])"
    r"|(?P<thousand>(?:(?<=\d)|(?<=\d ))k|thousand|tausend|mil|mille|тысяч[аиу]?|тыс|الف|الاف|[千천]))"
    r"(?:[\s.]*[^\W\d]+)?\W*"
)
_THANKS = re.compile("thank|dank|gracias|merci|obrigad|спасиб|شكر|谢|謝|ありがと|감사")
_NONE = re.compile(
    "zero|none|nothing|nil|null|nichts|keine?[rns]?|cero|nada|ningun[oa]?|aucune?|rien|nenhuma?"
    "|нол[ья]|нул[ья]|нисколько|ничего|صفر|لا شيء|零个?|没有|ゼロ|なし|영|없음"
)


class Quote(NamedTuple):
    """What the store offers by itself."""

    reached: PriceBreak
    goods: Money
    #: None where no lane goes there.
    freight: Money | None
    until: dt.date


def destination_of(state: Mapping[str, Any]) -> Slots:
    """What a question about shipping there needn't ask for."""
    return {"destination": state["country"]} if state.get("country") else {}


def gather(turn: Turn, tracker: Tracker, state: dict[str, Any]) -> bool:
    """Put what the message tells into the lead's ``state``; whether it told anything."""
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


def asked_of(state: Mapping[str, Any]) -> str:
    """What is asked for now."""
    missing = next((part for part in PARTS if not state.get(part)), None)
    return missing or str(state.get("part") or CONFIRM)


def pieces_in(text: str, languages: Sequence[str]) -> int | None:
    """How many pieces a text tells, by the one number in it or by words that say no more: "a million".

    Args:
        text: what was typed.
        languages: ISO 639-1; those whose words for numbers are looked for.

    Returns:
        None where it tells no number, or several; 0 for none, and for more than anybody means.
    """
    said = fold(plain(text))
    found = _WHOLE.findall(said)
    if len(found) > 1 or (found and f"-{found[0]}" in said):
        return None
    counted = _COUNTED.fullmatch(said)
    if counted is not None and _THANKS.search(said) is None:
        one = numerals.read(counted["count"] or "1", tuple(languages))
        times = next(value for name, value in _TIMES.items() if counted[name])
        number = None if one is None or len(counted["count"]) > _MOST_DIGITS else one * times
    elif found:
        digits = re.sub(r"\D", "", found[0])
        number = int(digits) if len(digits) <= _MOST_DIGITS else MOST_PIECES + 1
    else:
        bare = said.strip(_AROUND)
        number = 0 if _NONE.fullmatch(bare) else numerals.read(bare, tuple(languages))
    return 0 if number is not None and number > MOST_PIECES else number


def company_named(turn: Turn) -> str | None:
    """A company's name in the buyer's words."""
    text = mask_cards(" ".join(turn.understanding.text.split()))[:_LONGEST_NAME]
    letters = sum(sign.isalpha() for sign in text)
    is_contact = given_contact(turn) is not None and " " not in text
    refuses = turn.understanding.intent in ("service_deny", "service_affirm") and letters < 12
    return None if letters < 2 or is_contact or refuses else text


def price_named(turn: Turn, part: str) -> Money | None:
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


def product_of(turn: Turn, state: Mapping[str, Any]) -> Product | None:
    """The product that many pieces are wanted of, once it is known and while it is sold."""
    return turn.shop.product(state["product"]) if state.get("product") else None


def quote_of(turn: Turn, state: Mapping[str, Any]) -> Quote | None:
    """The offer by ``shop.yml``; None where sales must calculate."""
    product = product_of(turn, state)
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


def in_english(turn: Turn, state: Mapping[str, Any], product: Product | None, quote: Quote | None) -> str:
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


def breaks_told(turn: Turn, product: Product) -> str:
    """The price of one piece by quantity, in words."""
    words = turn.words
    breaks = price_breaks(product, turn.rules)
    return words.beside(
        [
            word(turn, "utter_quote_break", pieces=words.number(one.pieces), price=words.money(one.price))
            for one in breaks
        ]
    )


def say_too_few(turn: Turn, speaker: Speaker, product: Product, buttons: Sequence[Button] = ()) -> None:
    """Below the first price break the list price holds."""
    words = turn.words
    least, price = words.number(min(turn.rules.wholesale.breaks)), words.money(product.price)
    speaker.say("utter_quote_too_few", buttons, product=words.product(product), price=price, least=least)


def say_breaks(turn: Turn, speaker: Speaker, product: Product, pieces: int) -> None:
    """What so many pieces cost each, the same for every buyer, with the way to a quotation."""
    wanted = json.dumps({"product": product.code, "quantity": pieces})
    quotation = Button(word(turn, "utter_meaning_product_quotation"), f"/{INTENT}{wanted}")
    speaker.say("utter_quote_breaks", [quotation], breaks=breaks_told(turn, product))
