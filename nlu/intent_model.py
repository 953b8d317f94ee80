"""A linear classifier over vectors, whose probabilities can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

FloatMatrix = npt.NDArray[np.float32]
IntVector = npt.NDArray[np.int64]

#: The inverse of the penalty on large weights, times the number of examples.
STRENGTH = 10.0
#: Steps of the optimiser; more gain some messages in a thousand (DECISIONS.md, 12).
_STEPS = 40
_FOLDS = 3
#: Examples on which a temperature can be chosen.
_ENOUGH = 500
_TEMPERATURES = np.geomspace(0.2, 5.0, 60)


@dataclass(frozen=True)
class Trial:
    """What a model made of examples that it had not been trained on."""

    #: Share of examples whose likeliest label is the right one.
    accuracy: float
    #: Mean difference of confidence and accuracy, in ten bands of confidence.
    calibration_error: float
    confidences: FloatMatrix
    margins: FloatMatrix
    right: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LinearModel:
    """Multinomial logistic regression with a temperature."""

    labels: tuple[str, ...]
    mean: FloatMatrix
    weights: FloatMatrix
    bias: FloatMatrix
    temperature: float

    @classmethod
    def fit(
        cls,
        vectors: FloatMatrix,
        labels: Sequence[str],
        strength: float = STRENGTH,
        aside: npt.NDArray[np.bool_] | None = None,
    ) -> tuple[LinearModel, Trial]:
        """Train, and choose the temperature on held-out examples.

        These are the ones marked in `aside` if they are enough, else all in turn. The same examples in the
        same order give the same model.
        """
        names, targets = np.unique(np.asarray(labels), return_inverse=True)
        mean = vectors.mean(axis=0)
        centred = vectors - mean
        folds = _folds(targets) if aside is None or aside.sum() < _ENOUGH else np.where(aside, 0, -1)
        logits, near = _held_out(centred, targets, len(names), strength, folds)
        held = folds >= 0
        temperature = _temperature(logits[held], targets[held])
        weights, bias = _optimise(centred, targets, len(names), strength, near)
        model = cls(tuple(map(str, names)), mean, weights, bias, temperature)
        return model, _trial(_softmax(logits[held] / temperature), targets[held])

    def probabilities(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return a row of probabilities for each vector, in the labels' order."""
        logits = (vectors - self.mean) @ self.weights + self.bias
        return _softmax(logits / self.temperature)

    def save(self, path: Path) -> None:
        """Write the model to a file."""
        np.savez_compressed(
            path,
            labels=np.array(self.labels),
            mean=self.mean,
            weights=self.weights,
            bias=self.bias,
            temperature=self.temperature,
        )

    @classmethod
    def load(cls, path: Path) -> LinearModel:
        """Read a model from a file.

        Raises: OSError, ValueError, KeyError where it is not one that `save` has written.
        """
        with np.load(path, allow_pickle=False) as stored:
            return cls(
                tuple(map(str, stored["labels"])),
                stored["mean"],
                stored["weights"],
                stored["bias"],
                float(stored["temperature"]),
            )


def _softmax(logits: FloatMatrix) -> FloatMatrix:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _optimise(
    vectors: FloatMatrix,
    targets: IntVector,
    labels: int,
    strength: float,
    near: tuple[FloatMatrix, FloatMatrix] | None = None,
) -> tuple[FloatMatrix, FloatMatrix]:
    """Minimise the loss by L-BFGS, in single precision: scikit-learn's takes minutes on 80 labels.

    From weights that are `near`, half the steps will do.
    """
    from scipy.optimize import minimize

    examples, width = vectors.shape
    truth = np.zeros((examples, labels), dtype=np.float32)
    truth[np.arange(examples), targets] = 1
    penalty = np.float32(1 / (strength * examples))
    split = width * labels

    def loss(parameters: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        flat = parameters.astype(np.float32)
        weights = flat[:split].reshape(width, labels)
        logits = vectors @ weights + flat[split:]
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        totals = powers.sum(axis=1, keepdims=True)
        value = float((np.log(totals[:, 0]) - (logits * truth).sum(axis=1)).mean())
        slope = (powers / totals - truth) / examples
        gradient = vectors.T @ slope + penalty * weights
        value += float(penalty / 2 * (weights * weights).sum())
        return value, np.concatenate([gradient.ravel(), slope.sum(axis=0)]).astype(np.float64)

    start = np.zeros(split + labels) if near is None else np.concatenate([near[0].ravel(), near[1]])
    options = {"maxiter": _STEPS if near is None else _STEPS // 2, "maxcor": 8}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    flat = found.x.astype(np.float32)
    return flat[:split].reshape(width, labels), flat[split:]


def _folds(targets: IntVector) -> IntVector:
    """Deal each label's examples out in turn, so that every fold has some of it."""
    order = np.lexsort((np.random.default_rng(0).random(len(targets)), targets))
    folds = np.empty(len(targets), dtype=np.int64)
    folds[order] = np.arange(len(targets)) % _FOLDS
    return folds


def _held_out(
    vectors: FloatMatrix, targets: IntVector, labels: int, strength: float, folds: IntVector
) -> tuple[FloatMatrix, tuple[FloatMatrix, FloatMatrix] | None]:
    """Return logits of each fold's examples, from a model trained on all others, and the last such model."""
    logits = np.zeros((len(targets), labels), dtype=np.float32)
    model = None
    for number in range(folds.max() + 1):
        out = folds == number
        if out.all() or not out.any():
            continue
        model = _optimise(vectors[~out], targets[~out], labels, strength)
        logits[out] = vectors[out] @ model[0] + model[1]
    return logits, model


def _temperature(logits: FloatMatrix, targets: IntVector) -> float:
    def surprise(temperature: float) -> float:
        chances = _softmax(logits / np.float32(temperature))[np.arange(len(targets)), targets]
        return float(-np.log(np.maximum(chances, 1e-9)).mean())

    return float(min(_TEMPERATURES, key=surprise))


def _trial(probabilities: FloatMatrix, targets: IntVector) -> Trial:
    best = np.sort(probabilities, axis=1)[:, ::-1]
    confidences = best[:, 0]
    margins = best[:, 0] - best[:, 1] if best.shape[1] > 1 else confidences
    right = probabilities.argmax(axis=1) == targets
    bands = np.minimum((confidences * 10).astype(np.int64), 9)
    error = 0.0
    for band in np.unique(bands):
        inside = bands == band
        error += float(inside.mean()) * abs(float(confidences[inside].mean()) - float(right[inside].mean()))
    return Trial(float(right.mean()), error, confidences, margins, right)
