"""The address that Telegram calls: only Telegram is heard, and what it brings is stored first."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from adapters.telegram import webhook
from adapters.telegram.options import Options, read_accounts
from adapters.telegram.webhook import HEADER
from bot.channels import build_channel
from bot.clock import SystemClock
from bot.database import Database
from bot.errors import TryLaterError
from bot.mailroom.tables import inbox
from bot.serving.front import Front
from bot.settings import Settings
from tests.peers.telegram_api import BotApi

VARIABLE = "CROSSDESK_TELEGRAM_TOKEN"
UPDATE = {
    "update_id": 880001,
    "message": {
        "message_id": 7,
        "date": 1_795_334_400,
        "chat": {"id": 5501, "type": "private"},
        "from": {"id": 5501, "is_bot": False, "first_name": "Ana"},
        "text": "Where is my parcel?",
    },
}


class Shop:
    """A process with the role ``web``, and whoever calls it."""

    def __init__(self, api: BotApi, channel: Any, front: Front, database: Database) -> None:
        self.api, self.channel, self.front, self._database = api, channel, front, database
        self.path = f"/telegram/{api.bot}"
        (account,) = channel.webhook._takers.values()
        self.secret = account[0].secret
        app = Starlette(routes=list(channel.routes()))
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://shop.example")

    async def calls(self, content: Any, secret: str | None = None, **headers: str) -> int:
        body = content if isinstance(content, bytes) or hasattr(content, "__aiter__") else json.dumps(content)
        told = {HEADER: self.secret if secret is None else secret, **headers}
        return (await self.http.post(self.path, content=body, headers=told)).status_code

    def forged(self) -> int:
        return int(
            re.findall(rb'calls_forged_total\{channel="telegram"\} (\d+)', self.front.figures.page())[0]
        )

    def stored(self) -> int:
        with self._database.begin() as connection:
            return len(connection.execute(inbox.select()).all())


@pytest.fixture
async def shop(
    tmp_path: Path, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Shop]:
    api = await BotApi().start()
    monkeypatch.setenv(VARIABLE, api.token)
    options = {"api": api.address, "bots": [{"webhook": "https://shop.example/"}]}
    rules = settings.rules.copy(update={"channels": ["telegram"], "channel_options": {"telegram": options}})
    place = dataclasses.replace(settings, rules=rules, files=tmp_path / "files")
    front = Front(place, database, SystemClock())
    made = Shop(api, build_channel("telegram", place, front), front, database)
    await made.channel.start()
    yield made
    await made.http.aclose()
    await made.channel.stop()
    await api.stop()


async def test_telegram_is_told_where_to_call_and_with_which_secret(shop: Shop) -> None:
    told = shop.api.webhook
    assert told["url"] == f"https://shop.example{shop.path}"
    assert told["secret_token"] == shop.secret
    assert json.loads(told["allowed_updates"]) == [
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    ]
    _, updates = await shop.channel.examine()
    assert updates.fine


async def test_what_telegram_brings_is_stored_before_it_is_told_so(shop: Shop) -> None:
    assert await shop.calls(UPDATE) == 200
    assert shop.stored() == 1


async def test_what_is_brought_again_is_taken_once(shop: Shop) -> None:
    assert [await shop.calls(UPDATE) for _ in range(3)] == [200, 200, 200]
    assert shop.stored() == 1


async def test_what_cannot_be_stored_must_come_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_: Any) -> Any:
        raise TryLaterError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(shop.front, "accept", full)
        assert await shop.calls(UPDATE) == 503
    assert await shop.calls(UPDATE) == 200
    assert shop.stored() == 1


@pytest.mark.parametrize("secret", ["", "x", "é", "0" * 64, "A" * 10_000])
async def test_a_call_without_the_secret_is_refused_and_counted(shop: Shop, secret: str) -> None:
    body = json.dumps(UPDATE)
    answer = await shop.http.post(shop.path, content=body, headers={HEADER: secret.encode()})
    assert answer.status_code == 401
    assert shop.forged() == 1
    assert shop.stored() == 0


async def test_a_call_without_any_secret_or_for_no_bot_of_ours_is_refused(shop: Shop) -> None:
    assert (await shop.http.post(shop.path, json=UPDATE)).status_code == 401
    told = {HEADER: shop.secret}
    assert (await shop.http.post("/telegram/42", json=UPDATE, headers=told)).status_code == 401
    assert shop.forged() == 2
    assert shop.stored() == 0


async def test_the_secret_of_another_bot_opens_nothing(shop: Shop) -> None:
    (other,) = read_accounts(Options(), {VARIABLE: f"1{shop.api.token}"})
    assert await shop.calls(UPDATE, other.secret) == 401


async def test_a_body_of_a_hundred_megabytes_is_not_read(shop: Shop) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1_000_000

    assert await shop.calls(endless()) == 413
    assert shop.stored() == 0


async def test_a_body_that_does_not_come_is_not_waited_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "PATIENCE", 0.05)

    async def silent() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    assert await shop.calls(silent()) == 408


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000], ids=repr)
async def test_what_is_no_json_is_refused(shop: Shop, body: bytes) -> None:
    assert await shop.calls(body) == 400
    assert shop.stored() == 0


@pytest.mark.parametrize("update", [[], None, 5, "x", {}, {"update_id": 5, "new_kind": {}}], ids=repr)
async def test_an_update_of_no_known_kind_is_taken_and_passed_over(shop: Shop, update: Any) -> None:
    assert await shop.calls(update) == 200
    assert shop.stored() == 0
    assert await shop.calls(UPDATE) == 200
    assert shop.stored() == 1
