"""The network as a graph for ONNX Runtime, its weights left in four bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nlu.e5.adapter import Adapter
from nlu.e5.bundle import BLOCK, Bundle, unpacked

#: Names of the graph's input (1 × tokens × hidden: embeddings of words and places) and output (1 × a vector).
INPUT = "words"
OUTPUT = "vector"
#: The layers whose means make up a vector: the last tells most, those before it know more of the wording.
LAYERS = (12, 9, 6)
#: Operators that ONNX Runtime adds to the standard.
_RUNTIME = "com.microsoft"
#: Products of 8-bit activations, scaled block by block, and 4-bit weights.
_EIGHT_BITS = 4
_OPSET = 17
_FILE_FORMAT = 8


def build_graph(bundle: Bundle, adapter: Adapter | None, layers: Sequence[int] = LAYERS) -> bytes:
    """Return the encoder as an ONNX model: BERT, the means over tokens after some layers, unit length.

    Raises: BundleError where a weight is missing.
    """
    return _Graph(bundle, adapter).build(layers)


class _Graph:
    def __init__(self, bundle: Bundle, adapter: Adapter | None) -> None:
        self._bundle = bundle
        self._changes = adapter.parts if adapter else {}
        self._shape = bundle.shape
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def build(self, layers: Sequence[int]) -> bytes:
        from onnx import TensorProto, helper

        hidden = self._shape.hidden
        outputs = [self._normalised("LayerNormalization", [INPUT], "emb.ln", "", axis=-1)]
        for number in range(self._shape.layers):
            outputs.append(self._layer(outputs[-1], f"l{number}."))
        parts = [self._mean(outputs[layer]) for layer in layers]
        joined = self._node("Concat", parts, "joined", axis=1)
        self._node("LpNormalization", [joined], OUTPUT, axis=1, p=2)
        graph = helper.make_graph(
            self._nodes,
            "e5-small",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, "tokens", hidden])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, hidden * len(layers)])],
            self._weights,
        )
        operators = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_RUNTIME, 1)]
        model = helper.make_model(graph, opset_imports=operators, ir_version=_FILE_FORMAT)
        return bytes(model.SerializeToString())

    def _mean(self, tokens: str) -> str:
        mean = self._node("ReduceMean", [tokens], f"{tokens}.mean", axes=[1], keepdims=0)
        return self._node("LpNormalization", [mean], f"{tokens}.unit", axis=1, p=2)

    def _layer(self, before: str, name: str) -> str:
        hidden, wide = self._shape.hidden, self._shape.intermediate
        query, key, value = (self._dense(before, f"{name}{part}", hidden, hidden) for part in "qkv")
        seen = self._node(
            "MultiHeadAttention",
            [query, key, value],
            f"{name}attention",
            _RUNTIME,
            num_heads=self._shape.heads,
        )
        seen = self._dense(seen, f"{name}ao", hidden, hidden)
        between = self._normalised("SkipLayerNormalization", [before, seen], f"{name}aln", _RUNTIME)
        thought = self._dense(between, f"{name}fi", wide, hidden)
        thought = self._node("Gelu", [thought], f"{name}gelu", _RUNTIME)
        thought = self._dense(thought, f"{name}fo", hidden, wide)
        return self._normalised("SkipLayerNormalization", [between, thought], f"{name}oln", _RUNTIME)

    def _dense(self, before: str, name: str, rows: int, columns: int) -> str:
        parts = unpacked(self._bundle.blocks(f"{name}.w", rows, columns))
        # Here neighbours share a byte; on file the halves of a block do.
        packed = parts.nibbles[:, :, 0::2] | (parts.nibbles[:, :, 1::2] << 4)
        inputs = [
            before,
            self._weight(f"{name}.w", packed),
            self._weight(f"{name}.s", parts.scales.reshape(-1)),
        ]
        product = self._node(
            "MatMulNBits",
            inputs,
            f"{name}.product",
            _RUNTIME,
            K=columns,
            N=rows,
            bits=4,
            block_size=BLOCK,
            accuracy_level=_EIGHT_BITS,
        )
        bias = self._weight(f"{name}.b", self._bundle.vector(f"{name}.b", rows)[0])
        if name not in self._changes:
            return self._node("Add", [product, bias], name)
        plain = self._node("Add", [product, bias], f"{name}.plain")
        down, up = self._changes[name]
        change = self._node("MatMul", [before, self._weight(f"{name}.down", down)], f"{name}.low")
        change = self._node("MatMul", [change, self._weight(f"{name}.up", up)], f"{name}.change")
        return self._node("Add", [plain, change], name)

    def _normalised(self, kind: str, inputs: list[str], name: str, domain: str, **more: Any) -> str:
        for part in (f"{name}.w", f"{name}.b"):
            inputs.append(self._weight(part, self._bundle.vector(part, self._shape.hidden)[0]))
        return self._node(kind, inputs, name, domain, epsilon=self._shape.epsilon, **more)

    def _node(self, kind: str, inputs: list[str], output: str, domain: str = "", **more: Any) -> str:
        from onnx import helper

        self._nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **more))
        return output

    def _weight(self, name: str, values: np.ndarray[Any, Any]) -> str:
        from onnx import numpy_helper

        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name
