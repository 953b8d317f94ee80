"""Replies in all languages: the same keys, places and buttons, said as the store speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from ruamel.yaml import YAML

from bot.dialogue.filling import MissingValueError, filled, forms, places
from bot.dialogue.replies import read_replies

#: The longest text for a chat, in characters; a letter may have more.
LONGEST_TEXT = 480
#: The longest title of a button, in characters.
LONGEST_TITLE = 48
#: Numbers that between them need every form that a language has for whole numbers.
COUNTS = (*range(201), 1_000)
#: A text of so many words that is the same as the fallback's was not translated.
_WORDS = 3
#: Rules of tone, each with a list of patterns for each language in ``forbidden.yml``, and what breaks it.
TONE = {
    "waiting": "asks to wait instead of naming a date",
    "promise": "promises what policy may not grant",
    "blame": "blames somebody",
    "familiar": "is not the polite form of address",
    "gendered": "guesses the buyer's or the assistant's gender",
}
APOLOGY = "apology"

_KEY = re.compile(r"^  (\w+):", re.MULTILINE)

Responses = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Finding:
    """Something to mend in a file of replies."""

    file: Path
    #: Counted from 1; of the key, or 1 where it is missing.
    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.reason}"


def check_replies(
    folder: Path, languages: Sequence[str], fallback: str, *, strict: bool = False
) -> list[Finding]:
    """Everything that is wrong with ``<lang>.yml`` in a folder.

    Args:
        folder: holds a file for each language.
        languages: ISO 639-1; one without a file lacks every key.
        fallback: the language that the others are held to.
        strict: whether a key that a language lacks, and which is said in the fallback, is wrong as well.

    Raises:
        ConfigurationError: a file is not in Rasa's ``responses:`` format.
    """
    files = {language: folder / f"{language}.yml" for language in languages}
    told = {language: read_replies(path) for language, path in files.items() if path.exists()}
    return check_said(told, files, fallback, strict=strict)


def check_said(
    told: Mapping[str, Responses], files: Mapping[str, Path], fallback: str, *, strict: bool = False
) -> list[Finding]:
    """The same for replies that have been read, by language.

    Args:
        told: the replies; a language may lack them.
        files: by language, the file that findings name.
        fallback: the language that the others are held to.
        strict: see ``check_replies``.
    """
    found: list[Finding] = []
    for language, path in files.items():
        own, lines = told.get(language, {}), key_lines(path)
        wrong = [
            (key, reason)
            for key, variants in own.items()
            for reason in _of_key(
                variants, told[fallback].get(key), language, is_fallback=language == fallback
            )
        ]
        if strict:
            wrong += [(key, "is missing") for key in told[fallback] if key not in own]
        found += [Finding(path, lines.get(key, 1), key, reason) for key, reason in wrong]
    return found


@lru_cache(maxsize=1)
def tone_rules() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """``forbidden.yml``: by language, then rule, the patterns that break it."""
    path = Path(__file__).with_name("forbidden.yml")
    rules: Mapping[str, Mapping[str, Sequence[str]]] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return rules


def tone(text: str, language: str) -> Iterator[str]:
    """Which rules of tone a text breaks, in words."""
    for rule, patterns in tone_rules().get(language, {}).items():
        hits = (
            [hit.group() for hit in re.finditer("|".join(patterns), text, re.IGNORECASE)] if patterns else []
        )
        if rule == APOLOGY:
            if len(hits) > 1:
                yield f"has more than one apology: {', '.join(hits)}"
        elif hits:
            yield f"{TONE[rule]}: {hits[0]!r}"


def _of_key(
    variants: Sequence[Mapping[str, Any]],
    model: Sequence[Mapping[str, Any]] | None,
    language: str,
    *,
    is_fallback: bool,
) -> Iterator[str]:
    if model is None:
        yield "is not in the fallback language"
        return
    for channel in dict.fromkeys(variant.get("channel", "") for variant in (*model, *variants)):
        written = [variant for variant in variants if variant.get("channel", "") == channel]
        meant = [variant for variant in model if variant.get("channel", "") == channel]
        if not written or not meant:
            yield f"the words for the channel '{channel}' are only in one of the two languages"
            continue
        for variant in written:
            yield from _of_variant(variant, meant, language)
            if not is_fallback and any(_copied(variant["text"], other["text"]) for other in meant):
                yield "is not translated"


def _of_variant(
    variant: Mapping[str, Any], meant: Sequence[Mapping[str, Any]], language: str
) -> Iterator[str]:
    text, buttons = variant["text"], variant.get("buttons", ())
    for name in ("text", "payloads"):
        if _shape(variant)[name] not in [_shape(other)[name] for other in meant]:
            told = ", ".join(sorted(_shape(variant)[name])) or "none"
            yield f"has other {'places' if name == 'text' else 'buttons'} than the fallback language: {told}"
    if "channel" not in variant and len(text) > LONGEST_TEXT:
        yield f"has {len(text)} characters, more than {LONGEST_TEXT}"
    for button in buttons:
        if len(button["title"]) > LONGEST_TITLE:
            yield f"the button {button['title']!r} has more than {LONGEST_TITLE} characters"
    for said in (text, *(button["title"] for button in buttons)):
        yield from _incomplete(said, language)
        yield from tone(said, language)


def _shape(variant: Mapping[str, Any]) -> dict[str, Any]:
    buttons = variant.get("buttons", ())
    named = places(variant["text"]).union(*(places(button["title"]) for button in buttons))
    return {"text": named, "payloads": [button["payload"] for button in buttons]}


def _incomplete(text: str, language: str) -> Iterator[str]:
    """Forms that a count lacks, and whatever else keeps a text from being said."""
    plural = Locale.parse(language).plural_form
    for name, written in forms(text):
        lacks = {plural(count) for count in COUNTS} - set(written)
        if lacks:
            yield f"the count '{name}' lacks the form {', '.join(sorted(lacks))}"
    try:
        said = filled(text, dict.fromkeys(places(text), "3"), language)
    except MissingValueError as error:
        yield f"the place '{error}' can't be filled"
        return
    if not said.strip():
        yield "says nothing"
    if "{" in said or "}" in said:
        yield "holds a brace that belongs to no place"


def _copied(text: str, other: str) -> bool:
    return text == other and len(re.findall(r"[^\W\d_]{2,}", re.sub(r"\{[^{}]*\}", "", text))) >= _WORDS


def key_lines(path: Path) -> Mapping[str, int]:
    """The line of each key in a file of replies, counted from 1; none where there is no file."""
    try:
        known = path.stat()
    except FileNotFoundError:
        return {}
    return _lines(path, known.st_mtime_ns, known.st_size)


@lru_cache(maxsize=32)
def _lines(path: Path, _changed: int, _size: int) -> Mapping[str, int]:
    text = path.read_text(encoding="utf-8")
    return {found.group(1): text.count("\n", 0, found.start()) + 1 for found in _KEY.finditer(text)}
