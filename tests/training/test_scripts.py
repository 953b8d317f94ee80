"""The gate of scripted conversations: what a model breaks is found, with the line; bad files are told."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from bot import schema
from bot.dialogue.scripted import ScriptError, read_scripts
from bot.settings import Settings
from bot.training import scripts
from tests.training.test_compare import Worse

SHIPPED = """
- name: a greeting
  lines:
    - buyer: "hello there"
      says: ["Meri", "Meridian Goods"]
      flow: greeting
- name: payment is asked for after a greeting
  lines:
    - buyer: "hello"
    - buyer: "which payment methods do you accept?"
      says: "PayPal"
- name: the third of a file
  lines:
    - buyer: "hello"
"""
OWN = """
- name: our parcel
  situation: in_transit
  lines:
    - buyer: "where is my order {number}, email {email}"
      says: "{number}"
      flow: parcel
- name: no such order
  situation: lost_at_sea
  lines:
    - buyer: "where is {number}"
"""


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Settings:
    own = dataclasses.replace(settings, store=tmp_path / "store")
    (own.store / "conversations").mkdir(parents=True)
    (own.store / "conversations" / "ours.yml").write_text(OWN, encoding="utf-8")
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / "talk.yml").write_text(SHIPPED, encoding="utf-8")
    return own


@pytest.mark.model
@pytest.mark.timeout(600)
def test_what_a_model_breaks_is_found_with_the_line_and_why(
    place: Settings, engine: Any, tmp_path: Path
) -> None:
    lexicon, shipped = tmp_path / "lexicon.json", tmp_path / "shipped"
    good = scripts.play(place, engine, lexicon, schema.upgrade, shipped)
    # So many of each shipped file, and all of the store's.
    assert good["played"] == 4
    lost = "ours: no such order: there is no order for the situation 'lost_at_sea'"
    assert good["broken"] == [{"script": "ours: no such order", "line": 1, "why": lost}]
    bad = scripts.play(place, Worse(engine), lexicon, schema.upgrade, shipped)  # type: ignore[arg-type]
    (broken,) = [one for one in bad["broken"] if one not in good["broken"]]
    assert (broken["script"], broken["line"]) == ("talk: payment is asked for after a greeting", 2)
    assert broken["why"].startswith("does not say 'paypal'")
    assert bad["digest"] == good["digest"] == scripts.digest(place, shipped)


@pytest.mark.parametrize("name", ["shop.yml", "replies/en.yml", "conversations/ours.yml"])
def test_other_scripts_words_or_rules_are_played_anew(place: Settings, name: str) -> None:
    before = scripts.digest(place)
    (place.store / name).parent.mkdir(exist_ok=True)
    (place.store / name).write_text("# changed\n", encoding="utf-8")
    assert scripts.digest(place) != before


def test_without_a_folder_there_are_no_scripts(tmp_path: Path) -> None:
    assert read_scripts(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "ours.yml cannot be read"),
        ("name: one", "a list of scripts is wanted"),
        ("- one", "a list of scripts is wanted"),
        ("- {name: one, lines: []}", "needs a `name` and `lines`"),
        ("- {lines: [{buyer: hello}]}", "needs a `name` and `lines`"),
        ("- {name: one, lines: [{buyer: hello}], store: x}", "one: there is no `store`"),
        ("- {name: one, lines: [hello]}", "one, line 1: one of `buyer`, `event`, `press` is needed"),
        ("- {name: one, lines: [{says: x}]}", "one, line 1: one of `buyer`, `event`, `press` is needed"),
        ("- {name: one, lines: [{buyer: x}, {buyer: x, sais: y}]}", "one, line 2: there is no `sais`"),
    ],
)
def test_a_file_that_is_no_script_is_told_with_where(place: Settings, text: str, says: str) -> None:
    folder = place.store / "conversations"
    (folder / "ours.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ScriptError, match=r"ours\.yml") as told:
        read_scripts(folder)
    assert says in str(told.value)
