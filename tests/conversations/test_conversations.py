"""Conversations through the real model, rules, database and mailroom; the scripts lie beside as YAML."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot import schema
from bot.clock import SetClock
from bot.database import Database
from bot.dialogue.engine import Engine
from bot.dialogue.recovery import load_replies
from bot.dialogue.rehearsal import Rehearsal
from bot.settings import Settings
from bot.shop.lexicon import write_lexicon
from bot.shop.seed import seed
from bot.shop.situations import situations
from bot.shop.values import OrderSample

pytestmark = pytest.mark.model

#: A Monday noon in the queues' time zone: every queue is open.
NOON = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.timezone.utc)
_PLACE = re.compile(r"\{(number|email|phone|name)(?::(\w+))?\}")
_FIELDS = {"buyer", "press", "event", "at", "says", "never_says", "flow", "status", "queue", "reason", "offers"}


def scripts() -> list[Any]:
    """Every script of every file, named by both."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.yml")):
        for script in YAML(typ="safe").load(path.read_text(encoding="utf-8")):
            found.append(pytest.param(script, id=f"{path.stem}: {script['name']}"))
    return found


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> tuple[Path, dict[str, OrderSample]]:
    """A store to copy for each conversation, and its order for each situation."""
    path = tmp_path_factory.mktemp("store") / "seeded.sqlite"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    with database.begin() as connection:
        seed(connection, 1, NOON.date())
        found = situations(connection, settings.rules, SetClock(NOON))
        write_lexicon(connection, settings.rules, settings.files / "lexicon.json")
    database.close()
    return path, found


@pytest.fixture
def rehearsal(
    seeded: tuple[Path, dict[str, OrderSample]], tmp_path: Path, settings: Settings, engine: Engine
) -> Iterator[Rehearsal]:
    """The real bot on a copy of the store, at noon."""
    own = tmp_path / "store.sqlite"
    shutil.copy(seeded[0], own)
    database = Database(f"sqlite:///{own}")
    yield Rehearsal(database, settings.rules, load_replies(settings), engine, SetClock(NOON))
    database.close()


@pytest.mark.parametrize("script", scripts())
def test_a_conversation_goes_as_its_script_says(
    script: Mapping[str, Any], rehearsal: Rehearsal, seeded: tuple[Path, dict[str, OrderSample]]
) -> None:
    samples = seeded[1]
    offered: dict[str, str] = {}
    for number, line in enumerate(script["lines"], start=1):
        assert not set(line) - _FIELDS, f"line {number}: a script holds {_FIELDS}"
        played = rehearsal.play(_line(line, script, samples, offered))
        said = "\n".join(reply["text"] for reply in played["replies"])
        place = f"{script['name']}, line {number}: {line}\n{said}\n{played}"
        buttons = {button["title"]: button["payload"] for reply in played["replies"] for button in reply["buttons"]}
        offered = buttons or offered
        for words in _all(line.get("says")):
            assert _filled(words, script, samples).lower() in said.lower(), place
        for words in _all(line.get("never_says")):
            assert _filled(words, script, samples).lower() not in said.lower(), place
        for title in _all(line.get("offers")):
            assert title in buttons, place
        for field in ("flow", "status"):
            if field in line:
                assert played[field] == line[field], place
        for field in ("queue", "reason"):
            if field in line:
                assert (played["case"] or {}).get(field) == line[field], place
        # Whoever asks is answered, or has a person: nobody is left in silence.
        assert said or played["status"] in ("queued", "agent", "closed"), place


def _line(
    line: Mapping[str, Any], script: Mapping[str, Any], samples: Mapping[str, OrderSample], offered: Mapping[str, str]
) -> dict[str, Any]:
    sent: dict[str, Any] = {"channel": script.get("channel", "web"), "sender": "buyer"}
    if "name_on_channel" in script:
        sent["sender_name"] = script["name_on_channel"]
    if "at" in line:
        sent["at"] = line["at"]
    if "event" in line:
        happened = {
            key: _filled(value, script, samples) if isinstance(value, str) else value
            for key, value in line["event"].items()
        }
        return sent | happened
    if "press" in line:
        return sent | {"button": offered.get(line["press"], line["press"])}
    return sent | {"text": _filled(line["buyer"], script, samples)}


def _filled(words: str, script: Mapping[str, Any], samples: Mapping[str, OrderSample]) -> str:
    """``{number}`` is the script's order; ``{number:stuck}`` that of another situation."""

    def value(place: re.Match[str]) -> str:
        sample = samples[place.group(2) or script["situation"]]
        return str(getattr(sample, place.group(1)))

    return _PLACE.sub(value, words)


def _all(words: Any) -> list[str]:
    return [words] if isinstance(words, str) else list(words or ())
