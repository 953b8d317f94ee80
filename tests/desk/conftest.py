"""A desk on a real database, with a clock that is set and people of each rank."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import SetClock
from bot.database import Database
from bot.desk.values.people import Person
from bot.settings import ROOT, ShopRules, read_rules
from tests.desk.acting import WEDNESDAY, Acting, fast


@pytest.fixture(scope="session")
def rules() -> ShopRules:
    shipped = read_rules(ROOT / "shop.yml")
    # Few people have many cases in these tests; the cap has tests of its own.
    return shipped.copy(update={"cases": shipped.cases.copy(update={"most_open": 1_000})})


@pytest.fixture
def clock() -> SetClock:
    return SetClock(WEDNESDAY)


@pytest.fixture(scope="session")
def empty(empty_file: Path) -> Path:
    """A SQLite file with tables and nothing in them, to be copied."""
    return empty_file


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    fast(database)
    yield database
    database.close()


@pytest.fixture
def desk(database: Database, rules: ShopRules, clock: SetClock) -> Acting:
    return Acting(database, rules, clock)


@pytest.fixture
def ana(desk: Acting) -> Person:
    return desk.person("ana", "agent")


@pytest.fixture
def ben(desk: Acting) -> Person:
    return desk.person("ben", "agent")


@pytest.fixture
def tim(desk: Acting) -> Person:
    return desk.person("tim", "trainee")


@pytest.fixture
def sue(desk: Acting) -> Person:
    return desk.person("sue", "supervisor")
