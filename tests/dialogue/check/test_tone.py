"""The rules of tone in every language, on violations that stand in no list."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.dialogue.check.coverage import TONE, tone
from bot.settings import ShopRules

VIOLATIONS = YAML(typ="safe").load(Path(__file__).with_name("violations.yml").read_text(encoding="utf-8"))
LEAST = 10


def test_every_language_has_its_violations_of_every_rule(rules: ShopRules) -> None:
    assert set(VIOLATIONS) == set(rules.languages)
    for language, told in VIOLATIONS.items():
        assert len({one["text"] for one in told}) >= LEAST, language
        assert {one["rule"] for one in told} == set(TONE), language


@pytest.mark.parametrize("language", sorted(VIOLATIONS))
def test_a_violation_is_found_though_its_words_stand_in_no_list(language: str) -> None:
    missed = [
        f"{one['rule']}: {one['text']}"
        for one in VIOLATIONS[language]
        if not any(TONE[one["rule"]] in found for found in tone(one["text"], language))
    ]
    assert not missed, "\n".join(missed)
