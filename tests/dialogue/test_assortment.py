"""Which messages ask whether a kind of goods is sold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.dialogue.assortment import INTENT, LONGEST, SURE, as_asked, goods_asked
from bot.dialogue.turn import Understanding

DATA = YAML(typ="safe").load(Path(__file__).with_name("assortment.yml").read_text(encoding="utf-8"))


def _read(
    text: str, intent: str, sure: float = SURE, *entities: Any, threat: str | None = None
) -> Understanding:
    return Understanding(text, "en", True, intent, sure, ((intent, sure),), entities, threat=threat)


@pytest.mark.parametrize("text", DATA["asked"])
def test_goods_are_found_in_the_question_for_them(text: str) -> None:
    assert goods_asked(text) == DATA["asked"][text]


@pytest.mark.parametrize("text", DATA["other"])
def test_other_questions_ask_for_no_goods(text: str) -> None:
    assert goods_asked(text) is None


def test_a_long_message_asks_for_more_than_goods() -> None:
    assert goods_asked("Do you sell " + "very " * 3 + "skis?") is not None
    assert goods_asked("Do you sell " + "v" * LONGEST + "?") is None


@pytest.mark.parametrize("intent", ["product_quotation", "nlu_fallback", "product_details"])
def test_goods_that_are_sold_are_asked_for_whatever_the_model_reads(intent: str) -> None:
    assert as_asked(_read("Do you sell skis?", intent, 0.99)).intent == INTENT


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Do you have skis?", ("service_contact", 0.99)),
        ("Do you sell skis?", ("service_privacy", SURE)),
        ("Do you have skis?", ("product_quotation", 0.99)),
        ("Do you sell skis?", ("out_of_scope", 0.4)),
    ],
)
def test_what_the_model_surely_reads_otherwise_stays(text: str, read: tuple[str, float]) -> None:
    assert as_asked(_read(text, *read)).intent == read[0]


def test_a_product_that_is_named_is_asked_for_itself() -> None:
    named = {"entity": "product", "value": "X-1", "start": 12, "end": 16}

    assert as_asked(_read("Do you sell skis?", "product_details", 0.9, named)).intent == "product_details"


def test_a_threat_stays_one() -> None:
    read = _read("Do you sell skis?", "product_details", 0.9, threat="legal")

    assert as_asked(read) is read


def test_a_foreign_word_for_the_goods_does_not_change_the_language() -> None:
    assert as_asked(_read("¿Venden tablas de snowboard?", "product_stock")).language == "es"
    assert as_asked(_read("Vende mesas?", "product_stock")).language in ("es", "pt")
