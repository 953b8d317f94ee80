"""Words as they are compared, alike however they were typed, and as they are counted."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

#: What many leave out when they type: accents of Latin and Russian letters, vowel signs and hamza of Arabic.
_MARKS = re.compile(r"[\u0300-\u036f\u0640\u064b-\u0655\u0670]")
#: And what they type for each other.
_SAME = str.maketrans({"’": "'", "´": "'", "`": "'", "ß": "ss", "ى": "ي", "ة": "ه"})
_HAN = re.compile(r"[\u3400-\u9fff]")
#: Signs of the scripts that part no words.
_UNPARTED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")
#: Traditional characters to simplified ones.
_BACK = "t2s"


def counted(count: int, one: str, more: str = "") -> str:
    """A count with what is counted, in English: "1 message", "2 messages".

    Args:
        count: how many.
        one: what one of them is called.
        more: what several are called, where it takes more than an "s".
    """
    return f"{count} {one if count == 1 else more or one + 's'}"


def plain(text: str) -> str:
    """The text as words and messages are compared: in small letters, alike however it was typed."""
    return alike(text.casefold())


def alike(text: str) -> str:
    """The text without what many leave out; its case stays."""
    if text.isascii():
        return text.translate(_SAME)
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text.translate(_SAME)))
    return simplified(unicodedata.normalize("NFC", bare))


def simplified(text: str) -> str:
    """The text with each character in its simplified form, whatever stands beside it.

    Only to compare: Japanese shares many of the characters.
    """
    return _HAN.sub(lambda found: _simple(found.group()), text)


def words_in(text: str) -> int:
    """How many words a message has; of Chinese and Japanese, which part none, two signs count as one."""
    return len(_UNPARTED.sub(lambda found: " _" * ((len(found.group()) + 1) // 2) + " ", text).split())


@lru_cache(maxsize=1)
def _back() -> OpenCC:
    return OpenCC(_BACK)


@lru_cache(maxsize=8192)
def _simple(character: str) -> str:
    return str(_back().convert(character))
