"""A found piece of text, and which of two that overlap is kept."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any


class Kind(Enum):
    """What a piece of text may name; the earlier kinds have the stricter form."""

    EMAIL = "email"
    ORDER_NUMBER = "order_number"
    TRACKING_NUMBER = "tracking_number"
    PHONE = "phone"
    MONEY = "money"
    PRODUCT = "product"
    DATE = "date"
    SIZE = "size"
    COUNTRY = "country"
    COLOUR = "colour"
    QUANTITY = "quantity"


_STRICT = (Kind.EMAIL, Kind.ORDER_NUMBER, Kind.TRACKING_NUMBER)
_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True)
class Span:
    """A piece of a text from `start` up to `end`, and its normal form (which JSON can hold)."""

    kind: Kind
    start: int
    end: int
    value: Any


@dataclass(frozen=True)
class Utterance:
    """A text as the finders see it."""

    text: str
    #: ISO 639-1.
    language: str
    #: The moment of writing, aware; relative days are counted from it.
    now: dt.datetime
    #: ISO 3166; how phone numbers and dates are written where the buyer does not tell.
    region: str
    #: The text letter by letter in plain forms (ASCII digits, one kind of dash, no full-width letters): as
    #: long as the text, so that places in it are places in the text.
    plain: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", "".join(map(_plain, self.text)))


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter in "‐‑‒–—−－":
        return "-"
    if letter in "٫":
        return "."
    if letter in "٬،，":
        return ","
    if letter in "’‘ʼ":
        return "'"
    if letter.isspace():
        return " "
    digit = unicodedata.digit(letter, None)
    if digit is not None and unicodedata.category(letter) == "Nd":
        return str(digit)
    normal = unicodedata.normalize("NFKC", letter)
    return normal if len(normal) == 1 else letter


def settle(spans: Iterable[Span]) -> list[Span]:
    """Return the spans that do not overlap: strict forms first, then the longest, then the stricter kind."""
    kept: list[Span] = []
    for span in sorted(
        spans,
        key=lambda span: (
            span.kind not in _STRICT,
            span.start - span.end,
            _ORDER[span.kind],
            span.start,
        ),
    ):
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)
