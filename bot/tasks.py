"""Waiting for events and ending tasks, so that a task that is cancelled does end."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

#: After so many seconds a task that goes on is cancelled again.
AGAIN = 0.5


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait until the event is set, ``seconds`` at most; whether it is.

    Instead of ``asyncio.wait_for``, which until Python 3.12 loses a cancellation that comes in the moment
    the event is set (https://github.com/python/cpython/issues/86296): the task would go on for ever.
    """
    waiter = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiter}, timeout=seconds)
    finally:
        waiter.cancel()
    return event.is_set()


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended; what they raise is passed over.

    Libraries lose cancellations too, while they connect. A task that has work to finish when it is
    cancelled is no task for this: it would be cancelled in the middle of that.
    """
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        done, waiting = await asyncio.wait(waiting, timeout=AGAIN)
        for task in done:
            if not task.cancelled():
                task.exception()
