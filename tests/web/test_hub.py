from __future__ import annotations

import asyncio

from adapters.web.hub import Hub


async def test_signals_that_come_together_melt_into_one_of_each() -> None:
    hub = Hub()
    page = hub.subscribe("ann")
    for signal in ("typing", "message", "message", "message"):
        hub.publish("ann", signal)
    hub.publish("bob", "message")
    signals = page.signals(5)
    assert [await anext(signals), await anext(signals)] == ["typing", "message"]
    hub.publish("ann", "message")
    assert await anext(signals) == "message"


async def test_silence_beats() -> None:
    signals = Hub().subscribe("ann").signals(0.01)
    assert await anext(signals) is None


async def test_closing_ends_waiting_and_later_streams() -> None:
    hub = Hub()

    async def listen() -> list[str | None]:
        return [signal async for signal in hub.subscribe("ann").signals(60)]

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    hub.close()
    assert await asyncio.wait_for(listening, 5) == []
    assert await asyncio.wait_for(listen(), 5) == []
    hub.open()
    again = hub.subscribe("ann")
    hub.publish("ann", "message")
    assert await anext(again.signals(5)) == "message"


def test_nobody_is_remembered_after_leaving() -> None:
    hub = Hub()
    pages = [hub.subscribe("ann") for _ in range(3)]
    assert (hub.count("ann"), hub.total()) == (3, 3)
    for page in pages:
        hub.unsubscribe("ann", page)
        hub.unsubscribe("ann", page)
    assert (hub.count("ann"), hub.total(), dict(hub._listeners)) == (0, 0, {})
