"""Letters in plain forms, one for one, so that places in a text stay its places."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: What the letters of words in scripts with blanks between words are, for use inside ``[...]`` of a pattern.
SPACED = r"0-9A-Za-z_\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u052f\u0590-\u06ff"
#: Where a word of such a script may begin, and where it may end.
OPENS = rf"(?<![{SPACED}])"
CLOSES = rf"(?![{SPACED}])"

_THOUSAND = re.compile(r"\d{3}(?!\d)")
_PLAIN = {
    **dict.fromkeys("‐‑‒–—−－", "-"),
    **dict.fromkeys("٬،，", ","),
    **dict.fromkeys("’‘ʼ´`", "'"),
    "٫": ".",
    "؟": "?",
    "؛": ";",
}
#: Letters that are one to most writers; accents fall away by decomposition.
_FOLDED = {
    **dict.fromkeys("أإآٱ", "ا"),
    **dict.fromkeys("ىی", "ي"),
    "ة": "ه",
    "ک": "ك",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "й": "й",
    "ё": "е",
}


def plain(text: str) -> str:
    """Return the text with ASCII digits, one kind of dash and blank, and no full-width letters."""
    if text.isascii() and text.isprintable():
        return text
    letters = list(map(_plain, text))
    if "\uff0c" in text:
        # The comma of Chinese and Japanese ends a clause, unless thousands are written with it.
        for place, letter in enumerate(text):
            if letter == "\uff0c" and _THOUSAND.match("".join(letters[place + 1 : place + 5])) is None:
                letters[place] = ";"
    return "".join(letters)


def fold(text: str) -> str:
    """Return the text in small letters without accents."""
    return text.lower() if text.isascii() else "".join(map(_fold, text))


@lru_cache(maxsize=8192)
def _plain(letter: str) -> str:
    if letter in _PLAIN:
        return _PLAIN[letter]
    if letter.isspace():
        return " "
    if letter.isascii():
        return letter
    digit = unicodedata.digit(letter, None)
    if digit is not None and unicodedata.category(letter) == "Nd":
        return str(digit)
    normal = unicodedata.normalize("NFKC", letter)
    return _PLAIN.get(normal, normal) if len(normal) == 1 else letter


@lru_cache(maxsize=8192)
def _fold(letter: str) -> str:
    small = letter.lower()
    if len(small) != 1:
        small = small[0]
    if small in _FOLDED:
        return _FOLDED[small]
    if small < "\u0600":
        base = unicodedata.normalize("NFD", small)
        return base[0]
    return small


def is_wide(letter: str) -> bool:
    """Whether the letter is of a script without blanks between words (Hangul is written with and without)."""
    return letter >= "\u2e80"
