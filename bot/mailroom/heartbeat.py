"""The heartbeat of a claim: a lease is short, and prolonged for as long as the turn goes on."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bot.clock import Clock
from bot.database import Database
from bot.errors import LostClaimError, TryLaterError
from bot.mailroom import inbox
from bot.mailroom.inbox import Claim

log = logging.getLogger(__name__)

#: So long after a worker's last sign of life its conversation is given to another.
LEASE = dt.timedelta(seconds=10)
#: A sign of life is given this often, in seconds: two may fail before the lease ends.
EVERY = 3.0


class Heartbeat:
    """Prolongs what a worker holds, from a thread of its own; a turn that is over by then costs nothing.

    Args:
        database: where the claim is.
        clock: the time.
        lease: how long each sign of life counts.
        every: how often one is given, in seconds.
    """

    def __init__(
        self, database: Database, clock: Clock, *, lease: dt.timedelta = LEASE, every: float = EVERY
    ) -> None:
        self.lease = lease
        self._database = database
        self._clock = clock
        self._every = every
        #: What is held, and since when by the monotonic clock. Written by one thread, read by the other.
        self._held: tuple[Claim, float] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)
        self._thread.start()

    @contextmanager
    def over(self, held: Claim) -> Iterator[None]:
        """Keep the claim alive while the block runs. Whoever lost it all the same is told when it writes."""
        self._held = (held, time.monotonic())
        try:
            yield
        finally:
            self._held = None

    def stop(self) -> None:
        """Give no more signs of life. Idempotent."""
        self._stopping.set()
        self._thread.join()

    def _beat_on(self) -> None:
        while not self._stopping.wait(self._every):
            holding = self._held
            # What was claimed a moment ago has time until the next beat.
            if holding is not None and time.monotonic() - holding[1] >= self._every / 2:
                self._beat(holding[0])

    def _beat(self, held: Claim) -> None:
        try:
            with self._database.begin() as connection:
                inbox.extend(connection, held, now=self._clock.now(), lease=self.lease)
        except LostClaimError:
            # The turn has just ended, or another has it: then whatever this one writes is taken back.
            return
        except TryLaterError as error:
            log.warning("no sign of life could be given: %s", error)
        except Exception as error:
            # Its words may hold data; the next beat may succeed.
            log.error("no sign of life could be given: %s", type(error).__name__)
