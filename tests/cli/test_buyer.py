"""``buyer export`` and ``buyer erase`` as an operator types them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.dialogue.tables import trackers
from bot.settings import ShopRules
from bot.shop.tables import customers
from tests.cli.conftest import Crossdesk
from tests.operations.conftest import Life, lived


@pytest.fixture
def life(database: Database, place: Path, rules: ShopRules, clock: SetClock) -> Life:
    """A buyer in the database that the commands use."""
    return lived(database, rules, clock, place, "PAPAYA")


def test_an_operator_exports_and_erases_a_buyer(crossdesk: Crossdesk, place: Path, life: Life) -> None:
    told = crossdesk("buyer", "export", life.number, str(place / "theirs.zip"))
    assert told.code == 0, told.err
    assert told.out.startswith(f"Exported customer CU-PAPAYA; conversations: {life.conversation_id}.\n")
    with zipfile.ZipFile(place / "theirs.zip") as packed:
        assert json.loads(packed.read("customers.json"))[0]["name"] == "PAPAYA Weber"
    would = crossdesk("buyer", "erase", life.number, "--dry-run")
    assert would.out.startswith("Would erase customer CU-PAPAYA")
    assert life.file.exists()
    done = crossdesk("buyer", "erase", str(life.conversation_id), typed=b"y\n")
    assert done.code == 0, done.err
    assert "Erased customer CU-PAPAYA" in done.out
    assert "kept          1 refunds (bookkeeping: what was given back)" in done.out
    assert "Not touched: backups and models made before" in done.out
    assert not life.file.exists()


def test_a_conversation_is_parted_from_a_customer(
    crossdesk: Crossdesk, life: Life, database: Database
) -> None:
    with database.begin() as connection:
        connection.execute(
            trackers.update()
            .where(trackers.c.conversation_id == life.conversation_id)
            .values(memory={"verified_at": "2026-11-23T04:00:00+00:00", "name": "PAPAYA"})
        )
    told = crossdesk("buyer", "unlink", str(life.conversation_id))

    assert told.code == 0, told.err
    assert "no longer customer CU-PAPAYA's" in told.out
    with database.begin() as connection:
        assert connection.execute(sa.select(trackers.c.memory)).scalar_one() == {"name": "PAPAYA"}
    again = crossdesk("buyer", "unlink", str(life.conversation_id))
    assert again.code != 0
    assert "a stranger's" in again.err


@pytest.mark.parametrize("who", ["0", "-1", "nobody", "customer:CU-PAPAYA", "٣", str(2**64)])
def test_a_conversation_that_there_is_not_is_told(crossdesk: Crossdesk, life: Life, who: str) -> None:
    told = crossdesk("buyer", "unlink", "--", who)

    assert told.code != 0
    assert "there is no conversation" in told.err


@pytest.mark.parametrize("answer", [b"n\n", b"", b"what?\n"])
def test_an_erasure_that_is_not_meant_is_none(
    crossdesk: Crossdesk, life: Life, database: Database, answer: bytes
) -> None:
    assert crossdesk("buyer", "erase", life.number, typed=answer).code != 0
    assert life.file.exists()
    with database.begin() as connection:
        assert connection.execute(sa.select(customers.c.name)).scalar_one() == "PAPAYA Weber"


def test_a_machine_reads_what_became_of_a_buyer(crossdesk: Crossdesk, life: Life) -> None:
    told = json.loads(crossdesk("buyer", "erase", life.number, "--yes", "--json").out)
    assert told["tables"]["orders"]["fate"] == "kept"
    assert told["tables"]["trackers"]["fate"] == "removed"
    assert (told["files"], told["kept_whole"], told["dry_run"]) == (1, [], False)


@pytest.mark.parametrize("who", ["nobody", str(2**64), "-5", "٣", "a\nb", "conversation:0"])
@pytest.mark.parametrize("command", [("export",), ("erase", "--yes")])
def test_nobody_is_refused_in_one_line(
    crossdesk: Crossdesk, place: Path, life: Life, command: tuple[str, ...], who: str
) -> None:
    refusal = crossdesk("buyer", *command, "--", who).refusal()
    assert refusal.startswith("there is no customer and no conversation ")


def test_an_export_into_nowhere_is_refused(crossdesk: Crossdesk, place: Path, life: Life) -> None:
    refusal = crossdesk("buyer", "export", life.number, str(place / "nowhere" / "x.zip")).refusal()
    assert "make it first" in refusal


def test_an_empty_database_says_what_to_do(
    crossdesk: Crossdesk, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSDESK_DATABASE_URL", f"sqlite:///{place / 'none.sqlite'}")
    assert "run `crossdesk db upgrade`" in crossdesk("buyer", "erase", "x", "--yes").refusal()
