"""Order numbers as buyers type them: brought to the store's form, and repaired."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from bot.settings import PatternRules

#: What is longer is no order number, however it is written.
LONGEST = 60

_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d_]")
_LEADING = re.compile(r"^\s*(?:(?:#|no\b|nr\b)[.:]?\s*)?|\s+$", re.IGNORECASE)


def normal_number(typed: str, patterns: PatternRules) -> str | None:
    """The number in the form that the database has, or None if it looks like no order number.

    Forgives case, spaces around it, a leading ``#`` or ``No.``, other dashes, digits of other scripts and a
    missing prefix.
    """
    text = _LEADING.sub("", _DASHES.sub("-", _plain_digits(typed)))
    if not text or len(text) > LONGEST:
        return None
    for pattern in patterns.order_number:
        for attempt in (text, pattern.normal.replace("{digits}", text) if text.isdigit() else text):
            found = _compiled(pattern.regex).fullmatch(attempt)
            if found:
                return pattern.normal.format(**found.groupdict())
    return None


def neighbours(number: str) -> tuple[str, ...]:
    """Every number that a single wrong digit or two swapped neighbours would make of this one."""
    made: dict[str, None] = {}
    for place, character in enumerate(number):
        if not character.isdigit():
            continue
        for digit in "0123456789":
            made[number[:place] + digit + number[place + 1 :]] = None
        following = number[place + 1 : place + 2]
        if following.isdigit():
            made[number[:place] + following + character + number[place + 2 :]] = None
    made.pop(number, None)
    return tuple(made)


def nearest(number: str, own: Iterable[str]) -> str | None:
    """The one of ``own`` that is this number or its only neighbour among them."""
    candidates = set(own)
    if number in candidates:
        return number
    near = candidates.intersection(neighbours(number))
    return near.pop() if len(near) == 1 else None


@lru_cache(maxsize=32)
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex, re.IGNORECASE)


def _plain_digits(text: str) -> str:
    return "".join(
        str(unicodedata.digit(character)) if character.isdigit() else character
        for character in unicodedata.normalize("NFKC", text)
    )
