"""Opening doors, and keeping those open that only one process may have open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from bot.channels import Channel
from bot.desk.port.frontend import DeskFrontend
from bot.errors import ConfigurationError, OperatorError, TryLaterError
from bot.serving.doorbook import DoorBook
from bot.serving.tenure import Tenure
from bot.sharing.doors import DoorState

log = logging.getLogger(__name__)

#: Waits between tries of a door that is away, in seconds; the last one repeats.
WAITS = (1, 5, 15, 60)

Door = Channel | DeskFrontend
Announce = Callable[[str], None]


async def open_door(
    name: str, start: Callable[[], Awaitable[None]], announce: Announce, book: DoorBook
) -> None:
    """Start one door; one that is away is tried again, one that is wrong is told, the others go on."""
    book.note(name, DoorState.OPENING)
    for attempt in range(1_000_000):
        try:
            await start()
            book.note(name, DoorState.OPEN)
            return
        except TryLaterError as error:
            wait = error.retry_after or WAITS[min(attempt, len(WAITS) - 1)]
            log.warning("%s is away, next try in %s s: %s", name, wait, error)
            book.note(name, DoorState.WAITING, str(error))
            await asyncio.sleep(wait)
        except (ConfigurationError, OperatorError) as error:
            announce(f"{name} stays closed until a person acts: {error}")
            book.note(name, DoorState.CLOSED, str(error))
            return


async def keep_open(
    tenure: Tenure, exclusive: str, doors: Mapping[str, Door], announce: Announce, book: DoorBook
) -> None:
    """Have the doors open that share one line to the outside, whenever no other process has, for ever."""

    async def work() -> None:
        try:
            await asyncio.gather(
                *(open_door(name, door.start, announce, book) for name, door in doors.items())
            )
            await asyncio.Event().wait()
        finally:
            for name, door in doors.items():
                try:
                    await door.stop()
                except Exception as error:
                    # The others must be closed all the same: another process opens them in a moment.
                    log.error("%s could not be closed: %s", name, type(error).__name__)
                book.drop(name)

    await tenure.hold(f"door {exclusive}", work)


def by_line(doors: Mapping[str, Door]) -> dict[str, dict[str, Door]]:
    """The doors that must not be open twice, by what must not be connected twice."""
    lines: dict[str, dict[str, Door]] = {}
    for name, door in doors.items():
        if door.exclusive is not None:
            lines.setdefault(door.exclusive, {})[name] = door
    return lines
