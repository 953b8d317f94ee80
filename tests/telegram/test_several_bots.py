"""Several bots of one store: what befalls one is no matter of the others."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.telegram import channel
from bot.channels import Channel, build_channel
from bot.clock import SystemClock
from bot.database import Database
from bot.errors import OperatorError
from bot.mailroom.tables import inbox
from bot.serving.front import Front
from bot.settings import Settings
from tests.channels.house import until
from tests.peers.telegram_api import BotApi

OTHER = "CROSSDESK_TELEGRAM_TOKEN_B2B"
HELLO = {
    "message_id": 9,
    "date": 1_795_334_400,
    "chat": {"id": 5501, "type": "private"},
    "from": {"id": 5501, "is_bot": False, "first_name": "Ana"},
    "text": "hello",
}


class Shop:
    """A store with two bots, of which Telegram knows the first only."""

    def __init__(self, api: BotApi, front: Front, database: Database) -> None:
        self.api, self._front, self._database = api, front, database
        self.told: list[str | None] = []
        front.on_trouble(lambda _, why: self.told.append(why))
        self.channel: Channel = build_channel("telegram", front.settings, front)

    async def stored(self) -> list[str]:
        with self._database.begin() as connection:
            return [row.account for row in connection.execute(inbox.select().order_by(inbox.c.id))]


@pytest.fixture
async def shop(
    tmp_path: Path, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Shop]:
    monkeypatch.setattr(channel, "WAITS", (0.05,))
    api = await BotApi().start()
    monkeypatch.setenv("CROSSDESK_TELEGRAM_TOKEN", api.token)
    monkeypatch.setenv(OTHER, f"1{api.token}")
    options = {"api": api.address, "bots": [{}, {"token": OTHER}]}
    rules = settings.rules.copy(update={"channels": ["telegram"], "channel_options": {"telegram": options}})
    place = dataclasses.replace(settings, rules=rules, files=tmp_path / "files")
    made = Shop(api, Front(place, database, SystemClock()), database)
    yield made
    await made.channel.stop()
    await api.stop()


async def test_a_bot_that_is_refused_closes_no_others_door(shop: Shop) -> None:
    await shop.channel.start()
    await shop.api.says("hello")
    assert await until(shop.stored, "the message") == [shop.api.bot]
    assert shop.told[0] is not None
    assert f"bot 1{shop.api.bot}" in shop.told[0]


async def test_it_is_let_in_as_soon_as_telegram_knows_it(shop: Shop) -> None:
    await shop.channel.start()
    shop.api.token = f"1{shop.api.token}"

    async def whole() -> bool:
        return None in shop.told

    await until(whole, "the second bot to start")
    await shop.api.happens({"message": HELLO})
    assert await until(shop.stored, "the message") == [f"1{shop.api.bot}"]


async def test_where_all_are_refused_the_door_is_closed(shop: Shop) -> None:
    shop.api.token = "1:another"
    with pytest.raises(OperatorError):
        await shop.channel.start()
    assert shop.told == []
