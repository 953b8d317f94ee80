"""The HTTP server: it answers with the date of just then, looks at the clock seldom, and ends at once."""

from __future__ import annotations

import asyncio
import datetime as dt
from email.utils import parsedate_to_datetime

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.serving import server as module
from bot.serving.server import Server, bind
from bot.settings import Settings


async def _hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def _date(page: httpx.AsyncClient) -> dt.datetime:
    return parsedate_to_datetime((await page.get("/")).headers["date"])


async def _changes(page: httpx.AsyncClient, first: dt.datetime) -> bool:
    for _ in range(200):
        if await _date(page) != first:
            return True
        await asyncio.sleep(0.05)
    return False


@pytest.fixture
def server(settings: Settings) -> Server:
    return Server(settings, bind("127.0.0.1", 0), [Route("/", _hello)])


async def test_what_is_answered_has_the_date_of_just_then(server: Server) -> None:
    await server.start()
    async with httpx.AsyncClient(base_url=server.address) as page:
        first = await _date(page)
        assert abs(dt.datetime.now(dt.timezone.utc) - first) < dt.timedelta(seconds=10)
        assert await _changes(page, first)
    await server.stop()


async def test_it_ends_at_once_however_seldom_it_looks_at_its_clock(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 3600.0)
    await server.start()
    async with httpx.AsyncClient(base_url=server.address) as page:
        assert (await page.get("/")).text == "hello"
    await asyncio.wait_for(server.stop(), 10)
