from __future__ import annotations

import asyncio
from collections.abc import Sequence

from adapters.web.hub import BACKLOG, Hub


async def test_signals_that_come_together_are_told_together_and_each_once() -> None:
    hub = Hub()
    page = hub.subscribe("ann")
    for signal in ("typing", "message", "message", "message"):
        hub.publish("ann", signal)
    hub.publish("bob", "message")
    signals = page.signals(5)
    assert await anext(signals) == ["typing", "message"]
    hub.publish("ann", "message", "typing")
    assert await anext(signals) == ["message", "typing"]


async def test_a_page_that_takes_nothing_is_cut_off_and_the_others_go_on() -> None:
    hub = Hub()
    slow, quick = hub.subscribe("ann").signals(5), hub.subscribe("ann").signals(5)
    for number in range(BACKLOG + 1):
        hub.publish("ann", f"line:{number}")
        assert await anext(quick) == [f"line:{number}"]
    assert [signals async for signals in slow] == []


async def test_silence_beats() -> None:
    page = Hub().subscribe("ann")
    signals = page.signals(0.01)
    assert [await anext(signals), await anext(signals)] == [[], []]
    page.put("message")
    assert await anext(signals) == ["message"]


async def test_closing_ends_waiting_and_later_streams() -> None:
    hub = Hub()

    async def listen() -> list[Sequence[str]]:
        return [signals async for signals in hub.subscribe("ann").signals(60)]

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    hub.close()
    assert await asyncio.wait_for(listening, 5) == []
    assert await asyncio.wait_for(listen(), 5) == []
    hub.open()
    again = hub.subscribe("ann")
    hub.publish("ann", "message")
    assert await anext(again.signals(5)) == ["message"]


def test_nobody_is_remembered_after_leaving() -> None:
    hub = Hub()
    pages = [hub.subscribe("ann") for _ in range(3)]
    assert (hub.count("ann"), hub.total()) == (3, 3)
    for page in pages:
        hub.unsubscribe("ann", page)
        hub.unsubscribe("ann", page)
    assert (hub.count("ann"), hub.total(), dict(hub._listeners)) == (0, 0, {})
