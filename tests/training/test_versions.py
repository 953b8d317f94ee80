"""Versions: whole or refused, released and taken back by one file, the last few kept, each act noted."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from bot.clock import SetClock
from bot.database import Database
from bot.errors import GateError, ModelError
from bot.settings import Settings
from bot.training import acts, models, versions
from bot.training.acts import Act
from bot.training.models import Fingerprints
from bot.training.releasing import Releases
from bot.training.versions import KEPT, Version
from bot.training.watch import Watch, to_start_with


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Settings:
    own = dataclasses.replace(settings, files=tmp_path / "files", store=tmp_path / "store")
    models.models_folder(own).mkdir(parents=True)
    return own


@pytest.fixture
def releases(place: Settings, database: Database, clock: SetClock) -> Releases:
    return Releases(place, database, clock)


def make(place: Settings, number: int, **more: object) -> str:
    """A version as training leaves it."""
    name = f"m{number}.tar.gz"
    path = models.models_folder(place) / name
    path.write_bytes(f"model {number}".encode())
    made = dt.datetime(2026, 11, 22, 12, number, tzinfo=dt.timezone.utc)
    known = {
        "fingerprint": "f",
        "made_from": models.fingerprints(place),
        "digest": versions.digest_of(path),
        **more,
    }
    versions.write_down(place, Version(name=name, made_at=made, **known))  # type: ignore[arg-type]
    return name


def test_what_is_known_of_a_version_is_kept_beside_it(place: Settings) -> None:
    make(place, 1, made_by="ada", steps={"MoodDetector": 20.5}, figures={"accuracy": 0.8})
    (found,) = versions.listed(place)
    assert (found.made_by, found.steps, found.figures) == ("ada", {"MoodDetector": 20.5}, {"accuracy": 0.8})
    assert found.made_from == models.fingerprints(place)


def test_a_model_of_which_nobody_wrote_anything_down_is_listed_all_the_same(place: Settings) -> None:
    make(place, 1)
    models.record_path(place, "m1.tar.gz").write_text("{", encoding="utf-8")
    (found,) = versions.listed(place)
    assert (found.name, found.digest, found.fingerprint) == ("m1.tar.gz", "", "")


def test_a_version_is_found_by_the_beginning_of_its_name_if_that_is_one(place: Settings) -> None:
    make(place, 1)
    make(place, 11)
    assert versions.find(place, "m11").name == "m11.tar.gz"
    # A whole name is no beginning of another.
    assert versions.find(place, "m1").name == "m1.tar.gz"
    with pytest.raises(ModelError, match="several models begin with 'm'"):
        versions.find(place, "m")
    for name in ("m2", "", "../m1"):
        with pytest.raises(ModelError, match="`crossdesk models list` tells"):
            versions.find(place, name)


def test_a_release_and_a_roll_back_are_written_down_with_who_and_why(
    place: Settings, releases: Releases, database: Database
) -> None:
    first, second = make(place, 1), make(place, 2)
    releases.release(first, "ada")
    releases.release(second, "ada")
    assert releases.roll_back("ben", reason="it greets nobody").name == first
    now = models.current(place)
    assert now is not None
    assert (now.name, now.previous) == (first, second)
    with database.begin() as connection:
        entries = acts.latest(connection)
    assert [(one.actor, one.act, one.version, one.before, one.reason) for one in entries] == [
        ("ben", Act.ROLL_BACK, first, second, "it greets nobody"),
        ("ada", Act.RELEASE, second, first, ""),
        ("ada", Act.RELEASE, first, None, ""),
    ]


def test_without_a_version_before_there_is_nothing_to_go_back_to(place: Settings, releases: Releases) -> None:
    with pytest.raises(ModelError, match="no model served before this one"):
        releases.roll_back("ada")
    releases.release(make(place, 1), "ada")
    with pytest.raises(ModelError, match="no model served before this one"):
        releases.roll_back("ada")


@pytest.mark.parametrize("content", [b"", b"mode", b"model 2 and more", b"Model 2"])
def test_a_file_that_is_cut_short_or_changed_is_refused_and_the_old_one_stays(
    place: Settings, releases: Releases, database: Database, content: bytes
) -> None:
    releases.release(make(place, 1), "ada")
    (models.models_folder(place) / make(place, 2)).write_bytes(content)
    with pytest.raises(ModelError, match=r"m2\.tar\.gz is not as it was made"):
        releases.release("m2", "ada")
    now = models.current(place)
    assert now is not None
    assert now.name == "m1.tar.gz"
    with database.begin() as connection:
        assert len(acts.latest(connection)) == 1


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00cut"])
def test_a_file_of_which_nothing_is_known_must_at_least_be_a_whole_archive(
    place: Settings, releases: Releases, content: bytes
) -> None:
    (models.models_folder(place) / "old.tar.gz").write_bytes(content)
    with pytest.raises(ModelError, match=r"old\.tar\.gz cannot be read"):
        releases.release("old", "ada")


def test_a_model_made_with_other_code_is_released_only_with_a_reason_that_is_kept(
    place: Settings, releases: Releases, database: Database
) -> None:
    make(place, 1, made_from=Fingerprints(code="other"))
    with pytest.raises(GateError, match="made with other code than the one that runs") as refused:
        releases.release("m1", "ada")
    assert refused.value.gates == ("made with other code than the one that runs",)
    with pytest.raises(GateError):
        releases.release("m1", "ada", reason=" \n")
    releases.release("m1", "ada", reason="only a comment differs")
    with database.begin() as connection:
        (entry,) = acts.latest(connection)
    assert entry.reason == "only a comment differs"
    assert [gate["gate"] for gate in entry.gates] == ["code"]


def test_the_last_few_are_kept_and_what_served_before_whatever_its_age(
    place: Settings, releases: Releases
) -> None:
    for number in range(2):
        releases.release(make(place, number), "ada")
    for number in range(2, 2 + KEPT + 2):
        make(place, number)
    versions.drop_old(place)
    kept = {version.name for version in versions.listed(place)}
    assert kept == {"m0.tar.gz", "m1.tar.gz", *(f"m{number}.tar.gz" for number in range(4, 4 + KEPT))}
    assert not models.record_path(place, "m2.tar.gz").exists()


# --- What serve does by itself ---


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The files that come with the program."""
    root = tmp_path / "program"
    for name in ("config.yml", "nlu/classifier.py", "nlu/data/en/order.yml", "stories/order.yml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{name}\n", encoding="utf-8")
    return root


