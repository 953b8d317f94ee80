"""The wording of a text as numbers: TF-IDF of words and characters, pressed into a short vector."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FloatMatrix = npt.NDArray[np.float32]
Tally = npt.NDArray[np.int64]

#: Words and characters are counted in so many slots each, by hash: no vocabulary has to be kept.
_SLOTS = 2**18
_KINDS: tuple[dict[str, Any], ...] = (
    {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    {"analyzer": "char_wb", "ngram_range": (1, 4)},
)
#: What was seen in one example only is chance.
_LEAST = 2
#: Enough to see all words; the time of 10,000 characters would be 30 ms.
_REACH = 2_000


@lru_cache(maxsize=1)
def _counters() -> list[Any]:
    from sklearn.feature_extraction.text import HashingVectorizer

    return [HashingVectorizer(**kind, n_features=_SLOTS, alternate_sign=False, norm=None) for kind in _KINDS]


@lru_cache(maxsize=8)
def _folding(kind: int, width: int) -> tuple[npt.NDArray[np.int64], FloatMatrix]:
    # Each slot goes to one column with a random sign: products of two such vectors keep their value on
    # average.
    draw = np.random.default_rng(kind)
    return draw.integers(0, width, _SLOTS), draw.choice(np.array([-1, 1], dtype=np.float32), _SLOTS)


#: What was counted last to be learnt from: vectors of the same texts are asked for next.
_kept: dict[str, tuple[list[str] | None, list[Any]]] = {}


def _counted(texts: Sequence[str], *, keep: bool = False) -> list[Any]:
    """How often each slot's words, and its characters, are in each text; counted once in a training."""
    shortened = [text[:_REACH] for text in texts]
    known, counts = _kept.pop("learnt", (None, []))
    if known != shortened:
        # Of no text at all the vectoriser makes an error.
        counts = [counter.transform(shortened or [""])[: len(shortened)] for counter in _counters()]
    if keep:
        _kept["learnt"] = (shortened, counts)
    return counts


def tally(texts: Sequence[str]) -> Tally:
    """Return in how many texts each slot is found, a row for words and one for characters."""
    found = [np.bincount(counts.indices, minlength=_SLOTS) for counts in _counted(texts, keep=True)]
    return np.array(found, dtype=np.int64)


def _told_by(found: Tally, count: int) -> FloatMatrix:
    weights = np.log((1 + count) / (1 + found)) + 1
    return np.where(found >= _LEAST, weights, 0).astype(np.float32)


class Wording:
    """TF-IDF weights learnt from examples, and the vectors that they give to texts.

    A vector is as long as `width` for each of the two kinds, unit length in each; scalar products are close
    to those of the full TF-IDF vectors, which would have 100,000 columns.
    """

    def __init__(self, weights: FloatMatrix, width: int) -> None:
        """Take the weight of each slot, a row for words and one for characters."""
        self._weights = weights
        self.width = width

    @classmethod
    def fit(cls, texts: Sequence[str], width: int) -> Wording:
        """Learn from examples how much each word and sequence of characters tells."""
        return cls(_told_by(tally(texts), len(texts)), width)

    def extended(self, before: Tally, count: int, texts: Sequence[str]) -> Wording:
        """Learn from more examples the words that told nothing before; what did tells what it told.

        Args:
            before: the tally of the examples that this was learnt from.
            count: how many they were.
            texts: those that are new.
        """
        weights = _told_by(before + tally(texts), count + len(texts))
        return Wording(np.where(self._weights > 0, self._weights, weights), self.width)

    def vectors(self, texts: Sequence[str]) -> FloatMatrix:
        """Return one row for each text."""
        blocks = np.zeros((len(_KINDS), len(texts), self.width), dtype=np.float32)
        for kind, counts in enumerate(_counted(texts)):
            columns, signs = _folding(kind, self.width)
            values = (1 + np.log(counts.data)) * self._weights[kind][counts.indices]
            rows = np.repeat(np.arange(len(texts)), np.diff(counts.indptr))
            lengths = np.sqrt(np.bincount(rows, values**2, minlength=len(texts)))
            values = values / np.maximum(lengths, 1e-9)[rows] * signs[counts.indices]
            places = rows * self.width + columns[counts.indices]
            summed = np.bincount(places, values, minlength=len(texts) * self.width)
            blocks[kind] = summed.reshape(len(texts), self.width)
        return np.concatenate(list(blocks), axis=1)

    def save(self, path: Path) -> None:
        """Write the weights to a file."""
        np.savez_compressed(path, weights=self._weights, width=self.width)

    @classmethod
    def load(cls, path: Path) -> Wording:
        """Read the weights from a file.

        Raises: OSError, ValueError, KeyError where it is not one that `save` has written.
        """
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["weights"], int(stored["width"]))
