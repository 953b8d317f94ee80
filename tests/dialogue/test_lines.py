"""Which of an order's lines is meant by words, where a line was asked for."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.dialogue.actions.lines import ALL, chosen_line
from bot.dialogue.turn import Turn, Understanding
from bot.dialogue.words import Words
from bot.shop.values import LineState, Money, Order, OrderLine

TITLES = {11: "Ceramic Mug, blue", 12: "Travel Kettle, red", 13: "Wool Café Blanket, blue"}
OTHERWISE = {11: {"zh": "陶瓷杯, blue"}, 12: {"zh": "旅行水壶, red"}}
WORDS = Words("zh", "UTC", dt.date(2026, 3, 16), zone_is_theirs=False)


def _chosen(text: str, *, asked: bool = True, entities: tuple[dict[str, Any], ...] = ()) -> str | None:
    read = Understanding(text, "en", True, intent="", confidence=0.0, ranking=(), entities=entities)
    turn = cast("Turn", cast("Any", SimpleNamespace(understanding=read, words=WORDS)))
    lines = [
        OrderLine(
            number, 1, str(number), title, 1, Money(1, "EUR"), LineState.ORDERED, OTHERWISE.get(number, {})
        )
        for number, title in TITLES.items()
    ]
    order = cast("Order", cast("Any", SimpleNamespace(lines=lines)))
    return chosen_line(turn, order, list(TITLES), "return_line", asked=asked)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("the first one", "11"),
        ("das zweite bitte", "12"),
        ("el último", "13"),
        ("la troisième", "13"),
        ("o segundo", "12"),
        ("второй", "12"),
        ("الثاني من فضلك", "12"),
        ("第三个", "13"),
        ("二つ目です", "12"),
        ("마지막 거요", "13"),
        ("2", "12"),
        ("#3", "13"),
        ("２", "12"),
    ],
)
def test_a_place_in_the_list_is_a_line(text: str, line: str) -> None:
    assert _chosen(text) == line


@pytest.mark.parametrize("text", ["0", "4", "9" * 5_000, "the fifth one", "not the first one"])
def test_a_place_that_is_not_in_the_list_is_none(text: str) -> None:
    assert _chosen(text) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [("the mug", "11"), ("la manta cafe", "13"), ("the red one please", "12"), ("das blanket bitte", "13")],
)
def test_a_word_that_one_title_holds_tells_the_line(text: str, line: str) -> None:
    assert _chosen(text) == line


@pytest.mark.parametrize(
    "text",
    [
        "the blue one",
        "the mug or the kettle",
        "mug?",
        "I am asking you since weeks where the mug has gone to",
    ],
)
def test_a_word_that_leaves_it_open_tells_none(text: str) -> None:
    assert _chosen(text) is None


@pytest.mark.parametrize("text", ["both of them", "los tres", "alle drei bitte", "全部", "كلها", "전부요"])
def test_all_of_them(text: str) -> None:
    assert _chosen(text) == ALL


@pytest.mark.parametrize("text", ["the mug", "the first one", "all"])
def test_unasked_words_tell_no_line(text: str) -> None:
    assert _chosen(text, asked=False) is None


def test_a_line_is_told_by_its_title_in_the_buyers_language() -> None:
    assert _chosen("旅行水壶") == "12"
    assert _chosen("我要退旅行水壶") == "12"
