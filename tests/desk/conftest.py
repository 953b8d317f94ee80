"""A desk on a real SQLite file, with a clock that is set and people of each rank."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import bot.desk.tables  # noqa: F401 (registers the tables)
from bot.clock import SetClock
from bot.database import Database, metadata
from bot.desk.values import Person
from bot.settings import ROOT, ShopRules, read_rules
from tests.desk.acting import WEDNESDAY, Acting, fast


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("desk") / "empty.sqlite"
    database = Database(f"sqlite:///{path}")
    metadata.create_all(database.engine)
    database.close()
    return path


@pytest.fixture(scope="session")
def rules() -> ShopRules:
    return read_rules(ROOT / "shop.yml")


@pytest.fixture
def clock() -> SetClock:
    return SetClock(WEDNESDAY)


@pytest.fixture
def database(empty: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "desk.sqlite"
    shutil.copy(empty, path)
    database = Database(f"sqlite:///{path}")
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
