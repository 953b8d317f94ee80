"""A store with turns, for what is learnt from them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bot.clock import SetClock
from bot.database import Database
from bot.settings import Settings
from tests.training.talks import Talks


@pytest.fixture
def talks(database: Database, settings: Settings, clock: SetClock, tmp_path: Path) -> Talks:
    own = dataclasses.replace(
        settings,
        store=tmp_path / "store",
        files=tmp_path / "files",
        database_url=database.url.render_as_string(hide_password=False),
    )
    return Talks(database, own, clock)
