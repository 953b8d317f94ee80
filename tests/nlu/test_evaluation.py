from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nlu.evaluation import Labelled, LabelledSetError, evaluate, read_labelled, topic_of
from tests.nlu.conftest import ROOT


def parsed(intent: str, confidence: float, *others: str, fallback: bool = False) -> dict[str, Any]:
    ranking = [
        {"name": intent, "confidence": confidence},
        *({"name": name, "confidence": 0.1} for name in others),
    ]
    first = {"name": "nlu_fallback", "confidence": 0.35} if fallback else ranking[0]
    return {"intent": first, "intent_ranking": [first, *ranking] if fallback else ranking}


def test_the_figures_are_counted_right() -> None:
    answers = {
        "a": parsed("refund_policy", 0.9),
        "b": parsed("refund_request", 0.6, "refund_policy"),
        "c": parsed("order_cancel", 0.5, fallback=True),
        "d": parsed("service_bot", 0.9),
    }
    truth = {"a": "refund_policy", "b": "refund_policy", "c": "order_cancel", "d": "out_of_scope"}
    result = evaluate(answers.__getitem__, [Labelled(text, intent, "en") for text, intent in truth.items()])
    assert result.accuracy == 0.5
    assert result.topic_accuracy == 0.75
    assert result.top_three == 0.75
    assert result.fallbacks == 0.25
    assert result.accuracy_answered == pytest.approx(1 / 3)
    assert result.by_intent["refund_policy"] == 0.5
    assert result.by_language == {"en": 0.5}
    assert ("refund_policy", "refund_request", 1) in result.confusions


def test_topics() -> None:
    assert [topic_of(intent) for intent in ("refund_policy", "out_of_scope", "nlu_fallback")] == [
        "refund", "other", "other",
    ]  # fmt: skip


def test_the_projects_own_set_is_read_with_its_language() -> None:
    labelled = read_labelled(ROOT / "tests" / "nlu" / "data")
    assert len(labelled) > 500
    assert {item.language for item in labelled} >= {"en"}


@pytest.mark.parametrize("content", ["nlu: [", "nlu:\n  - intent: a\n", "nlu: 3\n"])
def test_a_broken_set_is_refused_by_its_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.yml").write_text(content, encoding="utf-8")
    with pytest.raises(LabelledSetError, match=r"x\.yml"):
        read_labelled(tmp_path)


def test_an_empty_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelledSetError):
        read_labelled(tmp_path)
    with pytest.raises(LabelledSetError):
        evaluate(dict, [])
