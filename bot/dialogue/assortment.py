"""Whether the store sells a kind of goods: "Do you sell bicycles?", "Haben Sie Jacken?"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from re import Pattern
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from bot.dialogue.beforehand import read_once
from bot.dialogue.turn import Understanding

#: What such a question is acted upon as.
INTENT = "product_stock"
#: Characters of a whole question, and words of what it asks for.
LONGEST, MOST_WORDS = 90, 4
#: How one piece of goods is asked for, with an article: it may be anything else that a store has.
_ONE = "one"
#: Read as a present for somebody, or as a coupon, whichever words they are asked for with.
_GIFT_CARDS = "gift_cards"
#: From this confidence on "Do you have …?" asks for what the model reads, not for goods.
SURE = 0.7
#: What the model reads where it knows nothing better of goods: it was not taught all.
_OF_GOODS = frozenset(
    {
        *(
            "product_stock",
            "product_restock",
            "product_details",
            "product_recommend",
            "product_compatibility",
        ),
        *("product_usage", "product_quotation", "order_place", "nlu_fallback"),
    }
)
#: One piece of goods that is named, or something that is asked of it, has an answer of its own.
_NAMES = frozenset({"product", "order_number", "country", "colour", "size", "money", "quantity", "coupon"})
_GOODS = r"(?P<goods>[^\W\d_][^?!.,;:\d]*?)"
_AROUND = " \t\n.!?,;:'\"。！？،؟¿¡…"
_UNSPACED = frozenset({"zh", "ja", "ko"})
#: "Can …" in Korean, asked as "is there …": 받을 수, 해 주실수. The verb before it ends in ㄹ.
_ABLE = re.compile(f".*[{''.join(map(chr, range(0xAC08, 0xD7A4, 28)))}] ?수")
_GREETS = re.compile(
    r"(?:hi|hello|hey|hallo|guten tag|hola|buen[oa]s(?: \w+)?|bonjour|olá|oi|bom dia|boa tarde"
    r"|здравствуйте|добрый день|привет|你好|您好|こんにちは|안녕하세요|مرحبا|السلام عليكم)"
    r"(?: there)?[\s,.!，。、！،-]+"
)


def goods_asked(text: str) -> str | None:
    """The goods that a message asks about, as they are written; None where it asks for anything else."""
    found = _asked(text)
    return None if found is None else found.goods


def asks_for_one(text: str) -> bool:
    """Whether a message asks for one piece of such goods: "have you got a waterproof backpack?"."""
    found = _asked(text)
    return found is not None and found.kind == _ONE


def asks_for_gift_cards(text: str) -> bool:
    """Whether a message asks whether gift cards are sold: a card for a birthday is none."""
    found = _asked(text)
    return found is not None and found.kind == _GIFT_CARDS


def as_asked(read: Understanding) -> Understanding:
    """A question whether goods are sold is about goods, whatever the model made of unknown words."""
    if read.threat is not None or any(one["entity"] in _NAMES for one in read.entities):
        return read
    found = _asked(read.text, read.language)
    if found is None:
        return read
    if found.kind == _ONE and not (read.ranking and read.ranking[0][0] in _OF_GOODS):
        return read
    surely = found.kind in ("sells", _GIFT_CARDS)
    if (
        found.kind != _GIFT_CARDS
        and read.intent not in _OF_GOODS
        and (read.confidence >= SURE or read.intent == "out_of_scope")
    ):
        return read
    if not surely and read.intent == "product_quotation":
        return read
    read = replace(read, intent=INTENT, confidence=1.0, requests=())
    # The goods may be called by a foreign word; the question around them is in the buyer's language.
    if found.language == read.language:
        return read
    return replace(read, language=found.language, language_tag="", language_known=True)


class _Asked(NamedTuple):
    language: str
    kind: str
    goods: str


def _asked(text: str, language: str = "") -> _Asked | None:
    said = text.strip(_AROUND)
    if len(said) > LONGEST or len(said.casefold()) != len(said):
        return None
    greeted = _GREETS.match(said.casefold())
    said = said[greeted.end() :] if greeted else said
    # "Vende …?" is both Spanish and Portuguese: the one that was read is looked at first.
    for table in sorted(_tables(), key=lambda one: one.language != language):
        for kind, pattern in table.ways:
            hit = pattern.fullmatch(said.casefold())
            if hit is None:
                continue
            start, end = hit.span("goods")
            goods = said[start:end].strip()
            is_goods = len(goods) > 1 and len(goods.split()) <= MOST_WORDS
            if kind == _GIFT_CARDS or (is_goods and not table.is_none(goods.casefold())):
                return _Asked(table.language, kind, goods)
    return None


class _Table:
    def __init__(self, language: str, written: Mapping[str, Any]) -> None:
        self.language = language
        self.ways: Sequence[tuple[str, Pattern[str]]] = [
            (kind, re.compile(way.replace("GOODS", _GOODS)))
            for kind in (_GIFT_CARDS, "sells", "has", _ONE)
            for way in written.get(kind, ())
        ]
        # A script without blanks has no ends of words.
        ends = "" if language in _UNSPACED else r"\b"
        words = written["no_goods"].split()
        self._none = re.compile(f"(?:{'|'.join(words)}){ends}")
        # There what is named stands last: "KC인증" is a certificate. A single sign may end any word.
        last = "|".join(word for word in words if len(word) > 1) if language in _UNSPACED else ""
        self._last_none = re.compile(f".*(?:{last})") if last else None

    def is_none(self, goods: str) -> bool:
        """Whether what is asked about so is no goods."""
        if self._none.match(goods) or (self.language == "ko" and _ABLE.fullmatch(goods)):
            return True
        return self._last_none is not None and self._last_none.fullmatch(goods) is not None


@read_once
def _tables() -> Sequence[_Table]:
    written = YAML(typ="safe").load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
    return [_Table(language, of) for language, of in written.items()]
