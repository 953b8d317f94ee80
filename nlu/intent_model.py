"""A classifier over vectors: a linear model and remembered examples, with probabilities to be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlu.memory import Memory, directions_of, shortened

FloatMatrix = npt.NDArray[np.float32]
IntVector = npt.NDArray[np.int64]

#: The inverse of the penalty on large weights, times the number of examples.
STRENGTH = 10.0
#: Steps of the optimiser; more gain some messages in a thousand (DECISIONS.md, 12).
_STEPS = 40
_FOLDS = 3
#: Examples on which confidence can be judged.
_ENOUGH = 500
#: Examples from which is learnt what a stranger looks like, and labels below which it is not.
_SOME = 4_000
_FEWEST = 6
#: Examples that the linear part learns from: more take time and tell it nothing, the memory has all.
_MOST = 30_000
#: How much the memory counts, to begin with.
_PULL = 40.0
#: Labels of a message about which the memory is asked.
_LIKELIEST = 8
#: How much counts what belongs to none of the labels, while confidence is judged.
_STRANGE = 0.1


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
    #: Confidences for examples whose own label had been left out of the training: they are of none.
    strange: FloatMatrix


@dataclass(frozen=True)
class IntentModel:
    """Multinomial logistic regression and a memory of the examples, with probabilities that can be believed.

    A label's logit is that of the regression and, `pull` times, how near its nearest examples are: the one
    generalises, the other knows what was said just so. (Khandelwal et al. 2020, "Generalization through
    Memorization", does this for language models; here the sum is of logits.)

    Being none of the labels is one more label, whose logit is the same for all: whatever speaks for no label
    falls to it. (It is the largest logit that tells strangers, Vaze et al. 2022, "Open-Set Recognition";
    softmax forgets it.)
    """

    labels: tuple[str, ...]
    mean: FloatMatrix
    weights: FloatMatrix
    bias: FloatMatrix
    memory: Memory
    #: How much the memory counts.
    pull: float
    temperature: float
    #: The logit of being none of the labels.
    unknown: float

    @classmethod
    def fit(
        cls,
        vectors: FloatMatrix,
        labels: Sequence[str],
        strength: float = STRENGTH,
        aside: npt.NDArray[np.bool_] | None = None,
    ) -> tuple[IntentModel, Trial]:
        """Train, and judge on held-out examples how much the memory counts and what confidence is due.

        These are the ones marked in `aside` if they are enough, else all in turn. The same examples in the
        same order give the same model.
        """
        names, targets = np.unique(np.asarray(labels), return_inverse=True)
        mean = vectors.mean(axis=0)
        centred = vectors - mean
        folds = _folds(targets) if aside is None or aside.sum() < _ENOUGH else np.where(aside, 0, -1)
        # Which directions there are tells nothing of labels: they are found once, from all examples.
        directions = directions_of(centred)
        short = shortened(centred, directions)
        logits, nearness, near = _held_out(centred, targets, len(names), strength, folds, (directions, short))
        held = folds >= 0
        strange, strange_nearness = _strangers(centred, targets, len(names), strength, folds, nearness)
        judged = _judge(logits[held], nearness[held], targets[held], strange, strange_nearness)
        weights, bias = optimise(*_drawn(centred, targets), len(names), strength, near)
        memory = Memory.among(directions, short, targets, len(names))
        model = cls(tuple(map(str, names)), mean, weights, bias, memory, *judged)
        return model, _trial(
            model.chances(logits[held] + model.pull * nearness[held]),
            targets[held],
            model.chances(strange + model.pull * strange_nearness),
        )

    def probabilities(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return a row of probabilities for each vector, in the labels' order.

        What a row lacks of one is the probability of being none of them.
        """
        centred = vectors - self.mean
        logits = centred @ self.weights + self.bias
        # The memory is asked about the likeliest; no other label is nearer than the farthest of them.
        likeliest = np.argsort(-logits, axis=1, kind="stable")[:, :_LIKELIEST]
        nearness = self.memory.nearness_among(centred, likeliest)
        spread = np.repeat(nearness.min(axis=1, keepdims=True), logits.shape[1], axis=1)
        np.put_along_axis(spread, likeliest, nearness, axis=1)
        return self.chances(logits + np.float32(self.pull) * spread)

    def chances(self, logits: FloatMatrix) -> FloatMatrix:
        """Return the probabilities that logits mean."""
        rest = np.full((len(logits), 1), self.unknown, dtype=np.float32)
        return _softmax(np.hstack([logits, rest]) / np.float32(self.temperature))[:, :-1]

    def save(self, path: Path) -> None:
        """Write the model to a file."""
        np.savez(
            path,
            labels=np.array(self.labels),
            mean=self.mean,
            weights=self.weights,
            bias=self.bias,
            pull=self.pull,
            temperature=self.temperature,
            unknown=self.unknown,
            **self.memory.arrays(),
        )

    @classmethod
    def load(cls, path: Path) -> IntentModel:
        """Read a model from a file.

        Raises: OSError, ValueError, KeyError where it is not one that `save` has written.
        """
        with np.load(path, allow_pickle=False) as stored:
            return cls(
                tuple(map(str, stored["labels"])),
                stored["mean"],
                stored["weights"],
                stored["bias"],
                Memory.from_arrays(stored),
                float(stored["pull"]),
                float(stored["temperature"]),
                float(stored["unknown"]),
            )


def _softmax(logits: FloatMatrix) -> FloatMatrix:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def learnt_from(count: int) -> IntVector:
    """Return which of so many examples the linear part learns from."""
    return np.sort(np.random.default_rng(0).permutation(count)[:_MOST])


def _drawn(vectors: FloatMatrix, targets: IntVector) -> tuple[FloatMatrix, IntVector]:
    if len(vectors) <= _MOST:
        return vectors, targets
    chosen = learnt_from(len(vectors))
    return vectors[chosen], targets[chosen]


def optimise(
    vectors: FloatMatrix,
    targets: IntVector,
    labels: int,
    strength: float,
    near: tuple[FloatMatrix, FloatMatrix] | None = None,
    steps: int | None = None,
) -> tuple[FloatMatrix, FloatMatrix]:
    """Minimise the loss by L-BFGS, in single precision: scikit-learn's takes minutes on 80 labels.

    From weights that are `near`, half the steps will do.
    """
    from scipy.optimize import minimize

    examples, width = vectors.shape
    rows = np.arange(examples)
    penalty = np.float32(1 / (strength * examples))
    split = width * labels

    def loss(parameters: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        flat = parameters.astype(np.float32)
        weights = flat[:split].reshape(width, labels)
        # One table of examples × labels, changed in place: logits, then chances, then the slope.
        table = vectors @ weights
        table += flat[split:]
        table -= table.max(axis=1, keepdims=True)
        right = table[rows, targets]
        np.exp(table, out=table)
        totals = table.sum(axis=1, keepdims=True)
        value = float((np.log(totals[:, 0]) - right).mean())
        table /= totals
        table[rows, targets] -= 1
        table /= examples
        gradient = vectors.T @ table + penalty * weights
        value += float(penalty / 2 * (weights * weights).sum())
        return value, np.concatenate([gradient.ravel(), table.sum(axis=0)]).astype(np.float64)

    start = np.zeros(split + labels) if near is None else np.concatenate([near[0].ravel(), near[1]])
    most = steps or (_STEPS if near is None else _STEPS // 2)
    options = {"maxiter": most, "maxcor": 8}
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
    vectors: FloatMatrix,
    targets: IntVector,
    labels: int,
    strength: float,
    folds: IntVector,
    remembered: tuple[FloatMatrix, FloatMatrix],
) -> tuple[FloatMatrix, FloatMatrix, tuple[FloatMatrix, FloatMatrix] | None]:
    """Return logits and nearness of each fold's examples to all others, and the last model of those.

    `remembered` are the memory's directions, and all vectors shortened to them.
    """
    directions, short = remembered
    logits = np.zeros((len(targets), labels), dtype=np.float32)
    nearness = np.zeros_like(logits)
    model = None
    for number in range(folds.max() + 1):
        out = folds == number
        if out.all() or not out.any():
            continue
        model = optimise(*_drawn(vectors[~out], targets[~out]), labels, strength)
        logits[out] = vectors[out] @ model[0] + model[1]
        memory = Memory.among(directions, short[~out], targets[~out], labels)
        nearness[out] = memory.nearness(vectors[out])
    return logits, nearness, model


def _strangers(
    vectors: FloatMatrix,
    targets: IntVector,
    labels: int,
    strength: float,
    folds: IntVector,
    nearness: FloatMatrix,
) -> tuple[FloatMatrix, FloatMatrix]:
    """Return logits and nearness of held-out examples, from models that did not know their label.

    A third of the labels is left out in turn; the logits of those are -inf.
    """
    draw = np.random.default_rng(0)
    parts = draw.permutation(labels) % _FOLDS
    found, near = [], []
    for part in range(_FOLDS) if labels >= _FEWEST else ():
        left_out = parts[targets] == part
        strange = np.flatnonzero(left_out & (folds >= 0))
        known = np.flatnonzero(~left_out & ((folds < 0) | (folds.max() > 0)))
        strange, known = (draw.permutation(places)[:_SOME] for places in (strange, known))
        names, numbered = np.unique(targets[known], return_inverse=True)
        weights, bias = optimise(vectors[known], numbered, len(names), strength)
        logits = np.full((len(strange), labels), -np.inf, dtype=np.float32)
        logits[:, names] = vectors[strange] @ weights + bias
        found.append(logits)
        near.append(nearness[strange])
    nothing = np.empty((0, labels), dtype=np.float32)
    return np.concatenate([nothing, *found]), np.concatenate([nothing, *near])


def _judge(
    logits: FloatMatrix,
    nearness: FloatMatrix,
    targets: IntVector,
    strange: FloatMatrix,
    strange_nearness: FloatMatrix,
) -> tuple[float, float, float]:
    """Return how much nearness counts, the temperature, and the logit of being none that surprise least."""
    from scipy.optimize import minimize
    from scipy.special import logsumexp

    weight = _STRANGE if len(strange) else 0.0

    def surprise(parameters: npt.NDArray[np.float64]) -> float:
        pull, temperature = np.exp(parameters[:2])
        rest = (parameters[2] if weight else -np.inf) / temperature
        known = (logits + pull * nearness) / temperature
        right = known[np.arange(len(targets)), targets] - np.logaddexp(logsumexp(known, axis=1), rest)
        value = -(1 - weight) * float(right.mean())
        if weight:
            others = (strange + pull * strange_nearness) / temperature
            value -= weight * float((rest - np.logaddexp(logsumexp(others, axis=1), rest)).mean())
        return value

    begin = [np.log(_PULL), np.log(2.0), float(np.median((logits + _PULL * nearness).max(axis=1))) * 0.7]
    bounds = [(np.log(1.0), np.log(200.0)), (np.log(0.2), np.log(10.0)), (None, None)]
    found = minimize(surprise, begin, method="Nelder-Mead", bounds=bounds, options={"maxfev": 150})
    pull, temperature = np.exp(found.x[:2])
    return float(pull), float(temperature), float(found.x[2]) if weight else -np.inf


def _trial(probabilities: FloatMatrix, targets: IntVector, strange: FloatMatrix) -> Trial:
    best = np.sort(probabilities, axis=1)[:, ::-1]
    confidences = best[:, 0]
    margins = best[:, 0] - best[:, 1] if best.shape[1] > 1 else confidences
    right = probabilities.argmax(axis=1) == targets
    bands = np.minimum((confidences * 10).astype(np.int64), 9)
    error = 0.0
    for band in np.unique(bands):
        inside = bands == band
        error += float(inside.mean()) * abs(float(confidences[inside].mean()) - float(right[inside].mean()))
    return Trial(float(right.mean()), error, confidences, margins, right, strange.max(axis=1, initial=0))
