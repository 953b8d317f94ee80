"""Which fact of a product a question is after."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from re import Pattern

from ruamel.yaml import YAML

from bot.dialogue.beforehand import read_once
from bot.spelling import plain

#: In this order the facts are looked for: what plain words tell comes before what many words may mean.
FACTS = (
    *("authenticity", "battery", "voltage", "plug", "compatibility", "waterproof", "in_the_box", "origin"),
    *("warranty", "material", "weight", "dimensions", "care", "age"),
)
#: The words that hold in every language.
_EVERY = "every"
#: Scripts in which a word may be written together with the one before it.
_JOINED = re.compile(r"[\u0600-\u06ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: A fact without a place of its own in the catalogue, and the words that tell it in another.
ELSEWHERE: Mapping[str, Sequence[str]] = {
    "waterproof": ("waterproof", "water column", "water repellen", "water resistan", "rainproof"),
}
#: Which fact an intent is after, whatever its words …
FACT_OF_INTENT = {"product_authenticity": "authenticity"}
#: … and which one it is after when its words do not say.
ELSE_OF_INTENT = {"product_compatibility": "compatibility", "product_usage": "use"}


def fact_asked(intent: str, text: str, language: str, name: str = "") -> str | None:
    """The catalogue's name of the fact that a question is after, if it can be told.

    Args:
        intent: what the question means.
        text: its words.
        language: BCP 47; one whose words nobody has listed is read by those of every language.
        name: the product's own: it says nothing about that, a cast iron pan is not about ironing.
    """
    if intent in FACT_OF_INTENT:
        return FACT_OF_INTENT[intent]
    own = set(plain(name).split())
    said = " ".join(word for word in plain(text).split() if word.strip("?!.,;:¿¡") not in own)
    asked = next((fact for fact, words in _words(language.split("-")[0]).items() if words.search(said)), None)
    return asked or ELSE_OF_INTENT.get(intent)


def told_elsewhere(fact: str, texts: Mapping[str, str]) -> str | None:
    """Which of the catalogue's texts tells a fact without a place of its own, by its plainest words."""
    told = {name: plain(text) for name, text in texts.items()}
    signs = map(_pattern, ELSEWHERE.get(fact, ()))
    return next((name for sign in signs for name, text in told.items() if re.search(sign, text)), None)


@cache
def _words(language: str) -> Mapping[str, Pattern[str]]:
    """By fact, the words of a language that ask for it."""
    read = _by_language()
    return {
        fact: re.compile("|".join(map(_pattern, words)))
        for fact in FACTS
        if (words := [word for block in (language, _EVERY) for word in read.get(block, {}).get(fact, ())])
    }


@read_once
def _by_language() -> Mapping[str, Mapping[str, Sequence[str]]]:
    path = Path(__file__).with_name("facts.yml")
    read: Mapping[str, Mapping[str, Sequence[str]]] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return read


def _pattern(word: str) -> str:
    bare = re.escape(plain(word.removesuffix("$")))
    before = "" if _JOINED.search(word) else r"\b"
    return f"{before}{bare}" + (r"\b" if word.endswith("$") else "")
