from __future__ import annotations

import numpy as np
import pytest

from nlu.intent_model import IntentModel
from nlu.memory import Memory


def remembered(labels: int, each: int, width: int = 64) -> tuple[Memory, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(3)
    targets = np.repeat(np.arange(labels), each)
    vectors = (draw.normal(size=(labels, width))[targets] + draw.normal(size=(len(targets), width))).astype(
        "f4"
    )
    vectors -= vectors.mean(axis=0)
    return Memory.of(vectors, targets, labels), vectors, targets


def test_what_was_seen_is_nearest_to_its_own_label() -> None:
    memory, vectors, targets = remembered(6, 40)
    near = memory.nearness(vectors)
    assert (near.argmax(axis=1) == targets).all()
    # The nearest is the example itself, the second another one.
    own = near[np.arange(len(targets)), targets]
    assert ((own > 0.5) & (own < 1.01)).all()


def test_some_labels_asked_for_are_as_near_as_among_all() -> None:
    memory, vectors, _ = remembered(6, 40)
    labels = np.array([[4, 1], [0, 5], [2, 3]])
    np.testing.assert_allclose(
        memory.nearness_among(vectors[:3], labels),
        np.take_along_axis(memory.nearness(vectors[:3]), labels, axis=1),
        atol=1e-5,
    )


def test_eight_bits_change_no_cosine_by_a_hundredth() -> None:
    memory, vectors, targets = remembered(3, 50)
    short = vectors @ memory.directions
    short /= np.linalg.norm(short, axis=1, keepdims=True)
    rows = memory.rows * memory.step
    order = np.argsort(targets, kind="stable")
    assert np.abs(rows @ short.T - short[order] @ short.T).max() < 0.01


@pytest.mark.parametrize("vectors", [np.zeros((3, 8), dtype="f4"), np.eye(3, 8, dtype="f4")])
def test_a_label_without_examples_and_vectors_of_nothing_are_taken(vectors: np.ndarray) -> None:
    memory = Memory.of(vectors, np.array([0, 0, 2]), 3)
    near = memory.nearness(vectors)
    assert np.isfinite(near).all()
    assert (near[:, 1] == -1).all()


def test_one_odd_example_amid_another_label_is_recognised() -> None:
    """What the linear part alone gets wrong: an exception, said twice."""
    draw = np.random.default_rng(5)
    centres = draw.normal(size=(2, 32))
    targets = np.repeat([0, 1], 200)
    vectors = centres[targets] + 0.5 * draw.normal(size=(400, 32))
    # Two that look like the first label, and are of the second.
    vectors[398:] = centres[0] + 0.5 * draw.normal(size=32)
    vectors = (0.3 * vectors).astype("f4")
    model, _ = IntentModel.fit(vectors, [f"label_{target}" for target in targets], strength=0.01)
    linear = (vectors[398:] - model.mean) @ model.weights + model.bias
    assert (linear.argmax(axis=1) == 0).all()
    near = model.memory.nearness(vectors[398:] - model.mean)
    assert (near.argmax(axis=1) == 1).all()
    assert model.pull >= 1
