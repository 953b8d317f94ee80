"""Questions that name nothing, after the one before them: "and how long?", "who pays for that?".

``follow_ups.yml`` beside this holds what they may mean. Its messages were written before the expressions, and
the expressions were mended by them: it shows that nothing is lost, not how much of what buyers ask is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.dialogue.follow_ups import LONGEST, follow_up, names_only, question_of
from bot.settings import ROOT

DATA = YAML(typ="safe").load(Path(__file__).with_name("follow_ups.yml").read_text(encoding="utf-8"))
#: What the words alone must find of a language's questions; the model finds some that they don't.
FLOOR = 0.7


@pytest.mark.parametrize("language", DATA)
def test_what_a_question_means_after_another(language: str) -> None:
    told = [(one, follow_up(one["text"], one["after"])) for one in DATA[language]]
    assert [
        (one["after"], one["text"], means) for one, means in told if means and means not in one["means"]
    ] == []
    assert sum(means is not None for _, means in told) >= FLOOR * len(told)


def held_out() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "tests/nlu/data").rglob("*.yml")):
        for block in YAML(typ="safe").load(file.read_text(encoding="utf-8")).get("nlu", ()):
            for line in block["examples"].splitlines():
                yield block["intent"], line.removeprefix("- ").strip()


def test_messages_that_name_what_they_are_about_are_left_alone() -> None:
    messages = list(held_out())
    # Of what stands alone there, "how much is this?" may be about something else after another question.
    taken = [(intent, text) for intent, text in messages if _taken(intent, text)]
    assert len(messages) > 3000
    assert len(taken) <= len(messages) / 200, taken


def _taken(intent: str, text: str) -> bool:
    last = {"refund": "logistics_destinations", "logistics": "refund_return"}.get(
        intent.split("_")[0], "refund_state"
    )
    return follow_up(text, last) not in (None, intent)


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("how much", "service_complaint"),
        ("how much is the rain jacket", "refund_policy"),
        ("how long does shipping take to France", "refund_policy"),
        ("", "refund_policy"),
        ("?", "refund_policy"),
        ("and and and", "refund_policy"),
        ("how long " * 1000, "refund_policy"),
    ],
)
def test_what_is_no_follow_up(text: str, last: str) -> None:
    assert follow_up(text, last) is None


@pytest.mark.parametrize(
    ("text", "named", "only"),
    [
        ("and in black?", "black", True),
        ("what about black", "black", True),
        ("und in schwarz?", "schwarz", True),
        ("黑色呢", "黑色", True),
        ("검정은요?", "검정", True),
        ("e no preto?", "preto", True),
        ("و بالأسود؟", "أسود", True),
        ("the black one arrived broken", "black", False),
        ("black " * 100, "black", False),
    ],
)
def test_a_colour_alone(text: str, named: str, only: bool) -> None:
    start = text.index(named)
    assert names_only(text, [(start, start + len(named))]) is only


@pytest.mark.parametrize("words", ["では", "なのね", "よ", "요", "e o ", "to ", "и ", "和の", "ok", "دلو"])
def test_words_made_of_words_are_not_divided_in_every_way(words: str) -> None:
    """An expression would try each division: 2 to the power of 20 of them, and this would not end."""
    for end in ("", "q", "#"):
        said: Any = (words * LONGEST)[: LONGEST - len(end)] + end
        assert follow_up(said, "refund_state") is None
        names_only(said, [])


def test_impatience_asks_the_same_again() -> None:
    assert question_of("to which card?") == "to_what"
    assert question_of("why does it take so long?!") is None
