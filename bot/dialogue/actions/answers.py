"""What buyers type instead of pressing a button, in the store's ten languages.

A message is held against all of them: a buyer may answer in another language than the conversation's. The
words are short: each is looked for only where the answer to one question is expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from re import Pattern

from ruamel.yaml import YAML

#: All that is offered; a message that says no more than that.
ALL = "all"
#: They leave things as they are; "never mind" alone is understood without it.
KEEPS = "keeps"
#: They can't send the photo, or the receipt, that they were asked for.
NO_PHOTO = "no_photo"
#: Neither a yes nor a no.
DOUBTFUL = "doubtful"
#: It works now.
SOLVED = "solved"

#: Scripts in which a word may be written together with the one before.
_JOINED = re.compile(r"[\u0370-\uffff]")


def means(meaning: str, text: str) -> bool:
    """Whether a message holds words of this meaning."""
    return _words()[meaning].search(_plain(text)) is not None


def first_meant(meanings: Iterable[str], text: str) -> str | None:
    """The first of these meanings of which a message holds words."""
    return next((meaning for meaning in meanings if means(meaning, text)), None)


def is_all(text: str) -> bool:
    """Whether a message says no more than: all of them."""
    return _words()[ALL].fullmatch(_plain(text).strip(" .!,。！،")) is not None


def _plain(text: str) -> str:
    return text.casefold().replace("’", "'")


@cache
def _words() -> dict[str, Pattern[str]]:
    path = Path(__file__).with_name("answers.yml")
    by_language = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    meanings = {meaning: None for spoken in by_language.values() for meaning in spoken}
    return {
        meaning: re.compile(
            "|".join(_bounded(word) for spoken in by_language.values() for word in spoken[meaning]),
            re.IGNORECASE,
        )
        for meaning in meanings
    }


def _bounded(word: str) -> str:
    return word if _JOINED.search(word) else rf"\b(?:{word})"
