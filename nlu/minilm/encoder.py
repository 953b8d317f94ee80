"""A sentence encoder for English."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.bert.graph import build_graph
from nlu.bert.network import Network
from nlu.bert.runtime import openvino
from nlu.bert.weights import FloatMatrix
from nlu.excerpt import excerpt
from nlu.minilm.bundle import Bundle, bundle_version
from nlu.minilm.pieces import Pieces

#: What is encoded of a text: no request needs more, and the cost grows with length.
TOKENS = 100
#: Tokens of begin and end.
_FRAME = 2


class MiniLM:
    """all-MiniLM-L6-v2 (Reimers and Gurevych 2019, "Sentence-BERT"), bundled in two packages: no download.

    It has learnt from a billion pairs of English sentences, and has half the layers of the one for all
    languages. Made ready at first use: its graph is then written to `folder`, if it is not there yet. A
    text's vector does not depend on its neighbours; any text has one, in whatever language.

    Raises: BundleError where weights or vocabulary are missing.
    """

    dimension = 384

    def __init__(self, folder: Path) -> None:
        """Load nothing yet."""
        self.name = f"{bundle_version()}/8-bit/{TOKENS}"
        self._network = Network(
            folder / f"{bundle_version()}.graph", self.dimension, lambda: graph_of(Bundle())
        )

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Return the vectors of the telling parts of the texts, one row for each."""
        return self._network.vectors([self._tokens(text) for text in texts])

    def _tokens(self, text: str) -> npt.NDArray[np.int32]:
        part = excerpt(text, TOKENS, lambda piece: len(self._pieces.numbers(piece)) - _FRAME)
        # What could not be cut shorter between words is cut here.
        return np.array(self._pieces.numbers(part)[: TOKENS + _FRAME], dtype=np.int32)

    @cached_property
    def _pieces(self) -> Pieces:
        return Pieces()


def graph_of(bundle: Bundle, *, exact: bool = False) -> Any:
    """Return the network as an OpenVINO model, which takes the numbers of pieces.

    Raises: BundleError where a weight is missing.
    """
    do: Any = openvino().opset13
    numbers = do.parameter([-1, -1], np.int32, "numbers")
    mask = do.parameter([-1, -1], np.float32, "mask")
    steps, scales = bundle.words()
    first = np.int64(0)
    words = do.multiply(
        do.convert(do.gather(do.constant(steps), numbers, first), np.float32),
        do.gather(do.constant(scales), numbers, first),
    )
    length = do.gather(do.shape_of(numbers, "i64"), np.int64(1), first)
    places = do.gather(
        do.constant(bundle.places()[: TOKENS + _FRAME]), do.range(first, length, np.int64(1), "i64"), first
    )
    return build_graph(
        bundle, do.add(words, places), mask, [numbers, mask], (bundle.shape.layers,), exact=exact
    )
