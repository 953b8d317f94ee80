"""A store with the channel open, and Telegram beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.telegram import poll
from bot.database import Database
from bot.settings import Settings
from tests.channels.house import House
from tests.channels.telegram_rig import TelegramRig
from tests.peers.telegram_api import BotApi


@pytest.fixture
async def house(
    tmp_path: Path, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    monkeypatch.setattr(poll, "WAITS", (0.05,))
    rig = TelegramRig(tmp_path)
    rules = settings.rules.copy(
        update={"channels": ["telegram"], "channel_options": {"telegram": rig.options}}
    )
    made = House(dataclasses.replace(settings, rules=rules, files=tmp_path / "files"), database, rig)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
        await rig.close()


@pytest.fixture
def api(house: House) -> BotApi:
    assert isinstance(house.rig, TelegramRig)
    return house.rig.api
