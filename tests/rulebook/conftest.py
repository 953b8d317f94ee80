"""A store whose rules are changed, over each kind of database."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bot.clock import SetClock
from bot.database import Database
from bot.rulebook.service import Rulebook
from bot.settings import Settings
from tests.conftest import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Settings:
    return dataclasses.replace(settings, files=tmp_path / "files", store=tmp_path / "store")


@pytest.fixture
def rulebook(place: Settings, database: Database, clock: SetClock) -> Rulebook:
    return Rulebook(place, database, clock)
