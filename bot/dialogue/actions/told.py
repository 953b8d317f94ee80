"""What is said of a product: in the buyer's language, else as the store wrote it."""

from __future__ import annotations

import re
from functools import cache

from babel import Locale

from bot.dialogue.turn import Turn
from bot.shop.values import Product

#: Where a text needs translating: a word in small letters, longer than a unit.
_WORD = re.compile(r"[^\W\d_]{3,}")


def fact_of(turn: Turn, product: Product, fact: str) -> str:
    """A fact that the catalogue has, without a full stop at its end.

    Where it stands there in another language than the buyer's alone, that language is named beside it.
    """
    words, own = turn.words, product.facts[fact]
    translated = product.fact_in(fact, words.language)
    if translated is not None:
        return words.written(translated).rstrip(".。")
    spoken, store = words.fact(own), turn.rules.fallback_language
    if spoken != own.rstrip("."):
        return spoken
    country = _countries(store).get(own.casefold())
    return words.country(country) if country else _original(turn, spoken)


def description_of(turn: Turn, product: Product) -> str:
    """Its description, with its language named beside it where that is not the buyer's."""
    translated = product.description_in(turn.words.language)
    if translated is not None:
        return turn.words.written(translated)
    return _original(turn, product.description)


def _original(turn: Turn, text: str) -> str:
    """A text of the catalogue as the store wrote it."""
    words, store = turn.words, turn.rules.fallback_language
    is_theirs = words.language.partition("-")[0] == store.partition("-")[0]
    needs_none = not any(word.islower() for word in _WORD.findall(text))
    return text if is_theirs or needs_none else f"{text} ({words.tongue(store)})"


@cache
def _countries(language: str) -> dict[str, str]:
    """ISO 3166 codes by the names of countries in a language, in small letters."""
    named = Locale.parse(language, sep="-").territories
    return {name.casefold(): code for code, name in named.items() if len(code) == 2 and code.isalpha()}
