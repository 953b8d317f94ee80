"""A store with its door on Slack open: real front, delivery and SDK; the emulator behind its edge."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.buyers import SlackBuyers
from adapters.slack.wire import Wire
from bot.database import Database
from bot.settings import Settings
from tests.channels.house import House, until
from tests.channels.slack_rig import SlackRig
from tests.peers.local_slack import ALICE, LocalSlack
from tests.slack.desk_house import DeskHouse
from tests.slack.edge import Edge


class Shop(House):
    """The store, and what people of the workspace do."""

    rig: SlackRig

    @property
    def slack(self) -> LocalSlack:
        return self.rig.workspace

    @property
    def edge(self) -> Edge:
        return self.rig.edge

    @property
    def buyers(self) -> SlackBuyers:
        channel: Any = self.channel
        assert isinstance(channel, SlackBuyers)
        return channel

    @property
    def wire(self) -> Wire:
        return self.buyers._wire

    async def act(self, act: Callable[..., Any], *told: Any, **named: Any) -> Any:
        """What somebody does in Slack, while the store goes on."""
        return await asyncio.to_thread(act, *told, **named)

    async def says(self, channel: str, text: str, *, user: str = ALICE, thread: str | None = None) -> str:
        return str(await self.act(self.slack.says, channel, text, user=user, thread=thread))

    async def texts(self, count: int) -> Sequence[str]:
        """What lies in the inbox once it is so much, and nothing more."""
        return [one.text for one in await self.has(count)]

    async def posted(self, channel: str, count: int) -> Sequence[dict[str, Any]]:
        """What the app has posted in a channel once it is so much."""

        async def enough() -> Sequence[dict[str, Any]]:
            found: Sequence[dict[str, Any]] = await self.act(self.slack.answers, channel)
            return found if len(found) >= count else ()

        return await until(enough, f"{count} posts")


@pytest.fixture
async def shop(tmp_path: Path, settings: Settings, database: Database) -> AsyncIterator[Shop]:
    """The store, open."""
    rig = SlackRig(tmp_path)
    files = tmp_path / "files"
    files.mkdir()
    rules = settings.rules.copy(update={"channels": ["slack"]})
    made = Shop(dataclasses.replace(settings, rules=rules, files=files), database, rig)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
        await rig.close()


@pytest.fixture
async def house(tmp_path: Path, settings: Settings, empty_file: Path) -> AsyncIterator[DeskHouse]:
    """A store whose people work in Slack."""
    shutil.copy(empty_file, tmp_path / "desk.sqlite")
    made = DeskHouse(tmp_path, settings)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
