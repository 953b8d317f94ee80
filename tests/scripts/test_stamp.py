"""Set-up knows what it has done, and does the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.setup import stamp as stamps
from scripts.setup.stamp import Level, Work


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "requirements").mkdir()
    for name in ("pyproject.toml", "requirements/run.in", "requirements/run.txt", "requirements/dev.txt"):
        (tmp_path / name).write_text(f"# {name}\n")
    return tmp_path


def goal(root: Path, level: Level = Level.DEV, python: str = "/python3.10") -> stamps.Stamp:
    return stamps.wanted(root, level, python)


def test_nothing_is_left_when_nothing_has_changed(root):
    assert stamps.work_left(goal(root), goal(root)) is Work.NOTHING


@pytest.mark.parametrize(
    ("name", "work"),
    [
        ("requirements/dev.txt", Work.PACKAGES),
        ("requirements/run.txt", Work.NOTHING),
        ("requirements/run.in", Work.PROJECT),
        ("pyproject.toml", Work.PROJECT),
    ],
)
def test_a_changed_file_asks_for_no_more_than_it_must(root, name, work):
    before = goal(root)
    (root / name).write_text("changed")
    assert stamps.work_left(before, goal(root)) is work


def test_everything_is_made_anew_without_a_stamp_or_for_another_python_or_place(root, tmp_path):
    assert stamps.work_left(None, goal(root)) is Work.EVERYTHING
    assert stamps.work_left(goal(root, python="/other"), goal(root)) is Work.EVERYTHING
    assert stamps.work_left(goal(root)._replace(root="/moved"), goal(root)) is Work.EVERYTHING
    assert stamps.work_left(goal(root)._replace(format=0), goal(root)) is Work.EVERYTHING


def test_running_is_extended_to_testing_and_never_taken_back(root):
    running, testing = goal(root, Level.RUN), goal(root, Level.DEV)
    assert stamps.work_left(running, testing) is Work.PACKAGES
    assert stamps.level_to_keep(running, Level.DEV) is Level.DEV
    assert stamps.level_to_keep(testing, Level.RUN) is Level.DEV
    assert stamps.level_to_keep(None, Level.RUN) is Level.RUN


def test_a_stamp_is_read_as_it_was_written(root):
    stamps.write(root, goal(root))
    assert stamps.read(root) == goal(root)
    stamps.remove(root)
    stamps.remove(root)
    assert stamps.read(root) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 1}', '"\\ud800"'])
def test_a_stamp_that_was_cut_short_counts_for_nothing(root, text):
    (root / stamps.NAME).write_text(text)
    assert stamps.read(root) is None


def test_a_stamp_of_a_level_to_come_counts_for_nothing(root):
    (root / stamps.NAME).write_text(json.dumps({**goal(root)._asdict(), "level": 9}))
    assert stamps.read(root) is None


def test_files_do_not_trade_places_in_a_digest(root):
    (root / "pyproject.toml").write_text("ab")
    (root / "requirements/run.in").write_text("c")
    before = stamps.digest(root, ["pyproject.toml", "requirements/run.in"])
    (root / "pyproject.toml").write_text("a")
    (root / "requirements/run.in").write_text("bc")
    assert stamps.digest(root, ["pyproject.toml", "requirements/run.in"]) != before
