"""What a cell may hold: each function reads one and says plainly what is wrong with it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale

#: PostgreSQL's integers end here.
MOST = 2**31 - 1

#: Territories of CLDR that are no countries.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"})


def words(value: Any) -> str:
    """A line of text."""
    return _text(value, 200)


def _text(value: Any, longest: int) -> str:
    """Text without what no database or page should get."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    text = value.strip()
    if len(text) > longest:
        raise ValueError(f"has {len(text):,} characters; at most {longest:,} are allowed")
    if not text.isprintable():
        for character in text:
            category = unicodedata.category(character)
            if category == "Cs":
                raise ValueError("is not UTF-8: save the file as UTF-8")
            if category == "Cc" and character not in "\n\r\t":
                raise ValueError(f"holds a control character (U+{ord(character):04X})")
    return text


def required(value: Any) -> str:
    """Text that is not empty."""
    text = words(value)
    if not text:
        raise ValueError("must not be empty")
    return text


def long_words(value: Any) -> str:
    """Several lines of text."""
    return _text(value, 10_000)


def code(value: Any) -> str:
    """A number or code of the store's: no spaces. A JSON number stands for its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = _text(value, 60)
    if not text or re.search(r"\s", text):
        raise ValueError("must be a code without spaces")
    return text


def email(value: Any) -> str:
    """An e-mail address: as little as tells one from something else."""
    text = _text(value, 254)
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+", text):
        raise ValueError("is not an e-mail address")
    return text


def country(value: Any) -> str:
    """ISO 3166-1 in two letters."""
    text = words(value).upper()
    if text not in _countries():
        raise ValueError(f"'{text[:20]}' is not a country of ISO 3166 in two letters (such as DE)")
    return text


def language(value: Any) -> str:
    """ISO 639-1."""
    text = words(value).lower()
    if text not in _languages():
        raise ValueError(f"'{text[:20]}' is not a language of ISO 639-1 in two letters (such as en)")
    return text


def zone(value: Any) -> str:
    """An IANA time zone."""
    text = _text(value, 60)
    if not _is_zone(text):
        raise ValueError(f"'{text}' is not an IANA time zone (such as Europe/Berlin)")
    return text


def currency(value: Any) -> str:
    """ISO 4217."""
    text = words(value).upper()
    if text not in _currencies():
        raise ValueError(f"'{text[:20]}' is not a currency of ISO 4217 (such as EUR)")
    return text


def amount(value: Any) -> Decimal:
    """Money in major units; how many decimal places it may have is checked with its currency."""
    made = _decimal(value)
    if made < 0:
        raise ValueError("must not be negative")
    return made


def rate(value: Any) -> Decimal:
    """An exchange rate."""
    made = _decimal(value)
    if not 0 < made < 10**9:
        raise ValueError("must be above 0 and below 1,000,000,000")
    return made


def rating(value: Any) -> Decimal:
    """Stars."""
    made = _decimal(value)
    if not 0 <= made <= 5 or made * 10 % 1:
        raise ValueError("must be between 0 and 5, with one decimal place at most")
    return made


def count(value: Any) -> int:
    """A whole number from 0."""
    made = _whole(value)
    if not 0 <= made <= MOST:
        raise ValueError(f"must be between 0 and {MOST:,}")
    return made


def quantity(value: Any) -> int:
    """A whole number from 1 to what nobody ships."""
    made = _whole(value)
    if not 1 <= made <= 1_000_000:
        raise ValueError("must be between 1 and 1,000,000")
    return made


def flag(value: Any) -> bool:
    """Yes or no."""
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    made = known.get(str(value).strip().lower())
    if made is None:
        raise ValueError("must be yes or no")
    return made


def moment(value: Any) -> dt.datetime:
    """A time with its offset: without one it may mean any of two dozen moments."""
    text = _text(value, 60) if isinstance(value, str) else ""
    try:
        # A date alone would pass for midnight.
        made = dt.datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text)) if len(text) >= 16 else None
    except ValueError:
        made = None
    if made is None:
        raise ValueError("must be a time like 2026-03-16T09:30:00+01:00")
    if made.tzinfo is None:
        raise ValueError("has no offset: write 2026-03-16T09:30:00+01:00, or …Z for UTC")
    _plausible(made.year)
    return made.astimezone(dt.timezone.utc)


def day(value: Any) -> dt.date:
    """A calendar day."""
    try:
        made = dt.date.fromisoformat(_text(value, 60) if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("must be a date like 2026-03-16") from None
    _plausible(made.year)
    return made


def _plausible(year: int) -> None:
    if not 1990 <= year <= 2100:
        raise ValueError("lies before 1990 or after 2100")


def _decimal(value: Any) -> Decimal:
    is_number = isinstance(value, (str, int, Decimal)) and not isinstance(value, bool)
    text = str(value).strip() if is_number else ""
    # Exponents, thousands' separators and currency signs are not how a shop's data writes numbers.
    if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", text, re.ASCII):
        raise ValueError("must be a number like 1299.90")
    return Decimal(text)


def _whole(value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,15}", text, re.ASCII):
        raise ValueError("must be a whole number")
    return int(text)


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    known = (name for name in Locale("en").territories if len(name) == 2 and name.isalpha())
    return frozenset(known) - _NO_COUNTRIES


@lru_cache(maxsize=1)
def _languages() -> frozenset[str]:
    return frozenset(name for name in Locale("en").languages if len(name) == 2)


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    return frozenset(Locale("en").currencies)


@lru_cache(maxsize=1000)
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
