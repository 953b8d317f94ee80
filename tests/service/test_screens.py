"""Lines for pages that are open in another process: told by key, shown once here, and caught up with."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from bot.channels import UNLIMITED
from bot.clock import SetClock
from bot.database import Database
from bot.mailroom import inbox, outbox
from bot.mailroom.delivery import Delivery
from bot.messages import Outbound
from bot.operations.figures import Figures
from bot.serving.screens import Screens, Told
from bot.wake import Listener, Topic
from tests.mailroom.letters import letter

#: How long anything may take on a machine with much else to do, in seconds.
PATIENCE = 20


@pytest.fixture
def backend() -> str:
    return "postgresql"


class Pages:
    """A channel of pages."""

    name = "web"
    idempotent = True
    local = True
    exclusive: str | None = None
    limits = UNLIMITED

    def __init__(self) -> None:
        self.shown: asyncio.Queue[Outbound] = asyncio.Queue()

    def routes(self) -> Sequence[Any]:
        return ()

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    async def send(self, message: Outbound) -> str | None:
        await self.shown.put(message)
        return message.key

    async def see(self, count: int) -> list[str]:
        return [(await asyncio.wait_for(self.shown.get(), PATIENCE)).text for _ in range(count)]


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
async def screens(database: Database, pages: Pages) -> AsyncIterator[Screens]:
    made = Screens(database, {"web": pages}, "here")
    task = asyncio.create_task(made.show())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def deliver(database: Database, clock: SetClock, *texts: str) -> Pages:
    """Another process delivers these."""
    elsewhere = Pages()
    figures = Figures(["web"], database, clock)
    with database.begin() as connection:
        talk = inbox.accept(connection, letter(), language="en", now=clock.now()).conversation_id
        for text in texts:
            outbox.post(connection, talk, text, now=clock.now(), key=text)
    delivery = Delivery(
        database, {"web": Told(elsewhere, figures, database, "there")}, clock, lambda *_: None
    )
    await delivery.deliver_due()
    await delivery.finish()
    await delivery.stop()
    return elsewhere


async def test_what_another_process_delivers_is_told_and_shown_here(
    database: Database, clock: SetClock, screens: Screens, pages: Pages
) -> None:
    loop, news = asyncio.get_running_loop(), queue.Queue[Topic]()
    listener = Listener(
        database, news.put, lambda words: loop.call_soon_threadsafe(screens.hear, words) and None
    )
    listener.start()
    try:
        while await asyncio.to_thread(news.get, True, PATIENCE) is not Topic.PAGES:
            pass
        elsewhere = await deliver(database, clock, "one", "two")
        assert await elsewhere.see(2) == ["one", "two"]
        assert await pages.see(2) == ["one", "two"]
    finally:
        await asyncio.to_thread(listener.stop)


async def test_after_a_broken_line_the_latest_are_shown_anew(
    database: Database, clock: SetClock, screens: Screens, pages: Pages
) -> None:
    await deliver(database, clock, "one", "two")
    screens.hear(())
    assert await pages.see(2) == ["one", "two"]


async def test_our_own_words_and_words_of_nobody_are_passed_over(
    database: Database, clock: SetClock, screens: Screens, pages: Pages
) -> None:
    await deliver(database, clock, "one", "two")
    screens.hear(
        ["here one", "", "there", "there never-written", "there '); DROP TABLE outbox; --", "there two"]
    )
    assert await pages.see(1) == ["two"]
    assert pages.shown.empty()
