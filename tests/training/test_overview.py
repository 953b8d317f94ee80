"""The overview: accuracy over the versions, what waits, and what was done; empty where there is nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from bot.settings import Settings
from bot.training import history, models, versions
from bot.training.overview import Overview, comparable, share_of
from bot.training.releasing import Releases
from bot.training.values import OPERATOR, Meaning, Verdict
from tests.conftest import BACKENDS
from tests.training.talks import LOST, SURE, Talks
from tests.training.test_versions import make


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(talks: Talks) -> Settings:
    models.models_folder(talks.settings).mkdir(parents=True)
    return talks.settings


@pytest.fixture
def overview(talks: Talks) -> Overview:
    return Overview(talks.settings, talks.database, talks.clock)


def judged(accuracy: float, test_set: str = "t1", **more: Any) -> dict[str, Any]:
    return {
        "test_set": test_set,
        "messages": 100,
        "accuracy": accuracy,
        "by_language": {"en": accuracy},
        **more,
    }


def test_of_an_empty_store_there_is_nothing_to_tell(overview: Overview) -> None:
    assert overview.points() == []
    assert overview.weeks() == []
    assert overview.drift() == ([], [])
    assert overview.log(5) == []
    standing = overview.standing()
    assert (standing.released, standing.candidate, standing.training) == (None, None, None)
    assert overview.accuracy_line() == ()
    assert overview.drift_lines() == ((), ())


def test_a_version_is_remembered_for_longer_than_its_file(place: Settings, overview: Overview) -> None:
    for number in range(1, versions.KEPT + 3):
        make(place, number, figures=judged(0.8 + number / 100))
    versions.drop_old(place)
    assert len(versions.listed(place)) == versions.KEPT
    points = overview.points()
    assert [one.name for one in points] == [f"m{number}.tar.gz" for number in range(1, versions.KEPT + 3)]
    assert [round(one.accuracy, 2) for one in points[:2]] == [0.81, 0.82]


def test_what_nobody_judged_and_what_is_damaged_is_no_point(place: Settings, overview: Overview) -> None:
    make(place, 1)
    make(place, 2, figures=judged(0.9))
    make(place, 3, figures={"accuracy": "very good", "test_set": "t1"})
    (models.models_folder(place) / "history.json").write_text('[{"name": 3}', encoding="utf-8")
    assert [one.name for one in overview.points()] == ["m2.tar.gz"]
    history.keep(place, "m0.tar.gz", dt.datetime(2026, 11, 1, tzinfo=dt.timezone.utc), judged(0.7))
    assert [one.name for one in overview.points()] == ["m0.tar.gz", "m2.tar.gz"]


def test_versions_judged_on_another_test_set_are_not_joined_by_a_line(
    place: Settings, overview: Overview
) -> None:
    make(place, 1, figures=judged(0.95, "t0"))
    make(place, 2, figures=judged(0.8))
    make(place, 3, figures=judged(0.85))
    points = overview.points()
    assert [one.name for one in comparable(points)] == ["m2.tar.gz", "m3.tar.gz"]
    assert [share for _, share, _ in overview.accuracy_line()] == [0.8, 0.85]
    assert comparable(points, "fr") == []
    assert share_of(points[0], "en") == 0.95


def test_a_candidate_waits_until_it_is_released_or_was_taken_back(
    place: Settings, overview: Overview, talks: Talks
) -> None:
    releases = Releases(place, talks.database, talks.clock)
    make(place, 1)
    make(place, 2)
    assert overview.standing().candidate == "m2.tar.gz"
    releases.release("m1", "ada")
    assert overview.standing().candidate == "m2.tar.gz"
    releases.release("m2", "ada")
    assert overview.standing().candidate is None
    releases.roll_back("ada", reason="worse in German")
    standing = overview.standing()
    assert standing.released is not None
    assert (standing.released.name, standing.candidate) == ("m1.tar.gz", None)


def test_what_was_done_with_models_and_in_the_inbox_is_one_list(
    place: Settings, overview: Overview, talks: Talks
) -> None:
    make(place, 1)
    releases = Releases(place, talks.database, talks.clock)
    talks.say("where is my stuff", LOST)
    talks.pass_time(minutes=2)
    talks.fill()
    (group,) = talks.groups()
    review = talks.review()
    review.label(OPERATOR, group.id, Verdict(Meaning.INTENT, "order_state"))
    talks.pass_time(minutes=1)
    releases.release("m1", "ada", reason="it is the first")
    talks.pass_time(minutes=1)
    review.undo(OPERATOR)
    lines = [(one.actor, one.says, one.reason) for one in overview.log(5)]
    assert lines == [
        ("ada", "release m1", "it is the first"),
        ("operator", "1 message in en: order_state (taken back)", ""),
    ]
    assert len(overview.log(1)) == 1


def test_weeks_become_shares_for_the_pictures(overview: Overview, talks: Talks) -> None:
    from bot.training import weeks

    talks.say("where", SURE)
    talks.say("asdf", LOST, buyer="ben")
    talks.pass_time(minutes=2)
    weeks.count(talks.database, talks.settings, talks.clock)
    ((_, answered, handed, missed),) = overview.coverage_bars()
    assert (answered, handed, missed) == (0.5, 0.0, 0.5)
    _, lines = overview.drift_lines()
    assert dict(lines) == {"logistics_where_is_parcel": (0.5,), "not understood": (0.5,)}
    # Half a year ago: no longer shown.
    talks.pass_time(days=7 * 26)
    assert overview.weeks() == []
