"""What a message means after what was said before: a bare yes, a refusal, a question that names nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.dialogue.about_goods import (
    BARGAINS,
    OF_ONE_PRODUCT,
    asked_of_goods,
    asked_of_named,
    asks_for_delivery,
    bargains,
)
from bot.dialogue.actions import answers
from bot.dialogue.actions.cities import country_of_city
from bot.dialogue.actions.facts import fact_asked
from bot.dialogue.actions.identity import FLOW_OF_INTENT
from bot.dialogue.engine import FALLBACK_INTENT, topic_of
from bot.dialogue.follow_ups import follow_up, names_only
from bot.dialogue.meaning import COMPLAINT_INTENT, NOTHING
from bot.dialogue.turn import Understanding
from bot.messages import Button

#: What "and when does it come?" may ask: of goods, of a parcel or of money. What was spoken of last decides.
_AWAITED = frozenset(
    {
        "logistics_delay",
        "logistics_not_shipped",
        "logistics_shipping_time",
        "logistics_where_is_parcel",
        "product_restock",
        "refund_state",
    }
)
#: After these shipping at large is seldom asked for.
_OF_A_PARCEL = frozenset(
    {
        *("logistics_delay", "logistics_lost", "logistics_not_shipped", "logistics_where_is_parcel"),
        *("logistics_customs", "order_state"),
    }
)
#: The most characters of such a question, and how likely its other meaning must be.
LONGEST_ELLIPSIS, POSSIBLE = 40, 0.05
#: What a short question for a fact of the product that was spoken of may seem to be.
_NO_FACT = (*NOTHING, "refund_warranty", "product_price", "order_place")
_WHERE_FROM = ("origin", "logistics_where_is_parcel")
LONGEST_FACT = 60
#: After these a city is another place to send to, whatever its name was taken for.
_WHERE_TO = tuple(
    f"logistics_{name}" for name in ("destinations", "services", "shipping_cost", "shipping_time")
)
_NO_PLACE = (*NOTHING, "service_greeting", "service_goodbye", "logistics_redirect", "order_change_address")
#: After these begging is about a price.
_PRICED = ("product_price", "product_promotion", "product_bargain")
#: The form that asks for a country.
_ASKS_WHERE_TO = "destination_form"
#: What is offered in place of what was asked for; each asks for a yes of its own before anything is done.
#: "OK" below "it was delivered [I haven't received it]" is no yes to the button.
_INSTEAD = ("/order_cancel", "/order_change_items", "/payment_price_protection")
_TO_A_PERSON = "/service_human"
#: Whoever says so once more, after our records told otherwise, is not helped by hearing it again.
_INSISTED = ("payment_charged_twice", "payment_not_registered")
#: After these an account is the buyer's with a bank, not the one with the store; coupons are the store's.
_MONEY, _OF_THE_STORE = ("refund_", "payment_", "order_cancel"), ("payment_coupon", "payment_points")
#: What the model takes it for where a buyer tells that an order is still to be paid.
_STILL_TO_PAY = (FALLBACK_INTENT, "payment_deposit", "payment_methods", "order_state")
#: What may be wrong with goods, by the meaning of its words.
_FAULTS = {f"refund_{kind}": kind for kind in ("damaged", "faulty", "wrong_item", "not_as_described")}
#: How likely two of them must be together, where the model holds them alike.
_LIKE_A_FAULT = 0.8
#: What names an order, or proves whose it is, and asks nothing.
_NAMES_AN_ORDER = ("order_number", "email")
#: The fewest buttons of a question for what is meant.
_MEANINGS_AND_A_PERSON = 3


def in_context(
    read: Understanding, memory: Mapping[str, Any], offered: Sequence[Button] = ()
) -> Understanding:
    """A short question that names nothing is about what was spoken of, where it may be.

    A bare yes is to what was ``offered`` last in place of what was asked for, where nothing else was asked.
    """
    if _asks_for_terms(read, memory):
        return _as(read, "product_details", 1.0)
    if read.intent == "payment_tax" and answers.means(answers.INVOICES, read.text):
        return _as(read, "payment_invoice", 1.0)
    if not memory.get("form") and read.threat is None and _is_still_to_pay(read):
        return _as(read, "payment_not_registered", 1.0)
    if not memory.get("form") and (fault := _one_fault(read)) is not None:
        return _as(read, fault, 1.0)
    if not memory.get("form") and read.intent == "order_change_items" and answers.means("damaged", read.text):
        # Goods of an order that can still be changed have not left us: nobody has them broken.
        return _as(read, "refund_damaged", 1.0)
    if bargains(read, memory.get("form")):
        return _as(read, "product_bargain", 1.0)
    if asks_for_delivery(read):
        # One answer tells both: "what does it cost, and how long does it take?".
        return _as(read, "logistics_shipping_cost", 1.0)
    if memory.get("form") and _asks_why(read):
        # Of the question, whatever "why do you need a photo?" may be about elsewhere.
        return _as(read, FALLBACK_INTENT, 1.0)
    last = memory.get("last_question")
    taken = _only_offer(offered) if read.intent == "service_affirm" and not memory.get("form") else None
    if taken is not None and answers.yes_or_no(read.text) == answers.YES:
        return _as(read, taken, 1.0)
    if not memory.get("form") and (meant := _of_an_order(read, last, offered)) is not None:
        return _as(read, meant, 1.0)
    if not last or read.threat is not None:
        return read
    if (
        read.intent == "service_affirm"
        and not memory.get("form")
        and answers.yes_or_no(read.text) == answers.YES
    ):
        # "OK", where nothing is asked, takes note of what was told: it asks for no new wish.
        return _as(read, "service_thanks", 1.0)
    if _refuses_a_price(read, last, memory.get("form")):
        return _as(read, "product_bargain", 1.0)
    if memory.get("form") == _ASKS_WHERE_TO and read.first("order_number") and not read.first("country"):
        # Who answers so speaks of a parcel under way, not of shipping at large.
        return _as(read, "logistics_where_is_parcel", 1.0)
    if not memory.get("form") and (_insists(read, last, offered) or _not_taken(read, last, offered)):
        return _as(read, "service_human", 1.0)
    means = follow_up(read.text, last)
    if means is not None:
        # Its words are all known: a product that they resemble is none that they name.
        known = replace(read, entities=()) if read.entities else read
        return known if means == read.intent else _as(known, means, 1.0)
    if (meant := asked_of_goods(read, last, memory)) is not None:
        return _as(read, meant, 1.0)
    if read.entities:
        named = asked_of_named(read, last)
        return read if named is None else _as(read, named, 1.0)
    is_money = last.startswith(_MONEY) and last not in _OF_THE_STORE
    if read.intent == "service_account" and is_money and len(read.text) <= LONGEST_ELLIPSIS:
        return _as(read, last, 1.0)
    if last in _WHERE_TO and read.intent in _NO_PLACE and country_of_city(_short(read.text), asked=True):
        return _as(read, last, 1.0)
    if last in OF_ONE_PRODUCT and len(read.text) <= LONGEST_FACT:
        # "How heavy is it?": of goods, where goods were spoken of; so is "where does it come from?".
        fact = fact_asked("", read.text, read.language)
        if fact and (read.intent in _NO_FACT or (fact, read.intent) == _WHERE_FROM):
            return _as(read, "product_details", 1.0)
        if read.intent in _NO_FACT:
            return read
    if (
        read.intent == "logistics_shipping_time"
        and last in _OF_A_PARCEL
        and len(read.text) <= LONGEST_ELLIPSIS
    ):
        # "How many more days?": of the parcel that was spoken of, not of shipping at large.
        return _as(read, "logistics_where_is_parcel", read.confidence)
    if not {read.intent, last} <= _AWAITED or topic_of(read.intent) == topic_of(last):
        return read
    if len(read.text) > LONGEST_ELLIPSIS:
        return read
    for intent, sure in read.ranking:
        if intent in _AWAITED and topic_of(intent) == topic_of(last) and sure >= POSSIBLE:
            return _as(read, intent, sure)
    return read


def _asks_for_terms(read: Understanding, memory: Mapping[str, Any]) -> bool:
    """A short question for the warranty of goods, before any were bought: no order has to do with it."""
    if read.intent != "refund_warranty" or read.threat is not None or len(read.text) > LONGEST_FACT:
        return False
    if "verified_at" in memory or memory.get("form") or read.first("order_number"):
        return False
    is_claim = answers.first_meant((answers.CLAIMS_WARRANTY, "damaged", "faulty"), read.text)
    return is_claim is None and fact_asked("", read.text, read.language) == "warranty"


def _asks_why(read: Understanding) -> bool:
    """Whether a short message asks nothing but why the bot asks."""
    return len(read.text) <= LONGEST_FACT and read.threat is None and answers.means(answers.WHY, read.text)


def _is_still_to_pay(read: Understanding) -> bool:
    """Whether a message tells that the buyer's order is not paid, where the model makes little of it."""
    if read.intent not in _STILL_TO_PAY or not answers.still_to_pay(read.text):
        return False
    return read.first("order_number") is not None or answers.means(answers.OWN_ORDER, read.text)


