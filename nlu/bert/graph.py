"""A network of the BERT kind as a graph for OpenVINO, its matrices in eight bits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from nlu.bert.runtime import openvino
from nlu.bert.weights import FloatMatrix, Weights

#: The largest weight of a matrix's row, in eight bits.
_LARGEST = 127
#: Where nothing is to be seen, before the softmax.
_NOTHING = -1e9


def build_graph(
    weights: Weights,
    words: Any,
    mask: Any,
    inputs: Sequence[Any],
    layers: Sequence[int],
    *,
    exact: bool = False,
) -> Any:
    """Return a sentence encoder as an OpenVINO model: the means over tokens after some layers, unit length.

    `words` is a node of embedded words (texts × tokens × hidden), `mask` one of texts × tokens: 1 for a
    token, 0 for what fills up a shorter text; `inputs` are the parameters of both. The output is a row for
    each text. Where it is not `exact`, each matrix has eight bits a weight, and a scale for each of its rows.
    """
    return _Graph(weights, exact).build(words, mask, inputs, layers)


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
    def __init__(self, weights: Weights, exact: bool) -> None:
        # Costs half a second, which a process that encodes nothing does not spend.
        self._openvino = openvino()
        self._do: Any = self._openvino.opset13
        self._weights = weights
        self._shape = weights.shape
        self._exact = exact

    def build(self, words: Any, mask: Any, inputs: Sequence[Any], layers: Sequence[int]) -> Any:
        do = self._do
        unseen = do.multiply(do.subtract(mask, np.float32(1)), np.float32(-_NOTHING))
        unseen = do.unsqueeze(unseen, [1, 2])
        seen = do.unsqueeze(mask, [2])
        outputs = [self._normalised(words, "emb.ln")]
        for number in range(self._shape.layers):
            outputs.append(self._layer(outputs[-1], unseen, f"l{number}."))
        means = [do.reduce_sum(do.multiply(outputs[layer], seen), [1]) for layer in layers]
        vector = _unit(do, do.concat([_unit(do, mean) for mean in means], 1))
        return self._openvino.Model([vector], list(inputs), "encoder")

    def _layer(self, before: Any, unseen: Any, name: str) -> Any:
        do, hidden = self._do, self._shape.hidden
        query, key, value = (self._heads(self._dense(before, f"{name}{part}")) for part in "qkv")
        scale = np.float32((hidden // self._shape.heads) ** -0.5)
        scores = do.multiply(do.matmul(query, key, False, True), scale)
        thought = do.matmul(do.softmax(do.add(scores, unseen), -1), value, False, False)
        thought = do.reshape(do.transpose(thought, [0, 2, 1, 3]), [0, 0, hidden], True)
        thought = self._dense(thought, f"{name}ao")
        between = self._normalised(do.add(before, thought), f"{name}aln")
        thought = do.gelu(self._dense(between, f"{name}fi"), "erf")
        thought = self._dense(thought, f"{name}fo")
        return self._normalised(do.add(between, thought), f"{name}oln")

    def _heads(self, tokens: Any) -> Any:
        heads = self._shape.heads
        split = self._do.reshape(tokens, [0, 0, heads, self._shape.hidden // heads], True)
        return self._do.transpose(split, [0, 2, 1, 3])

    def _dense(self, before: Any, name: str) -> Any:
        matrix = self._weights.matrix(name)
        product = self._do.matmul(before, self._matrix(matrix), False, True)
        return self._do.add(product, self._weights.vector(f"{name}.b", len(matrix)))

    def _matrix(self, matrix: FloatMatrix) -> Any:
        do = self._do
        if self._exact:
            return do.constant(matrix)
        return eighths(do, matrix)

    def _normalised(self, before: Any, name: str) -> Any:
        do = self._do
        normal = do.mvn(before, [-1], True, self._shape.epsilon, "inside_sqrt")
        weights, bias = (self._weights.vector(f"{name}.{side}", self._shape.hidden) for side in "wb")
        return do.add(do.multiply(normal, weights), bias)


def eighths(do: Any, matrix: FloatMatrix) -> Any:
    """Return a node of a matrix that is kept in eight bits a number, with a scale for each row."""
    scales = np.abs(matrix).max(axis=1, keepdims=True) / _LARGEST
    steps = do.convert(do.constant(np.round(matrix / scales).astype(np.int8)), np.float32)
    return do.multiply(steps, do.constant(scales.astype(np.float32)))


def _unit(do: Any, rows: Any) -> Any:
    return do.normalize_l2(rows, [1], 1e-12, "max")
