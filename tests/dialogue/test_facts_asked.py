"""Which fact a question is after, in the store's ten languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.dialogue.actions.facts import FACTS, fact_asked, told_elsewhere

_YAML = YAML(typ="safe")
ASKED = _YAML.load(Path(__file__).with_name("facts_asked.yml").read_text(encoding="utf-8"))
WORDS = _YAML.load((Path(__file__).parents[2] / "bot/dialogue/actions/facts.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", ASKED)
def test_the_fact_that_is_asked_for(language: str) -> None:
    told = {text: fact_asked("product_details", text, language) for text in ASKED[language]}
    assert told == ASKED[language]


def test_every_language_has_words_for_the_same_facts() -> None:
    for language in set(WORDS) - {"every"}:
        assert {*WORDS[language], *WORDS["every"]} == set(FACTS), language


@pytest.mark.parametrize(
    ("text", "language", "fact"),
    [
        ("is there bluetooth", "ko", "compatibility"),
        ("works on 220v?", "it", "voltage"),
        ("防水嗎", "zh-Hant", "waterproof"),
        ("quanto pesa", "it", None),
    ],
)
def test_what_holds_in_every_language_is_told_in_others_too(text: str, language: str, fact: str) -> None:
    assert fact_asked("product_details", text, language) == fact


def test_what_a_product_is_called_asks_for_nothing() -> None:
    assert fact_asked("product_details", "how is the Cast Iron Pan", "en", "Cast Iron Pan") is None
    assert fact_asked("product_authenticity", "and this?", "en") == "authenticity"
    assert fact_asked("product_usage", "what for", "en") == "use"


def test_a_fact_may_be_told_by_the_text_of_another() -> None:
    texts = {"use": "A shell for wet days.", "material": "Recycled polyester, 20,000 mm water column."}
    assert told_elsewhere("waterproof", texts) == "material"
    assert told_elsewhere("weight", texts) is None
