"""Conversations through the real model, rules, database and mailroom; the scripts lie beside as YAML.

What a script may hold is told in ``bot/dialogue/scripted.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.dialogue.rehearsal import Rehearsal
from bot.dialogue.scripted import Player, Script, read_scripts
from bot.shop.values import OrderSample

pytestmark = pytest.mark.model


@pytest.mark.parametrize("script", read_scripts(Path(__file__).parent), ids=str)
def test_a_conversation_goes_as_its_script_says(
    script: Script, rehearsal: Rehearsal, samples: dict[str, OrderSample]
) -> None:
    player = Player(script, rehearsal, samples)
    for number, line in enumerate(script.lines, start=1):
        wrong = player.play_line(line)
        assert not wrong, f"line {number}: {line}\n" + "\n".join(wrong)
