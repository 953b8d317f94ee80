"""What in a message is no wording: addresses, codes and the store's product names tell nothing of a wish."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.cues import SALUTATIONS

#: E-mail and web addresses. Each part is bounded: a long text without blanks must not cost its square.
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+|\b(?:https?://|www\.)\S+", re.IGNORECASE)
#: Numbers with the Latin letters written on to them, such as CD-104233, A4 or 12:30; and letters before
#: a long number. In 2日で壊れた the words begin right after the number.
_CODE = re.compile(r"\b[A-Z]{1,4} (?=\d{4})|[A-Za-z]{0,4}[-#]?\d[A-Za-z0-9_:./-]*")
#: A greeting with the marks around it …
_GREETING = re.compile(rf"\W*(?:{'|'.join(SALUTATIONS)})\W*", re.IGNORECASE)
#: … and what must be left: so many words, or signs of those scripts that part none or few.
_WORD = re.compile(r"[^\W_]+")
_SIGN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WORDS_LEFT, _SIGNS_LEFT = 3, 4
#: A day's name that is a greeting too.
_GREETS_TOO = re.compile(r"\W*morgen\W*", re.IGNORECASE)
#: What an example of a greeting is labelled.
GREETING = "service_greeting"
#: What stands for a product's name, by language: examples speak of all goods, a catalogue of some.
_PRODUCT: Mapping[str, str] = {
    "en": "product",
    "zh": "商品",
    "es": "producto",
    "fr": "produit",
    "de": "Produkt",
    "pt": "produto",
    "ru": "товар",
    "ar": "المنتج",
    "ja": "商品",
    "ko": "상품",
}
#: What may stand before a name, after it or between two, and asks for nothing.
_ARTICLES = re.compile(
    r"\b(?:the|an?|my|this|that|it'?s|el|las?|los|una?|mi|le|les|une|ma|mon|l|der|die|das|den|dem|eine?n?|meine?n?|"
    r"os?|as?|uma?|meu|minha|это|мой|моя|هذا|هذه|please|por favor|bitte|s'il vous plaît|пожалуйста|"
    r"and|und|et|y|e|и|و)\b|"
    r"です|この|その|と|这个|那个|的|和|이요|요|예요|이에요|입니다|하고|이랑|랑",
    re.IGNORECASE,
)


def without_names(message: Message) -> str:
    """Return what a message says, with a plain word for each product of the store that it names."""
    text = message.get(TEXT) or ""
    word = _PRODUCT.get(message.get("language") or "", _PRODUCT["en"])
    for start, end in reversed(_products(message)):
        text = f"{text[:start]}{word}{text[end:]}"
    return text


def meant(message: Message) -> str:
    """Return what is left of a message to be understood: no names, no addresses, no greeting before a wish.

    An example of a greeting keeps it: "hello from Texas" teaches nothing about "from Texas".
    """
    text = without_addresses(without_names(message))
    return text if message.get(INTENT) == GREETING else without_greeting(text)


def excerpt_of(parsed: Mapping[str, Any], start: int, end: int) -> Message:
    """Return a part of a message that was read, with what it names and its language."""
    named = [
        {**one, "start": one["start"] - start, "end": one["end"] - start}
        for one in parsed.get(ENTITIES) or ()
        if start <= one["start"] and one["end"] <= end
    ]
    language = {name: parsed[name] for name in ("language", "language_known") if name in parsed}
    return Message({TEXT: parsed[TEXT][start:end], ENTITIES: named, **language})


def asks(message: Message) -> bool:
    """Whether anything is left to understand once names, days, addresses and codes are taken away.

    The bare name of a product, or a bare "yesterday", is an answer to a question.
    """
    text = message.get(TEXT) or ""
    days = [] if _GREETS_TOO.fullmatch(text) else _found(message, "date")
    told = sorted((*_products(message), *days))
    for start, end in reversed(told):
        text = f"{text[:start]} {text[end:]}"
    return has_words(_ARTICLES.sub(" ", text) if told else text)


def _products(message: Message) -> list[tuple[int, int]]:
    return _found(message, "product")


def _found(message: Message, kind: str) -> list[tuple[int, int]]:
    found = message.get(ENTITIES) or ()
    return sorted((one["start"], one["end"]) for one in found if one["entity"] == kind)


def without_addresses(text: str) -> str:
    """Return the text without e-mail and web addresses."""
    return _ADDRESS.sub(" ", text)


def without_greeting(text: str) -> str:
    """Return the text without the greeting that it opens with, where it says more than that.

    Read together, a greeting takes part of the wish's likelihood: 3 of 100 wishes were refused, or taken for
    another one, for a "hello" before them.
    """
    while (found := _GREETING.match(text)) is not None and _says_more(text[found.end() :]):
        text = text[found.end() :]
    return text


def _says_more(rest: str) -> bool:
    signs = len(_SIGN.findall(rest))
    return signs >= _SIGNS_LEFT or (not signs and len(_WORD.findall(rest)) >= _WORDS_LEFT)


def has_words(text: str) -> bool:
    """Whether anything is left to understand once addresses and codes are taken away."""
    return any(letter.isalpha() for letter in _CODE.sub(" ", without_addresses(text)))


def is_bare_code(text: str) -> bool:
    """Whether a text is nothing but codes and addresses: an answer to a question, not talk."""
    return any(letter.isdigit() or letter == "@" for letter in text) and not has_words(text)
