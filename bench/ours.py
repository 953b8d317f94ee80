"""Crossdesk as it is run: ``crossdesk serve`` with one worker, and buyers at its chat page."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import sqlalchemy as sa

from bench.processes import Group, free_port
from bot import schema
from bot.cli.opening import prepare_store
from bot.database import Database
from bot.mailroom.tables import inbox, outbox
from bot.settings import ROOT, Settings
from bot.shop.seed import seed
from bot.training import models
from tests.peers.postgres import Server

#: The rival is trained on what the store holds: another store would mean another training.
STORE_SEED, STORE_DAY = 1, dt.date(2026, 1, 5)


class _Page:
    """The chat page of one visitor.

    Like the real one it shows the lines that the event stream brings, and fetches them when it opens, when
    the stream does, and when a position is missing.
    """

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session, self._address = session, address
        self._position = 0
        #: What was said to the buyer since they last wrote.
        self._replies: list[str] = []
        self._behind = True
        self._news = asyncio.Event()
        self._listening = asyncio.Event()

    async def open(self) -> None:
        async with self._session.get(f"{self._address}/chat") as response:
            response.raise_for_status()
        await self._fetch()
        self._stream = asyncio.create_task(self._listen())
        await self._listening.wait()
        await self._fetch()

    async def close(self) -> None:
        self._stream.cancel()
        await asyncio.gather(self._stream, return_exceptions=True)

    async def say(self, text: str) -> str | None:
        message = {"id": str(uuid4()), "text": text}
        async with self._session.post(f"{self._address}/chat/messages", json=message) as response:
            response.raise_for_status()
            receipt = await response.json()
        self._take([receipt["line"]])
        while not self._replies and not receipt["with_agent"]:
            if self._behind:
                await self._fetch()
                continue
            await self._news.wait()
            self._news.clear()
        replies, self._replies = self._replies, []
        return "\n".join(replies) or None

    async def _fetch(self) -> None:
        self._behind = False
        where = f"{self._address}/chat/messages?after={self._position}"
        async with self._session.get(where) as response:
            response.raise_for_status()
            self._take((await response.json())["messages"])

    def _take(self, lines: Sequence[dict[str, Any]]) -> None:
        for line in lines:
            if line["position"] == self._position + 1:
                self._position += 1
                if line["author"] == "buyer":
                    # A second line of the last answer may have come late: it answers nothing that follows.
                    self._replies.clear()
                else:
                    self._replies.append(line["text"])
            elif line["position"] > self._position:
                self._behind = True

    async def _listen(self) -> None:
        news = b""
        async with self._session.get(f"{self._address}/chat/events") as response:
            # All replies of a turn come in one chunk.
            async for data, ends in response.content.iter_chunks():
                news += data
                if not ends:
                    continue
                for event in news.decode().split("\n\n"):
                    name, _, content = event.partition("\ndata: ")
                    if name == "event: ready":
                        self._listening.set()
                    elif name == "event: line":
                        self._take([json.loads(content)])
                news = b""
                self._news.set()


class Ours:
    """Crossdesk, on a store of its own that is thrown away."""

    def __init__(
        self, settings: Settings, server: Server | None = None, workers: int = 1, root: Path = ROOT
    ) -> None:
        self._settings, self._server, self._workers, self._root = settings, server, workers, root
        self.name = f"crossdesk, {'SQLite' if server is None else 'PostgreSQL'}"
        self._environment = environment(settings)
        self._port = free_port()
        self._address = f"http://127.0.0.1:{self._port}"

    def start(self, group: Group) -> None:
        serve = [sys.executable, "-m", "bot", "serve", "--port", str(self._port)]
        serve += ["--workers", str(self._workers)]
        group.start(serve, self._environment, self._root)
        if self._server is not None:
            group.watch(self._server.pid)

    def turns_since(self, begun: float) -> Sequence[float]:
        """Until the page had the reply, which is a little more than until it lay in the outbox."""
        database = Database(self._settings.database_url)
        since = dt.datetime.fromtimestamp(begun, dt.timezone.utc)
        said = outbox.alias()
        first = sa.select(sa.func.min(said.c.sent_at)).where(
            said.c.conversation_id == inbox.c.conversation_id, said.c.position > inbox.c.position
        )
        query = sa.select(inbox.c.received_at, first.scalar_subquery()).where(
            inbox.c.received_at >= since, inbox.c.note == "answered"
        )
        with database.begin() as connection:
            rows = connection.execute(query).all()
        database.close()
        return [(sent - received).total_seconds() for received, sent in rows if sent is not None]

    async def is_up(self) -> bool:
        async with aiohttp.ClientSession() as session:
            try:
                async with session.get(f"{self._address}/healthz") as response:
                    return response.status == 200
            except aiohttp.ClientConnectionError:
                return False

    @asynccontextmanager
    async def visit(self, number: int) -> AsyncIterator[_Page]:
        # Each from an address of its own, as buyers are: the page's limits count by address too.
        host, low = divmod(number, 250)
        connector = aiohttp.TCPConnector(local_addr=(f"127.0.{host + 1}.{low + 1}", 0))
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of a bare address
        async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session:
            page = _Page(session, self._address)
            await page.open()
            try:
                yield page
            finally:
                await page.close()


def throw_away(folder: Path, url: str | None = None) -> Settings:
    """Settings of a store in this folder, with the shipped rules only."""
    return Settings.load(
        {
            "CROSSDESK_DATABASE_URL": url or f"sqlite:///{folder / 'crossdesk.sqlite'}",
            "CROSSDESK_FILES": str(folder / "files"),
            "CROSSDESK_STORE": str(folder / "store"),
        }
    )


def fill(settings: Settings) -> None:
    """Make the store and fill it in, as the first `crossdesk serve` would, but always on the same day."""
    database = Database(settings.database_url)
    schema.upgrade(database)
    with database.begin() as connection:
        seed(connection, STORE_SEED, STORE_DAY)
    database.close()
    with contextlib.redirect_stdout(io.StringIO()):
        prepare_store(settings)


def train(settings: Settings, cache: Path) -> None:
    """Give the store the current model, trained first if need be; no cached vector comes along."""
    kept, served = replace(settings, files=cache / "ours"), Settings.load()
    now = models.current(served)
    if models.is_stale(kept) and now is not None and now.fingerprint == models.fingerprint(kept):
        models.models_folder(kept).mkdir(parents=True, exist_ok=True)
        shutil.copy(models.current_path(served), models.models_folder(kept))
        models.release(kept, now)
    if models.is_stale(kept):
        subprocess.run([sys.executable, "-m", "bot", "train"], env=environment(kept), cwd=ROOT, check=True)
    shutil.copytree(models.models_folder(kept), models.models_folder(settings), dirs_exist_ok=True)


def read_before(settings: Settings, texts: Sequence[str]) -> None:
    """Have the encoder know these texts, as it knows what other buyers have written before."""
    parse = [sys.executable, "-m", "bot", "parse"]
    said = "".join(f"{text}\n" for text in texts)
    subprocess.run(
        parse,
        env=environment(settings),
        cwd=ROOT,
        check=True,
        input=said,
        text=True,
        stdout=subprocess.DEVNULL,
    )


def environment(settings: Settings) -> dict[str, str]:
    """Our own environment with these settings and no others of ours, and byte code as usual."""
    dropped = ("CROSSDESK_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {
        "CROSSDESK_DATABASE_URL": settings.database_url,
        "CROSSDESK_FILES": str(settings.files),
        "CROSSDESK_STORE": str(settings.store),
    }
