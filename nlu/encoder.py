"""Sentence vectors: texts of any language as points that lie close where the meaning does."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nlu.e5.adapter import Adapter
from nlu.e5.encoder import E5Small
from nlu.minilm.encoder import MiniLM
from nlu.places import files_folder
from nlu.vector_cache import STORED, VectorCache

FloatMatrix = npt.NDArray[np.float32]

#: Texts encoded in one call: enough to have many of like length.
_BATCH = 1024
#: Fewer than this need no progress line.
_LONG_WORK = 256
#: Vectors kept in memory, before the disk is asked.
_AT_HAND = 4096


class SentenceEncoder(Protocol):
    """Turns texts into vectors of unit length; several threads may call it.

    The same text has the same vector in every process and batch. Any text is taken: empty, hostile, of any
    length.
    """

    @property
    def name(self) -> str:
        """Name and version: vectors of different names must not be mixed."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Return one row for each text, in their order; no texts give no rows."""


class CachedEncoder:
    """An encoder that encodes a text once, and from then on looks it up: in memory, then on disk."""

    def __init__(self, encoder: SentenceEncoder, cache: VectorCache) -> None:
        """Stand before `encoder`; `cache` must be for the same name and dimension."""
        self._encoder = encoder
        self._cache = cache
        self._at_hand: OrderedDict[str, FloatMatrix] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The name of the encoder behind."""
        return self._encoder.name

    @property
    def dimension(self) -> int:
        """The dimension of the encoder behind."""
        return self._encoder.dimension

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Return the vectors, encoding only what was never seen; long work shows its progress."""
        vectors: dict[str, FloatMatrix] = {}
        with self._lock:
            for text in texts:
                if text in self._at_hand:
                    self._at_hand.move_to_end(text)
                    vectors[text] = self._at_hand[text]
        unknown = [text for text in dict.fromkeys(texts) if text not in vectors]
        if unknown:
            found = self._cache.get(unknown)
            found |= self._encode_new([text for text in unknown if text not in found])
            self._remember(found)
            vectors |= found
        if not vectors:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.stack([vectors[text] for text in texts])

    def _encode_new(self, texts: Sequence[str]) -> dict[str, FloatMatrix]:
        steps: Iterable[int] = range(0, len(texts), _BATCH)
        if len(texts) >= _LONG_WORK:
            from rich.console import Console
            from rich.progress import track

            # Standard output belongs to the commands' answers.
            console = Console(stderr=True)
            steps = track(list(steps), f"Encoding {len(texts):,} new sentences", console=console)
        new: dict[str, FloatMatrix] = {}
        for start in steps:
            batch = texts[start : start + _BATCH]
            # Rounded as the disk rounds, so that a text's vector does not depend on where it came from.
            rows = self._encoder.encode(batch).astype(STORED).astype(np.float32)
            # Kept batch by batch: an interrupted training goes on where it stopped.
            made = dict(zip(batch, rows, strict=True))
            self._cache.put(made)
            new |= made
        return new

    def _remember(self, vectors: dict[str, FloatMatrix]) -> None:
        with self._lock:
            self._at_hand.update(vectors)
            while len(self._at_hand) > _AT_HAND:
                self._at_hand.popitem(last=False)


def cache_file() -> Path:
    """Return the file of vectors that training and parsing share."""
    return files_folder() / "cache" / "vectors.sqlite"


@lru_cache(maxsize=4)
def _shared_encoder(path: Path) -> CachedEncoder:
    encoder = E5Small(path.parent, Adapter.load())
    return CachedEncoder(encoder, VectorCache(path, encoder.name, encoder.dimension))


@lru_cache(maxsize=4)
def _english_encoder(path: Path) -> CachedEncoder:
    encoder = MiniLM(path.parent)
    return CachedEncoder(encoder, VectorCache(path, encoder.name, encoder.dimension))


def shared_encoder() -> SentenceEncoder:
    """Return the process's encoder for all languages: one loaded model for training and parsing."""
    return _shared_encoder(cache_file())


def english_encoder() -> SentenceEncoder:
    """Return the process's encoder for English, which stands beside the one for all languages."""
    # A file of its own: vectors of the one do not push out those of the other.
    return _english_encoder(cache_file().with_stem("vectors-en"))
