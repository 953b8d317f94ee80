"""What comes from Telegram, as it is understood: one golden file for each thing that may happen."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.telegram.shapes import update_id
from adapters.telegram.translate import Passed, Written, together, translate
from bot.settings import OrderNumberPattern
from tests.telegram.reading import BOT, NOW, ORDERS, read

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
UPDATES = [json.loads(path.read_text(encoding="utf-8"))["update"] for path in GOLDEN]
#: Whatever JSON may hold.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_an_update_means_what_its_file_says(path: Path) -> None:
    golden = json.loads(path.read_text(encoding="utf-8"))
    assert read(golden["update"]) == golden["becomes"]


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all that stands in a JSON value."""
    if isinstance(value, dict):
        return [way, *(one for key, part in value.items() for one in places(part, (*way, key)))]
    if isinstance(value, list):
        return [way, *(one for key, part in enumerate(value) for one in places(part, (*way, key)))]
    return [way]


@st.composite
def broken(draw: st.DrawFn) -> Any:
    """An update of Telegram's with some of its parts exchanged for others, or taken out."""
    update = copy.deepcopy(draw(st.sampled_from(UPDATES)))
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from(places(update)))
        if not way:
            return draw(JSON)
        holder = update
        for key in way[:-1]:
            holder = holder[key]
        if draw(st.booleans()) or isinstance(holder, list):
            holder[way[-1]] = draw(JSON)
        else:
            del holder[way[-1]]
    return update


@settings(deadline=None)
@given(broken())
def test_whatever_comes_is_understood_or_passed_over(update: Any) -> None:
    found = translate(update, BOT, ORDERS, NOW)
    update_id(update)
    if isinstance(found, Written):
        together([found, found])
        assert found.message.text or found.media
    if isinstance(found, Passed):
        assert found.why


@settings(deadline=None)
@given(st.text())
def test_what_is_typed_arrives_as_it_was_typed(text: str) -> None:
    found = translate(
        {
            "update_id": 1,
            "message": {
                "message_id": 1,
                "date": 1,
                "chat": {"id": 5, "type": "private"},
                "text": f"a{text}z",
            },
        },
        BOT,
        ORDERS,
        NOW,
    )
    assert isinstance(found, Written)
    assert found.message.text == f"a{text}z"
    assert found.message.button is None


def test_a_deeply_nested_update_is_passed_over() -> None:
    deep: Any = {"type": "private", "id": 1}
    for _ in range(100_000):
        deep = {"chat": deep}
    assert isinstance(translate({"update_id": 1, "message": deep}, BOT, ORDERS, NOW), Passed)


def test_an_albums_parts_are_one_message_with_all_its_files_and_captions() -> None:
    update = next(one for one in UPDATES if isinstance(one, dict) and "media_group_id" in str(one))
    parts = []
    for number, caption in ((7, "Both are torn"), (8, None), (9, "see")):
        part = copy.deepcopy(update)
        part["message"] |= {"message_id": number, "caption": caption}
        found = translate(part, BOT, ORDERS, NOW)
        assert isinstance(found, Written)
        parts.append(found)
    album = together(parts)
    assert album.message.text == "Both are torn\nsee"
    assert album.message.message_id == "5501:7+8+9"
    assert len(album.media) == 3


def test_a_link_longer_than_telegram_makes_them_is_no_order() -> None:
    slow = OrderNumberPattern(regex="(a+)+b", normal="x")
    update = {
        "update_id": 1,
        "message": {
            "message_id": 1,
            "date": 1,
            "chat": {"id": 5, "type": "private"},
            "text": "/start " + "a" * 4_000,
        },
    }
    found = translate(update, BOT, [slow], NOW)
    assert isinstance(found, Written)
    assert found.message.button == "/service_greeting"