def _insists(read: Understanding, last: str, offered: Sequence[Button]) -> bool:
    """Whether a buyer says once more, or affirms in so many words, what our records told otherwise."""
    if last not in _INSISTED or all(button.payload != _TO_A_PERSON for button in offered):
        return False
    affirms = read.intent == "service_affirm" and answers.yes_or_no(read.text) is None
    return read.intent == last or affirms


def _one_fault(read: Understanding) -> str | None:
    """Which of two faults is meant, where the model is sure of both: by the words, else the likelier."""
    likely = read.ranking[:2]
    sure = sum(confidence for _, confidence in likely)
    if read.intent != FALLBACK_INTENT or read.threat is not None or sure < _LIKE_A_FAULT:
        return None
    if len(likely) < 2 or any(intent not in _FAULTS for intent, _ in likely):
        return None
    told = answers.first_meant((_FAULTS[intent] for intent, _ in likely), read.text)
    return f"refund_{told}" if told else likely[0][0]


def _not_taken(read: Understanding, last: str, offered: Sequence[Button]) -> bool:
    """Whether the checkout refuses a coupon of which all was told that we know: "it says expired"."""
    if last != "payment_coupon" or all(button.payload != _TO_A_PERSON for button in offered):
        return False
    is_more = read.entities or len(read.text) > LONGEST_ELLIPSIS or read.intent.startswith("product_")
    return not is_more and answers.means(answers.NOT_TAKEN, read.text)


