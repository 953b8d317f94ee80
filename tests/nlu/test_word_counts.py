from __future__ import annotations

import numpy as np

from nlu.wording import Wording

TEXTS = ["where is my parcel", "where is my money", "x" * 5_000, "我的钱呢", ""]


def test_vectors_of_what_was_just_learnt_from_are_those_of_any_other_time() -> None:
    learnt = Wording.fit(TEXTS, 64)
    at_once, later = learnt.vectors(TEXTS), learnt.vectors(TEXTS)
    assert np.array_equal(at_once, later)


def test_vectors_of_other_texts_than_those_learnt_from_are_their_own() -> None:
    learnt = Wording.fit(TEXTS, 64)
    others = learnt.vectors(TEXTS[::-1])
    assert np.array_equal(others[::-1], learnt.vectors(TEXTS))
