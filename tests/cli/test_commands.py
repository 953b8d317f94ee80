"""The commands: each tells what it does, and what is wrong in one line with exit code 2."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot import schema
from bot.database import Database
from tests.cli.conftest import Crossdesk

COMMANDS = [
    (),
    ("serve",),
    ("train",),
    ("doctor",),
    ("channels",),
    ("check",),
    ("evaluate",),
    ("overview",),
    ("housekeep",),
    ("backup",),
    ("restore",),
    ("chat",),
    ("parse",),
    ("converse",),
    ("replay",),
    ("why",),
    ("models",),
    *(("models", name) for name in ("list", "show", "compare", "changes", "approve", "turn-down", "undo")),
    *(("models", name) for name in ("release", "rollback", "log", "training")),
    *(("models", name) for name in ("shadow", "share", "withdraw", "trial")),
    ("words",),
    *(
        ("words", name)
        for name in ("list", "show", "set", "drop", "check", "preview", "diff", "release", "rollback")
    ),
    ("words", "versions"),
    ("words", "log"),
    ("rules",),
    *(
        ("rules", name)
        for name in ("list", "show", "set", "unset", "write", "drop", "check", "preview", "replay", "diff")
    ),
    *(("rules", name) for name in ("release", "rollback", "versions", "log")),
    ("review",),
    *(
        ("review", name)
        for name in ("fill", "list", "show", "label", "confirm", "undo", "log", "agreement", "export")
    ),
    *(("review", name) for name in ("mark", "unmark")),
    ("data",),
    *(
        ("data", name)
        for name in (
            "check",
            "write",
            "list",
            "show",
            "intents",
            "add-intent",
            "rename-intent",
            "remove-intent",
        )
    ),
    ("feed",),
    ("feed", "status"),
    ("feed", "retry"),
    ("shop",),
    ("shop", "seed"),
    ("shop", "import"),
    ("shop", "show"),
    ("mail",),
    ("mail", "status"),
    ("mail", "list"),
    ("mail", "show"),
    ("mail", "retry"),
    ("mail", "bury"),
    ("buyer",),
    ("buyer", "export"),
    ("buyer", "unlink"),
    ("buyer", "erase"),
    ("people",),
    ("people", "list"),
    ("people", "add"),
    ("people", "rank"),
    ("people", "work"),
    ("people", "away"),
    ("people", "link"),
    ("people", "unlink"),
    ("people", "group"),
    ("people", "groups"),
    ("people", "password"),
    ("people", "remove"),
    ("db",),
    ("db", "upgrade"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_tells_what_it_does(
    crossdesk: Crossdesk, place: Path, command: tuple[str, ...]
) -> None:
    ran = crossdesk(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Usage: ")
    assert any(line.endswith(".") for line in ran.out.splitlines())
    # To ask is not to do.
    assert list(place.iterdir()) == []


def test_no_command_is_missing_above(crossdesk: Crossdesk) -> None:
    def listed(*group: str) -> set[tuple[str, ...]]:
        lines = crossdesk(*group, "--help").out.partition("Commands:\n")[2].splitlines()
        # A command's name is indented by two; the rest of a long line by more.
        return {(*group, line.split()[0]) for line in lines if line[:2] == "  " and line[2:3] != " "}

    found = listed()
    for command in tuple(found):
        found |= listed(*command)
    assert found | {()} == set(COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("--nonsense",), "No such option: --nonsense"),
        (("shop", "nonsense"), "No such command 'nonsense'"),
        (("serve", "--port", "70000"), "70000 is not in the range 0<=x<=65535"),
        (("serve", "--port", "http"), "Invalid value for '--port'"),
        (("serve", "--workers", "0"), "Invalid value for '--workers'"),
        (("people", "add"), "Missing argument"),
        (("people", "add", "ana"), "Missing option '--name'"),
        (("people", "rank", "ana", "boss"), "is not one of 'trainee', 'agent'"),
        (("shop", "seed", "--seed", "many"), "Invalid value for '--seed'"),
    ],
)
def test_a_wrong_call_is_refused_in_one_line(
    crossdesk: Crossdesk, place: Path, arguments: tuple[str, ...], says: str
) -> None:
    assert says in crossdesk(*arguments).refusal()
    assert list(place.iterdir()) == []


def test_without_a_command_the_commands_are_listed(crossdesk: Crossdesk) -> None:
    ran = crossdesk()
    assert "converse" in ran.out + ran.err


@pytest.mark.parametrize(
    "command", [("people", "list"), ("shop", "show"), ("db", "upgrade"), ("doctor",), ("channels",)]
)
def test_a_wrong_setting_stops_every_command_in_one_line(
    crossdesk: Crossdesk, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CROSSDESK_PORT", "none")
    ran = crossdesk(*command)
    assert ran.code == 2
    assert "CROSSDESK_PORT is 'none': give a port between 0 and 65535" in ran.out + ran.err


# --- db ---


def test_an_empty_database_is_made_and_a_made_one_left_alone(crossdesk: Crossdesk) -> None:
    newest = schema.newest()
    assert crossdesk("db", "upgrade").out == f"The database is at revision {newest} (was empty).\n"
    assert crossdesk("db", "upgrade").out == f"The database is at revision {newest} (was {newest}).\n"


def test_commands_on_an_empty_database_say_how_to_make_it(crossdesk: Crossdesk) -> None:
    for command in (("people", "list"), ("shop", "show"), ("shop", "seed")):
        assert crossdesk(*command).refusal() == "the database is empty: run `crossdesk db upgrade`"


def test_another_programs_database_is_left_alone(crossdesk: Crossdesk, place: Path) -> None:
    with sqlite3.connect(place / "crossdesk.sqlite") as other:
        other.execute("CREATE TABLE orders (id INTEGER)")
    for command in (("db", "upgrade"), ("people", "list"), ("shop", "seed")):
        assert "another program" in crossdesk(*command).refusal()


def test_a_newer_database_is_left_alone(crossdesk: Crossdesk, place: Path) -> None:
    crossdesk("db", "upgrade")
    with sqlite3.connect(place / "crossdesk.sqlite") as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in (("db", "upgrade"), ("people", "list")):
        assert "install the newer crossdesk" in crossdesk(*command).refusal()


def test_several_upgrades_at_once_make_one_database(process: Crossdesk, place: Path) -> None:
    with ThreadPoolExecutor(3) as threads:
        ran = list(threads.map(lambda _: process("db", "upgrade"), range(3)))
    assert [one.code for one in ran] == [0, 0, 0], [one.err for one in ran]
    schema.require_current(Database(f"sqlite:///{place / 'crossdesk.sqlite'}"))


# --- people ---


@pytest.fixture
def desk(crossdesk: Crossdesk, place: Path, empty_file: Path) -> Crossdesk:
    """A database with nobody in it."""
    shutil.copy(empty_file, place / "crossdesk.sqlite")
    return crossdesk


PASSWORD = ("--password", "correct horse battery")


def test_people_are_given_shifts_and_linked_with_slack(desk: Crossdesk) -> None:
    desk("people", "add", "ana", "--name", "Ana", *PASSWORD)
    desk("people", "add", "ben", "--name", "Ben", *PASSWORD)
    said = desk(
        "people",
        "work",
        "ana",
        "--language",
        "de",
        "--shift",
        "mon-fri 09:00-17:00",
        "--timezone",
        "Europe/Berlin",
    )
    assert said.out.startswith("ana writes de, serves all queues, works: mon 09:00-17:00, tue ")
    assert "is no shift" in desk("people", "work", "ana", "--shift", "always").err
    assert (
        "is no time zone"
        in desk("people", "work", "ana", "--shift", "mon 09:00-17:00", "--timezone", "x").err
    )
    assert (
        desk("people", "link", "ana", "--slack", "t01abc/u02def").out == "ana is linked with T01ABC/U02DEF.\n"
    )
    assert "is linked with ana" in desk("people", "link", "ben", "--slack", "T01ABC/U02DEF").err
    assert "is no account of slack" in desk("people", "link", "ben", "--slack", "@ben").err
    row = desk("people", "list").out.splitlines()[1]
    assert row.split()[-3:] == ["slack", "T01ABC/U02DEF", "here"]
    assert desk("people", "unlink", "ana").out == "ana: 1 account unlinked.\n"
    assert desk("people", "link", "ben", "--slack", "T01ABC/U02DEF").code == 0
    assert desk("people", "away", "ben").out == "ben is away.\n"
    assert desk("people", "away", "ben", "--back").out == "ben is back.\n"


def test_people_are_added_changed_and_let_go(desk: Crossdesk) -> None:
    added = desk(
        "people", "add", "ana", "--name", "Ana [b]", "--language", "de", "--queue", "order", *PASSWORD
    )
    assert added.out == "Added ana as agent.\n"
    row = desk("people", "list").out.splitlines()[1]
    assert row.split() == ["ana", "Ana", "[b]", "agent", "de", "order", "always", "here"]
    assert desk("people", "rank", "ana", "supervisor").out == "ana is supervisor now.\n"
    assert desk("people", "password", "ana", "--password", "another long one").code == 0
    # Somebody must be left who may look after people.
    assert "ana is the last who may" in desk("people", "remove", "ana").refusal()
    desk("people", "add", "zoe", "--name", "Zoe", "--rank", "supervisor", *PASSWORD)
    assert desk("people", "remove", "ana").code == 0
    assert desk("people", "list").out.splitlines()[1].split()[-1] == "left"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "ana", "--name", "Ana", *PASSWORD), "The login 'ana' is taken."),
        (("add", "ben", "--name", "Ben", "--password", "short"), "A password has 10 to 200 characters"),
        (("add", "", "--name", "Ben", *PASSWORD), ""),
        (("add", "ben", "--name", "", *PASSWORD), ""),
        (("add", "b\nn", "--name", "Ben", *PASSWORD), ""),
        (("rank", "ben", "agent"), "There is nobody with the login 'ben'."),
        (("password", "ben", *PASSWORD), "There is nobody with the login 'ben'."),
        (("password", "ana", "--password", "x"), "A password has 10 to 200 characters"),
        (("remove", "ben"), "There is nobody with the login 'ben'."),
    ],
)
def test_what_cannot_be_done_with_people_is_refused(
    desk: Crossdesk, arguments: tuple[str, ...], says: str
) -> None:
    desk("people", "add", "ana", "--name", "Ana", *PASSWORD)
    before = desk("people", "list").out
    assert says in desk("people", *arguments).refusal()
    assert desk("people", "list").out == before


def test_a_password_never_shows(desk: Crossdesk, place: Path) -> None:
    ran = desk("people", "add", "ana", "--name", "Ana", *PASSWORD)
    assert PASSWORD[1] not in ran.out + ran.err
    assert PASSWORD[1].encode() not in (place / "crossdesk.sqlite").read_bytes()


# --- shop ---


def test_a_store_is_seeded_once(desk: Crossdesk, place: Path, small_store: None) -> None:
    ran = desk("shop", "seed", "--seed", "3", "--today", "2026-11-22")
    assert (ran.code, ran.out) == (0, "Seeded store 3 as of 2026-11-22.\n")
    assert (place / "files" / "lexicon.json").stat().st_size > 1000
    shown = desk("shop", "show").out
    assert desk("shop", "seed").refusal() == "there is a store in this database already: seed an empty one"
    assert desk("shop", "show").out == shown
    one = desk("shop", "show", "stuck").out
    assert one in shown
    assert one.split()[0] == "stuck"
    assert "there is no situation 'lost' (there are: " in desk("shop", "show", "lost").refusal()


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "22.11.2026"])
def test_a_day_that_is_none_is_refused(desk: Crossdesk, day: str) -> None:
    refusal = desk("shop", "seed", "--today", day).refusal()
    assert refusal == f"--today is '{day}': give a day such as 2026-11-22"


def test_a_folder_to_import_that_is_none_is_refused(desk: Crossdesk, place: Path) -> None:
    assert "is not a folder" in desk("shop", "import", str(place / "nothing")).refusal()


# --- What a person must mend ---


@pytest.mark.parametrize("variable", ["CROSSDESK_FILES", "CROSSDESK_STORE"])
def test_a_folder_that_cannot_be_made_is_told(
    crossdesk: Crossdesk, place: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    (place / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv(variable, str(place / "file" / "within"))
    assert f"{place / 'file'}" in crossdesk("serve", "--port", "0").refusal()


def test_a_database_that_is_none_is_told(crossdesk: Crossdesk, place: Path) -> None:
    (place / "crossdesk.sqlite").write_text("Dear Sir or Madam, " * 100, encoding="utf-8")
    assert "file is not a database: restore a backup" in crossdesk("people", "list").refusal()


def test_the_doctor_says_what_to_do_about_each_thing(crossdesk: Crossdesk, place: Path) -> None:
    ran = crossdesk("doctor")
    assert ran.code == 2
    found = {line.split()[1].rstrip(":"): line for line in ran.out.splitlines()}
    assert found["settings"].startswith("ok ")
    assert found["files"].startswith("ok ")
    assert found["database"].startswith("MEND ")
    assert "run `crossdesk db upgrade`" in found["database"]
    assert found["model"].startswith("MEND ")
    assert "run `crossdesk train`" in found["model"]
    assert ran.err == "crossdesk: something needs mending, see above\n"


def test_the_doctor_tells_a_folder_that_the_others_do_not_use_and_adopts_it(
    crossdesk: Crossdesk, monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    crossdesk("db", "upgrade")
    crossdesk("doctor", "--adopt-files")
    assert "ok    shared: this folder is the store's" in crossdesk("doctor").out
    monkeypatch.setenv("CROSSDESK_FILES", str(place / "elsewhere"))
    assert f"MEND  shared: {place / 'elsewhere'} has no mark of this store" in crossdesk("doctor").out
    assert "ok    shared" in crossdesk("doctor", "--adopt-files").out
    monkeypatch.setenv("CROSSDESK_FILES", str(place / "files"))
    assert "belongs to another store" in crossdesk("doctor").out


def test_the_doctor_is_the_first_to_tell_of_a_wrong_rule(crossdesk: Crossdesk, place: Path) -> None:
    (place / "store").mkdir()
    (place / "store" / "shop.yml").write_text("stor: {}\n", encoding="utf-8")
    ran = crossdesk("doctor")
    assert ran.code == 2
    assert "MEND  settings:" in ran.out
    assert "shop.yml, line 1: stor: there is no such key" in ran.out


def test_the_doctor_survives_whatever_it_finds(
    crossdesk: Crossdesk, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("CROSSDESK_FILES", str(place / "file" / "within"))
    monkeypatch.setenv("CROSSDESK_DATABASE_URL", "postgresql://crossdesk:hunter2@127.0.0.1:1/crossdesk")
    ran = crossdesk("doctor")
    assert ran.code == 2
    assert "MEND  files:" in ran.out
    assert "MEND  database:" in ran.out
    assert "hunter2" not in ran.out + ran.err
    assert all(line.startswith(("ok ", "MEND ")) for line in ran.out.splitlines())


@pytest.mark.parametrize("note", ["{", '{"name": "broken.tar.gz", "fingerprint": "x"}'])
def test_the_doctor_finds_a_broken_model(crossdesk: Crossdesk, place: Path, note: str) -> None:
    folder = place / "files" / "models"
    folder.mkdir(parents=True)
    (folder / "broken.tar.gz").write_bytes(b"not a model")
    (folder / "current.json").write_text(note, encoding="utf-8")
    ran = crossdesk("doctor")
    assert ran.code == 2
    (line,) = [line for line in ran.out.splitlines() if "model:" in line]
    assert line.startswith("MEND ")
    assert "run `crossdesk train`" in line
