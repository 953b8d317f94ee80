from __future__ import annotations

from collections.abc import Sequence

import pytest

from nlu.breakdown import by_intent, by_language, confusion, reliability, worst
from nlu.evaluation import Judged, Labelled


def judged(
    intent: str, taken: str, confidence: float, *, language: str | None = "en", fallback: bool = False
) -> Judged:
    return Judged(Labelled(f"{intent} {confidence}", intent, language), taken, confidence, fallback, (taken,))


@pytest.fixture
def some() -> Sequence[Judged]:
    return (
        judged("refund_policy", "refund_policy", 0.95),
        judged("refund_policy", "refund_request", 0.9),
        judged("refund_policy", "order_cancel", 0.97, fallback=True, language="de"),
        judged("order_cancel", "order_cancel", 0.42, language="de"),
        judged("out_of_scope", "refund_policy", 1.0, language=None),
    )


def test_each_language_has_its_figures(some: Sequence[Judged]) -> None:
    figures = {one.language: one for one in by_language(some)}
    assert set(figures) == {"en", "de", "?"}
    assert (figures["en"].count, figures["en"].accuracy, figures["en"].topic_accuracy) == (2, 0.5, 1.0)
    assert figures["de"].fallbacks == 0.5
    assert figures["?"].accuracy == 0.0


def test_precision_and_recall_of_each_intent_the_least_understood_first(some: Sequence[Judged]) -> None:
    first, *_, last = by_intent(some)
    assert (first.intent, first.f1, first.precision) == ("out_of_scope", 0.0, 0.0)
    assert (last.intent, last.recall, last.precision) == ("order_cancel", 1.0, 0.5)
    [policy] = [one for one in by_intent(some) if one.intent == "refund_policy"]
    assert (policy.count, policy.recall, policy.precision) == (3, pytest.approx(1 / 3), 0.5)
    assert dict(policy.taken_for) == {"refund_request": 1, "order_cancel": 1}


def test_the_bands_of_confidence_hold_all_messages(some: Sequence[Judged]) -> None:
    bands = reliability(some)
    assert sum(band.count for band in bands) == len(some)
    assert [(band.low, band.count) for band in bands] == [(0.4, 1), (0.9, 4)]
    assert bands[-1].accuracy == 0.25
    assert bands[-1].high == 1.0


def test_the_worst_errors_are_those_that_no_threshold_catches(some: Sequence[Judged]) -> None:
    assert [item.confidence for item in worst(some, 50)] == [1.0, 0.9, 0.97]
    assert len(worst(some, 1)) == 1


def test_the_confusion_matrix_counts_each_pair(some: Sequence[Judged]) -> None:
    names, table = confusion([(item.labelled.intent, item.intent) for item in some])
    assert table.sum() == len(some)
    assert table[names.index("refund_policy"), names.index("refund_request")] == 1
    assert table[names.index("refund_request")].sum() == 0
