"""A deadline for a turn: what takes too long is interrupted, in the middle of whatever it does."""

from __future__ import annotations

import signal
import threading
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
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    except Exception as error:
        if late and not isinstance(error, TurnTimeoutError):
            raise TurnTimeoutError from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if late:
        raise TurnTimeoutError
