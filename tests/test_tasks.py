"""Waiting for events, and ending what is not heard to end."""

from __future__ import annotations

import asyncio

import pytest

from bot import tasks


async def test_a_set_event_is_told_at_once() -> None:
    event = asyncio.Event()
    event.set()
    assert await tasks.set_within(event, 60)


async def test_an_event_that_is_set_meanwhile_ends_the_wait() -> None:
    event = asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)
    assert await tasks.set_within(event, 60)


async def test_an_event_that_stays_unset_is_told_after_its_time() -> None:
    assert not await tasks.set_within(asyncio.Event(), 0.01)


@pytest.mark.parametrize("rounds", range(4))
async def test_a_task_cancelled_as_its_event_is_set_ends(rounds: int) -> None:
    """However many steps of the loop lie between the two."""
    event = asyncio.Event()
    task = asyncio.create_task(tasks.set_within(event, 60))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    event.set()
    for _ in range(rounds):
        await asyncio.sleep(0)
    was_over = task.done()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() or was_over


async def test_a_task_that_loses_a_cancellation_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN", 0.01)
    heard = 0

    async def deaf() -> None:
        nonlocal heard
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                heard += 1
                if heard == 3:
                    raise

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await tasks.end([task])
    assert task.cancelled()
    assert heard == 3


async def test_what_a_task_raises_while_it_ends_is_passed_over() -> None:
    async def breaks() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("the line broke")

    task = asyncio.create_task(breaks())
    await asyncio.sleep(0)
    await tasks.end([task])
    assert task.done()


async def test_no_tasks_end_at_once() -> None:
    await tasks.end([])
