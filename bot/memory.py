"""Memory: what was freed is given back, and what stays is not looked through again and again."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

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


@contextmanager
def uncollected() -> Iterator[None]:
    """Load something large: the collector would look through all of it, over and over, and find nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def settle() -> None:
    """Collect once, and spare from later rounds all that is left: some tenths of a second with a model.

    A round through a model's objects takes a quarter of a second and comes every few hundred turns, so each
    tenth second some buyers would wait for it. To be called again whenever a model was let go of: what is
    spared is never found to be garbage.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class Sparing:
    """Spares memory and time whenever there is nothing else to do, once in a while."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._due = elapsed() + FIRST
        self._settled: Hashable = None

    def rest(self, held: Hashable = None) -> bool:
        """There is nothing to do; whether anything was given back.

        Args:
            held: the names of the large things that this process holds. It is settled when they have changed.
        """
        if held != self._settled:
            settle()
            self._settled = held
        now = self._elapsed()
        if now < self._due:
            return False
        give_back()
        self._due = now + EVERY
        return True


async def stay_small() -> None:
    """Spare memory and time for ever."""
    await asyncio.sleep(FIRST)
    # What it has loaded by now, it keeps.
    await to_thread.run_sync(settle)
    while True:
        await to_thread.run_sync(give_back)
        await asyncio.sleep(EVERY)
