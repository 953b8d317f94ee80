"""Whoever tries the model asks a worker through the database; one answers, and nothing of it is kept."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.errors import ReviewError
from bot.training import corpus
from bot.training.tables import model_trials
from bot.training.trials import LATE, LONGEST, MOST, Trials
from tests.conftest import BACKENDS
from tests.training.talks import Talks

if TYPE_CHECKING:
    from bot.dialogue.engine import Engine


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def trials(talks: Talks) -> Trials:
    return Trials(talks.database, talks.clock)


def answer_next(talks: Talks, engine: Any = None) -> bool:
    with warnings.catch_warnings(record=True):
        from bot.training import trying
    return trying.answer_next(talks.database, talks.settings, talks.clock, engine)


def kept(talks: Talks) -> list[str]:
    with talks.database.begin() as connection:
        return list(connection.execute(sa.select(model_trials.c.text)).scalars())


def test_without_a_model_the_answer_says_so_and_nothing_is_kept(trials: Trials, talks: Talks) -> None:
    number = trials.ask("where is it", "ada")
    assert trials.answer(number) is None
    assert answer_next(talks)
    assert not answer_next(talks)
    assert trials.answer(number) == {"error": "no model serves: train one first"}
    assert kept(talks) == []
    assert trials.answer(number) is None


def test_a_model_that_raises_is_told_without_the_words(
    trials: Trials, talks: Talks, caplog: pytest.LogCaptureFixture
) -> None:
    number = trials.ask("a secret of mine", "ada")
    assert answer_next(talks, object())
    assert trials.answer(number) == {"error": "the model failed on this message (AttributeError)"}
    assert "a secret of mine" not in caplog.text


def test_of_many_workers_one_answers_each(trials: Trials, talks: Talks) -> None:
    numbers = [trials.ask(f"where is it {number}", "ada") for number in range(10)]

    def work() -> int:
        done = 0
        while answer_next(talks):
            done += 1
        return done

    with ThreadPoolExecutor(4) as pool:
        for run in [pool.submit(work) for _ in range(4)]:
            run.result()
    assert all(trials.answer(number) for number in numbers)
    assert kept(talks) == []


def test_what_nobody_waits_for_any_more_is_left_and_goes(trials: Trials, talks: Talks) -> None:
    trials.ask("forgotten", "ada")
    talks.clock.at += LATE * 2
    assert not answer_next(talks)
    trials.forget(trials.ask("taken back", "ada"))
    assert kept(talks) == []


@pytest.mark.parametrize(
    ("text", "says"), [("  \n ", "type a message"), ("x" * (LONGEST + 1), "2,000 characters")]
)
def test_what_cannot_be_tried_is_refused(trials: Trials, talks: Talks, text: str, says: str) -> None:
    with pytest.raises(ReviewError, match=says):
        trials.ask(text, "ada")
    assert kept(talks) == []


def test_too_many_at_once_are_refused(trials: Trials) -> None:
    for _ in range(MOST):
        trials.ask("where is it", "ada")
    with pytest.raises(ReviewError, match="try again in a minute"):
        trials.ask("where is it", "ada")


# --- With the real model ---


@pytest.mark.model
def test_an_example_is_found_word_for_word_among_the_nearest(engine: Engine, talks: Talks) -> None:
    from bot.training.trying import tried

    example = next(
        one for one in corpus.read(talks.settings).of("logistics_delay", "de") if len(one.text) > 30
    )
    told = tried(engine, talks.settings, example.text)
    first = next(one for one in told["why"] if one["intent"] == "logistics_delay")["examples"][0]
    assert (first["text"], first["language"], first["own"]) == (example.text, "de", False)
    assert first["nearness"] == pytest.approx(1, abs=0.01)
    assert [one["intent"] for one in told["why"]] == [one["intent"] for one in told["ranking"]]
    assert all(len(one["examples"]) == 3 for one in told["why"])
    assert told["model"] == engine.model


@pytest.mark.model
def test_examples_that_came_or_went_since_the_training_mislead_nobody(engine: Engine, talks: Talks) -> None:
    from bot.training.trying import tried

    # Before all others by its path or after them: either way the places of those that were learnt move.
    path = talks.settings.store / "nlu" / "en" / "learned.yml"
    path.parent.mkdir(parents=True)
    path.write_text(
        "nlu:\n- intent: logistics_delay\n  examples: |\n    - so late\n    - very late\n", encoding="utf-8"
    )
    example = next(
        one for one in corpus.read(talks.settings).of("logistics_delay", "en") if len(one.text) > 30
    )
    told = tried(engine, talks.settings, example.text)
    first = next(one for one in told["why"] if one["intent"] == "logistics_delay")["examples"][0]
    assert first["text"] == example.text
    # What the model has not learnt is never told as its reason.
    told = tried(engine, talks.settings, "so late")
    texts = [near["text"] for one in told["why"] for near in one["examples"]]
    assert "so late" not in texts
    assert any(texts)


@pytest.mark.model
@pytest.mark.parametrize(
    "text", ["CD-104233", "", "/", "a@b.example", "<script>alert(1)</script>", "x" * 2000, "\ud800"]
)
def test_hostile_and_wordless_messages_are_read_like_any_other(
    engine: Engine, talks: Talks, text: str
) -> None:
    from bot.training.trying import tried

    told = tried(engine, talks.settings, text)
    assert told["text"] == text
    if text in ("CD-104233", "", "/", "a@b.example"):
        assert told["why"] == []
