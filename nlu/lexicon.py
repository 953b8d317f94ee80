r"""What understanding must know of the store, from a file that is read anew when it changes.

The file is JSON (``CROSSDESK_LEXICON``, else ``lexicon.json`` in ``CROSSDESK_FILES``); every key may be left
out::

    {
      "languages": ["en", "zh", "es"],       // the store's languages, ISO 639-1
      "fallback_language": "en",             // one of them
      "default_region": "DE",                // ISO 3166; how phone numbers without +.. and dates are read
      "currency": "EUR",                     // ISO 4217; the store's own
      "timezone": "Europe/Berlin",           // the store's calendar: what day "yesterday" is
      "patterns": {
        // `regex` is searched regardless of case, after the O for a 0 and the stray spaces of a careless
        // hand were put right. `normal` is the form in the database; it may name the regex's groups.
        "order_number": [{"regex": "CD[-\\s]?(?P<digits>\\d{6})", "normal": "CD-{digits}"}],
        "tracking_number": ["JD\\d{10}"]
      },
      "products": [{"code": "JKT-001", "names": ["Alpine rain jacket"],   // of the store: of no language
                    "translated": ["Alpine Regenjacke", "..."]}],         // in the buyers' languages
      "sizes": ["S", "M", "EU 42"],
      "colours": ["black", "navy blue"]      // English; their names in other languages are known
    }

Comments are not allowed in the file itself. A key of the wrong shape, or a regex that does not compile, makes
the whole file invalid: the last good one stays in force and the log says why, once.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nlu.places import lexicon_file

_log = logging.getLogger(__name__)

DEFAULT_LANGUAGES = ("en", "zh", "es", "fr", "de", "pt", "ru", "ar", "ja", "ko")


class LexiconError(ValueError):
    """The lexicon's file cannot be used; the message says where and why."""


@dataclass(frozen=True)
class NumberPattern:
    """How a number of the store's looks, and the form that its database holds."""

    regex: re.Pattern[str]
    #: A format string over the regex's named groups; the whole match where it is None.
    normal: str | None = None

    def normalise(self, match: re.Match[str]) -> str:
        """Return the database's form of what was found."""
        if self.normal is None:
            return match.group().upper()
        return self.normal.format(**{name: value or "" for name, value in match.groupdict().items()}).upper()


@dataclass(frozen=True)
class Product:
    """A product by the names that buyers may use."""

    code: str
    #: As the store calls it whatever language is spoken: they tell nothing of the buyer's.
    names: tuple[str, ...]
    #: In buyers' languages: their words tell the language like any others.
    translated: tuple[str, ...] = ()


def _pattern(regex: str, normal: str | None = None) -> NumberPattern:
    return NumberPattern(re.compile(regex, re.IGNORECASE), normal)


_ORDER_NUMBERS = (_pattern(r"CD[-\s]?(?P<digits>\d{6})", "CD-{digits}"),)
_TRACKING_NUMBERS = (_pattern(r"JD\d{10}"), _pattern(r"[A-Z]{2}\d{9}[A-Z]{2}"), _pattern(r"1Z[0-9A-Z]{16}"))
_SIZES = ("XS", "S", "M", "L", "XL", "XXL")
_COLOURS = (
    *("black", "white", "grey", "red", "blue", "green", "yellow", "orange", "pink", "purple", "brown"),
    *("beige", "navy", "turquoise", "silver", "gold", "khaki", "burgundy", "cream", "olive"),
)


