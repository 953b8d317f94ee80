"""Words and phrases with what they mean, found in folded text at the price of one look a letter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from nlu.entities.letters import fold, is_wide, plain

Meaning = TypeVar("Meaning")

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_HIRAGANA, _KATAKANA, _HANGUL = (re.compile(f"[{letters}]") for letters in ("ぁ-ゖ", "ァ-ヺー", "가-힣"))
_PARTICLES = "はがをにでもとのへ、。"
_PREFIX = "وفبلك"


class Phrases(Generic[Meaning]):
    """Finds phrases as whole words, the longest at each place."""

    def __init__(self, meanings: Mapping[str, Meaning]) -> None:
        """Take phrases in any spelling; accents, capitals and ``ue`` for ``ü`` make no difference."""
        self._meanings: dict[str, Meaning] = {}
        for phrase, meaning in meanings.items():
            for form in (phrase.lower(), phrase.lower().translate(_UMLAUTS)):
                self._meanings.setdefault(fold(plain(form)), meaning)
        lengths: dict[str, set[int]] = {}
        for phrase in self._meanings:
            lengths.setdefault(phrase[:2], set()).add(len(phrase))
        self._lengths: dict[str, Sequence[int]] = {
            start: sorted(found, reverse=True) for start, found in lengths.items()
        }
        # A phrase of one letter begins like whatever follows it: it is looked for apart.
        self._letters = {start for start in lengths if len(start) == 1}

    def at(self, folded: str, place: int, *, anywhere: bool = False) -> tuple[int, Meaning] | None:
        """Return the end and the meaning of the longest phrase at a place (`anywhere`: in a word, too)."""
        lengths = self._lengths.get(folded[place : place + 2], ())
        if folded[place : place + 1] in self._letters:
            lengths = (*lengths, 1)
        for length in lengths:
            phrase = folded[place : place + length]
            if (
                len(phrase) == length
                and phrase in self._meanings
                and _closes(folded, place + length, phrase)
                and (anywhere or _opens(folded, place, phrase))
            ):
                return place + length, self._meanings[phrase]
        return None

    def ending(self, folded: str, end: int, most: int = 24) -> tuple[int, Meaning] | None:
        """Return the start and the meaning of the longest phrase that ends at a place."""
        for start in range(max(0, end - most), end):
            phrase = folded[start:end]
            if phrase in self._meanings and _opens(folded, start, phrase):
                return start, self._meanings[phrase]
        return None

    def find(self, folded: str) -> Iterator[tuple[int, int, Meaning]]:
        """Find what does not overlap, from left to right."""
        past = 0
        lengths, letters = self._lengths, self._letters
        for place in starts(folded):
            if place < past or not (folded[place : place + 2] in lengths or folded[place] in letters):
                continue
            found = self.at(folded, place)
            if found is not None:
                past = found[0]
                yield place, past, found[1]


def starts(folded: str) -> Iterator[int]:
    """Find the places where a phrase may begin."""
    previous = " "
    for place, letter in enumerate(folded):
        glued = previous in _PREFIX and "\u0600" <= letter <= "\u06ff" and _is_prefix(folded, place)
        if glued or is_wide(letter) or not _is_spaced(previous):
            yield place
        previous = letter


def _is_prefix(folded: str, place: int) -> bool:
    # One or two of the letters that Arabic writes together with the next word.
    start = place
    while start and place - start < 3 and folded[start - 1] in _PREFIX:
        start -= 1
    return start == 0 or not _is_spaced(folded[start - 1])


def _is_spaced(letter: str) -> bool:
    return (letter.isalnum() and not is_wide(letter)) or letter == "_"


def _closes(folded: str, end: int, phrase: str) -> bool:
    after = folded[end : end + 1]
    if not after:
        return True
    if _is_spaced(phrase[-1]) and _is_spaced(after):
        return False
    return not (_KATAKANA.match(phrase[-1]) and _KATAKANA.match(after))


def _opens(folded: str, start: int, phrase: str) -> bool:
    before = folded[start - 1 : start] if start else ""
    if not before:
        return True
    first = phrase[0]
    if _is_spaced(first):
        if not _is_spaced(before):
            return True
        return "\u0600" <= first <= "\u06ff" and before in _PREFIX and _is_prefix(folded, start)
    if _KATAKANA.match(first):
        return _KATAKANA.match(before) is None
    if _HIRAGANA.match(first):
        return _HIRAGANA.match(before) is None or before in _PARTICLES
    if _HANGUL.match(first):
        return len(phrase) > 2 or _HANGUL.match(before) is None
    return True
