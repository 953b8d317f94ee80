"""Doing something for as long as this process holds its lease, and standing by while another does."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from anyio import to_thread

from bot.database import Database
from bot.errors import TryLaterError
from bot.sharing import leases
from bot.sharing.leases import Lease

log = logging.getLogger(__name__)

#: So long after its holder's last sign of life a lease is anybody's.
LENGTH = dt.timedelta(seconds=9)
#: A sign of life is given this often, in seconds.
EVERY = 2.0
#: Who could give none for so long lets go of its own accord, in seconds: there is time to end in peace before
#: another begins.
GIVE_UP = 6.0
#: Who stands by looks this often, in seconds.
LOOK = 1.0


@dataclass(frozen=True)
class _Beat:
    """A sign of life for all that a process holds."""

    given_for: frozenset[Lease]
    #: By the loop's clock.
    begun: float
    #: Which of them nobody else has.
    kept: asyncio.Future[frozenset[Lease]]


class Tenure:
    """What this process does alone among all processes of a database.

    On SQLite it is alone anyway.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        #: Unique for ever; tells a person where it is.
        self.holder = f"{socket.gethostname()[:60]}-{os.getpid()}-{uuid4().hex[:8]}"
        #: What is held now.
        self._held: set[Lease] = set()
        self._beat: _Beat | None = None

    async def hold(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do ``work`` whenever the lease is ours, until it ends; it is cancelled when the lease is lost.

        Cancelled itself, this ends the work first and then lets go of the lease: another begins at once.

        Raises:
            Exception: what the work raised.
        """
        if self._database.is_sqlite:
            await work()
            return
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            held = await self._take(name)
            if held is None:
                await asyncio.sleep(LOOK)
                continue
            log.info("%s is done here now", name)
            doing = asyncio.ensure_future(work())
            self._held.add(held)
            try:
                await self._keep(held, doing, begun)
            finally:
                self._held.discard(held)
                doing.cancel()
                await asyncio.gather(doing, return_exceptions=True)
                await self._release(held)
            if not doing.cancelled():
                doing.result()
                return
            log.warning("%s is no longer done here", name)
            # Whoever had no trouble goes first.
            await asyncio.sleep(3 * LOOK)

    async def _keep(self, held: Lease, doing: asyncio.Future[None], since: float) -> None:
        """Prolong the lease until it is lost or the work has ended."""
        loop = asyncio.get_running_loop()
        while not doing.done():
            # All leases at the same moments: then they are prolonged together.
            await asyncio.wait({doing}, timeout=EVERY - loop.time() % EVERY)
            beat = self._beat_for(held)
            # The database may not answer for long, and the lease ends meanwhile.
            patience = max(since + GIVE_UP - loop.time(), 0.0)
            parts: set[asyncio.Future[Any]] = {beat.kept, doing}
            await asyncio.wait(parts, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if not beat.kept.done():
                return
            try:
                if held not in beat.kept.result():
                    return
                since = beat.begun
            except TryLaterError as error:
                log.warning("no sign of life could be given: %s", error)
                if loop.time() - since >= GIVE_UP:
                    return

    def _beat_for(self, held: Lease) -> _Beat:
        """The sign of life that is being given for all that is held, or a new one if this is not among it."""
        beat = self._beat
        if beat is None or beat.kept.done() or held not in beat.given_for:
            given_for, begun = frozenset(self._held), asyncio.get_running_loop().time()
            kept = asyncio.ensure_future(to_thread.run_sync(self._extend, given_for))
            # Perhaps nobody waits for what it says any more.
            kept.add_done_callback(lambda one: one.cancelled() or one.exception())
            self._beat = beat = _Beat(given_for, begun, kept)
        return beat

    async def _take(self, name: str) -> Lease | None:
        try:
            return await to_thread.run_sync(self._take_now, name)
        except TryLaterError as error:
            log.warning("whether %s is to be done here is not known: %s", name, error)
            return None

    def _take_now(self, name: str) -> Lease | None:
        with self._database.begin() as connection:
            return leases.take(connection, name, self.holder, length=LENGTH)

    def _extend(self, held: frozenset[Lease]) -> frozenset[Lease]:
        with self._database.begin() as connection:
            return leases.extend_all(connection, held, length=LENGTH)

    async def _release(self, held: Lease) -> None:
        def release() -> None:
            with self._database.begin() as connection:
                leases.release(connection, held)

        # It ends by itself.
        with contextlib.suppress(TryLaterError):
            await to_thread.run_sync(release)
