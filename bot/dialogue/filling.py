"""Filling the places of a reply: values, forms of a word by number, and both directions of reading."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from babel import Locale
from babel.numbers import format_decimal

#: A place for a value, ``{name}``, or ICU's form for a count: ``{days, plural, one {# day} other {# days}}``.
#: Braces of JSON payloads never look like either.
PLACE = re.compile(
    r"\{([a-z_][a-z0-9_]*)(?:, plural,((?:\s*(?:zero|one|two|few|many|other)\s*\{[^{}]*\})+)\s*)?\}"
)
_FORM = re.compile(r"(zero|one|two|few|many|other)\s*\{([^{}]*)\}")

#: What begins and ends a stretch whose direction is its own (UAX 9).
_ISOLATE, _END = "\u2068", "\u2069"
#: Makes a text that begins with a foreign word read from the right all the same.
_RIGHT_TO_LEFT = "\u200f"
#: Invisible signs of direction: they are never typed.
DIRECTIONS = frozenset("\u200e\u200f\u2066\u2067\u2068\u2069")
_RIGHT = frozenset(("R", "AL"))


class MissingValueError(LookupError):
    """A place has no value; the argument is its name."""


def places(text: str) -> frozenset[str]:
    """The names of the places in a reply."""
    return frozenset(place.group(1) for place in PLACE.finditer(text))


def forms(text: str) -> list[tuple[str, Mapping[str, str]]]:
    """Each place of a count in a reply: its name, and its text for each form that is written out."""
    return [
        (place.group(1), dict(_FORM.findall(place.group(2))))
        for place in PLACE.finditer(text)
        if place.group(2)
    ]


def filled(text: str, values: Mapping[str, Any], language: str) -> str:
    """The text with its places filled, counts in the form that the language has for them.

    In a language that is read from the right, what is written in other letters is isolated, so that order
    numbers, sums and links keep their own direction.

    Raises:
        MissingValueError: a place has no value, or a count is no whole number.
    """
    locale = Locale.parse(language, sep="-")

    def value(place: re.Match[str]) -> str:
        name, written = place.group(1), place.group(2)
        found = values.get(name)
        if found is None:
            raise MissingValueError(name)
        if written is None:
            told = str(found)
            # An abbreviation at the end of a sentence brings its full stop.
            closed = told.endswith(".") and text.startswith(".", place.end())
            return isolated(told[:-1] if closed else told, locale)
        try:
            count = int(str(found))
        except ValueError as error:
            raise MissingValueError(name) from error
        by_form = dict(_FORM.findall(written))
        form = by_form.get(locale.plural_form(count), by_form.get("other"))
        if form is None:
            raise MissingValueError(name)
        return str(form).replace("#", format_decimal(count, locale=locale))

    return _directed(PLACE.sub(value, text).strip(), locale)


def isolated(value: str, locale: Locale) -> str:
    """A value that keeps its own direction within a text that is read from the right."""
    # In a list each item has its own direction already.
    if locale.text_direction != "rtl" or value.isdigit() or not value or _ISOLATE in value:
        return value
    directions = {unicodedata.bidirectional(sign) for sign in value}
    foreign = "L" in directions or not directions & _RIGHT
    return f"{_ISOLATE}{value}{_END}" if foreign else value


def _directed(text: str, locale: Locale) -> str:
    """A text whose first letter tells its direction, as screens find it out."""
    if locale.text_direction != "rtl":
        return text
    strong = [kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", *_RIGHT)]
    # A name that stands alone is put into a text that has its own direction.
    return f"{_RIGHT_TO_LEFT}{text}" if strong[:1] == ["L"] and _RIGHT & set(strong) else text
