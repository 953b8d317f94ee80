"""The command line as a user meets it: real processes, what they print and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

COMMANDS = (
    ("serve",),
    ("train",),
    ("chat",),
    ("parse",),
    ("converse",),
    ("doctor",),
    ("shop", "seed"),
    ("shop", "import"),
    ("shop", "show"),
    ("people", "list"),
    ("people", "add"),
    ("people", "rank"),
    ("people", "password"),
    ("people", "remove"),
    ("db", "upgrade"),
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs ``crossdesk`` on a place of its own."""

    def crossdesk(*arguments: str, typed: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        own = {
            "CROSSDESK_DATABASE_URL": f"sqlite:///{tmp_path / 'store.sqlite'}",
            "CROSSDESK_FILES": str(tmp_path / "files"),
            "CROSSDESK_STORE": str(tmp_path / "store"),
        }
        return subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **own, **settings},
        )

    return crossdesk


def _one_line(ended: subprocess.CompletedProcess[str]) -> str:
    """The single error line of a command that ended with 2."""
    assert ended.returncode == 2, ended
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1, ended.stderr
    return lines[0]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: Sequence[str]) -> None:
    # In this process: fifteen starts of an interpreter would tell nothing more.
    from typer.testing import CliRunner

    from bot.cli import app

    told = CliRunner().invoke(app, [*command, "--help"])

    assert told.exit_code == 0
    assert "Usage" in told.output


def test_an_unknown_option_is_told_and_ends_with_2(run: Run) -> None:
    ended = run("serve", "--bogus")

    assert ended.returncode == 2
    assert "--bogus" in ended.stderr


def test_a_command_on_an_empty_database_names_the_command_that_helps(run: Run) -> None:
    assert "crossdesk db upgrade" in _one_line(run("people", "list"))


def test_a_wrong_rule_is_told_by_file_and_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "shop.yml").write_text("identity:\n  wrong_tries: none\n", encoding="utf-8")

    line = _one_line(run("people", "list"))

    assert "shop.yml, line 2" in line


def test_people_are_added_listed_and_let_go(run: Run) -> None:
    assert run("db", "upgrade").returncode == 0
    added = run(
        "people", "add", "ana", "--name", "Ana Duarte", "--rank", "agent", "--password", "long enough 1"
    )
    run("people", "rank", "ana", "supervisor")
    listed = run("people", "list").stdout

    assert added.returncode == 0
    assert "ana" in listed
    assert "supervisor" in listed
    assert "10 to 200" in _one_line(run("people", "add", "ben", "--name", "Ben", "--password", "short"))
    assert "taken" in _one_line(run("people", "add", "ANA", "--name", "X", "--password", "long enough 1"))


def test_a_store_is_seeded_once(run: Run) -> None:
    run("db", "upgrade")
    first = run("shop", "seed", "--seed", "7", "--today", "2026-11-23")
    shown = run("shop", "show", "charged_twice")

    assert first.returncode == 0
    assert "CD-" in shown.stdout
    assert "already" in _one_line(run("shop", "seed"))
    assert "give a day" in _one_line(run("shop", "seed", "--today", "yesterday"))
    assert "there is no situation" in _one_line(run("shop", "show", "nonsense"))


def test_an_import_reports_bad_rows_and_loads_the_rest(run: Run, tmp_path: Path) -> None:
    run("db", "upgrade")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "customers.csv").write_text("number,name\nonly,half\n", encoding="utf-8")
    ended = run("shop", "import", str(folder))

    assert ended.returncode == 2
    assert "customers.csv" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_doctor_says_what_is_missing_and_what_to_do(run: Run) -> None:
    ended = run("doctor")

    assert ended.returncode == 2
    assert "crossdesk db upgrade" in ended.stdout
    assert "crossdesk train" in ended.stdout


def test_parse_without_a_model_is_one_clear_line(run: Run) -> None:
    assert "crossdesk train" in _one_line(run("parse", typed="hello\n"))


@pytest.mark.model
def test_parse_answers_each_line_in_order_and_writes_nothing_else(run: Run, model_path: Path) -> None:
    lines = [
        "where is my parcel?",
        "",
        "x" * 10_000,
        "/service_human",
        "was soll das",
        "  ",
        "😀😀",
        "thank you",
    ]
    ended = run("parse", typed="\n".join(lines) + "\n", CROSSDESK_FILES=str(model_path.parent.parent))
    read: list[dict[str, Any]] = [json.loads(line) for line in ended.stdout.splitlines()]

    assert ended.returncode == 0
    assert [record["text"] for record in read] == lines
    fields = {
        "text",
        "language",
        "intent",
        "topic",
        "confidence",
        "ranking",
        "entities",
        "requests",
        "mood",
        "threat",
    }
    assert all(set(record) == fields for record in read)
    assert read[0]["intent"] == "logistics_where_is_parcel"
    assert read[0]["topic"] == "logistics"
    assert read[1]["topic"] == "other"


@pytest.mark.model
def test_converse_writes_a_line_for_each_line_and_goes_on_after_a_bad_one(run: Run, model_path: Path) -> None:
    lines = [
        json.dumps({"channel": "web", "sender": "a", "text": "hello", "at": "2026-11-23T04:00:00Z"}),
        "this is no JSON",
        json.dumps({"channel": "web", "sender": "a", "event": "dance"}),
        json.dumps({"channel": "web", "sender": "a", "text": "I want to talk to a human"}),
        json.dumps({"channel": "web", "sender": "a", "event": "agent_reply", "text": "Ana here."}),
        json.dumps({"channel": "web", "sender": "a", "event": "close", "outcome": "solved"}),
    ]
    ended = run(
        "converse",
        "--seed",
        "1",
        typed="\n".join(lines) + "\n",
        CROSSDESK_FILES=str(model_path.parent.parent),
    )
    played = [json.loads(line) for line in ended.stdout.splitlines()]

    assert ended.returncode == 0, ended.stderr
    assert len(played) == len(lines)
    assert played[0]["status"] == "bot"
    assert played[0]["flow"] == "greeting"
    assert "error" in played[1]
    assert "dance" in played[2]["error"]
    assert played[3]["status"] == "queued"
    assert played[3]["case"]["reason"] == "asked_for_human"
    assert played[4]["replies"][0]["text"] == "Ana here."
    assert played[4]["status"] == "agent"
    assert played[5]["status"] == "closed"
