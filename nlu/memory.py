"""Examples that are remembered: how near the nearest ones of each label are to a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatMatrix = npt.NDArray[np.float32]
IntVector = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.int8]

#: Directions of the vectors that are compared.
_WIDTH = 512
#: How far the directions in which all examples differ much count less: 0 as they are, 1/2 all alike.
_WHITENING = 0.25
#: Examples from which the directions are learnt.
_SAMPLE = 20_000
#: What eight bits hold, of either sign.
_MOST = 127
#: Rows that are compared at once.
_BATCH = 512


@dataclass(frozen=True)
class Memory:
    """The examples as short vectors of eight bits a number, those of a label beside each other.

    Tens of thousands of examples take tens of megabytes, and a look at eight labels a millisecond.
    """

    #: width × at most 512.
    directions: FloatMatrix
    #: examples × directions.
    rows: Bytes
    #: Where each label's rows begin; and, last, where all end.
    starts: IntVector
    #: What a step of the rows' numbers is worth.
    step: float

    @classmethod
    def of(cls, vectors: FloatMatrix, targets: IntVector, labels: int) -> Memory:
        """Remember vectors, centred, with the numbers of their labels."""
        directions = directions_of(vectors)
        return cls.among(directions, shortened(vectors, directions), targets, labels)

    @classmethod
    def among(cls, directions: FloatMatrix, short: FloatMatrix, targets: IntVector, labels: int) -> Memory:
        """Remember vectors that were `shortened` to these directions, with the numbers of their labels."""
        order = np.argsort(targets, kind="stable")
        step = max(float(np.abs(short).max()), 1e-9) / _MOST
        starts = np.searchsorted(targets[order], np.arange(labels + 1)).astype(np.int64)
        return cls(directions, np.round(short[order] / step).astype(np.int8), starts, step)

    def extended(self, vectors: FloatMatrix, targets: IntVector, numbers: IntVector, labels: int) -> Memory:
        """Remember more vectors, centred, behind those of their labels.

        Args:
            vectors: a row for each example.
            targets: the numbers of their labels.
            numbers: which number each label has now that was known before.
            labels: how many there are now.
        """
        known = np.repeat(numbers, np.diff(self.starts))
        steps = np.round(shortened(vectors, self.directions) / self.step)
        rows = np.concatenate([self.rows, np.clip(steps, -_MOST, _MOST).astype(np.int8)])
        all_targets = np.concatenate([known, targets])
        order = np.argsort(all_targets, kind="stable")
        starts = np.searchsorted(all_targets[order], np.arange(labels + 1)).astype(np.int64)
        return Memory(self.directions, rows[order], starts, self.step)

    def nearness(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return for each vector, centred, and each label the mean cosine of its nearest examples."""
        found = np.empty((len(vectors), len(self.starts) - 1), dtype=np.float32)
        for place in _steps(len(vectors)):
            short = shortened(vectors[place : place + _BATCH], self.directions)
            for label in range(found.shape[1]):
                found[place : place + _BATCH, label] = self._near(short, label)
        return found

    def nearness_among(self, vectors: FloatMatrix, labels: npt.NDArray[np.int64]) -> FloatMatrix:
        """Return the same for some labels of each vector, a row of their numbers each."""
        found = np.empty(labels.shape, dtype=np.float32)
        short = shortened(vectors, self.directions)
        for row, wanted in enumerate(labels):
            for column, label in enumerate(wanted):
                found[row, column] = self._near(short[row : row + 1], int(label))[0]
        return found

    def _near(self, short: FloatMatrix, label: int) -> FloatMatrix:
        # The mean of two: one alone may be mislabelled, more make it a matter of the label's size.
        own = self.rows[self.starts[label] : self.starts[label + 1]]
        if not len(own):
            return np.full(len(short), -1, dtype=np.float32)
        cosines = (short @ own.T.astype(np.float32)) * np.float32(self.step)
        # Two maxima are found some forty times as fast as a partition.
        messages = np.arange(len(short))
        best = cosines.argmax(axis=1)
        first = cosines[messages, best]
        if len(own) == 1:
            return first
        cosines[messages, best] = -np.inf
        return np.asarray((first + cosines.max(axis=1)) / np.float32(2), dtype=np.float32)

    def arrays(self) -> dict[str, Any]:
        """Return what is to be stored."""
        return {
            "directions": self.directions.astype(np.float16),
            "rows": self.rows,
            "starts": self.starts,
            "step": np.float64(self.step),
        }

    @classmethod
    def from_arrays(cls, stored: Mapping[str, npt.NDArray[Any]]) -> Memory:
        """Read what `arrays` has returned.

        Raises: KeyError where something is missing.
        """
        directions = stored["directions"].astype(np.float32)
        return cls(directions, stored["rows"], stored["starts"], float(stored["step"]))


def _steps(count: int) -> Sequence[int]:
    return range(0, count, _BATCH)


def shortened(vectors: FloatMatrix, directions: FloatMatrix) -> FloatMatrix:
    """Return vectors in these directions, of unit length."""
    short = np.empty((len(vectors), directions.shape[1]), dtype=np.float32)
    for place in _steps(len(vectors)):
        part = vectors[place : place + _BATCH] @ directions
        lengths = np.linalg.norm(part, axis=1, keepdims=True)
        short[place : place + _BATCH] = part / np.maximum(lengths, 1e-9)
    return short


def directions_of(vectors: FloatMatrix) -> FloatMatrix:
    """Principal components, those in which examples differ most shrunk towards the others."""
    if len(vectors) > _SAMPLE:
        vectors = vectors[np.sort(np.random.default_rng(0).permutation(len(vectors))[:_SAMPLE])]
    spread = (vectors.T @ vectors / max(1, len(vectors))).astype(np.float64)
    values, axes = np.linalg.eigh(spread)
    most = min(_WIDTH, *vectors.shape)
    values, axes = values[::-1][:most], axes[:, ::-1][:, :most]
    # What differs next to nothing is noise, and is not blown up.
    floor = max(float(spread.trace()) / len(spread), 1e-9) / 20
    # As it is stored: what was learnt gives the same answers before and after.
    return np.asarray(axes * np.maximum(values, floor) ** -_WHITENING, dtype=np.float16).astype(np.float32)
