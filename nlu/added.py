"""Intents learnt from more examples, on top of what many others have taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nlu.intent_model import FloatMatrix, IntentModel, IntVector, learnt_from, optimise

#: Steps of the optimiser from weights that fit all examples but the new ones (DECISIONS.md, 12).
STEPS = 8


@dataclass(frozen=True)
class Ground:
    """A model, and those of its examples that are looked at again when more are learnt.

    Without them it would forget what the new ones do not tell of.
    """

    model: IntentModel
    #: Centred, in half precision.
    rows: FloatMatrix
    #: The numbers of their labels.
    targets: IntVector

    @classmethod
    def of(cls, model: IntentModel, vectors: FloatMatrix, labels: Sequence[str]) -> Ground:
        """Keep of a model's examples what is needed."""
        chosen = learnt_from(len(vectors))
        targets = np.searchsorted(np.array(model.labels), np.asarray(labels)[chosen])
        return cls(model, (vectors[chosen] - model.mean).astype(np.float16), targets.astype(np.int64))

    def with_more(self, vectors: FloatMatrix, labels: Sequence[str], strength: float) -> IntentModel:
        """Return a model that knows these examples, too, of labels old and new.

        What confidence is due stays as it was judged: a few examples tell nothing of that. All of them count
        for the linear part. The same model and examples give the same.
        """
        if not len(vectors):
            return self.model
        before = self.model
        names = sorted({*before.labels, *labels})
        places = np.array([names.index(label) for label in before.labels])
        centred = vectors - before.mean
        targets = np.array([names.index(label) for label in labels])
        weights = np.zeros((before.weights.shape[0], len(names)), dtype=np.float32)
        bias = np.zeros(len(names), dtype=np.float32)
        weights[:, places], bias[places] = before.weights, before.bias
        weights, bias = optimise(
            np.concatenate([self.rows.astype(np.float32), centred]),
            np.concatenate([places[self.targets], targets]),
            len(names),
            strength,
            (weights, bias),
            STEPS,
        )
        memory = before.memory.extended(centred, targets, places, len(names))
        return replace(before, labels=tuple(names), weights=weights, bias=bias, memory=memory)

    def save(self, folder: Path) -> None:
        """Write it to files in a folder."""
        self.model.save(folder / "intents.npz")
        np.savez(folder / "intents-ground.npz", rows=self.rows, targets=self.targets)

    @classmethod
    def load(cls, folder: Path) -> Ground:
        """Read what `save` has written.

        Raises: OSError, ValueError, KeyError where that is not it.
        """
        with np.load(folder / "intents-ground.npz", allow_pickle=False) as stored:
            return cls(IntentModel.load(folder / "intents.npz"), stored["rows"], stored["targets"])
