from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlu.intent_model import IntentModel
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
    model, trial = IntentModel.fit(vectors[train], labels[train])
    chances = model.probabilities(vectors[test])
    assert chances.sum(axis=1).max() < 1 + 1e-4
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
    _, trial = IntentModel.fit(vectors, labels, aside=aside)
    assert len(trial.right) == aside.sum()
    assert trial.accuracy < 0.95
    assert trial.calibration_error < 0.08
    _, fooled = IntentModel.fit(vectors, labels)
    assert fooled.accuracy > trial.accuracy


def test_what_resembles_no_label_is_likely_none_of_them() -> None:
    vectors, labels = clouds(20, 120, 1.2)
    known = np.array([int(label[-2:]) < 14 for label in labels])
    train = known & (np.arange(len(labels)) < 1800)
    model, trial = IntentModel.fit(vectors[train], list(np.array(labels)[train]))
    new = np.arange(len(labels)) >= 1800
    none = 1 - model.probabilities(vectors).sum(axis=1)
    assert np.median(none[~known & new]) > 10 * np.median(none[known & new])
    # So were those that it was judged on.
    assert np.median(trial.strange) < np.median(trial.confidences) - 0.2


def test_the_same_examples_give_the_same_model_and_a_stored_one_the_same_answers(tmp_path: Path) -> None:
    vectors, labels = clouds(4, 10, 1.0)
    model, _ = IntentModel.fit(vectors, labels)
    again, _ = IntentModel.fit(vectors, labels)
    np.testing.assert_array_equal(model.weights, again.weights)
    model.save(tmp_path / "m.npz")
    stored = IntentModel.load(tmp_path / "m.npz")
    assert stored.labels == model.labels
    np.testing.assert_array_equal(stored.probabilities(vectors), model.probabilities(vectors))


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "b", "b"], ["a"] * 5 + ["b"]])
def test_a_handful_of_examples_is_enough_to_begin(labels: list[str]) -> None:
    vectors = np.eye(len(labels), 8, dtype=np.float32)
    model, _ = IntentModel.fit(vectors, labels)
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
