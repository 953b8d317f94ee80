"""Lists of what buyers write, kept in YAML beside the code that looks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from re import Pattern
from typing import Any

from ruamel.yaml import YAML

from bot.spelling import alike

#: Scripts in which a word may be written together with the one before.
_JOINED = re.compile(r"[\u0370-\uffff]")


def read_lists(path: Path) -> Mapping[str, Any]:
    """What a file of lists holds."""
    read: Mapping[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return read


def any_of(words: Sequence[str]) -> Pattern[str]:
    """Finds any of the words in a text that is made `plain`; of scripts with blanks, whole words.

    Args:
        words: regular expressions in small letters; accents are made alike.
    """
    return re.compile("|".join(map(_bounded, map(alike, words))))


def _bounded(word: str) -> str:
    # No word boundary: Japanese particles follow a brand at once.
    return word if _JOINED.search(word) else rf"(?<![a-z0-9])(?:{word})(?![a-z0-9])"
