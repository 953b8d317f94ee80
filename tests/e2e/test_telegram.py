"""A buyer on Telegram and the whole of crossdesk behind it: every command, and whatever a phone can send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import schema
from bot.clock import SystemClock
from bot.database import Database
from bot.desk.tables import cases
from bot.mailroom.tables import inbox
from bot.notices.tables import opt_outs
from bot.settings import Settings
from bot.shop.seed import seed
from bot.shop.situations import situations
from bot.shop.values import OrderSample
from tests.channels.house import until
from tests.peers.telegram_api import ANA, BotApi
from tests.service.serving import serve

pytestmark = [pytest.mark.model, pytest.mark.timeout(240)]

BEN = {**ANA, "id": 5502, "first_name": "Ben", "last_name": "Stone"}
PHOTO = [{"file_id": "photo", "file_unique_id": "photo", "width": 90, "height": 90, "file_size": 4}]


@dataclass
class Shop:
    """A running crossdesk whose buyers come from Telegram."""

    api: BotApi
    database: Database
    order: OrderSample
    _read: int = 0

    async def answers(self) -> str:
        """What the bot says next, with the titles of its buttons."""

        async def new() -> Sequence[dict[str, Any]]:
            return self.api.shown[self._read :]

        (first, *_) = await until(new, "an answer")
        self._read += 1
        rows = (first.get("reply_markup") or {}).get("inline_keyboard", ())
        return " | ".join([first["text"], *(button["text"] for row in rows for button in row)])

    def rows(self, table: sa.Table) -> Sequence[Any]:
        with self.database.begin() as connection:
            return connection.execute(sa.select(table)).all()


@pytest.fixture
async def shop(tmp_path: Path, model_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """``crossdesk serve`` on a seeded store, with the tests' model and the emulator of Telegram."""
    api = await BotApi().start()
    rules = {"channels": ["web", "telegram"], "channel_options": {"telegram": {"api": api.address}}}
    (tmp_path / "shop.yml").write_text(json.dumps({**rules, "serving": {"workers": 1}}))
    monkeypatch.setenv("CROSSDESK_TELEGRAM_TOKEN", api.token)
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite'}")
    schema.upgrade(database)
    with database.begin() as connection:
        seed(connection, 1, SystemClock().now().date())
        order = situations(connection, Settings.load().rules, SystemClock())["delay_strike"]
    service = await asyncio.to_thread(
        serve, tmp_path / "store.sqlite", model_path.parent.parent, store=tmp_path
    )
    try:
        yield Shop(api, database, order)
        assert await asyncio.to_thread(service.stop) == 0
    finally:
        service.process.kill()
        database.close()
        await api.stop()


async def test_commands_are_answered_and_what_a_phone_sends_reaches_people(shop: Shop) -> None:
    shop.api.files.update(photo=b"\xff\xd8\xff\xe0", voice=b"OggS")
    await shop.api.says("/start")
    assert "I'm Meri, the automated assistant" in await shop.answers()
    await shop.api.says("/help")
    assert "Where is my parcel?" in await shop.answers()
    await shop.api.says(f"/start {shop.order.number}")
    assert "e-mail address or phone number" in await shop.answers()
    await shop.api.says(shop.order.email)
    assert "A strike is holding up your parcel" in await shop.answers()
    await shop.api.says("/language")
    assert "Deutsch" in await shop.answers()
    await shop.api.says("/language Deutsch")
    assert "auf Deutsch" in await shop.answers()
    await shop.api.says("/stop", BEN)
    assert "no more messages come to you unasked" in await shop.answers()
    assert len(shop.rows(opt_outs)) == 1
    await shop.api.shares(sticker={"file_id": "s", "file_unique_id": "s", "emoji": "👋", "type": "regular"})
    await shop.answers()
    await shop.api.says("/human")
    assert "Antwort" in await shop.answers()
    assert [row.reason for row in shop.rows(cases)] == ["asked_for_human"]

    voice = {"file_id": "voice", "file_unique_id": "v", "duration": 2, "mime_type": "audio/ogg"}
    await shop.api.shares(photo=PHOTO, caption="it came broken", media_group_id="1")
    await shop.api.shares(photo=PHOTO, media_group_id="1")
    await shop.api.shares(voice=voice)
    await shop.api.shares(contact={"phone_number": "+4915112345678", "first_name": "Ana"})

    async def kept() -> Sequence[Any]:
        rows = await asyncio.to_thread(shop.rows, inbox)
        names = [one["name"] for row in rows for one in row.data.get("attachments", ())]
        return names if len(names) >= 3 else ()

    assert len(await until(kept, "two photos and what was spoken")) == 3
