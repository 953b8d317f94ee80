from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nlu.lexicon import Lexicon, LexiconError, LexiconFile


def write(path: Path, data: object, stamp: int) -> None:
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    os.utime(path, ns=(stamp, stamp))


def test_an_absent_file_gives_the_defaults(tmp_path: Path) -> None:
    lexicon = LexiconFile(tmp_path / "none.json").current()
    assert len(lexicon.languages) == 10
    assert lexicon.order_numbers[0].regex.fullmatch("CD-104233")


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.json"
    write(path, {"products": [{"code": "A", "names": ["Copper kettle"]}]}, 1_000)
    file = LexiconFile(path)
    first = file.current()
    assert file.current() is first
    write(path, {"products": [{"code": "B", "names": ["Tin kettle"]}]}, 2_000)
    assert [product.code for product in file.current().products] == ["B"]


def test_a_broken_file_leaves_the_last_good_one_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "lexicon.json"
    write(path, {"currency": "USD"}, 1_000)
    file = LexiconFile(path)
    assert file.current().currency == "USD"
    write(path, "{", 2_000)
    assert file.current().currency == "USD"
    assert file.current().currency == "USD"
    assert len(caplog.records) == 1
    assert str(path) in caplog.text


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"languages": []},
        {"languages": "en"},
        {"fallback_language": "xx"},
        {"products": [{"code": "A"}]},
        {"patterns": {"order_number": [{"regex": "("}]}},
        {"patterns": {"order_number": [{"regex": r"\d+", "normal": "CD-{digits}"}]}},
        {"colours": [1]},
    ],
)
def test_a_lexicon_of_the_wrong_shape_is_refused(data: object) -> None:
    with pytest.raises(LexiconError):
        Lexicon.parse(json.dumps(data))
