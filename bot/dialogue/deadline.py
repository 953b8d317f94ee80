"""A deadline for a turn: what takes too long is interrupted, in the middle of whatever it does."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bot.errors import TurnTimeoutError

#: What went on regardless is interrupted again and again, this often, in seconds.
AGAIN = 1.0


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise in the block when it takes longer; only in a main thread, elsewhere there is no deadline.

    Rasa swallows exceptions of actions and goes on, which may take too long again: the block is interrupted
    until it ends, and its end looks once more.

    Raises:
        TurnTimeoutError: it took longer.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    late = False

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal late
        late = True
        raise TurnTimeoutError

    before = signal.signal(signal.SIGALRM, interrupt)
    begun = time.monotonic()
    left, every = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    except Exception as error:
        if late and not isinstance(error, TurnTimeoutError):
            raise TurnTimeoutError from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            # Somebody else's alarm was set: it goes off when it would have, or now.
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 0.001), every)
    if late:
        raise TurnTimeoutError
