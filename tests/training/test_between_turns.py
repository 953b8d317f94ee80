"""Between turns a worker looks at a few; nothing that happens there ends it or makes a buyer wait long."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest

from bot.dialogue.worker import _is_busy
from bot.errors import TryLaterError
from bot.training.trials import Trials
from tests.training.talks import LOST, Talks


def test_a_worker_looks_at_a_few_turns_at_a_time(talks: Talks) -> None:
    with warnings.catch_warnings(record=True):
        from bot.training.vectors import STEP, between_turns
    for number in range(STEP + 1):
        talks.say(f"where is my stuff {number}", LOST, buyer=f"b{number}")
    step = between_turns(talks.database, talks.settings, talks.clock)
    assert _is_busy(step)
    assert len(talks.reasons()) == STEP
    assert not _is_busy(step)
    assert len(talks.reasons()) == STEP + 1


def test_who_tries_the_model_is_answered_before_anything_is_looked_at(talks: Talks) -> None:
    with warnings.catch_warnings(record=True):
        from bot.training.vectors import between_turns
    talks.say("where is my stuff", LOST)
    step = between_turns(talks.database, talks.settings, talks.clock, lambda: None)
    assert not step()
    # Nothing is looked at again for some seconds: a trial waits for none of them.
    trials = Trials(talks.database, talks.clock)
    number = trials.ask("hello", "ada")
    assert step()
    assert trials.answer(number) == {"error": "no model serves: train one first"}
    assert not step()


@pytest.mark.parametrize("error", [TryLaterError("away"), RuntimeError("a buyer's words")])
def test_whatever_fails_between_turns_ends_nothing_and_tells_no_words(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def failing() -> bool:
        raise error

    idle: Callable[[], bool] = failing
    assert not _is_busy(idle)
    assert "between turns" in caplog.text
    assert "a buyer's words" not in caplog.text
