from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.dialogue.actions.step import typed_answer
from bot.dialogue.turn import Understanding


def answered(text: str, intent: str, confidence: float) -> str | None:
    read = Understanding(
        text=text,
        language="en",
        language_known=True,
        intent=intent,
        confidence=confidence,
        ranking=(),
        entities=(),
    )
    return typed_answer(SimpleNamespace(understanding=read))


@pytest.mark.parametrize(
    ("text", "confidence", "answer"),
    [
        ("yes please", 0.8, "yes"),
        ("the one over there", 0.79, None),
        ("yes go on with it", 0.95, "yes"),
        ("and the third of them backwards", 0.94, None),
        ("はい、お願いします", 0.9, "yes"),
        ("", 0.5, None),
    ],
)
def test_a_yes_is_one_beyond_doubt(text: str, confidence: float, answer: str | None) -> None:
    assert answered(text, "service_affirm", confidence) == answer


def test_a_doubtful_no_is_a_no_and_anything_else_is_neither() -> None:
    assert answered("well I would rather not do that now", "service_deny", 0.46) == "no"
    assert answered("it was so with the other", "service_praise", 0.99) is None
    assert answered("hm hm", "nlu_fallback", 1.0) is None
    # What says no more than yes is one, whatever the model takes it for.
    assert answered("yes", "nlu_fallback", 1.0) == "yes"
