"""One folder for all processes: the first marks it, and another folder is told from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.database import Database
from bot.sharing.folder import FILE, difference, mark, read
from tests.conftest import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


def test_the_first_folder_is_the_stores_and_another_is_told(database: Database, tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    with database.begin() as connection:
        assert difference(connection, own) is None
        assert mark(connection, own) is None
        assert mark(connection, own) is None
        assert difference(connection, own) is None
        assert "has no mark of this store" in (mark(connection, other) or "")
    assert not (other / FILE).exists()
    other.mkdir()
    (other / FILE).write_text("somebody else's\n")
    with database.begin() as connection:
        assert "belongs to another store" in (difference(connection, other) or "")


def test_a_person_says_which_folder_is_the_right_one(database: Database, tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    with database.begin() as connection:
        assert mark(connection, own) is None
        assert mark(connection, other, anew=True) is None
        assert difference(connection, other) is None
        assert difference(connection, own) is not None
    assert read(own) != read(other)


@pytest.mark.parametrize("junk", [b"\xff\xfe\x00", b"", b"x" * 10_000])
def test_what_is_no_mark_is_no_mark(database: Database, tmp_path: Path, junk: bytes) -> None:
    with database.begin() as connection:
        assert mark(connection, tmp_path) is None
        (tmp_path / FILE).write_bytes(junk)
        assert difference(connection, tmp_path)
