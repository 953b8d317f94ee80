"""What the encoder has learnt about shops: small changes of the upper layers' weights."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nlu.bert.weights import FloatMatrix, Weights

#: The one that the project ships; `make tune` makes it from the examples in nlu/data.
SHIPPED = Path(__file__).with_name("adapter.npz")


class Adapter:
    """A low-rank change of each of some matrices: ``weights + down @ up`` (LoRA, Hu et al. 2021)."""

    def __init__(self, parts: Mapping[str, tuple[FloatMatrix, FloatMatrix]]) -> None:
        """Take `down` (inputs × rank) and `up` (rank × outputs) by the matrix's name in the bundle."""
        self.parts = dict(parts)

    @classmethod
    def load(cls, path: Path = SHIPPED) -> Adapter:
        """Read an adapter from a file that `save` has written.

        Raises: OSError, ValueError, KeyError.
        """
        with np.load(path, allow_pickle=False) as stored:
            names = sorted({name.rpartition(".")[0] for name in stored.files})
            return cls({name: (_read(stored, name, "down"), _read(stored, name, "up")) for name in names})

    def save(self, path: Path) -> None:
        """Write the adapter to a file, in half precision; the same adapter gives the same file."""
        flat = {
            f"{name}.{side}": matrix.astype(np.float16)
            for name, (down, up) in sorted(self.parts.items())
            for side, matrix in (("down", down), ("up", up))
        }
        content = io.BytesIO()
        np.savez(content, **flat)
        path.write_bytes(content.getvalue())

    @property
    def name(self) -> str:
        """Return what tells this adapter from every other: a digest of its numbers."""
        digest = hashlib.blake2b(digest_size=6)
        for name, (down, up) in sorted(self.parts.items()):
            digest.update(name.encode() + down.tobytes() + up.tobytes())
        return digest.hexdigest()


class Adapted:
    """Weights with an adapter's changes."""

    def __init__(self, weights: Weights, adapter: Adapter) -> None:
        """Change what `adapter` names, and no more."""
        self.shape = weights.shape
        self.vector = weights.vector
        self._weights = weights
        self._changes = adapter.parts

    def matrix(self, name: str) -> FloatMatrix:
        """Return the changed weights of a part, outputs × inputs."""
        matrix = self._weights.matrix(name)
        if name not in self._changes:
            return matrix
        down, up = self._changes[name]
        return np.asarray(matrix + (down @ up).T, dtype=np.float32)


def _read(stored: np.lib.npyio.NpzFile, name: str, side: str) -> FloatMatrix:
    return np.asarray(stored[f"{name}.{side}"], dtype=np.float32)
