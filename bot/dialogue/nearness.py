"""Which of its examples a model finds nearest to a message: measured as the model itself does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bot.dialogue.engine import Engine
from nlu.classifier import RememberingIntentClassifier
from nlu.encoder import FloatMatrix
from nlu.intent_model import IntentModel
from nlu.masking import asks

#: Cosine from which on a text is the very example: what is remembered is rounded to eight bits.
SAME = 0.98


@dataclass(frozen=True)
class Near:
    """An example that the model remembers, by its place: it keeps no words."""

    intent: str
    #: Which one of its intent's, in the order of the training.
    place: int
    #: Of how many.
    count: int
    #: Cosine to the message, -1 to 1.
    nearness: float


def nearest(engine: Engine, text: str, intents: Iterable[str], count: int) -> list[Near]:
    """The nearest examples of each of some intents, the nearest first.

    None at all where a message says nothing that has a meaning: codes, addresses, the bare name of a product.
    """
    classifier = engine.component(RememberingIntentClassifier)
    model = classifier._model
    (message,) = engine.read_all([text])
    if model is None or not asks(message):
        return []
    (vector,) = _short(model, classifier._vectors([message]))
    found = []
    for intent in intents:
        if intent not in model.labels:
            continue
        rows = _rows(model, intent)
        cosines = rows @ vector
        best = np.argsort(-cosines, kind="stable")[:count]
        found += [Near(intent, int(place), len(rows), float(cosines[place])) for place in best]
    return found


def are_same(engine: Engine, pairs: Sequence[tuple[Near, str]]) -> list[bool]:
    """Whether each text is the example remembered at a place; the files may have changed since."""
    if not pairs:
        return []
    classifier = engine.component(RememberingIntentClassifier)
    model = classifier._model
    if model is None:
        return [False] * len(pairs)
    short = _short(model, classifier._vectors(engine.read_all([text for _, text in pairs])))
    return [
        float(_rows(model, near.intent)[near.place] @ vector) >= SAME
        for (near, _), vector in zip(pairs, short, strict=True)
    ]


def _short(model: IntentModel, vectors: FloatMatrix) -> FloatMatrix:
    """Vectors as the memory compares them."""
    short = (vectors - model.mean) @ model.memory.directions
    lengths = np.linalg.norm(short, axis=1, keepdims=True)
    return np.asarray(short / np.maximum(lengths, 1e-9), dtype=np.float32)


def _rows(model: IntentModel, intent: str) -> FloatMatrix:
    label = model.labels.index(intent)
    memory = model.memory
    rows = memory.rows[memory.starts[label] : memory.starts[label + 1]]
    return np.asarray(rows.astype(np.float32) * np.float32(memory.step))
