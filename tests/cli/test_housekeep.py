"""``housekeep`` as an operator types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.clock import SetClock
from bot.database import Database
from bot.settings import ShopRules
from tests.cli.conftest import Crossdesk
from tests.conftest import NOON
from tests.operations.conftest import lived


@pytest.fixture
def old(database: Database, place: Path, rules: ShopRules) -> None:
    """A buyer of long ago and a later one."""
    for mark, year in (("PAPAYA", 2010), ("GUAVA", 2011)):
        lived(database, rules, SetClock(NOON.replace(year=year)), place, mark)


def test_an_operator_sees_what_would_go_and_has_it_removed(crossdesk: Crossdesk, old: None) -> None:
    would = crossdesk("housekeep", "--dry-run")
    assert would.code == 0, would.err
    assert would.out.startswith("Would remove: ")
    assert "1 inbox" in would.out
    done = crossdesk("housekeep")
    assert done.out.startswith("Removed: ")
    assert "1 inbox" in done.out
    assert crossdesk("housekeep").out == "Removed: nothing.\n"


def test_a_setting_that_forgets_too_soon_is_refused(crossdesk: Crossdesk, old: None, place: Path) -> None:
    (place / "store").mkdir()
    (place / "store" / "shop.yml").write_text("retention: {messages_days: 1}\n", encoding="utf-8")
    assert "retention.messages_days: ensure this value is greater" in crossdesk("housekeep").refusal()


def test_an_empty_database_says_what_to_do(crossdesk: Crossdesk) -> None:
    assert crossdesk("housekeep").refusal() == "the database is empty: run `crossdesk db upgrade`"
