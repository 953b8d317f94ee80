"""``backup`` and ``restore`` as an operator types them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Crossdesk


@pytest.fixture
def store(place: Path, empty_file: Path) -> Path:
    shutil.copy(empty_file, place / "crossdesk.sqlite")
    (place / "files").mkdir()
    (place / "files" / "secret.key").write_text("k" * 40, encoding="utf-8")
    return place


def test_an_operator_backs_up_and_restores(
    crossdesk: Crossdesk, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = crossdesk("backup", str(store / "backup.zip"))
    assert made.code == 0, made.err
    assert made.out.startswith("Backed up sqlite at revision ")
    assert "personal data and the signing key" in made.out
    refused = crossdesk("restore", str(store / "backup.zip")).refusal()
    assert refused == "there is a database already: --force replaces it, and keeps it aside"
    monkeypatch.setenv("CROSSDESK_DATABASE_URL", f"sqlite:///{store / 'new.sqlite'}")
    monkeypatch.setenv("CROSSDESK_FILES", str(store / "new"))
    done = crossdesk("restore", str(store / "backup.zip"))
    assert done.code == 0, done.err
    assert done.out.startswith("Restored sqlite at revision ")
    assert (store / "new" / "secret.key").read_text(encoding="utf-8") == "k" * 40
    assert crossdesk("people", "list").code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("backup",), "Missing argument"),
        (("restore",), "Missing argument"),
        (("restore", "nowhere.zip"), "nowhere.zip: No such file or directory"),
        (("restore", "."), "Is a directory"),
        (("restore", "/dev/null"), "it is no backup of crossdesk, or was cut off"),
        (("backup", "nowhere/backup.zip"), "make it first"),
        (("backup", "."), "is there already"),
        (("backup", "x" * 300), "File name too long"),
        (("backup", "/proc/backup.zip"), "No such file or directory"),
        (("backup", "/dev/null/backup.zip"), "make it first"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    crossdesk: Crossdesk, store: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(store)
    assert says in crossdesk(*arguments).refusal()


def test_an_empty_place_has_nothing_to_back_up(crossdesk: Crossdesk, place: Path) -> None:
    assert "nothing is to be backed up" in crossdesk("backup", str(place / "backup.zip")).refusal()
    assert [path.name for path in place.iterdir() if path.is_file()] == []
