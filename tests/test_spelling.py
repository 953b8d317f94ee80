"""Words as they are compared and counted."""

from __future__ import annotations

import pytest

from bot.spelling import counted, words_in


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("yes", 1),
        ("yes, but only half", 4),
        ("重さは？", 3),
        ("好", 1),
        ("我还没有收到退款", 4),
        ("Tindra レインジャケット", 5),
        ("네, 그렇게 해 주세요", 4),
        ("نعم من فضلك", 3),
    ],
)
def test_words_are_counted_where_nobody_parts_them(text: str, words: int) -> None:
    assert words_in(text) == words


@pytest.mark.parametrize(
    ("count", "called", "told"),
    [
        (0, ("message",), "0 messages"),
        (1, ("message",), "1 message"),
        (2, ("message",), "2 messages"),
        (1, ("reply", "replies"), "1 reply"),
        (21, ("reply", "replies"), "21 replies"),
    ],
)
def test_one_is_counted_otherwise_than_several(count: int, called: tuple[str, ...], told: str) -> None:
    assert counted(count, *called) == told
