"""Models on disk: the released one is whole, and fresh while nothing that it is made from changes."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from bot.errors import ModelError
from bot.settings import Settings
from bot.training import models
from bot.training.models import ModelVersion


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Settings:
    """Settings whose files and store are this test's own."""
    own = dataclasses.replace(settings, files=tmp_path / "files", store=tmp_path / "store")
    models.models_folder(own).mkdir(parents=True)
    return own


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with something of each kind that a model is made from."""
    root = tmp_path / "project"
    for name in (
        "config.yml",
        "domain.yml",
        "nlu/classifier.py",
        "nlu/data/en/order.yml",
        "stories/insales/order_state.yml",
        "replies/en.yml",
        "requirements/run.txt",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{name}\n", encoding="utf-8")
    return root


def _release(place: Settings, name: str = "m1.tar.gz", fingerprint: str = "f1") -> ModelVersion:
    (models.models_folder(place) / name).write_bytes(b"model")
    version = ModelVersion(name, fingerprint)
    models.release(place, version)
    return version


# --- Which one ---


def test_without_a_release_there_is_no_model(place: Settings) -> None:
    assert models.current(place) is None
    assert models.is_stale(place)
    with pytest.raises(ModelError, match="no trained model yet: run `crossdesk train`"):
        models.current_path(place)


def test_without_a_folder_there_is_no_model(place: Settings, tmp_path: Path) -> None:
    shutil.rmtree(place.files)
    assert models.current(place) is None
    (tmp_path / "files").write_text("", encoding="utf-8")
    assert models.current(place) is None


def test_the_released_model_is_the_current_one(place: Settings) -> None:
    version = _release(place)
    assert models.current(place) == version
    assert models.current_path(place) == models.models_folder(place) / "m1.tar.gz"
    newer = _release(place, "m2.tar.gz", "f2")
    assert models.current(place) == newer


def test_a_released_model_whose_file_is_gone_is_none(place: Settings) -> None:
    version = _release(place)
    (models.models_folder(place) / version.name).unlink()
    assert models.current(place) is None
    assert models.is_stale(place)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"name": "m1.tar.gz"}', '{"x": 1}', "\x00"])
def test_a_damaged_note_of_the_release_is_told_with_what_to_do(place: Settings, text: str) -> None:
    _release(place)
    (models.models_folder(place) / "current.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"current\.json is damaged: run `crossdesk train`"):
        models.current(place)
    # And so it does help.
    assert models.is_stale(place)


def test_a_release_that_is_cut_off_changes_nothing(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    version = _release(place)

    def power_cut(*_: object) -> None:
        raise OSError("the power went out")

    monkeypatch.setattr("os.fsync", power_cut)
    with pytest.raises(OSError, match="power"):
        models.release(place, ModelVersion("m2.tar.gz", "f2"))
    monkeypatch.undo()
    assert models.current(place) == version
    assert json.loads((models.models_folder(place) / "current.json").read_text())["name"] == "m1.tar.gz"


# --- Fresh or stale ---


def test_a_fingerprint_is_the_same_for_the_same_files(place: Settings, root: Path, tmp_path: Path) -> None:
    first = models.fingerprint(place, root)
    assert models.fingerprint(place, root) == first
    elsewhere = tmp_path / "clone"
    shutil.copytree(root, elsewhere)
    assert models.fingerprint(place, elsewhere) == first


@pytest.mark.parametrize(
    "name",
    [
        "config.yml",
        "domain.yml",
        "nlu/classifier.py",
        "nlu/data/en/order.yml",
        "nlu/data/de/order.yml",
        "stories/insales/order_state.yml",
        "stories/new/flow.yml",
        "replies/en.yml",
        "requirements/run.txt",
    ],
)
def test_whatever_a_model_is_made_from_changes_its_fingerprint(
    place: Settings, root: Path, name: str
) -> None:
    before = models.fingerprint(place, root)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("changed\n", encoding="utf-8")
    after = models.fingerprint(place, root)
    assert after != before
    (root / name).unlink()
    assert models.fingerprint(place, root) != after


@pytest.mark.parametrize("name", ["nlu/learnt.yml", "stories/own.yml", "replies/en.yml"])
def test_what_the_store_lays_over_changes_the_fingerprint(place: Settings, root: Path, name: str) -> None:
    before = models.fingerprint(place, root)
    (place.store / name).parent.mkdir(parents=True)
    (place.store / name).write_text("own\n", encoding="utf-8")
    assert models.fingerprint(place, root) != before


@pytest.mark.parametrize("name", ["README.md", "nlu/__pycache__/x.py", "nlu/notes.md", "stories/.x.swp"])
def test_what_no_model_is_made_from_leaves_it_fresh(place: Settings, root: Path, name: str) -> None:
    before = models.fingerprint(place, root)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("changed\n", encoding="utf-8")
    (place.store / "nlu").mkdir(parents=True)
    assert models.fingerprint(place, root) == before


def test_moving_words_from_one_file_to_another_is_a_change(place: Settings, root: Path) -> None:
    before = models.fingerprint(place, root)
    first, second = root / "config.yml", root / "domain.yml"
    texts = first.read_bytes(), second.read_bytes()
    first.write_bytes(texts[1])
    second.write_bytes(texts[0])
    assert models.fingerprint(place, root) != before


def test_a_model_made_from_these_very_files_is_fresh(place: Settings) -> None:
    _release(place, fingerprint=models.fingerprint(place))
    assert not models.is_stale(place)
    (place.store / "stories").mkdir(parents=True)
    (place.store / "stories" / "own.yml").write_text("own\n", encoding="utf-8")
    assert models.is_stale(place)
