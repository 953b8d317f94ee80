from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from nlu.vector_cache import VectorCache


def cache(path: Path, encoder: str = "one", capacity: int = 1000) -> VectorCache:
    return VectorCache(path / "cache" / "vectors.sqlite", encoder, 4, capacity=capacity)


def vector(value: float) -> np.ndarray:
    return np.full(4, value, dtype=np.float32)


def test_what_was_put_is_got_by_another_cache_on_the_file(tmp_path: Path) -> None:
    cache(tmp_path).put({"a": vector(0.5), "\ud800": vector(0.25)})
    found = cache(tmp_path).get(["a", "b", "\ud800"])
    assert set(found) == {"a", "\ud800"}
    assert found["a"].tolist() == [0.5] * 4


def test_encoders_are_kept_apart(tmp_path: Path) -> None:
    cache(tmp_path, "one").put({"a": vector(1)})
    assert cache(tmp_path, "two").get(["a"]) == {}


def test_the_file_holds_no_words(tmp_path: Path) -> None:
    mine = cache(tmp_path)
    mine.put({"my address is Harbour Road 18": vector(1)})
    mine.close()
    for path in (tmp_path / "cache").iterdir():
        assert b"Harbour" not in path.read_bytes()


def test_beyond_its_capacity_the_oldest_go_and_those_in_use_stay(tmp_path: Path) -> None:
    mine = cache(tmp_path, capacity=10)
    for number in range(8):
        mine.put({str(number): vector(number)})
    assert "0" in mine.get(["0"])
    for number in range(8, 17):
        mine.put({str(number): vector(number)})
    found = mine.get([str(number) for number in range(17)])
    assert len(found) <= 10
    assert "0" in found
    assert "1" not in found
    assert "16" in found


@pytest.mark.parametrize(
    "content",
    [b"not a database at all", b"SQLite format 3\x00" + b"\xff" * 5000, b""],
    ids=["text", "torn", "empty"],
)
def test_a_broken_file_is_thrown_away_and_begun_anew(tmp_path: Path, content: bytes) -> None:
    mine = cache(tmp_path)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "vectors.sqlite").write_bytes(content)
    mine.get(["a"])
    mine.put({"a": vector(1)})
    assert "a" in cache(tmp_path).get(["a"])


def test_a_locked_file_and_an_impossible_place_are_no_error(tmp_path: Path) -> None:
    mine = cache(tmp_path)
    mine.put({"a": vector(1)})
    other = sqlite3.connect(tmp_path / "cache" / "vectors.sqlite")
    other.execute("BEGIN EXCLUSIVE")
    mine.put({"b": vector(1)})
    other.rollback()
    other.close()
    assert "a" in mine.get(["a"])
    (tmp_path / "file").write_text("in the way")
    blocked = VectorCache(tmp_path / "file" / "vectors.sqlite", "one", 4)
    blocked.put({"a": vector(1)})
    assert blocked.get(["a"]) == {}


def _fill(path: Path, first: int) -> None:
    mine = cache(path)
    for number in range(first, first + 50):
        mine.put({str(number): vector(number / 1000)})


def test_several_processes_share_the_file(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_fill, args=(tmp_path, first)) for first in (0, 50)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    found = cache(tmp_path).get([str(number) for number in range(100)])
    assert len(found) == 100
    for text, vector in found.items():
        np.testing.assert_allclose(vector, int(text) / 1000, atol=1e-3)
