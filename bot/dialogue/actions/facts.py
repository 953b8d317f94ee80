"""Which fact of a product a question is after."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

#: Which fact a question is after, by words in it; the first that the message holds wins. Each is the
#: beginning of a word, a trailing ``$`` its end.
FACT_WORDS: Mapping[str, Sequence[str]] = {
    "authenticity": ("original", "genuine", "authentic", "fake", "real brand", "counterfeit", "replica"),
    "battery": ("batter", "charge last", "hours of use", "playback"),
    "voltage": ("volt", "220", "230", "110", "120", "watt"),
    "plug": ("plug", "socket", "outlet", "adapter", "adaptor"),
    "compatibility": ("compatib", "work with", "works with", "fit with", "iphone", "android", "bluetooth"),
    "waterproof": ("waterproof", "water resistant", "water-resistant", "rainproof"),
    "in_the_box": ("in the box", "come with", "comes with", "include"),
    "origin": (
        "made in$",
        "origin$",
        "where is it made",
        "where are they made",
        "manufactured",
        "which country",
    ),
    "material": (
        "material",
        "made of",
        "made from",
        "made out of",
        "fabric",
        "cotton",
        "leather",
        "wool",
        "plastic",
        "lining",
        "ingredient",
    ),
    "weight": ("weigh", "heavy", "how light", "kilo", "kg$", "gram"),
    "dimensions": (
        "dimension",
        "how big",
        "how tall",
        "how wide",
        "how long",
        "how large",
        "measure",
        "capacity",
        "volume",
        "litre",
        "liter",
        "diameter",
        "height",
        "width",
        "cm$",
    ),
    "care": ("wash", "clean", "iron", "tumble", "dry$", "care$", "dishwasher"),
    "warranty": ("warrant", "guarantee"),
    "age": ("age$", "ages$", "years old", "year old", "months old", "toddler"),
}
#: A fact without a place of its own in the catalogue, and the words that tell it in another.
ELSEWHERE: Mapping[str, Sequence[str]] = {
    "waterproof": ("waterproof", "water column", "water repellen", "water resistan", "rainproof"),
}
#: Which fact an intent is after, whatever its words …
FACT_OF_INTENT = {"product_authenticity": "authenticity"}
#: … and which one it is after when its words do not say.
ELSE_OF_INTENT = {"product_compatibility": "compatibility", "product_usage": "use"}


def fact_asked(intent: str, text: str, name: str = "") -> str | None:
    """The catalogue's name of the fact that a question is after, if it can be told.

    The product's own ``name`` says nothing about that: a cast iron pan is not about ironing.
    """
    if intent in FACT_OF_INTENT:
        return FACT_OF_INTENT[intent]
    own = set(name.casefold().split())
    said = " ".join(word for word in text.casefold().split() if word.strip("?!.,;:") not in own)
    for fact, words in FACT_WORDS.items():
        if any(_begins(word, said) for word in words):
            return fact
    return ELSE_OF_INTENT.get(intent)


def told_elsewhere(fact: str, texts: Sequence[str]) -> str | None:
    """The catalogue's text that tells a fact without a place of its own, by its plainest words."""
    signs = ELSEWHERE.get(fact, ())
    return next((text for sign in signs for text in texts if _begins(sign, text.casefold())), None)


def _begins(word: str, said: str) -> bool:
    end = r"\b" if word.endswith("$") else ""
    return re.search(rf"\b{re.escape(word.rstrip('$'))}{end}", said) is not None
