"""What buyers type instead of pressing a button, in the store's ten languages.

A message is held against all of them: a buyer may answer in another language than the conversation's. The
words are short: each is looked for only where the answer to one question is expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from re import Pattern

from ruamel.yaml import YAML

from bot.dialogue.beforehand import read_once
from bot.spelling import alike, plain

#: All that is offered; a message that says no more than that.
ALL = "all"
#: They leave things as they are; "never mind" alone is understood without it.
KEEPS = "keeps"
#: They can't send the photo, or the receipt, that they were asked for.
NO_PHOTO = "no_photo"
#: Speaks of a remedy, or of changing something, and asks for none of what was offered.
ANOTHER_MATTER = "another_matter"
#: Neither a yes nor a no.
DOUBTFUL = "doubtful"
#: What makes less than a plain answer of one: "yes, but only half", "no, wait".
RESERVED = "reserved"
#: It works now; what was to help was tried, and didn't.
SOLVED, IN_VAIN = "solved", "in_vain"
#: The shop takes no notice of a coupon, in the words in which a checkout says so.
NOT_TAKEN = "not_taken"
#: What they say that they don't want: "my money, not a new one".
_DECLINED = "declined"
#: They beg for a lower price, or call it too high.
PLEADS, TOO_DEAR = "pleads", "found_cheaper"
#: They take what is offered: "fine, I'll have it".
TAKES = "takes"
#: What they say if they say nothing else, and what may stand beside it.
YES, NO, COURTESY = "yes", "no", "courtesy"
#: They have no number, confirmation or address of their order, whatever else it may be taken for; the same
#: where nothing else was understood; that it cannot be found, and nothing else.
NO_PROOF, NOTHING_AT_HAND, NOT_FOUND = "no_proof", "nothing_at_hand", "not_found"
#: Another of their orders than the one spoken of.
OTHER_ORDER = "other_order"
#: None of the goods; one or some of several, all but some.
NO_PIECES, PARTLY, ALL_BUT = "no_pieces", "partly", "all_but"
#: Whether the store issues invoices, and which: not the invoice of an order.
INVOICES = "invoices_at_large"
#: The order is still to be paid, by the buyer's own words; the money has left their account.
NOT_PAID, HAS_PAID = "not_paid", "has_paid"
#: An order of their own, not any.
OWN_ORDER = "own_order"
#: Why they are asked for what they were asked for.
WHY = "why_asked"
#: Speaks of a warranty for goods that were bought.
CLAIMS_WARRANTY = "claims_warranty"
#: Why one does not want what was ordered.
REASONS = ("changed_mind", "does_not_fit", "found_cheaper", "wrong_item", "other")
#: Which of what was listed: by meaning, its number; the last is -1.
PLACES = {"place_1": 1, "place_2": 2, "place_3": 3, "place_4": 4, "place_5": 5, "place_last": -1}
#: What is understood only if nothing else is said.
_ALONE = frozenset({ALL, YES, NO, COURTESY, PLEADS, TAKES, NOT_FOUND, NO_PIECES, *PLACES})

#: Scripts in which a word may be written together with the one before.
_JOINED = re.compile(r"[\u0370-\uffff]")
_LETTERS = re.compile(r"\w")


def means(meaning: str, text: str) -> bool:
    """Whether a message holds words of this meaning."""
    return _words()[meaning].search(plain(text)) is not None


def first_meant(meanings: Iterable[str], text: str) -> str | None:
    """The first of these meanings of which a message holds words."""
    return next((meaning for meaning in meanings if means(meaning, text)), None)


def wanted(text: str) -> str:
    """A message without what it declines: "my money, not a new one" is about money."""
    return _words()[_DECLINED].sub(" ", plain(text))


def keeps(text: str) -> bool:
    """Whether a message says that all stays as it is; "may I keep it?" doesn't."""
    return means(KEEPS, text) and not text.rstrip().endswith(("?", "？", "؟"))


def still_to_pay(text: str) -> bool:
    """Whether a message says that an order is not paid, and not that the money has gone all the same."""
    return means(NOT_PAID, text) and not means(HAS_PAID, text)


def says_only(meaning: str, text: str) -> bool:
    """Whether a message says this and nothing else, courtesies apart: "all of them, please"."""
    said = plain(text)
    rests = (spoken.sub(" ", said) for spoken in _spoken(meaning) if spoken.search(said))
    return any(not _LETTERS.search(_words()[COURTESY].sub(" ", rest)) for rest in rests)


def yes_or_no(text: str) -> str | None:
    """``yes`` or ``no`` where a message says no more than that; None for more, for neither and for both."""
    return next((answer for answer in (YES, NO) if says_only(answer, text)), None)


def place_of(text: str) -> int | None:
    """Which of what was listed a message names, and nothing else: the first is 1, the last -1."""
    return next((place for meaning, place in PLACES.items() if says_only(meaning, text)), None)


@read_once
def _by_language() -> Mapping[str, Mapping[str, Sequence[str]]]:
    path = Path(__file__).with_name("answers.yml")
    read: Mapping[str, Mapping[str, Sequence[str]]] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return read


@read_once
def _words() -> Mapping[str, Pattern[str]]:
    """By meaning, its words in all languages."""
    meanings = {meaning: None for spoken in _by_language().values() for meaning in spoken}
    return {
        meaning: re.compile("|".join(spoken.pattern for spoken in _spoken(meaning))) for meaning in meanings
    }


@cache
def _spoken(meaning: str) -> Sequence[Pattern[str]]:
    """A meaning's words, language by language: what is said alone is said in one of them."""
    return [
        re.compile("|".join(_bounded(alike(word), whole=meaning in _ALONE) for word in spoken[meaning]))
        for spoken in _by_language().values()
    ]


def _bounded(word: str, *, whole: bool) -> str:
    if _JOINED.search(word):
        return word
    return rf"\b(?:{word})(?!\w)" if whole else rf"\b(?:{word})"
