"""Chinese in traditional characters, made from the simplified ones."""

from __future__ import annotations

import re
from functools import lru_cache

from opencc import OpenCC

#: BCP 47's name of the script.
TAG = "zh-Hant"
#: Simplified to traditional with Taiwan's words, which are read in Hong Kong as well.
_FROM_TO = "s2twp"
#: And back, character by character.
_BACK = "t2s"
_HAN = re.compile(r"[\u3400-\u9fff]")


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC(_FROM_TO)


@lru_cache(maxsize=1)
def _back() -> OpenCC:
    return OpenCC(_BACK)


@lru_cache(maxsize=4096)
def traditional(text: str) -> str:
    """The text in traditional characters; whatever isn't Chinese stays."""
    return str(_converter().convert(text))


def simplified(text: str) -> str:
    """The text with each character in its simplified form, whatever stands beside it.

    Only to compare: Japanese shares many of the characters.
    """
    return _HAN.sub(lambda found: _simple(found.group()), text)


@lru_cache(maxsize=8192)
def _simple(character: str) -> str:
    return str(_back().convert(character))
