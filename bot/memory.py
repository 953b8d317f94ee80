"""Memory that was freed, given back to the system: what a start takes for a moment is not kept."""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections.abc import Callable

from anyio import to_thread

#: Seconds between two times.
EVERY = 60.0
#: The first time, in seconds: then a process has started, or has taken its first turns.
FIRST = 5.0


def give_back() -> None:
    """Give back what glibc keeps for itself (``malloc_trim``), some milliseconds; elsewhere nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Sparing:
    """Gives memory back whenever there is nothing else to do, once in a while."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._due = elapsed() + FIRST

    def rest(self) -> bool:
        """There is nothing to do; whether anything was given back."""
        now = self._elapsed()
        if now < self._due:
            return False
        give_back()
        self._due = now + EVERY
        return True


async def stay_small() -> None:
    """Give memory back for ever."""
    wait = FIRST
    while True:
        await asyncio.sleep(wait)
        await to_thread.run_sync(give_back)
        wait = EVERY
