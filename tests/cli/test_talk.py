"""``parse``, ``converse`` and ``chat`` as processes of their own, as other programs use them."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Crossdesk

with warnings.catch_warnings(record=True):
    # Rasa switches the warnings of old libraries on again while it is imported: they are caught and dropped.
    from bot.dialogue.engine import Engine

pytestmark = pytest.mark.model

PARSED = {
    *(
        "text",
        "language",
        "language_tag",
        "intent",
        "topic",
        "confidence",
        "ranking",
        "entities",
        "requests",
        "mood",
        "threat",
    )
}


@pytest.fixture
def model(place: Path, model_path: Path) -> None:
    """The released model, where the commands look for it."""
    shutil.copytree(model_path.parent, place / "files" / "models")


@pytest.fixture
def talking(model: None, engine: Engine, crossdesk: Crossdesk, monkeypatch: pytest.MonkeyPatch) -> Crossdesk:
    """Runs a command in this process, with the very model it would load, which is loaded already."""
    monkeypatch.setattr(Engine, "load", lambda _path: engine)
    return crossdesk


def _records(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


# --- parse ---


def test_each_line_is_parsed_in_its_place_and_nothing_else_is_written(
    model: None, process: Crossdesk
) -> None:
    lines = [
        "Where is my parcel?",
        "",
        "   ",
        "x" * 10_000,
        "word " * 2_000,
        '/service_human{"order_number": "CD-100001"}',
        "{",
        '"quoted" \\ back',
        "line with \u2028 and \x85 in it",
        "\u00a0/restart",
        "你好，我的包裹在哪里？ 🚚",
        "\x00\x07",
        "Where is my order CD-100001? Write to ana@fruit.example",
    ]
    typed = "\n".join(lines).encode() + b"\nnot \xff utf-8\r\nthe last one has no end"
    ran = process("parse", typed=typed)
    assert ran.code == 0
    # Some of the lines hold what Python takes for the end of one.
    found = [json.loads(line) for line in ran.out.split("\n")[:-1]]
    assert [record["text"] for record in found] == [*lines, "not \ufffd utf-8", "the last one has no end"]
    for record in found:
        assert set(record) == PARSED
        assert 0 <= record["confidence"] <= 1
        assert len(record["ranking"]) <= 3
        # A typed payload would be taken for certain.
        assert record["confidence"] < 1
        for entity in record["entities"]:
            assert 0 <= entity["start"] < entity["end"] <= len(record["text"])
    assert found[0]["topic"] == "logistics"
    assert (found[1]["intent"], found[1]["topic"]) == ("nlu_fallback", "other")
    named = {entity["entity"]: entity for entity in found[12]["entities"]}
    assert named["order_number"]["value"] == "CD-100001"
    assert lines[12][named["email"]["start"] : named["email"]["end"]] == "ana@fruit.example"
    assert "Traceback" not in ran.err


def test_without_a_model_parse_and_converse_say_how_to_get_one(crossdesk: Crossdesk) -> None:
    for command in ("parse", "converse"):
        ran = crossdesk(command, typed=b"{}\n")
        assert ran.refusal() == "there is no trained model yet: run `crossdesk train`"
        assert ran.out == ""


def test_a_model_that_does_not_load_is_told_in_one_line(crossdesk: Crossdesk, place: Path) -> None:
    folder = place / "files" / "models"
    folder.mkdir(parents=True)
    (folder / "broken.tar.gz").write_bytes(b"not a model")
    (folder / "current.json").write_text('{"name": "broken.tar.gz", "fingerprint": "x"}', encoding="utf-8")
    assert "the model broken.tar.gz does not load: " in crossdesk("parse", typed=b"hi\n").refusal()


# --- converse ---


def _talk(talking: Crossdesk, *lines: object, arguments: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    typed = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    ran = talking("converse", *arguments, typed=typed)
    assert ran.code == 0, ran.err
    assert "Traceback" not in ran.err
    records = _records(ran.out)
    assert len(records) == len(lines)
    return records


def test_a_line_that_cannot_be_used_gets_an_error_and_the_next_one_its_answer(
    talking: Crossdesk, place: Path
) -> None:
    say = {"channel": "web", "sender": "ana", "at": "2026-11-23T04:00:00Z"}
    wrong: list[Any] = [
        b"{",
        b"",
        b"[]",
        b"5",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"[" * 5_000,
        {},
        {**say, "text": 5},
        {**say, "text": None},
        {**say, "button": 5},
        {**say, "text": "Hi", "at": "yesterday"},
        {**say, "text": "Hi", "at": 5},
        {**say, "text": "Hi", "at": "9999-12-31T23:59:59Z"},
        {**say, "text": "Hi", "at": "0001-01-01T00:00:00+14:00"},
        {**say, "text": "Hi", "channel": ""},
        {**say, "text": "Hi", "channel": ["web"]},
        {**say, "text": "Hi", "sender": 7},
        {**say, "text": "Hi", "sender_name": {"first": "Ana"}},
        {**say, "text": "Hi", "language_hint": ["de"]},
        {**say, "text": "Hi", "network": 5},
        {**say, "attachments": 5},
        {**say, "attachments": [5]},
        {**say, "attachments": [{"name": "x"}]},
        {**say, "event": "explode"},
        {**say, "event": ["tick"]},
        {**say, "event": "agent_reply", "text": "Nobody asked for me"},
        {**say, "event": "close"},
        {**say, "event": "approve"},
        {**say, "event": "approve", "order": "CD-999999"},
        {**say, "event": "counter", "order": "CD-999999", "amount": "many"},
        {**say, "event": "shop_change", "order": "CD-999999", "set": {"state": "shipped"}},
        {**say, "event": "shop_change", "order": "CD-999999", "set": 5},
    ]
    right = [
        {**say, "text": "Hello"},
        {**say, "text": ""},
        {**say, "text": "half \ud83d of an emoji"},
        {**say, "text": "a zero \u0000 byte"},
        {**say, "button": "/forged"},
        {**say, "text": "Hi", "at": None, "language_hint": None, "sender_name": None},
        {**say, "event": "tick"},
    ]
    records = _talk(talking, *wrong, *right, *wrong[:3], {**say, "text": "Hello"})
    for line, record in zip([*wrong, *wrong[:3]], [*records[: len(wrong)], *records[-4:-1]], strict=True):
        assert set(record) == {"error"}, f"{line!r}: {record}"
        assert record["error"]
    for line, record in zip(right, records[len(wrong) : -4], strict=True):
        assert set(record) == {"replies", "status", "case", "flow"}, f"{line!r}: {record}"
        assert record["replies"] or line.get("event") or record["status"] != "bot", f"{line!r}: {record}"
    assert records[-1]["status"] in ("bot", "queued")


def test_a_conversation_goes_through_a_person_and_back(talking: Crossdesk, place: Path) -> None:
    ana = {"channel": "web", "sender": "ana"}
    url = ("--database", str(place / "talk.sqlite"))
    first = _talk(
        talking,
        {**ana, "text": "Hello", "at": "2026-11-23T04:00:00Z"},
        {**ana, "text": "I want to talk to a person, please", "at": "2026-11-23T04:01:00Z"},
        {**ana, "text": "Are you there?", "at": "2026-11-23T04:02:00Z"},
        {**ana, "event": "agent_reply", "text": "I am Ben.", "at": "2026-11-23T04:03:00Z"},
        arguments=url,
    )
    assert [record["status"] for record in first] == ["bot", "queued", "queued", "agent"]
    assert first[0]["flow"] == "greeting"
    assert first[1]["case"]["reason"] == "asked_for_human"
    assert first[2]["replies"] == []
    assert [reply["text"] for reply in first[3]["replies"]] == ["I am Ben."]
    # The database is kept: the next process goes on where this one stopped.
    second = _talk(
        talking,
        {**ana, "event": "close", "hand_back": True, "summary": "done", "at": "2026-11-23T04:04:00Z"},
        {**ana, "text": "Hello", "at": "2026-11-23T04:05:00Z"},
        arguments=url,
    )
    assert second[0]["flow"] == "handed_back"
    assert second[0]["case"] is None
    assert second[1]["flow"] == "greeting"


def test_a_database_that_cannot_be_used_is_refused(talking: Crossdesk, place: Path) -> None:
    assert (
        "is a folder: give a file or a database URL"
        in talking("converse", "--database", str(place)).refusal()
    )


# --- chat ---


def test_the_terminals_chat_answers_explains_and_ends(talking: Crossdesk, small_store: None) -> None:
    ran = talking("chat", typed=b"Hello\n/why\n99\n\n/quit\nnever read\n")
    assert ran.code == 0
    assert "automated assistant" in ran.out
    assert "intent: service_greeting" in ran.out
    assert "rule: talk: greeting" in ran.out
    assert "[1] " in ran.out
    assert "Traceback" not in ran.err


# --- doctor ---


def test_where_nothing_needs_mending_the_doctor_says_so(
    talking: Crossdesk, place: Path, empty_file: Path
) -> None:
    shutil.copy(empty_file, place / "crossdesk.sqlite")
    ran = talking("doctor")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert len(lines) >= 5
    assert all(line.startswith("ok ") for line in lines)


def test_data_that_changed_since_the_training_are_told(
    talking: Crossdesk, place: Path, empty_file: Path
) -> None:
    shutil.copy(empty_file, place / "crossdesk.sqlite")
    (place / "store" / "nlu").mkdir(parents=True)
    (place / "store" / "nlu" / "own.yml").write_text("nlu: []\n", encoding="utf-8")
    ran = talking("doctor")
    assert ran.code == 2
    (line,) = [line for line in ran.out.splitlines() if not line.startswith("ok ")]
    assert line.startswith("MEND  model: ")
    assert line.endswith("is older than the data: run `crossdesk train`")
