"""``channels`` and what ``doctor`` says of channels, as an operator reads it."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bot.channels import Examined
from bot.clock import SystemClock
from bot.database import Database
from bot.errors import ConfigurationError
from bot.mailroom import inbox, outbox
from bot.mailroom.outbox import OutboxState
from bot.sharing import doors
from bot.sharing.doors import Door, DoorState
from tests.cli.conftest import Crossdesk
from tests.mailroom.letters import letter

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def served(database: Database, place: Path) -> Database:
    """Two processes that serve, a message in, a reply out and one that failed."""
    del place
    now = SystemClock().now()
    with database.begin() as connection:
        for holder, state, why in (
            ("host-1-a", DoorState.OPEN, ""),
            ("host-2-b", DoorState.WAITING, "no way to papaya@fruit.example\x1b[31m"),
        ):
            door = Door("channel web", holder, state, why, now - 5 * MINUTE)
            doors.tell(connection, holder, [door])
        one = letter("PAPAYA", channel="web")
        talk = inbox.accept(connection, one, language="en", now=now - 3 * MINUTE).conversation_id
        sent, lost = (outbox.post(connection, talk, "PAPAYA", now=now) for _ in range(2))
        outbox.settle(connection, sent, OutboxState.SENT, now=now - 2 * MINUTE, attempts=1)
        outbox.settle(
            connection, lost, OutboxState.FAILED, now=now, error="no papaya@fruit.example", attempts=3
        )
    return database


def test_an_operator_sees_each_door_and_what_went_through_it(crossdesk: Crossdesk, served: Database) -> None:
    ran = crossdesk("channels")
    assert ran.code == 0, ran.err
    first, second, desk = (line.split("  ") for line in ran.out.splitlines()[1:])
    first, second = ([cell.strip() for cell in line if cell.strip()] for line in (first, second))
    assert first == [
        "web",
        "open",
        "5 min ago",
        "host-1-a",
        "3 min ago",
        "2 min ago",
        "1",
        "no p••••@fruit.example",
    ]
    assert second[1:4] == ["waiting", "5 min ago", "host-2-b"]
    assert [cell.strip() for cell in desk if cell.strip()] == ["desk web", "not served"]
    assert "papaya" not in ran.out.lower()
    assert "\x1b" not in ran.out


def test_an_operator_sees_why_people_at_a_desk_are_not_reached(
    crossdesk: Crossdesk, database: Database, place: Path
) -> None:
    why = "channel C02DESK: it is archived; papaya@fruit.example"
    with database.begin() as connection:
        since = SystemClock().now() - 5 * MINUTE
        doors.tell(connection, "host-1-a", [Door("desk web", "host-1-a", DoorState.WAITING, why, since)])
    (_, line) = crossdesk("channels").out.splitlines()[1:]
    cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
    masked = "channel C02DESK: it is archived; p••••@fruit.example"
    assert cells == ["desk web", "waiting", "5 min ago", "host-1-a", masked]
    (_, told) = json.loads(crossdesk("channels", "--json").out)
    assert (told["desk"], [(door["state"], door["why"]) for door in told["doors"]]) == (
        "web",
        [("waiting", masked)],
    )


def test_a_machine_reads_the_same(crossdesk: Crossdesk, served: Database) -> None:
    told, desk = json.loads(crossdesk("channels", "--json").out)
    assert desk == {"desk": "web", "doors": []}
    assert [(door["holder"], door["state"]) for door in told["doors"]] == [
        ("host-1-a", "open"),
        ("host-2-b", "waiting"),
    ]
    assert told["doors"][0]["why"] is None
    assert (told["errors"], told["last_error"]) == (1, "no p••••@fruit.example")
    assert "papaya" not in json.dumps(told).lower()


def test_a_channel_that_nobody_serves_is_told(crossdesk: Crossdesk, database: Database, place: Path) -> None:
    line, _ = crossdesk("channels").out.splitlines()[1:]
    assert line.split()[0] == "web"
    assert "not served" in line
    assert json.loads(crossdesk("channels", "--json").out) == [
        {"channel": "web", "doors": [], "last_in": None, "last_out": None, "errors": 0, "last_error": None},
        {"desk": "web", "doors": []},
    ]


# --- What doctor says ---


class Tried:
    """A channel of somebody's that can be tried."""

    def __init__(self, said: Any) -> None:
        self.said = said

    async def examine(self) -> Any:
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


@pytest.fixture
def offers(place: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have an installed package offer a channel that says this when it is tried; the store has it on."""

    def offer(name: str, said: Any) -> None:
        module = ModuleType(f"crossdesk_{name}")

        def build(_settings: Any, _reception: Any) -> Tried:
            if isinstance(said, ConfigurationError):
                raise said
            return Tried(said)

        module.build = build  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        package = place / "packages" / f"crossdesk_{name}-1.0.dist-info"
        package.mkdir(parents=True)
        (package / "METADATA").write_text(f"Metadata-Version: 2.1\nName: crossdesk-{name}\nVersion: 1.0\n")
        (package / "entry_points.txt").write_text(f"[crossdesk.channels]\n{name} = {module.__name__}:build\n")
        monkeypatch.syspath_prepend(str(place / "packages"))
        names.append(name)
        (place / "store").mkdir(exist_ok=True)
        (place / "store" / "shop.yml").write_text(f"channels: [{', '.join(names)}]\n")

    names = ["web"]
    return offer


def test_the_doctor_tries_every_channel_and_one_that_is_wrong_hides_no_other(
    crossdesk: Crossdesk, offers: Any, database: Database
) -> None:
    offers("good", [Examined("token", True, "known as @shop"), Examined("webhook", False, "set it")])
    offers("wrong", ConfigurationError("set CROSSDESK_WRONG_TOKEN"))
    offers("broken", RuntimeError("PAPAYA"))
    ran = crossdesk("doctor")
    assert ran.code == 2
    assert "ok    good token: known as @shop\n" in ran.out
    assert "MEND  good webhook: set it\n" in ran.out
    assert "MEND  wrong: set CROSSDESK_WRONG_TOKEN\n" in ran.out
    assert "MEND  broken: the channel raised RuntimeError\n" in ran.out
    assert "ok    web: " in ran.out
    assert "PAPAYA" not in ran.out + ran.err
