"""A found piece of text, and which of two that overlap is kept."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

from nlu.entities.letters import fold, plain


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

_SCRIPTS = {
    "ko": re.compile(r"[\uac00-\ud7a3]"),
    "ja": re.compile(r"[\u3041-\u30ff]"),
    "zh": re.compile(r"[\u4e00-\u9fff]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
    "ar": re.compile(r"[\u0600-\u06ff]"),
}
_SCRIPT_REACH = 400


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
    #: The day of writing in the store's calendar; relative days are counted from it.
    today: dt.date
    #: ISO 3166; how phone numbers and dates are written where the buyer does not tell.
    region: str
    #: Whether the buyer's region is known, or only that of most buyers.
    region_known: bool = False
    #: The text letter by letter in plain forms (ASCII digits, one kind of dash, no full-width letters), and
    #: the same in small letters without accents. Both are as long as the text: places in them are its places.
    plain: str = field(init=False)
    folded: str = field(init=False)
    #: The languages whose words are looked for: the message's own, that of its script, and English.
    languages: tuple[str, ...] = field(init=False)
    has_digits: bool = field(init=False)

    def __post_init__(self) -> None:
        shown = plain(self.text)
        object.__setattr__(self, "plain", shown)
        object.__setattr__(self, "folded", fold(shown))
        object.__setattr__(self, "languages", _languages(self.language, shown))
        object.__setattr__(self, "has_digits", re.search(r"\d", shown) is not None)


def _languages(language: str, text: str) -> tuple[str, ...]:
    if text.isascii():
        return tuple(dict.fromkeys((language, "en")))
    # The one script that most is written in: words are prepared for each set of languages, there must be few.
    counts = {name: len(letters.findall(text, 0, _SCRIPT_REACH)) for name, letters in _SCRIPTS.items()}
    if counts["ja"] or language == "ja":
        # Han beside kana is no Chinese.
        counts["zh"] = 0
    most = max(counts, key=lambda name: counts[name])
    return tuple(dict.fromkeys((language, *([most] if counts[most] else []), "en")))


@dataclass(frozen=True)
class Visible:
    """The letters of a text that are seen, each composed, and where they stand in it."""

    text: str
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def restore(self, span: Span) -> Span:
        """Return the span with its place in the whole text."""
        if self.starts is None or self.ends is None:
            return span
        return Span(span.kind, self.starts[span.start], self.ends[span.end - 1], span.value)


#: Controls, zero-width and bidirectional marks, the soft hyphen, the Arabic stretch: they hide in numbers.
_HIDDEN = (
    r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u0640\u061c\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u2069\ufeff"
)
_MARKS = r"\u0300-\u036f\u064b-\u065f\u0670\u3099\u309a\ufe00-\ufe0f\u20e3"
_CLUSTER = re.compile(
    rf"[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?|[{_HIDDEN}]|[^{_HIDDEN}][{_MARKS}]*", re.DOTALL
)
_TO_CLEAN = re.compile(rf"[{_HIDDEN}{_MARKS}\u1100-\u1112]")


def visible(text: str) -> Visible:
    """Take out of a text what is not seen."""
    if _TO_CLEAN.search(text) is None:
        return Visible(text)
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for cluster in _CLUSTER.finditer(text):
        piece = cluster.group()
        if len(piece) == 1:
            if _is_hidden(piece):
                continue
        else:
            composed = unicodedata.normalize("NFC", piece)
            piece = composed[0]
        letters.append(piece)
        starts.append(cluster.start())
        ends.append(cluster.end())
    return Visible("".join(letters), tuple(starts), tuple(ends))


@lru_cache(maxsize=1024)
def _is_hidden(letter: str) -> bool:
    return re.fullmatch(f"[{_HIDDEN}]", letter) is not None


def settle(spans: Iterable[Span]) -> list[Span]:
    """Return the spans that do not overlap: strict forms first, then the longest, then the stricter kind."""
    kept: list[Span] = []
    taken: set[int] = set()
    for span in sorted(
        spans,
        key=lambda span: (
            span.kind not in _STRICT,
            span.start - span.end,
            _ORDER[span.kind],
            span.start,
        ),
    ):
        places = range(span.start, span.end)
        if taken.isdisjoint(places):
            kept.append(span)
            taken.update(places)
    return sorted(kept, key=lambda span: span.start)
