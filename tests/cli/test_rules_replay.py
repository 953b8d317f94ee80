"""``rules replay``: whose answer another rule would change, alone and together with a candidate."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import schema
from bot.clock import SystemClock
from bot.database import Database
from bot.settings import Settings
from bot.training import models, versions
from bot.training.versions import Version
from tests.cli.conftest import Crossdesk
from tests.training.test_compare import Worse

with warnings.catch_warnings(record=True):
    # Rasa switches the warnings of old libraries on again while it is imported: they are caught and dropped.
    from bot.dialogue.engine import Engine

pytestmark = pytest.mark.model

#: Takes what is about paying for a greeting.
CANDIDATE = "worse.tar.gz"


class Candidate(Worse):
    def close(self) -> None:
        """Nothing of its own was opened."""


@pytest.fixture
def talked(
    place: Path, model_path: Path, engine: Engine, crossdesk: Crossdesk, monkeypatch: pytest.MonkeyPatch
) -> Crossdesk:
    """After conversations of three buyers with the released model, beside which a candidate lies."""
    shutil.copytree(model_path.parent, place / "files" / "models")
    settings = Settings.load()
    path = models.models_folder(settings) / CANDIDATE
    path.write_bytes(b"another model")
    made = Version(CANDIDATE, "f", SystemClock().now(), digest=versions.digest_of(path))
    versions.write_down(settings, made)
    monkeypatch.setattr(Engine, "load", lambda path: Candidate(engine) if path.name == CANDIDATE else engine)
    monkeypatch.setattr(Engine, "close", lambda _self: None)
    lines = [
        {"sender": sender, "text": text}
        for sender, said in (
            ("ann", ("hello",)),
            ("bea", ("can I pay with PayPal?",)),
            ("cem", ("thank you",)),
        )
        for text in said
    ]
    typed = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    assert crossdesk("converse", "--database", str(place / "crossdesk.sqlite"), typed=typed).code == 0
    return crossdesk


def parted(ran: Any) -> list[tuple[str, list[str]]]:
    assert ran.code == 0, ran.err
    return [(one["text"], one["what"]) for one in json.loads(ran.out)]


def everything(place: Path) -> dict[str, Any]:
    database = Database(f"sqlite:///{place / 'crossdesk.sqlite'}")
    with database.begin() as connection:
        tables = schema.every_table().tables.items()
        found = {name: connection.execute(sa.select(table)).all() for name, table in tables}
    database.close()
    return found


def test_only_who_would_hear_of_the_draft_is_listed(talked: Crossdesk, place: Path) -> None:
    assert parted(talked("rules", "replay", "--json")) == []
    talked("rules", "set", "store.assistant", "Zelda")
    before = everything(place)
    assert parted(talked("rules", "replay", "--json")) == [("hello", ["said"])]
    told = talked("rules", "replay").out
    assert "Zelda" in told
    assert "1 of the latest 50 conversations would have gone another way." in told
    assert everything(place) == before


def test_a_candidate_and_the_draft_are_taken_together(talked: Crossdesk, place: Path) -> None:
    # By the model alone: who asked about paying.
    (alone,) = parted(talked("rules", "replay", "--model", "worse", "--json"))
    assert alone[0] == "can I pay with PayPal?"
    assert "intent" in alone[1]
    talked("rules", "set", "store.assistant", "Zelda")
    before = everything(place)
    ran = talked("rules", "replay", "--model", "worse", "--json")
    assert [text for text, _ in parted(ran)] == ["can I pay with PayPal?", "hello"]
    # Who asked about paying is greeted now, by the name that only the draft has.
    paying = json.loads(ran.out)[0]
    assert paying["after"]["intent"] == "service_greeting"
    assert "Zelda" in paying["after"]["said"][0]
    assert "Zelda" not in str(paying["before"])
    assert everything(place) == before


def test_a_draft_that_makes_no_rules_is_told_and_nothing_is_taken_again(talked: Crossdesk) -> None:
    talked("rules", "set", "returns.window_days", "many")
    for options in ((), ("--json",), ("--model", "worse")):
        ran = talked("rules", "replay", *options)
        assert (ran.code, ran.out) == (1, "")
        assert "returns.window_days: value is not a valid integer" in ran.err


def test_a_version_that_is_not_there_or_not_whole_is_refused(talked: Crossdesk, place: Path) -> None:
    assert "there is no model 'gone'" in talked("rules", "replay", "--model", "gone").refusal()
    path = models.models_folder(Settings.load()) / CANDIDATE
    path.write_bytes(b"another")
    assert "its file is cut or changed" in talked("rules", "replay", "--model", "worse").refusal()
