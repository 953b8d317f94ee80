"""``mail`` as an operator types it: nobody's words or contacts unless asked, and nothing a terminal obeys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.database import Database
from bot.mailroom import inbox, outbox
from bot.mailroom.outbox import OutboxState
from tests.cli.conftest import Crossdesk
from tests.mailroom.letters import letter

EVIL = "PAPAYA \x1b[31mred\x1b]0;title\x07 [bold]b[/bold]\r\nwrite to papaya@fruit.example or +49 30 901820"


@pytest.fixture
def filled(database: Database, place: Path) -> tuple[int, int]:
    """A message that waits and a reply that failed, in the database that the commands use."""
    now = SystemClock().now()
    with database.begin() as connection:
        one = letter(EVIL, "papaya@fruit.example", sender_name="Papaya Weber", channel="web")
        talk = inbox.accept(connection, one, language="en", now=now).conversation_id
        row = outbox.post(connection, talk, "Dear PAPAYA", now=now)
        outbox.settle(
            connection, row, OutboxState.FAILED, now=now, error="no mailbox papaya@fruit.example", attempts=3
        )
    return 1, row


def test_an_operator_sees_what_waits_and_what_failed(crossdesk: Crossdesk, filled: tuple[int, int]) -> None:
    status = crossdesk("mail", "status")
    assert status.code == 0, status.err
    assert [line.split()[:4] for line in status.out.splitlines()[1:]] == [
        ["inbox", "web", "waiting", "1"],
        ["outbox", "web", "failed", "1"],
    ]
    listed = crossdesk("mail", "list")
    assert [line.split()[:2] for line in listed.out.splitlines()[1:]] == [
        ["inbox:1", "waiting"],
        ["outbox:1", "failed"],
    ]
    assert "no mailbox p••••@fruit.example" in listed.out
    shown = crossdesk("mail", "show", "outbox:1")
    assert "why           no mailbox p••••@fruit.example" in shown.out
    assert crossdesk("mail", "list", "--box", "inbox", "--state", "buried").out == (
        "There is nothing of that kind.\n"
    )


@pytest.mark.parametrize(
    "command",
    [("status",), ("list",), ("show", "inbox:1"), ("show", "outbox:1"), ("list", "--state", "failed")],
)
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_nobodys_words_or_contacts_are_shown_unasked(
    crossdesk: Crossdesk, filled: tuple[int, int], command: tuple[str, ...], more: tuple[str, ...]
) -> None:
    ran = crossdesk("mail", *command, *more)
    assert ran.code == 0, ran.err
    for secret in ("PAPAYA", "Papaya", "papaya@", "901820"):
        assert secret not in ran.out


@pytest.mark.parametrize("command", [("list",), ("show", "inbox:1")])
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_words_are_shown_on_demand_with_contacts_masked_and_nothing_that_a_terminal_obeys(
    crossdesk: Crossdesk, filled: tuple[int, int], command: tuple[str, ...], more: tuple[str, ...]
) -> None:
    ran = crossdesk("mail", *command, "--words", *more)
    assert "PAPAYA" in ran.out
    assert "papaya@" not in ran.out
    assert "901820" not in ran.out
    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out
    assert "\r" not in ran.out


def test_a_machine_reads_all_of_it(crossdesk: Crossdesk, filled: tuple[int, int]) -> None:
    (waiting, failed) = json.loads(crossdesk("mail", "list", "--json").out)
    assert (waiting["row"], waiting["state"], waiting["conversation"]) == ("inbox:1", "waiting", 1)
    assert (failed["row"], failed["tries"]) == ("outbox:1", 3)
    assert json.loads(crossdesk("mail", "show", "outbox:1", "--json").out) == failed
    counted = json.loads(crossdesk("mail", "status", "--json").out)
    assert [(one["box"], one["state"], one["count"]) for one in counted] == [
        ("inbox", "waiting", 1),
        ("outbox", "failed", 1),
    ]


def test_an_operator_retries_and_buries(crossdesk: Crossdesk, filled: tuple[int, int]) -> None:
    assert crossdesk("mail", "retry", "outbox:1").out == "outbox:1 is tried again (it was failed).\n"
    assert crossdesk("mail", "retry", "inbox:1").out == "inbox:1 is tried again (it was waiting).\n"
    buried = crossdesk("mail", "bury", "inbox:1", "--why", "spam\nand worse")
    assert buried.out == "inbox:1 is buried; case 1 tells of it.\n"
    assert "buried by the operator: spam and worse" in crossdesk("mail", "show", "inbox:1").out


def test_an_empty_mailroom_says_so(crossdesk: Crossdesk, database: Database, place: Path) -> None:
    assert crossdesk("mail", "status").out == "Nothing waits, and nothing has failed.\n"
    assert crossdesk("mail", "list").out == "There is nothing of that kind.\n"
    assert json.loads(crossdesk("mail", "status", "--json").out) == []


@pytest.mark.parametrize("command", ["show", "retry", "bury"])
@pytest.mark.parametrize(
    "row",
    ["", "1", "inbox", "inbox:", "inbox:x", "inbox:-1", "inbox:1.0", "inbox:٣", "post:1", "inbox:1:2",
     "\x1b[31m"],
)  # fmt: skip
def test_what_names_no_row_is_refused_in_one_line(crossdesk: Crossdesk, command: str, row: str) -> None:
    refusal = crossdesk("mail", command, "--", row).refusal()
    assert "names no row: give inbox:NUMBER or outbox:NUMBER" in refusal
    assert "\x1b" not in refusal


@pytest.mark.parametrize("command", ["show", "retry", "bury"])
@pytest.mark.parametrize("number", ["0", "7", str(2**31), str(2**63), str(2**64), "9" * 400])
def test_an_unknown_row_is_refused_in_one_line(
    crossdesk: Crossdesk, filled: tuple[int, int], command: str, number: str
) -> None:
    assert crossdesk("mail", command, f"inbox:{number}").refusal().startswith("there is no row inbox:")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--state", "lost"), "is not one of"),
        (("--box", "post"), "is not one of"),
        (("--conversation", "0"), "0 is not in the range"),
        (("--conversation", str(2**70)), "there is no conversation"),
        (("--limit", "0"), "0 is not in the range"),
        (("--limit", "1000000"), "is not in the range"),
    ],
)
def test_a_list_of_what_there_cannot_be_is_refused(
    crossdesk: Crossdesk, filled: tuple[int, int], arguments: tuple[str, ...], says: str
) -> None:
    assert says in crossdesk("mail", "list", *arguments).refusal()


def test_an_empty_database_says_what_to_do(crossdesk: Crossdesk, place: Path) -> None:
    for command in (("status",), ("list",), ("retry", "inbox:1"), ("bury", "outbox:1")):
        assert crossdesk("mail", *command).refusal() == "the database is empty: run `crossdesk db upgrade`"
