"""``overview`` on the command line: what the console shows first, also for programs and as pictures."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import SetClock, SystemClock
from bot.database import Database
from bot.settings import Settings
from bot.training import models, weeks
from tests.cli.conftest import Crossdesk
from tests.training.judged import figures
from tests.training.talks import LOST, SURE, Talks
from tests.training.test_versions import make


@pytest.fixture
def talks(place: Path, empty_file: Path, settings: Settings) -> Iterator[Talks]:
    url = f"sqlite:///{place / 'crossdesk.sqlite'}"
    shutil.copy(empty_file, place / "crossdesk.sqlite")
    database = Database(url)
    own = dataclasses.replace(settings, store=place / "store", files=place / "files", database_url=url)
    yield Talks(database, own, SetClock(SystemClock().now()))
    database.close()


def test_a_store_in_which_nothing_happened_yet(talks: Talks, crossdesk: Crossdesk) -> None:
    shown = crossdesk("overview")
    assert shown.code == 0
    assert "0 messages to decide" in shown.out
    assert json.loads(crossdesk("overview", "--json").out)["weeks"] == []


def test_versions_weeks_and_what_waits_are_told_and_drawn(
    talks: Talks, crossdesk: Crossdesk, tmp_path: Path
) -> None:
    models.models_folder(talks.settings).mkdir(parents=True, exist_ok=True)
    make(talks.settings, 1, figures=figures(wrong=["logistics_delay 1 "]))
    talks.clock.advance(minutes=-10)
    talks.say("where is it", SURE)
    talks.say("asdf", LOST, buyer="ben")
    talks.fill()
    weeks.count(talks.database, talks.settings, talks.clock)
    told = json.loads(crossdesk("overview", "--json", "--pictures", str(tmp_path / "drawn")).out)
    assert told["waits"]["waiting"] == 1
    assert told["waits"]["candidate"] == "m1.tar.gz"
    assert told["versions"][0]["accuracy"] == pytest.approx(1 - 3 / 140)
    assert [one["coverage"] for one in told["weeks"]] == [0.5]
    assert told["asked"] == {"logistics_where_is_parcel": [1], "not understood": [1]}
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == [
        "accuracy.svg",
        "coverage.svg",
        "drift.svg",
    ]
    shown = crossdesk("overview").out
    assert "m1.tar.gz waits to be compared and released" in shown
    assert "50.0 %" in shown


def test_what_cannot_be_is_refused_in_a_line(talks: Talks, crossdesk: Crossdesk, tmp_path: Path) -> None:
    refused = crossdesk("overview", "--language", "xx")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "'xx' is no language of the store" in refused.err
    (tmp_path / "file").touch()
    refused = crossdesk("overview", "--pictures", str(tmp_path / "file"))
    assert refused.code == 2
    assert "name a folder" in refused.err
