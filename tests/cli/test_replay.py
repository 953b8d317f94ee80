"""``replay`` and ``why``: a conversation of the past, taken again and explained."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.database import Database
from bot.dialogue.tables import turns
from tests.cli.conftest import Crossdesk

with warnings.catch_warnings(record=True):
    # Rasa switches the warnings of old libraries on again while it is imported: they are caught and dropped.
    from bot.dialogue.engine import Engine

pytestmark = pytest.mark.model


@pytest.fixture
def talked(
    place: Path, model_path: Path, engine: Engine, crossdesk: Crossdesk, monkeypatch: pytest.MonkeyPatch
) -> Crossdesk:
    """After a conversation of two turns, with the very model that the commands would load."""
    shutil.copytree(model_path.parent, place / "files" / "models")
    monkeypatch.setattr(Engine, "load", lambda _path: engine)
    monkeypatch.setattr(Engine, "close", lambda _self: None)
    lines = [{"text": text} for text in ("hello", "can I pay with PayPal?")]
    typed = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    assert crossdesk("converse", "--database", str(place / "crossdesk.sqlite"), typed=typed).code == 0
    return crossdesk


def test_a_conversation_is_taken_again_and_told_turn_by_turn(talked: Crossdesk) -> None:
    ran = talked("replay", "1")
    assert (ran.code, ran.err) == (0, "")
    assert [line.rsplit(": ", 1)[1] for line in ran.out.splitlines()] == ["the same", "the same"]
    told = json.loads(talked("replay", "1", "--json").out)
    assert [turn["same"] for turn in told["turns"]] == [True, True]
    assert told["turns"][1]["said"] == told["turns"][1]["said_then"]


def test_words_of_the_files_that_changed_are_told(talked: Crossdesk, place: Path) -> None:
    database = Database(f"sqlite:///{place / 'crossdesk.sqlite'}")
    with database.begin() as connection:
        (words,) = set(connection.execute(sa.select(turns.c.words)).scalars())
    database.close()
    assert words.startswith("shipped:")
    # An upgrade, or somebody's own file.
    own = place / "store" / "replies" / "en.yml"
    own.parent.mkdir(parents=True)
    own.write_text('responses:\n  utter_about_bot:\n    - text: "I am a bot."\n', encoding="utf-8")
    assert f"with other words: then {words}, now shipped:" in talked("replay", "1").out
    told = json.loads(talked("replay", "1", "--json").out)["turns"]
    assert {turn["words_then"] for turn in told} == {words}
    assert all(turn["words"] != words for turn in told)
    assert f"words: {words}" in talked("why", "1").out


def test_a_turn_before_a_release_is_taken_again_with_the_words_of_then(talked: Crossdesk) -> None:
    for key in ("utter_greet_day_nameless", "utter_handed_over"):
        shown = json.loads(talked("words", "show", key, "de", "--json").out)["variants"]
        assert talked("words", "set", key, "de", f"{shown[0]['text']} Bitte sehr.").code == 0
    assert talked("words", "release").code == 0
    told = json.loads(talked("replay", "1", "--json").out)["turns"]
    assert [turn["same"] for turn in told] == [True, True]
    assert [turn["words"] for turn in told] == [turn["words_then"] for turn in told]


def test_a_turn_that_is_not_as_it_was_is_shown_beside_what_it_was(talked: Crossdesk, place: Path) -> None:
    database = Database(f"sqlite:///{place / 'crossdesk.sqlite'}")
    with database.begin() as connection:
        connection.execute(sa.text("UPDATE outbox SET text = 'We take shells.' WHERE id = 2"))
        connection.execute(turns.update().where(turns.c.id == 1).values(tape=None))
    database.close()
    ran = talked("replay", "1")
    assert ran.code == 1
    assert "differs: texts" in ran.out
    assert "then: We take shells." in ran.out
    assert "Not kept, what these turns read: 1." in ran.out


def test_why_tells_flow_rule_and_model_of_any_turn_of_the_past(talked: Crossdesk) -> None:
    first, latest = talked("why", "1", "--turn", "1").out, talked("why", "1").out
    assert "intent: service_greeting" in first
    assert "intent: payment_methods" in latest
    for told in (first, latest):
        assert "rule: " in told
        assert "with the model 2" in told
        assert "said: " in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("replay", "7"), "conversation 7 has no turns, or they were removed by age"),
        (("why", "1", "--turn", "9"), "conversation 1 has no turn 9: its turns are 1, 2"),
        (("why", "x"), "(see --help)"),
    ],
    ids=["no conversation", "no turn", "no number"],
)
def test_what_is_not_there_is_told(talked: Crossdesk, arguments: tuple[str, ...], says: str) -> None:
    assert says in talked(*arguments).refusal()