def _of_an_order(read: Understanding, last: str | None, offered: Sequence[Button]) -> str | None:
    """What is asked of an order by whoever names it, or its buyer, and says nothing else.

    The likeliest of what was ``offered`` to "is it one of these?", what was asked of an order before, or
    how it stands.
    """
    named = [one["entity"] for one in read.entities]
    if read.intent not in NOTHING or not named or not set(named) <= set(_NAMES_AN_ORDER):
        return None
    if not names_only(read.text, [(one["start"], one["end"]) for one in read.entities]):
        return None
    if len(offered) >= _MEANINGS_AND_A_PERSON:
        likely = [button.payload[1:] for button in offered if button.payload[1:] in FLOW_OF_INTENT]
        if likely:
            return likely[0]
    if last in FLOW_OF_INTENT:
        return last
    return "order_state" if "order_number" in named else None


def _refuses_a_price(read: Understanding, last: str, form: str | None) -> bool:
    if answers.says_only(answers.PLEADS, read.text):
        return form == BARGAINS or last in _PRICED
    # "Have you something cheaper?" is about other goods, and what names an order about what was paid for it.
    is_other = read.intent.startswith("product_") or read.first("order_number") is not None
    # Below a price an exclamation that the model makes nothing of is as much a refusal.
    unheard = (
        last in _PRICED
        and read.intent in (*NOTHING, COMPLAINT_INTENT, "service_deny")
        and len(read.text) <= LONGEST_ELLIPSIS
        and not read.text.rstrip().endswith(("?", "？", "؟"))
    )
    return (form == BARGAINS or unheard) and not is_other and answers.means(answers.TOO_DEAR, read.text)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_ELLIPSIS else ""


def _only_offer(offered: Sequence[Button]) -> str | None:
    """What was offered in place of what was asked for, where nothing else was, a person apart."""
    ways = [button.payload for button in offered if button.payload != _TO_A_PERSON]
    return ways[0][1:] if len(ways) == 1 and ways[0] in _INSTEAD else None


def _as(read: Understanding, intent: str, sure: float) -> Understanding:
    return replace(read, intent=intent, confidence=sure, requests=())
