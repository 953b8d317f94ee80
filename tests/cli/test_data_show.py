"""``data list`` and ``data show``: the intents with their examples, for people and programs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Crossdesk


@pytest.fixture
def store(place: Path, empty_file: Path) -> Path:
    shutil.copy(empty_file, place / "crossdesk.sqlite")
    own = place / "store" / "nlu" / "en" / "mine.yml"
    own.parent.mkdir(parents=True)
    own.write_text(
        "nlu:\n- intent: order_state\n  examples: |\n    - [bold]so what now[/bold]\n", encoding="utf-8"
    )
    return own


def test_intents_are_listed_with_their_examples(store: Path, crossdesk: Crossdesk) -> None:
    lines = {one["name"]: one for one in json.loads(crossdesk("data", "list", "--json").out)}
    assert len(lines) == 82
    assert (lines["order_state"]["queue"], lines["order_state"]["own"]) == ("order", 1)
    assert lines["order_state"]["shipped"] > 100
    assert "order_state" in crossdesk("data", "list", "--language", "de").out


def test_an_intent_is_shown_with_the_stores_own_examples_first(store: Path, crossdesk: Crossdesk) -> None:
    shown = crossdesk("data", "show", "order_state", "--language", "en")
    lines = shown.out.splitlines()
    assert lines[0].startswith("order_state (queue order): ")
    assert next(line for line in lines if line.startswith("en")) == "en own: [bold]so what now[/bold]"
    told = json.loads(crossdesk("data", "show", "order_state", "--json").out)
    assert told["examples"][0] == {"text": "[bold]so what now[/bold]", "language": "en", "own": True}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "order_fly"), "there is no intent 'order_fly'"),
        (("list", "--language", "xx"), "no language of the store"),
    ],
)
def test_what_is_not_there_is_refused(
    store: Path, crossdesk: Crossdesk, arguments: tuple[str, ...], says: str
) -> None:
    refused = crossdesk("data", *arguments)
    assert refused.code == 2
    assert says in refused.err
