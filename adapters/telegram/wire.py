"""The SDK as we use it: updates as they came, errors as ours, connections that are let go of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telegram import Bot
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from adapters.telegram.errors import translated
from adapters.telegram.options import Account
from adapters.telegram.translate import KINDS

#: How long Telegram holds a question for what is new, in seconds.
POLL = 25
#: How many updates it gives at once.
MOST = 100
#: How long an answer of its may take, in seconds.
PATIENCE = 20.0


class RawBot(Bot):
    """The SDK's bot, whose updates stay JSON: one that the SDK cannot read must not hold up the others."""

    async def raw_updates(self, offset: int | None, timeout: int) -> list[Any]:
        """What is new from ``offset`` on; what is older Telegram forgets."""
        asked = {"offset": offset, "limit": MOST, "timeout": timeout, "allowed_updates": list(KINDS)}
        found = await self._post("getUpdates", asked, read_timeout=timeout + PATIENCE)
        return found if isinstance(found, list) else []


class Wire:
    """The connection to the Bot API for one bot. Opens when it is used; closed, it opens again."""

    def __init__(self, account: Account, api: str) -> None:
        self._variable = account.variable
        self._requests = [
            HTTPXRequest(
                connection_pool_size=size,
                read_timeout=PATIENCE,
                write_timeout=PATIENCE,
                connect_timeout=PATIENCE / 2,
                pool_timeout=PATIENCE,
                media_write_timeout=60.0,
            )
            # The poll has a connection of its own.
            for size in (1, 64)
        ]
        self._bot = RawBot(
            account.token,
            base_url=f"{api.rstrip('/')}/bot",
            base_file_url=f"{api.rstrip('/')}/file/bot",
            get_updates_request=self._requests[0],
            request=self._requests[1],
        )
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[RawBot]:
        """The bot, for some calls.

        Raises:
            CrossdeskError: see ``errors.translated``.
        """
        self._busy += 1
        self._idle.clear()
        try:
            for request in self._requests:
                await request.initialize()
            yield self._bot
        except TelegramError as error:
            # The SDK's own words of an error may hold an address, and an address holds the token.
            raise translated(error, self._variable) from None
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def close(self) -> None:
        """Let go of the connections once nobody uses them."""
        await self._idle.wait()
        for request in self._requests:
            await request.shutdown()
