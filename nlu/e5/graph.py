"""The network as a graph for OpenVINO, its matrices in eight bits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from nlu.e5.adapter import Adapter
from nlu.e5.bundle import Bundle, FloatMatrix, unpacked
from nlu.e5.runtime import openvino

#: The layers whose means make up a vector: the last tells most, those before it know more of the wording.
LAYERS = (12, 9, 6)
#: The largest weight of a matrix's row, in eight bits.
_LARGEST = 127
#: Where nothing is to be seen, before the softmax.
_NOTHING = -1e9


def build_graph(
    bundle: Bundle, adapter: Adapter | None, layers: Sequence[int] = LAYERS, *, exact: bool = False
) -> Any:
    """Return the encoder as an OpenVINO model: BERT, the means over tokens after some layers, unit length.

    Its inputs are embeddings of words and places (texts × tokens × hidden) and a mask (texts × tokens): 1
    for a token, 0 for what fills up a shorter text. Its output is a row for each text. Where it is not
    `exact`, each matrix has eight bits a weight, and a scale for each of its rows.

    Raises: BundleError where a weight is missing.
    """
    return _Graph(bundle, adapter, exact).build(layers)


def stored(model: Any) -> bytes:
    """Return a model as bytes that `read` understands on any machine."""
    with TemporaryDirectory() as folder:
        structure, weights = Path(folder, "model.xml"), Path(folder, "model.bin")
        openvino().serialize(model, structure, weights)
        head = structure.stat().st_size.to_bytes(8, "little")
        return head + structure.read_bytes() + weights.read_bytes()


def read(core: Any, content: bytes) -> Any:
    """Return the model of which `stored` made these bytes."""
    end = 8 + int.from_bytes(content[:8], "little")
    return core.read_model(content[8:end], content[end:])


class _Graph:
    def __init__(self, bundle: Bundle, adapter: Adapter | None, exact: bool) -> None:
        # Costs half a second, which a process that encodes nothing does not spend.
        self._openvino = openvino()
        self._do: Any = self._openvino.opset13
        self._bundle = bundle
        self._changes = adapter.parts if adapter else {}
        self._shape = bundle.shape
        self._exact = exact

    def build(self, layers: Sequence[int]) -> Any:
        do, hidden = self._do, self._shape.hidden
        words = do.parameter([-1, -1, hidden], np.float32, "words")
        mask = do.parameter([-1, -1], np.float32, "mask")
        unseen = do.multiply(do.subtract(mask, np.float32(1)), np.float32(-_NOTHING))
        unseen = do.unsqueeze(unseen, [1, 2])
        seen = do.unsqueeze(mask, [2])
        outputs = [self._normalised(words, "emb.ln")]
        for number in range(self._shape.layers):
            outputs.append(self._layer(outputs[-1], unseen, f"l{number}."))
        means = [do.reduce_sum(do.multiply(outputs[layer], seen), [1]) for layer in layers]
        vector = _unit(do, do.concat([_unit(do, mean) for mean in means], 1))
        return self._openvino.Model([vector], [words, mask], "e5-small")

    def _layer(self, before: Any, unseen: Any, name: str) -> Any:
        do, hidden, wide = self._do, self._shape.hidden, self._shape.intermediate
        query, key, value = (
            self._heads(self._dense(before, f"{name}{part}", hidden, hidden)) for part in "qkv"
        )
        scale = np.float32((hidden // self._shape.heads) ** -0.5)
        scores = do.multiply(do.matmul(query, key, False, True), scale)
        thought = do.matmul(do.softmax(do.add(scores, unseen), -1), value, False, False)
        thought = do.reshape(do.transpose(thought, [0, 2, 1, 3]), [0, 0, hidden], True)
        thought = self._dense(thought, f"{name}ao", hidden, hidden)
        between = self._normalised(do.add(before, thought), f"{name}aln")
        thought = do.gelu(self._dense(between, f"{name}fi", wide, hidden), "erf")
        thought = self._dense(thought, f"{name}fo", hidden, wide)
        return self._normalised(do.add(between, thought), f"{name}oln")

    def _heads(self, tokens: Any) -> Any:
        heads = self._shape.heads
        split = self._do.reshape(tokens, [0, 0, heads, self._shape.hidden // heads], True)
        return self._do.transpose(split, [0, 2, 1, 3])

    def _dense(self, before: Any, name: str, rows: int, columns: int) -> Any:
        matrix = unpacked(self._bundle.blocks(f"{name}.w", rows, columns)).weights()
        if name in self._changes:
            down, up = self._changes[name]
            matrix = matrix + (down @ up).T
        product = self._do.matmul(before, self._matrix(matrix), False, True)
        return self._do.add(product, self._bundle.vector(f"{name}.b", rows))

    def _matrix(self, matrix: FloatMatrix) -> Any:
        do = self._do
        if self._exact:
            return do.constant(matrix)
        scales = np.abs(matrix).max(axis=1, keepdims=True) / _LARGEST
        eighths = do.convert(do.constant(np.round(matrix / scales).astype(np.int8)), np.float32)
        return do.multiply(eighths, do.constant(scales.astype(np.float32)))

    def _normalised(self, before: Any, name: str) -> Any:
        do = self._do
        normal = do.mvn(before, [-1], True, self._shape.epsilon, "inside_sqrt")
        weights, bias = (self._bundle.vector(f"{name}.{side}", self._shape.hidden) for side in "wb")
        return do.add(do.multiply(normal, weights), bias)


def _unit(do: Any, rows: Any) -> Any:
    return do.normalize_l2(rows, [1], 1e-12, "max")
