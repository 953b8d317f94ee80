from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlu.intent_model import LinearModel
from nlu.wording import Wording


def clouds(labels: int, each: int, noise: float) -> tuple[np.ndarray, list[str]]:
    draw = np.random.default_rng(1)
    centres = draw.normal(size=(labels, 32))
    names = [f"intent_{number % labels:02}" for number in range(labels * each)]
    points = centres[[number % labels for number in range(labels * each)]]
    # About as long as the vectors of sentences are.
    return (0.2 * (points + noise * draw.normal(size=points.shape))).astype(np.float32), names


def test_it_learns_and_its_confidence_is_its_accuracy() -> None:
    vectors, labels = clouds(20, 120, 1.8)
    train, test = slice(0, 1800), slice(1800, None)
    model, trial = LinearModel.fit(vectors[train], labels[train])
    chances = model.probabilities(vectors[test])
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-4)
    right = np.array([model.labels[best] for best in chances.argmax(axis=1)]) == np.array(labels[test])
    assert 0.5 < right.mean() < 0.95
    assert abs(chances.max(axis=1).mean() - right.mean()) < 0.08
    assert abs(trial.accuracy - right.mean()) < 0.1


def test_confidence_is_judged_on_what_was_set_aside() -> None:
    vectors, labels = clouds(20, 120, 1.8)
    aside = np.arange(len(labels)) % 3 == 0
    # What is not set aside is told apart without fail, as by an encoder that has been tuned on it.
    for place in np.flatnonzero(~aside):
        vectors[place, int(labels[place][-2:])] += 1
    _, trial = LinearModel.fit(vectors, labels, aside=aside)
    assert len(trial.right) == aside.sum()
    assert trial.accuracy < 0.95
    assert trial.calibration_error < 0.08
    _, fooled = LinearModel.fit(vectors, labels)
    assert fooled.accuracy > trial.accuracy


def test_the_same_examples_give_the_same_model_and_a_stored_one_the_same_answers(tmp_path: Path) -> None:
    vectors, labels = clouds(4, 10, 1.0)
    model, _ = LinearModel.fit(vectors, labels)
    again, _ = LinearModel.fit(vectors, labels)
    np.testing.assert_array_equal(model.weights, again.weights)
    model.save(tmp_path / "m.npz")
    stored = LinearModel.load(tmp_path / "m.npz")
    assert stored.labels == model.labels
    np.testing.assert_array_equal(stored.probabilities(vectors), model.probabilities(vectors))


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "b", "b"], ["a"] * 5 + ["b"]])
def test_a_handful_of_examples_is_enough_to_begin(labels: list[str]) -> None:
    vectors = np.eye(len(labels), 8, dtype=np.float32)
    model, _ = LinearModel.fit(vectors, labels)
    assert np.isfinite(model.probabilities(vectors)).all()


def test_wordings_that_share_words_are_near_and_the_file_keeps_the_weights(tmp_path: Path) -> None:
    texts = ["where is my parcel", "where is my order", "refund my money", "refund please", "my money back"]
    wording = Wording.fit(texts, 256)
    parcel, order, refund = wording.vectors(["where is the parcel", "where is the order", "refund the money"])
    assert parcel @ order > parcel @ refund
    wording.save(tmp_path / "w.npz")
    np.testing.assert_array_equal(
        Wording.load(tmp_path / "w.npz").vectors(["my money"]), wording.vectors(["my money"])
    )
    assert np.isfinite(wording.vectors(["", "🙏", "x" * 100_000])).all()
