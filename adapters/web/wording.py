"""The chat page's own words, in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError
from ruamel.yaml import YAML
from starlette.requests import Request

_FOLDER = Path(__file__).parent / "strings"
_ENGLISH = "en"
#: The visitor's own choice, kept between visits.
COOKIE = "crossdesk_language"


@dataclass(frozen=True)
class Language:
    """A language that the page may be read in."""

    code: str
    #: What its speakers call it.
    name: str
    #: ``ltr`` or ``rtl``.
    direction: str
    strings: Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """The page's language, and what to tell the bot about the visitor's."""

    language: Language
    #: ISO 639-1; may be one that the page cannot be read in.
    hint: str | None


class Wording:
    """The page's words in each of the store's languages; English where a language has none."""

    def __init__(self, languages: Sequence[str], fallback: str) -> None:
        english = _read(_ENGLISH)
        self.languages = {code: _language(code, english) for code in languages}
        self.fallback = fallback
        self._fallback = self.languages[fallback]

    def choose(self, request: Request) -> Choice:
        """By the visitor's click, then an earlier one, then the browser; the store's fallback at last."""
        for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
            if chosen in self.languages:
                return Choice(self.languages[chosen], chosen)
        preferred = accepted_languages(request.headers.get("accept-language", ""))
        for code in preferred:
            if code in self.languages:
                return Choice(self.languages[code], preferred[0])
        return Choice(self._fallback, preferred[0] if preferred else None)


def accepted_languages(header: str) -> list[str]:
    """The two-letter codes of an ``Accept-Language`` header, most wanted first."""
    wanted: dict[str, float] = {}
    for part in header[:1000].split(","):
        tag, _, parameters = part.partition(";")
        code = tag.strip().split("-")[0].lower()
        quality = _quality(parameters)
        if len(code) == 2 and code.isascii() and code.isalpha() and quality > 0:
            wanted.setdefault(code, quality)
    return sorted(wanted, key=lambda code: -wanted[code])


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0


def _language(code: str, english: Mapping[str, Any]) -> Language:
    known = (_FOLDER / f"{code}.yml").exists()
    try:
        locale = Locale.parse(code if known else _ENGLISH)
        name = Locale.parse(code).get_display_name(code) or code
    except (UnknownLocaleError, ValueError):
        locale, name = Locale.parse(_ENGLISH), code
    strings = {**english, **_read(code)} if known else english
    return Language(code, name[:1].upper() + name[1:], locale.text_direction, strings)


def _read(code: str) -> dict[str, Any]:
    strings: dict[str, Any] = YAML(typ="safe").load((_FOLDER / f"{code}.yml").read_text(encoding="utf-8"))
    return strings
