"""What a message that was read means in its conversation, before any flow takes it up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.dialogue import traditional
from bot.dialogue.actions import answers
from bot.dialogue.actions.cities import country_of_city
from bot.dialogue.actions.facts import fact_asked
from bot.dialogue.actions.identity import FLOW_OF_INTENT
from bot.dialogue.actions.languages import ASKED_LANGUAGE
from bot.dialogue.actions.ways_to_pay import named_in
from bot.dialogue.assortment import goods_asked
from bot.dialogue.engine import FALLBACK_INTENT, topic_of
from bot.dialogue.files import FILE_ALONE
from bot.dialogue.filling import DIRECTIONS
from bot.dialogue.follow_ups import follow_up, names_only, question_of
from bot.dialogue.turn import COMMENTS, HEARS, Understanding
from bot.mailroom.inbox import MESSAGE, InboxRow
from bot.messages import Button
from bot.settings import ShopRules

#: Characters of the last question that are kept for the case card.
LONGEST_WORDS = 200
#: What a message with a threat or harm in it is acted upon as.
THREAT_INTENT = "service_threat"
#: What a story is acted upon as, its fewest characters, and how sure the model must be that it is none.
COMPLAINT_INTENT, SHORTEST_STORY, CERTAIN = "service_complaint", 8, 0.9
#: Messages that are no question of their own: they neither count as repeated nor break a row of questions.
_SMALL = (
    "service_",
    "inform",
    "notice_answer",
    "no_order_number",
    FALLBACK_INTENT,
    FILE_ALONE,
    "out_of_scope",
)
#: Intents of what no flow takes up.
_NOTHING = (FALLBACK_INTENT, "out_of_scope")
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
#: After these a short question for a fact is about the product that was spoken of, whatever else it may seem.
_OF_ONE_PRODUCT = tuple(
    f"product_{name}"
    for name in ("details", "size", "compatibility", "usage", "stock", "restock", "authenticity", "price")
)
_NO_FACT = (*_NOTHING, "refund_warranty", "product_price", "order_place")
_WHERE_FROM = ("origin", "logistics_where_is_parcel")
LONGEST_FACT = 60
#: After these a city is another place to send to, whatever its name was taken for.
_WHERE_TO = tuple(
    f"logistics_{name}" for name in ("destinations", "services", "shipping_cost", "shipping_time")
)
_NO_PLACE = (*_NOTHING, "service_greeting", "service_goodbye", "logistics_redirect", "order_change_address")
#: After these begging is about a price.
_PRICED = ("product_price", "product_promotion", "product_bargain")
#: What asks for an address.
_ADDRESSES = ("order_change_address", "logistics_redirect")
#: The form that offers a price, and the one that asks for a country.
_BARGAINS, _ASKS_WHERE_TO = "bargain_form", "destination_form"
#: Entities that are one of the forms in which goods are sold.
_VARIANTS = ("colour", "size")
#: A choice by its number, as it is typed or as a key's picture.
_NUMBER = re.compile("[(#]?([0-9０-９٠-٩۰-۹]{1,2})[)]?[\ufe0f\u20e3]*")
#: What is offered in place of what was asked for; each asks for a yes of its own before anything is done.
#: "OK" below "it was delivered [I haven't received it]" is no yes to the button.
_INSTEAD = ("/order_cancel", "/order_change_items", "/payment_price_protection")
_TO_A_PERSON = "/service_human"
#: Whoever says so once more, after our records told otherwise, is not helped by hearing it again.
_INSISTED = ("payment_charged_twice", "payment_not_registered")
#: After these an account is the buyer's with a bank, not the one with the store.
_MONEY = ("refund_", "payment_", "order_cancel")
#: What names an order, or proves whose it is, and asks nothing.
_NAMES_AN_ORDER = ("order_number", "email")
#: Entities that say who asks, not what about.
_PROOFS = ("email", "phone")
#: The fewest buttons of a question for what is meant.
_MEANINGS_AND_A_PERSON = 3


def reading_of(row: InboxRow, read: Understanding, form: str | None) -> Mapping[str, Any] | None:
    """What the model held likely of a typed message, for those who look whether it was right."""
    # What is read of a button has one meaning, also where its words were typed.
    if row.kind != MESSAGE or row.button is not None or len(read.ranking) < 2:
        return None
    return {"ranking": [[name, round(sure, 4)] for name, sure in read.ranking], "form": form}


def language_of(read: Understanding, memory: Mapping[str, Any], before: str) -> str:
    """In which language the conversation goes on (BCP 47): the one asked for, else the message's.

    Of a tag only the traditional script of Chinese is kept: every other language has one. An address that
    was asked for is in its country's language, not its buyer's: the one ``before`` stays.
    """
    asked = memory.get(ASKED_LANGUAGE)
    if asked is not None:
        return str(asked)
    of_address = memory.get("form") == "change_form" and memory.get("last_question") in _ADDRESSES
    if of_address and any(sign.isdigit() for sign in read.text):
        return before
    return read.language_tag if read.language_tag == traditional.TAG else read.language


def bare(words: str) -> str:
    """Words without case, signs of direction, and punctuation and white space around them."""
    seen = "".join(sign for sign in words if sign not in DIRECTIONS)
    return seen.strip(" \t\n.!?,;:'\"。！？،؟¿¡…").casefold()


def number_of(words: str) -> int | None:
    """The number that is all of what was typed, in any script's digits; None if there is anything else."""
    found = _NUMBER.fullmatch(words)
    return None if found is None else int(found[1])


