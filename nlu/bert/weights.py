"""What a network of the BERT kind has learnt, by the names that its graph asks for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatMatrix = npt.NDArray[np.float32]


class BundleError(RuntimeError):
    """A file of weights is missing or not what this was written for; the message says what to do."""


def bundled(package: str, file: str) -> Path:
    """Return where a package that is installed for its data keeps a file; the package itself is not imported.

    Raises: BundleError where it is not installed.
    """
    spec = find_spec(package.replace("-", "_"))
    if spec is None or not spec.origin:
        raise BundleError(
            f"the package {package}, which holds what the sentence encoder needs, is not installed"
        )
    return Path(spec.origin).with_name(file)


@dataclass(frozen=True)
class Shape:
    """The sizes of the network, in the field's names."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    epsilon: float


class Weights(Protocol):
    """What a network has learnt.

    The parts of layer 0 are called l0.q, l0.k, l0.v (query, key, value), l0.ao (output of the attention),
    l0.fi, l0.fo (inner and outer of the dense part), its norms l0.aln and l0.oln; that of the embeddings
    emb.ln.
    """

    shape: Shape

    def matrix(self, name: str) -> FloatMatrix:
        """Return the weights of a dense part, outputs × inputs."""

    def vector(self, name: str, width: int) -> FloatMatrix:
        """Return rows of `width`: a part's bias (name.b), a norm's weights and bias (name.w, name.b)."""
