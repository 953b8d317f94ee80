"""The role ``timers``: what happens at its time, clocks of cases, the watchdog and house-keeping."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from anyio import to_thread
from sqlalchemy.engine import Connection

from bot.desk.port.frontend import DeskFrontend
from bot.desk.turning import turn_clocks, turn_request_clocks, watch
from bot.errors import TryLaterError
from bot.mailroom.timers import Timer, TimerRoom
from bot.notices.kinds import NOTICE
from bot.notices.telling import Notices
from bot.operations.housekeeping import keep_house_hourly
from bot.serving.front import Front

log = logging.getLogger(__name__)

#: Clocks of cases are turned this often, in seconds.
CLOCKS_EVERY = 5.0
#: The desk's watchdog runs this often, in seconds.
WATCH_EVERY = 60.0
#: The shop's data are looked through this often for what the store writes first, in seconds.
LOOK_EVERY = 60.0


async def keep_time(front: Front, frontends: Sequence[DeskFrontend]) -> None:
    """Do all that is done by the clock, for ever."""
    parts = [
        asyncio.ensure_future(_turn_clocks(front, frontends)),
        asyncio.ensure_future(keep_house_hourly(front.settings, front.database, front.clock)),
    ]
    try:
        await asyncio.gather(*parts)
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)


def _timer_failed(front: Front, connection: Connection, timer: Timer, why: str) -> None:
    log.error("timer %d (%s) was given up: %s", timer.id, timer.kind, why)
    if timer.conversation_id is not None:
        front.undelivered(connection, timer.conversation_id, f"a timer could not be followed ({timer.kind})")


async def _turn_clocks(front: Front, frontends: Sequence[DeskFrontend]) -> None:
    """Fire timers, move cases up whose clock ran out, and let the watchdog look, for ever."""
    beats = 0

    def notices() -> Notices:
        # By the rules of just then.
        return Notices(front.database, front.settings.rules)

    failed = partial(_timer_failed, front)
    timers = TimerRoom(
        front.database,
        front.clock,
        {NOTICE: lambda *given: notices().fire(*given)},
        on_failed=failed,
        needs={NOTICE: lambda *given: notices().needed(*given)},
    )
    while True:
        try:
            moved = await to_thread.run_sync(turn_clocks, front.database, front.settings.rules, front.clock)
            for case_id in moved:
                for frontend in frontends:
                    frontend.changed(case_id)
            rules, clock = front.settings.rules, front.clock
            asked = await to_thread.run_sync(turn_request_clocks, front.database, rules, clock)
            if beats % int(LOOK_EVERY / CLOCKS_EVERY) == 0:
                await to_thread.run_sync(notices().look, clock.now())
            if await to_thread.run_sync(timers.fire_due) or moved or asked:
                front.notify()
            if beats % int(WATCH_EVERY / CLOCKS_EVERY) == 0:
                for fault in await to_thread.run_sync(watch, front.database, front.clock):
                    log.error("the desk's watchdog: %s", fault)
        except TryLaterError as error:
            log.warning("the clocks wait: %s", error)
        beats += 1
        await asyncio.sleep(CLOCKS_EVERY)