def plain(intent: str, language: str) -> Understanding:
    """An intent without words: what a button or an event means."""
    return Understanding("", language, True, intent, 1.0, (), ())


def threat_first(read: Understanding) -> Understanding:
    """Whatever else a message is about: one that threatens, or tells of harm, goes to a person."""
    return read if read.threat is None else replace(read, intent=THREAT_INTENT)


def commented_case(row: InboxRow, memory: dict[str, Any]) -> int | None:
    """The case to whose rating a typed message is the comment; it is one message only."""
    if row.kind != MESSAGE or COMMENTS not in memory:
        return None
    case_id = int(memory.pop(COMMENTS))
    return case_id if row.button is None and row.text.strip() else None


def as_story(read: Understanding, memory: dict[str, Any], *, is_comment: bool) -> Understanding:
    """What a buyer tells when asked what happened is a story, unless it is surely something else."""
    asked = memory.pop(HEARS, False)
    if is_comment and not asked and read.intent in _NOTHING:
        # Some kind words that no flow knows: taken down, and thanked for.
        return replace(read, intent="service_thanks", requests=())
    is_story = asked and len(read.text) >= SHORTEST_STORY and read.confidence < CERTAIN
    return replace(read, intent=COMPLAINT_INTENT, requests=()) if is_story else read


def in_context(
    read: Understanding, memory: Mapping[str, Any], offered: Sequence[Button] = ()
) -> Understanding:
    """A short question that names nothing is about what was spoken of, where it may be.

    A bare yes is to what was ``offered`` last in place of what was asked for, where nothing else was asked.
    """
    if _asks_for_terms(read, memory):
        return _as(read, "product_details", 1.0)
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
    if not memory.get("form") and _insists(read, last, offered):
        return _as(read, "service_human", 1.0)
    means = follow_up(read.text, last)
    if means is not None:
        # Its words are all known: a product that they resemble is none that they name.
        known = replace(read, entities=()) if read.entities else read
        return known if means == read.intent else _as(known, means, 1.0)
    if read.entities:
        return _of_a_variant(read, last)
    if read.intent == "service_account" and last.startswith(_MONEY) and len(read.text) <= LONGEST_ELLIPSIS:
        return _as(read, last, 1.0)
    if last in _WHERE_TO and read.intent in _NO_PLACE and country_of_city(_short(read.text), asked=True):
        return _as(read, last, 1.0)
    if last in _OF_ONE_PRODUCT and len(read.text) <= LONGEST_FACT:
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


