"""What a message that was read means in its conversation, before any flow takes it up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.dialogue import traditional
from bot.dialogue.actions.facts import fact_asked
from bot.dialogue.actions.languages import ASKED_LANGUAGE
from bot.dialogue.actions.units import unit_named
from bot.dialogue.actions.ways_to_pay import named_in
from bot.dialogue.assortment import goods_asked
from bot.dialogue.engine import FALLBACK_INTENT
from bot.dialogue.files import FILE_ALONE
from bot.dialogue.filling import DIRECTIONS
from bot.dialogue.follow_ups import question_of
from bot.dialogue.turn import COMMENTS, HEARS, Understanding
from bot.mailroom.inbox import MESSAGE, InboxRow
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
NOTHING = (FALLBACK_INTENT, "out_of_scope")
#: What asks for an address.
_ADDRESSES = ("order_change_address", "logistics_redirect")
#: A choice by its number, as it is typed or as a key's picture.
_NUMBER = re.compile("[(#]?([0-9０-９٠-٩۰-۹]{1,2})[)]?[\ufe0f\u20e3]*")
#: Entities that say who asks, not what about.
_PROOFS = ("email", "phone")


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
    if is_comment and not asked and read.intent in NOTHING:
        # Some kind words that no flow knows: taken down, and thanked for.
        return replace(read, intent="service_thanks", requests=())
    is_story = asked and len(read.text) >= SHORTEST_STORY and read.confidence < CERTAIN
    return replace(read, intent=COMPLAINT_INTENT, requests=()) if is_story else read


def _asked_of(read: Understanding) -> str | None:
    """What is asked of the thing that a question is about.

    A product has many facts, a store many goods, a refund many sides: one after another is no repetition.
    """
    if read.intent.startswith("product_"):
        fact = fact_asked(read.intent, read.text, read.language)
        # "And in ounces?" asks the same once more, and yet another thing.
        unit = unit_named(read.text) if fact else None
        return goods_asked(read.text) or (f"{fact} {unit}" if unit else fact)
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
