"""What this process tells of its doors: written down when it changes, and again while it lives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from anyio import to_thread

from bot.clock import Clock
from bot.database import Database
from bot.errors import CrossdeskError
from bot.privacy import without_nul
from bot.sharing import doors
from bot.sharing.doors import Door, DoorState
from bot.tasks import set_within

log = logging.getLogger(__name__)

#: In characters; the rest of an error says nothing.
LONGEST = 300


class DoorBook:
    """How this process's doors stand. On the event loop only."""

    def __init__(self, database: Database, clock: Clock, holder: str) -> None:
        self._database = database
        self._clock = clock
        self._holder = holder
        self._doors: dict[str, Door] = {}
        self._changed = asyncio.Event()

    def note(self, name: str, state: DoorState, why: str = "") -> None:
        """Note how a door stands now, and why."""
        why = without_nul(why)[:LONGEST]
        before = self._doors.get(name)
        if before is None or (before.state, before.why) != (state, why):
            self._doors[name] = Door(name, self._holder, state, why, self._clock.now())
            self._changed.set()

    def trouble(self, name: str, why: str | None) -> None:
        """Note what is wrong with a door that is open, or with None that nothing is any more."""
        door = self._doors.get(name)
        if door is None or door.state not in (DoorState.OPEN, DoorState.WAITING):
            return
        if why is not None and door.state is DoorState.OPEN:
            log.error("%s is in trouble: %s", name, why)
        elif why is None and door.state is DoorState.WAITING:
            log.info("%s is well again", name)
        self.note(name, DoorState.OPEN if why is None else DoorState.WAITING, why or "")

    def models(self, found: Mapping[str, str]) -> None:
        """Note which models the workers serve with, and which are refused and why; the others are over."""
        for name in [name for name in self._doors if name.startswith(doors.MODEL)]:
            if name.removeprefix(doors.MODEL) not in found:
                self.drop(name)
        for model, why in found.items():
            self.note(f"{doors.MODEL}{model}", DoorState.CLOSED if why else DoorState.OPEN, why)

    def drop(self, name: str) -> None:
        """Another process has this door now, or may have it."""
        if self._doors.pop(name, None) is not None:
            self._changed.set()

    async def keep(self) -> None:
        """Write it down for ever; cancelled, take back what was written."""
        try:
            while True:
                self._changed.clear()
                await self._write(list(self._doors.values()))
                await set_within(self._changed, doors.EVERY)
        finally:
            await self._write([])

    async def _write(self, mine: list[Door]) -> None:
        def write() -> None:
            with self._database.begin() as connection:
                doors.tell(connection, self._holder, mine, alone=self._database.is_sqlite)

        try:
            await to_thread.run_sync(write)
        except CrossdeskError as error:
            # Told again in a moment; nothing depends on it.
            log.warning("how the doors stand cannot be written down: %s", error)