@pytest.mark.parametrize(
    "name", ["config.yml", "nlu/classifier.py", "nlu/data/en/order.yml", "stories/order.yml"]
)
def test_serve_trains_where_the_program_is_another(place: Settings, program: Path, name: str) -> None:
    assert models.has_outgrown(place, program)
    make(place, 1, made_from=models.fingerprints(place, program))
    versions.release(place, "m1", by_choice=False)
    assert not models.has_outgrown(place, program)
    (program / name).write_text("changed\n", encoding="utf-8")
    assert models.has_outgrown(place, program)


@pytest.mark.parametrize(
    "name", ["nlu/en/learned.yml", "stories/learned.yml", "stories/own.yml", "replies/en.yml"]
)
@pytest.mark.parametrize("by_choice", [True, False])
def test_what_lies_in_the_stores_own_folder_waits_for_a_person(
    place: Settings, name: str, by_choice: bool
) -> None:
    # What a person chose may be made of anything.
    make(place, 1, **({"made_from": Fingerprints()} if by_choice else {}))
    versions.release(place, "m1", by_choice=by_choice)
    (place.store / name).parent.mkdir(parents=True)
    (place.store / name).write_text("new: []\n", encoding="utf-8")
    assert models.is_stale(place)
    assert not models.has_outgrown(place)


def test_what_a_person_released_stays_until_the_program_changes(
    place: Settings, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(place, 1, made_from=Fingerprints())
    digest = models.shipped_digest(place, program)
    monkeypatch.setattr(models, "shipped_digest", lambda *_: digest)
    versions.release(place, "m1", by_choice=True)
    monkeypatch.undo()
    assert not models.has_outgrown(place, program)
    (program / "config.yml").write_text("changed\n", encoding="utf-8")
    assert models.has_outgrown(place, program)


def test_a_model_of_which_nobody_knows_what_it_is_made_from_is_trained_anew(place: Settings) -> None:
    make(place, 1)
    versions.release(place, "m1", by_choice=False)
    models.record_path(place, "m1.tar.gz").unlink()
    assert models.has_outgrown(place)


# --- What a worker sees ---


def test_a_release_is_seen_at_once_and_damage_is_no_release(place: Settings, releases: Releases) -> None:
    watch = Watch(place)
    assert watch.newest() is None
    for name in (make(place, 1), make(place, 2)):
        releases.release(name, "ada")
        assert watch.newest() == name
    (models.models_folder(place) / "current.json").write_text("{", encoding="utf-8")
    assert watch.newest() is None
    assert to_start_with(place) == []


def test_a_worker_starts_with_what_is_released_or_with_what_was_before(
    place: Settings, releases: Releases
) -> None:
    for number in (1, 2):
        releases.release(make(place, number), "ada")
    folder = models.models_folder(place)
    assert to_start_with(place) == [folder / "m2.tar.gz", folder / "m1.tar.gz"]
    (folder / "m1.tar.gz").unlink()
    assert to_start_with(place) == [folder / "m2.tar.gz"]