@dataclass(frozen=True)
class Lexicon:
    """The store's words; the defaults are those of a store that has told nothing."""

    languages: tuple[str, ...] = DEFAULT_LANGUAGES
    fallback_language: str = "en"
    default_region: str = "DE"
    currency: str = "EUR"
    timezone: str = "UTC"
    order_numbers: tuple[NumberPattern, ...] = _ORDER_NUMBERS
    tracking_numbers: tuple[NumberPattern, ...] = _TRACKING_NUMBERS
    products: tuple[Product, ...] = ()
    sizes: tuple[str, ...] = _SIZES
    colours: tuple[str, ...] = _COLOURS
    #: Single words of the store's product names, casefolded: they tell nothing of a buyer's language.
    product_words: frozenset[str] = field(default=frozenset(), compare=False)

    @classmethod
    def parse(cls, text: str) -> Lexicon:
        """Read a lexicon from JSON.

        Raises: LexiconError.
        """
        try:
            data = json.loads(text)
        except ValueError as error:
            raise LexiconError(f"not JSON: {error}") from error
        if not isinstance(data, dict):
            raise LexiconError("the whole must be an object")
        try:
            return cls._from(data)
        except LexiconError:
            raise
        except (TypeError, ValueError, LookupError, AttributeError, re.error) as error:
            raise LexiconError(f"{type(error).__name__}: {error}") from error

    @classmethod
    def _from(cls, data: Mapping[str, Any]) -> Lexicon:
        blank = cls()
        patterns = data.get("patterns", {})
        products = tuple(
            Product(_text(product["code"]), _texts(product["names"]), _texts(product.get("translated", ())))
            for product in data.get("products", ())
        )
        lexicon = cls(
            languages=_texts(data.get("languages", blank.languages)),
            fallback_language=_text(data.get("fallback_language", blank.fallback_language)),
            default_region=_text(data.get("default_region", blank.default_region)),
            currency=_text(data.get("currency", blank.currency)),
            timezone=_timezone(data.get("timezone", blank.timezone)),
            order_numbers=_patterns(patterns.get("order_number"), blank.order_numbers),
            tracking_numbers=_patterns(patterns.get("tracking_number"), blank.tracking_numbers),
            products=products,
            sizes=_texts(data.get("sizes", blank.sizes)),
            colours=_texts(data.get("colours", blank.colours)),
            product_words=frozenset(
                word
                for product in products
                for name in product.names
                for word in re.findall(r"[^\W\d_]+", name.casefold())
            ),
        )
        if not lexicon.languages:
            raise LexiconError("'languages' is empty")
        if lexicon.fallback_language not in lexicon.languages:
            raise LexiconError(f"the fallback '{lexicon.fallback_language}' is not among the languages")
        return lexicon


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"expected a text, found {value!r}")
    return value


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise TypeError(f"expected a list of texts, found {values!r}")
    return tuple(_text(value) for value in values)


def _timezone(value: object) -> str:
    name = _text(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise LexiconError(
            f"the time zone '{name}' is not known; write one such as 'Europe/Berlin'"
        ) from error
    return name


def _patterns(
    values: Sequence[str | Mapping[str, str]] | None, default: tuple[NumberPattern, ...]
) -> tuple[NumberPattern, ...]:
    if values is None:
        return default
    patterns = []
    for value in values:
        pattern = _pattern(value) if isinstance(value, str) else _pattern(value["regex"], value.get("normal"))
        if pattern.normal is not None:
            # A group that the regex does not have must be found here, not when a buyer writes.
            pattern.normal.format(**dict.fromkeys(pattern.regex.groupindex, "0"))
        patterns.append(pattern)
    return tuple(patterns)


class LexiconFile:
    """The lexicon as it stands in a file now."""

    def __init__(self, path: Path | None = None) -> None:
        """Take the file at `path`, or the one that the environment names."""
        self._path = path or lexicon_file()
        self._stamp: tuple[int, int, int] | None = None
        self._lexicon = Lexicon()
        self._lock = threading.Lock()

    def current(self) -> Lexicon:
        """Return the lexicon: the same object until the file changes, the defaults while there is no file.

        Never raises: where the file cannot be used, the last good lexicon stays.
        """
        try:
            status = self._path.stat()
        except OSError:
            return self._lexicon
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            with self._lock:
                if stamp != self._stamp:
                    self._read()
                    self._stamp = stamp
        return self._lexicon

    def _read(self) -> None:
        try:
            self._lexicon = Lexicon.parse(self._path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, LexiconError) as error:
            _log.error("The lexicon %s cannot be used, the last good one stays: %s", self._path, error)
