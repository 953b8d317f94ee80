"""Typing errors, as thumbs make them: what is learnt should not hang on a letter."""

from __future__ import annotations

import unicodedata

import numpy as np

#: Shorter words are left as they are: one letter more or less makes others of them.
_SHORTEST = 4
_SHARE = 0.2


def misspelt(text: str, draw: np.random.Generator) -> str:
    """Return a text as it is typed in a hurry: some words with an error, maybe no capitals or accents."""
    words = [_word(word, draw) if draw.random() < _SHARE else word for word in text.split(" ")]
    text = " ".join(words)
    if draw.random() < 0.4:
        text = text.lower().rstrip(".?!")
    if draw.random() < 0.3:
        text = _without_accents(text)
    return text


def _word(word: str, draw: np.random.Generator) -> str:
    if len(word) < _SHORTEST or not word.isalpha() or (not word.isascii() and _is_dense(word)):
        return word
    at = int(draw.integers(1, len(word) - 1))
    kind = draw.integers(3)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _is_dense(word: str) -> bool:
    """Whether a word is in a script of which each character is a syllable or a word."""
    return any("\u3000" <= letter <= "\ud7ff" for letter in word)


def _without_accents(text: str) -> str:
    parts = unicodedata.normalize("NFD", text)
    # Only of Latin letters: elsewhere a mark makes another letter.
    kept = [
        letter
        for place, letter in enumerate(parts)
        if not (unicodedata.combining(letter) and place and parts[place - 1].isascii())
    ]
    return unicodedata.normalize("NFC", "".join(kept))
