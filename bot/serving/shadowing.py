"""What runs in shadow has a process of its own, in one serving process of all, and gives way to others."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from anyio import to_thread

from bot.settings import Settings, environment
from bot.training import rollout
from bot.training.background import GENTLY

log = logging.getLogger(__name__)

#: What is tried is looked for this often, in seconds.
POLL = 5.0
#: A process that ended although its candidate is still tried is begun anew after this, in seconds.
AGAIN = 60.0
#: How long it may finish what it does, in seconds, before it is killed: it acts on nothing.
STOP_SECONDS = 5.0


async def keep_shadow(settings: Settings) -> None:
    """Have a process run what is in shadow, whenever something is, for ever."""
    while True:
        if not await to_thread.run_sync(_is_wanted, settings):
            await asyncio.sleep(POLL)
            continue
        await _run(settings)
        if await to_thread.run_sync(_is_wanted, settings):
            # It could not, and has written down why; perhaps somebody mends that.
            await asyncio.sleep(AGAIN)


def _is_wanted(settings: Settings) -> bool:
    tried = rollout.current(settings)
    return tried is not None and tried.is_shadow


async def _run(settings: Settings) -> None:
    """Run one until it ends by itself; cancelled, have it end."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot", "shadow"),
            stdin=asyncio.subprocess.PIPE,
            env={**GENTLY, **os.environ, **environment(settings)},
            # Ctrl-C in a terminal reaches the whole group: only the front heeds it.
            start_new_session=True,
        )
    except OSError as error:
        log.error("nothing can run in shadow now: %s", error.strerror)
        return
    try:
        code = await process.wait()
        log.info("what ran in shadow ended with code %s", code)
    finally:
        # Its line ends with this process, however that ends.
        if process.stdin is not None:
            process.stdin.close()
        if process.returncode is None:
            await asyncio.wait({asyncio.ensure_future(process.wait())}, timeout=STOP_SECONDS)
            if process.returncode is None:
                process.kill()
                await process.wait()
