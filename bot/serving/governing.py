"""Released rules taken by a front process while it runs."""

from __future__ import annotations

import asyncio
import logging

from anyio import to_thread

from bot.desk.service.desk import DatabaseDesk
from bot.errors import ConfigurationError
from bot.settings.released import InForce

log = logging.getLogger(__name__)

#: How often, in seconds, it is looked whether other rules were released.
LOOK_EVERY = 1.0


async def govern(law: InForce, desk: DatabaseDesk) -> None:
    """Go by whatever rules are released, for ever.

    Timers, house-keeping and the console ask the settings, which ``law`` keeps; the desk has its own.
    """
    seen = desk.rules
    while True:
        # The folder may be another machine's, and slow.
        rules = await to_thread.run_sync(law.now)
        if rules is not seen:
            seen = rules
            try:
                desk.govern(rules)
            except ConfigurationError as error:
                log.error("the desk goes on by the rules before: %s", error)
        await asyncio.sleep(LOOK_EVERY)
