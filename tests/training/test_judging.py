"""A candidate beside the released model: on the same messages, by language, and what stands against it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.clock import SetClock
from bot.database import Database
from bot.errors import GateError
from bot.settings import Settings
from bot.training import judging, models, versions
from bot.training.changes import beside, change, changes
from bot.training.releasing import Releases
from nlu.evaluation import Labelled
from tests.training.test_versions import make

LABELLED = [
    *(Labelled(f"hello {number}", "service_greeting", "en") for number in range(60)),
    *(Labelled(f"hallo {number}", "service_greeting", "de") for number in range(30)),
    *(Labelled(f"lawyer {number}", "service_threat", "en") for number in range(10)),
]


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Settings:
    own = dataclasses.replace(settings, files=tmp_path / "files", store=tmp_path / "store")
    models.models_folder(own).mkdir(parents=True)
    return own


def _figures(wrong: Sequence[str] = (), seen: Sequence[str] = ()) -> dict[str, Any]:
    """Of a model that takes these messages for something else, and sees the threat in some of them."""
    right = {one.text: one.intent for one in LABELLED}

    def parse_all(texts: Sequence[str]) -> list[dict[str, Any]]:
        read = [("order_state" if text in wrong else right[text], text) for text in texts]
        return [
            {
                "intent": {"name": intent, "confidence": 0.9},
                "intent_ranking": [{"name": intent, "confidence": 0.9}],
                "threat": "legal" if text in seen else None,
            }
            for intent, text in read
        ]

    return {**judging.figures(parse_all, LABELLED), "scripts": played()}


def played(*broken: str, digest: str = "as of today") -> dict[str, Any]:
    """What is kept of the scripted conversations that a model has played."""
    why = [{"script": name, "line": 2, "why": "does not say 'hello'"} for name in broken]
    return {"digest": digest, "played": 9, "broken": why}


def _released_beside(place: Settings, database: Database, clock: SetClock, **candidate: Any) -> Releases:
    releases = Releases(place, database, clock)
    releases.release(make(place, 1, figures=_figures()), "ada")
    make(place, 2, figures=_figures(**candidate), fingerprint="other")
    return releases


def test_figures_tell_which_messages_are_right_and_which_threats_are_missed() -> None:
    found = _figures(wrong=["hello 3", "lawyer 0", "lawyer 1"], seen=["lawyer 1"])
    assert found["accuracy"] == pytest.approx(0.97)
    assert found["right"] == {"en": f"+++-{'+' * 56}--{'+' * 8}", "de": "+" * 30}
    # Another intent does no harm where the threat is seen.
    assert found["missed"] == [90]


def test_every_intent_and_the_sureness_of_two_versions_are_told_beside_each_other() -> None:
    before, after = _figures(wrong=["lawyer 0", "hello 3"]), _figures(wrong=["hello 3", "hello 4", "hallo 5"])
    found = beside(before, after)
    assert found is not None
    assert [one.of for one in found.languages] == ["all", "de", "en"]
    # Those that lose most first; what is right of an intent is counted in every language.
    told = [(one.of, one.count, round(one.before, 3), round(one.after, 3)) for one in found.intents]
    assert told == [("service_greeting", 90, 0.989, 0.967), ("service_threat", 10, 0.9, 1.0)]
    assert found.calibration == (before["calibration_error"], after["calibration_error"])
    assert not found.intents[0].sure
    same = beside(before, before)
    assert same is not None
    assert same.intents == ()


@pytest.mark.parametrize("lacks", [{"test_set": "another"}, {"right_by_intent": None}, {"everything": None}])
def test_versions_that_were_not_asked_the_same_are_not_told_beside_each_other(lacks: dict[str, Any]) -> None:
    known = _figures()
    other = {} if "everything" in lacks else {**known, **lacks}
    if lacks.get("right_by_intent", "") is None:
        del other["right_by_intent"]
    assert beside(known, other) is None
    assert beside(other, known) is None


def test_a_difference_is_told_with_whether_it_is_chance() -> None:
    before, after = _figures(), _figures(wrong=["hallo 1"])
    by = {one.of: one for one in changes(before, after)}
    assert (by["all"].count, by["en"].count, by["de"].count) == (100, 70, 30)
    assert by["en"].difference == 0
    assert by["de"].difference == pytest.approx(-1 / 30)
    assert not by["de"].sure
    assert change("all", "+" * 100, "-" * 20 + "+" * 80).sure


def test_figures_of_different_test_sets_are_not_compared() -> None:
    with pytest.raises(ValueError, match="different test sets"):
        changes(_figures(), {**_figures(), "test_set": "other"})


@pytest.mark.parametrize(
    ("candidate", "says"),
    [
        ({"wrong": [f"hallo {number}" for number in range(9)]}, "de: 100.0 % → 70.0 %"),
        ({"wrong": ["hello 1", "hello 2"]}, "en: 100.0 % → 97.1 %"),
        ({"wrong": ["lawyer 1"]}, "1 threat of the test set missed"),
    ],
    ids=["a language is worse", "English is worse", "a threat is missed"],
)
def test_a_worse_candidate_is_refused_and_released_only_for_a_reason(
    place: Settings, database: Database, clock: SetClock, candidate: dict[str, Any], says: str
) -> None:
    releases = _released_beside(place, database, clock, **candidate)
    with pytest.raises(GateError, match=says):
        releases.release("m2", "ada")
    assert releases.release("m2", "ada", reason="the others are better").name == "m2.tar.gz"


def test_a_candidate_within_the_margin_is_released(
    place: Settings, database: Database, clock: SetClock
) -> None:
    assert place.rules.releases.worse_percent / 100 < 1 / 70
    releases = _released_beside(place, database, clock, wrong=["lawyer 1"], seen=["lawyer 1"])
    with pytest.raises(GateError, match="en: "):
        releases.release("m2", "ada")
    releases = _released_beside(place, database, clock)
    assert releases.release("m2", "ada").name == "m2.tar.gz"


def test_a_candidate_that_nobody_compared_is_not_released(
    place: Settings, database: Database, clock: SetClock
) -> None:
    releases = Releases(place, database, clock)
    releases.release(make(place, 1), "ada")
    make(place, 2, fingerprint="other")
    with pytest.raises(GateError, match="compare it first"):
        releases.release("m2", "ada")


# --- Scripted conversations ---


def _with_scripts(place: Settings, database: Database, clock: SetClock, before: Any, after: Any) -> Releases:
    releases = Releases(place, database, clock)
    releases.release(make(place, 1, figures={**_figures(), "scripts": before}), "ada")
    make(place, 2, figures={**_figures(), "scripts": after}, fingerprint="other")
    return releases


def test_a_broken_script_refuses_the_release_and_says_which_and_where(
    place: Settings, database: Database, clock: SetClock
) -> None:
    releases = _with_scripts(place, database, clock, played(), played("greeting: by the hour"))
    with pytest.raises(GateError) as refused:
        releases.release("m2", "ada")
    assert refused.value.gates == (
        "1 scripted conversation breaks that the released model holds: "
        "greeting: by the hour, line 2: does not say 'hello'",
    )
    assert releases.release("m2", "ada", reason="the script was wrong").name == "m2.tar.gz"


def test_what_the_released_model_breaks_as_well_is_told_and_refuses_nothing(
    place: Settings, database: Database, clock: SetClock
) -> None:
    releases = _with_scripts(place, database, clock, played("old", "new"), played("old"))
    (gate,) = [one for one in releases.standing(versions.find(place, "m2")) if one.name == "scripts"]
    assert gate.says == "8 of 9 scripted conversations go as they must"
    assert releases.release("m2", "ada").name == "m2.tar.gz"


@pytest.mark.parametrize(
    ("before", "after"),
    [(played(), None), (None, played()), (played(), played(digest="of yesterday"))],
    ids=["not the candidate", "not the released one", "others"],
)
def test_a_candidate_that_has_not_played_the_same_scripts_is_not_released(
    place: Settings, database: Database, clock: SetClock, before: Any, after: Any
) -> None:
    releases = _with_scripts(place, database, clock, before, after)
    with pytest.raises(GateError, match="has not played the scripted conversations of today"):
        releases.release("m2", "ada")
