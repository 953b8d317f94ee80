"""The examples as they lie here: shipped and the store's own, read again only where a file has changed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bot.settings import ROOT, Settings
from bot.training import corpus
from bot.training.corpus import Example
from nlu.evaluation import read_labelled


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Settings:
    return dataclasses.replace(settings, store=tmp_path / "store")


def write(place: Settings, text: str, name: str = "learned.yml", language: str = "en") -> None:
    path = place.store / "nlu" / language / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_shipped_examples_are_those_that_training_reads(place: Settings) -> None:
    known, labelled = corpus.read(place), read_labelled(ROOT / "nlu" / "data")
    for intent in ("order_place", "service_threat", "out_of_scope"):
        expected = [(one.text, one.language) for one in labelled if one.intent == intent]
        assert [(one.text, one.language) for one in known.of(intent)] == expected
    assert sum(map(len, known.examples.values())) == len(labelled)
    assert known.unreadable == ()


def test_the_stores_own_are_told_apart_and_a_change_is_seen(place: Settings) -> None:
    before = len(corpus.read(place).of("order_place", "en"))
    write(place, "nlu:\n- intent: order_place\n  examples: |\n    - i want it <b>now</b>\n")
    known = corpus.read(place)
    assert Example("i want it <b>now</b>", "en", True) in known.of("order_place", "en")
    assert len(known.of("order_place", "en")) == before + 1
    write(place, "nlu:\n- intent: order_place\n  examples: |\n    - one\n    - two\n")
    assert sum(one.own for one in corpus.read(place).of("order_place")) == 2
    assert corpus.read(place).of("order_fly") == ()


@pytest.mark.parametrize(
    "text", ["nlu: [", "nlu:\n- intent: order_place\n", "- a\n- b\n", "nlu:\n- intent: x\n  examples: 7"]
)
def test_a_file_that_is_none_is_named_and_hides_no_other(place: Settings, text: str) -> None:
    write(place, text, "mine.yml")
    known = corpus.read(place)
    assert known.unreadable == ("mine.yml",)
    assert known.of("order_place")
