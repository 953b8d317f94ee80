"""Chinese in traditional characters, made from the simplified ones."""

from __future__ import annotations

from functools import lru_cache

from opencc import OpenCC

#: BCP 47's name of the script.
TAG = "zh-Hant"
#: Simplified to traditional with Taiwan's words, which are read in Hong Kong as well.
_FROM_TO = "s2twp"


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC(_FROM_TO)


@lru_cache(maxsize=4096)
def traditional(text: str) -> str:
    """The text in traditional characters; whatever isn't Chinese stays."""
    return str(_converter().convert(text))
