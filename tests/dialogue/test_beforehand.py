"""Lists of words are read once, and before a buyer waits for them."""

from __future__ import annotations

import pytest

from bot.dialogue import beforehand, follow_ups
from bot.dialogue.actions import answers
from bot.dialogue.beforehand import read_all, read_once


def test_what_is_read_once_is_read_beforehand_and_never_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beforehand, "_ALL", [])
    read: list[str] = []

    @read_once
    def words() -> list[str]:
        read.append("now")
        return ["yes", "no"]

    assert read == []
    read_all()
    assert read == ["now"]
    assert words() == ["yes", "no"]
    assert read == ["now"]


def test_the_longest_lists_are_among_what_is_read_beforehand() -> None:
    assert {answers._words, follow_ups._languages} <= set(beforehand._ALL)
