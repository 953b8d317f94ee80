"""What goes to Telegram: pieces that it takes, broken where a reader would, and buttons within its limits."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.telegram.speech import LONGEST, data_of, payload_at, pieces, split, stands_at, units
from bot.messages import Author, Button, Outbound, TranscriptLine

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.timezone.utc)
FAMILY = "👨‍👩‍👧‍👦"


def bare(text: str) -> str:
    return "".join(text.split())


@given(st.text(alphabet=st.characters(codec="utf-16"), max_size=400), st.integers(20, 60))
def test_every_piece_fits_and_no_word_is_lost(text: str, longest: int) -> None:
    parts = split(text, longest)
    assert all(0 < units(part) <= longest and part == part.strip() for part in parts)
    assert bare("".join(parts)) == bare(text)


def test_a_text_that_fits_is_one_piece() -> None:
    assert split("x" * LONGEST) == ["x" * LONGEST]
    assert [len(part) for part in split("x" * (LONGEST + 1))] == [LONGEST, 1]


def test_a_sign_outside_the_basic_plane_counts_twice() -> None:
    assert [len(part) for part in split("😀" * LONGEST)] == [LONGEST // 2] * 2


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("First thing.\n\nSecond thing. More", ["First thing.", "Second thing. More"]),
        ("First thing is\nSecond thing. More", ["First thing is", "Second thing. More"]),
        ("First thing is. Second thing, more", ["First thing is.", "Second thing, more"]),
        ("First thing is one second more", ["First thing is one", "second more"]),
        (
            "最初の文です。二番目の文です。三番目の文です",
            ["最初の文です。二番目の文です。", "三番目の文です"],
        ),
        ("It costs about 12.50 euro", ["It costs about 12.50", "euro"]),
        ("a" * 30, ["a" * 20, "a" * 10]),
    ],
)
def test_a_text_is_broken_where_a_reader_would(text: str, parts: list[str]) -> None:
    assert split(text, 20) == parts


@pytest.mark.parametrize("sign", [FAMILY, "é", "👍🏽", "🇵🇹", "1️⃣"])
def test_no_sign_is_torn_apart(sign: str) -> None:
    for before in range(15, 21):
        parts = split("x" * before + sign + "y" * 10, 21)
        assert any(sign in part for part in parts)


def said(text: str, author: Author = Author.BOT, name: str | None = None) -> Outbound:
    return Outbound("k", "telegram", "1", "5", text, author, 1, NOW, author_name=name)


def test_an_agent_is_introduced_by_name() -> None:
    assert pieces(said("I looked.", Author.AGENT, "Anna")) == ["Anna: I looked."]
    assert pieces(said("I looked.")) == ["I looked."]


def test_a_payload_that_fits_is_the_data_itself() -> None:
    assert data_of(Button("Yes", "/service_affirm"), 41, 0) == "/service_affirm"


@pytest.mark.parametrize("payload", ["/inform{" + "x" * 60, "/" + "ж" * 32, "#1.2"])
def test_any_other_payload_is_found_again_by_its_place(payload: str) -> None:
    buttons = (Button("No", "/service_deny"), Button("Yes", payload))
    lines = [TranscriptLine(41, Author.BOT, "Sure?", NOW, buttons=buttons)]
    data = data_of(buttons[1], 41, 1)
    assert len(data.encode()) <= 64
    place = stands_at(data)
    assert place is not None
    assert payload_at(lines, *place) == payload


@pytest.mark.parametrize(
    "data", ["", "/service_human", "#", "#1", "#-1.0", "#1.2.3", "#" + "9" * 60 + ".1", "#١.١"]
)
def test_what_we_did_not_write_is_no_place(data: str) -> None:
    assert stands_at(data) is None


def test_a_place_at_which_nothing_stands_is_no_button() -> None:
    lines = [TranscriptLine(41, Author.BOT, "Sure?", NOW, buttons=(Button("No", "/service_deny"),))]
    assert payload_at(lines, 41, 1) is None
    assert payload_at(lines, 40, 0) is None
    assert payload_at([], 41, 0) is None
