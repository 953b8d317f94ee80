"""The threshold of the public sets is chosen on training data, and not at a chance peak."""

from __future__ import annotations

import numpy as np

from bench.nlu.protocols import threshold_of
from nlu.intent_model import Trial


def _trial(right: list[float], strange: list[float]) -> Trial:
    confidences = np.array(right, dtype=np.float32)
    hits = np.ones(len(right), dtype=np.bool_)
    return Trial(1.0, 0.0, confidences, confidences, hits, np.array(strange, dtype=np.float32))


def test_it_parts_what_is_known_from_what_is_strange() -> None:
    assert 0.3 < threshold_of(_trial([0.7, 0.8, 0.9], [0.1, 0.2, 0.3])) <= 0.7


def test_a_single_peak_counts_less_than_a_stretch_that_is_nearly_as_good() -> None:
    strange = [0.2] * 50 + [0.905]
    known = [0.9] * 50 + [0.91] * 2
    assert 0.2 < threshold_of(_trial(known, strange)) <= 0.9
