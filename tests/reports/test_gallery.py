"""Pictures: drawn once for the same figures, alike every time, and nothing of a name in them acts."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree

import pytest

from bot.reports import charts, gallery
from bot.reports.gallery import PICTURED, Picture

HOSTILE = '<script>alert("$x$")</script>'


def judged(names: int = 3) -> dict[str, Any]:
    intents = [f"topic_{number}" for number in range(names)]
    return {
        "messages": 10 * names,
        "by_language": {"en": 0.9, "de": 0.5},
        "right": {"en": "+" * 9 + "-", "de": "+-"},
        "by_intent": dict.fromkeys(intents, 0.8),
        "intents": {name: {"count": 10, "precision": 0.8} for name in intents},
        "confusions": [[name, intents[0], 2] for name in intents[1:]],
        "reliability": [{"low": 0.5, "high": 0.6, "count": 7, "confidence": 0.55, "accuracy": 0.5}],
    }


def words(picture: str) -> list[str]:
    drawn = ElementTree.fromstring(picture)  # noqa: S314 - our own
    return [one.text or "" for one in drawn.iter() if one.tag.endswith("text")]


def test_a_matrix_has_a_name_for_each_row_and_the_count_in_each_cell() -> None:
    found = words(gallery.of_version(Picture.CONFUSION, judged()))
    assert [found.count(f"topic_{number}") for number in range(3)] == [2, 2, 2]
    # Eight of each are right, two of each of the others are taken for the first.
    assert (found.count("8"), found.count("2")) == (3, 2)


def test_of_many_intents_those_with_the_most_errors_are_drawn() -> None:
    found = set(words(gallery.of_version(Picture.CONFUSION, judged(PICTURED + 20))))
    assert len([name for name in found if name.startswith("topic_")]) == PICTURED
    assert "topic_0" in found


def test_languages_are_told_with_their_shares_and_messages() -> None:
    found = words(gallery.of_version(Picture.LANGUAGES, judged()))
    assert {"en (10)", "de (2)", "90.0", "50.0"} <= set(found)


def test_figures_of_an_older_program_have_the_pictures_that_they_can_have() -> None:
    older = {"messages": 5, "by_language": {"en": 1.0}}
    assert [one for one in Picture if one.is_known(older)] == [Picture.LANGUAGES]
    assert [one for one in Picture if one.is_known({})] == []
    with pytest.raises(LookupError):
        gallery.of_version(Picture.CONFUSION, older)


def test_a_hostile_name_is_only_a_name() -> None:
    week = dt.date(2026, 11, 16)
    for picture in (
        charts.drift_picture([week], [(HOSTILE, [1.0])]),
        charts.accuracy_picture([(HOSTILE, 0.5, True)]),
        charts.languages_picture({HOSTILE: 0.5}, {}),
    ):
        assert "<script" not in picture
        assert HOSTILE in " ".join(words(picture))


def test_nothing_is_drawn_as_nothing() -> None:
    for picture in (
        gallery.accuracy(()),
        gallery.coverage(()),
        gallery.drift((), ()),
        charts.languages_picture({}, {}),
    ):
        assert picture.startswith("<svg")


def test_the_same_figures_are_drawn_once_and_alike_in_every_thread() -> None:
    week = dt.date(2026, 11, 16)
    assert gallery.coverage(((week, 0.5, 0.25, 0.25),)) is gallery.coverage(((week, 0.5, 0.25, 0.25),))
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: charts.coverage_picture([(week, 0.5, 0.25, 0.25)]), range(4)))
    assert len(set(drawn)) == 1
