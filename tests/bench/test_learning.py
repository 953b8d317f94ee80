"""What is taught in the benchmark of learning, and how its figures are judged."""

from __future__ import annotations

import dataclasses

import pytest

from bench.learning import GROWTH, LABELLED, SAID, WITHIN, Found, engravings, told

GOOD = Found(
    steps={"train and examine a candidate": 100.0, "release": 2.0},
    parts={"test set": 20.0, "LanguageDetector": 0.0},
    p95=(0.04, 0.05, 0.06),
    turns=(100, 900, 100),
    expected=0.99,
    labelled=60,
    understood=0.9,
)


def test_each_message_is_said_once_and_there_are_enough_of_them() -> None:
    texts = [line.text for talk in engravings() for line in talk]
    assert len(set(texts)) == len(texts) == SAID > LABELLED


def test_p95_is_judged_beside_the_mean_of_before_and_afterwards() -> None:
    assert GOOD.growth == pytest.approx(1.0)
    assert GOOD.seconds == 102
    assert GOOD.reached
    assert not dataclasses.replace(GOOD, p95=(0.04, GROWTH * 0.05, 0.06)).reached
    assert not dataclasses.replace(GOOD, steps={"release": WITHIN}).reached


def test_steps_are_told_with_their_parts_and_what_is_missed() -> None:
    first, second, *_ = told(GOOD).splitlines()
    assert first.startswith("train and examine a candidate")
    assert second.startswith("  test set")
    assert "LanguageDetector" not in told(GOOD)
    assert told(GOOD).count("reached") == 2
    assert "MISSED" in told(dataclasses.replace(GOOD, steps={"train": 200.0}))