def _of_a_variant(read: Understanding, last: str) -> Understanding:
    """A colour or a size alone, after goods were spoken of, asks whether they are there in it."""
    is_variant = all(one["entity"] in _VARIANTS for one in read.entities)
    if not is_variant or not last.startswith("product_") or read.intent.startswith("product_"):
        return read
    spans = [(one["start"], one["end"]) for one in read.entities]
    return _as(read, "product_stock", 1.0) if names_only(read.text, spans) else read


def _insists(read: Understanding, last: str, offered: Sequence[Button]) -> bool:
    """Whether a buyer says once more, or affirms in so many words, what our records told otherwise."""
    if last not in _INSISTED or all(button.payload != _TO_A_PERSON for button in offered):
        return False
    affirms = read.intent == "service_affirm" and answers.yes_or_no(read.text) is None
    return read.intent == last or affirms


def _of_an_order(read: Understanding, last: str | None, offered: Sequence[Button]) -> str | None:
    """What is asked of an order by whoever names it, or its buyer, and says nothing else.

    The likeliest of what was ``offered`` to "is it one of these?", what was asked of an order before, or
    how it stands.
    """
    named = [one["entity"] for one in read.entities]
    if read.intent not in _NOTHING or not named or not set(named) <= set(_NAMES_AN_ORDER):
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
        return form == _BARGAINS or last in _PRICED
    # "Have you something cheaper?" is about other goods, and what names an order about what was paid for it.
    is_other = read.intent.startswith("product_") or read.first("order_number") is not None
    # Below a price an exclamation that the model makes nothing of is as much a refusal.
    unheard = (
        last in _PRICED
        and read.intent in (*_NOTHING, COMPLAINT_INTENT)
        and len(read.text) <= LONGEST_ELLIPSIS
        and not read.text.rstrip().endswith(("?", "？", "؟"))
    )
    return (form == _BARGAINS or unheard) and not is_other and answers.means(answers.TOO_DEAR, read.text)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_ELLIPSIS else ""


def _only_offer(offered: Sequence[Button]) -> str | None:
    """What was offered in place of what was asked for, where nothing else was, a person apart."""
    ways = [button.payload for button in offered if button.payload != _TO_A_PERSON]
    return ways[0][1:] if len(ways) == 1 and ways[0] in _INSTEAD else None


def _as(read: Understanding, intent: str, sure: float) -> Understanding:
    return replace(read, intent=intent, confidence=sure, requests=())


def _asked_of(read: Understanding) -> str | None:
    """What is asked of the thing that a question is about.

    A product has many facts, a store many goods, a refund many sides: one after another is no repetition.
    """
    if read.intent.startswith("product_"):
        return goods_asked(read.text) or fact_asked(read.intent, read.text, read.language)
    if read.intent == "payment_methods":
        return ", ".join(named_in(read.text)) or None
    return question_of(read.text)


def unless_repeated(
    read: Understanding, kind: str, memory: dict[str, Any], rules: ShopRules
) -> Understanding:
    """Count the same question about the same things; the third in a row goes to a person."""
    if kind != MESSAGE or read.intent.startswith(_SMALL):
        if read.intent in ("service_goodbye", "service_human"):
            memory.pop("last_question", None)
        elif read.intent == "service_thanks":
            # What comes next may still be about it: "thanks. And to Switzerland?"
            memory["question_count"] = 0
        return read
    about = {f"{one['entity']}={one.get('value')}" for one in read.entities if one["entity"] not in _PROOFS}
    asked = _asked_of(read)
    before = set(memory.get("last_about") or ())
    # Naming the thing for the first time, or no longer, is the same question asked again.
    same = [read.intent, asked] == [memory.get("last_question"), memory.get("last_fact")] and (
        about <= before or not before
    )
    memory["question_count"] = memory.get("question_count", 0) + 1 if same else 1
    memory.update(last_question=read.intent, last_fact=asked, last_topic_intent=read.intent)
    memory["last_about"] = sorted(before | about if same else about)
    if read.text:
        memory["last_words"] = read.text[:LONGEST_WORDS]
    if memory["question_count"] < rules.understanding.repeats:
        return read
    memory["question_count"] = 0
    return replace(read, intent="repeated_question")
