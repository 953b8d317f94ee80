"""Pages that are open in another process than the one that delivers.

Whoever delivers tells all processes the key of each line that it has taken to a channel of pages; each reads
the line and shows it on the pages that are open there. A page knows a line by its position, so showing it
twice, or to nobody, does no harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from anyio import to_thread

from bot.channels import Channel
from bot.database import Database
from bot.errors import CrossdeskError, TryLaterError
from bot.mailroom import showing
from bot.messages import Correction, Outbound
from bot.operations.figures import Counted, Figures
from bot.wake import tell

log = logging.getLogger(__name__)

#: So many of the latest lines are shown anew after the line to the database broke.
LATEST = 500
#: So many keys are told, or lines read, at once.
MOST = 200


class Told(Counted):
    """A channel of pages whose lines the other processes are told of."""

    def __init__(self, channel: Channel, figures: Figures, database: Database, sender: str) -> None:
        super().__init__(channel, figures)
        self._database = database
        self._sender = sender
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self._telling: asyncio.Task[None] | None = None

    async def send(self, message: Outbound) -> str | None:
        """See ``Channel``."""
        sent_id = await super().send(message)
        await self._tell_others(message)
        return sent_id

    async def correct(self, message: Outbound, former: Correction) -> None:
        """See ``Corrects``."""
        await super().correct(message, former)
        await self._tell_others(message)

    async def _tell_others(self, message: Outbound) -> None:
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((f"{self._sender} {message.key}", told))
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell())
        await told

    async def _tell(self) -> None:
        # What comes together is told together.
        try:
            while self._waiting:
                together = self._waiting[:MOST]
                del self._waiting[:MOST]
                failed: Exception | None = None
                try:
                    await to_thread.run_sync(self._tell_all, [word for word, _ in together])
                except Exception as error:
                    failed = error
                for _, told in together:
                    if told.done():
                        continue
                    if failed is None:
                        told.set_result(None)
                    else:
                        told.set_exception(TryLaterError(f"pages elsewhere cannot be told: {failed}"))
        finally:
            self._telling = None

    def _tell_all(self, words: Sequence[str]) -> None:
        with self._database.begin() as connection:
            tell(connection, words)


class Screens:
    """Shows what other processes delivered on the pages that are open in this one."""

    def __init__(self, database: Database, channels: Mapping[str, Channel], sender: str) -> None:
        self._database = database
        self._channels = {name: channel for name, channel in channels.items() if channel.local}
        #: Whose words are our own.
        self._sender = sender
        self._keys: list[str] = []
        self._missing = False
        self._something = asyncio.Event()

    def hear(self, words: Sequence[str]) -> None:
        """Note what was told; nothing at all: something may have been missed. On the event loop only."""
        if not words:
            self._missing = True
        for word in words:
            sender, _, key = word.partition(" ")
            if key and sender != self._sender:
                self._keys.append(key)
        if self._missing or self._keys:
            self._something.set()

    async def show(self) -> None:
        """Show what was told, for ever."""
        while True:
            await self._something.wait()
            self._something.clear()
            keys, self._keys = self._keys, []
            missing, self._missing = self._missing, False
            try:
                if missing:
                    await self._send(await to_thread.run_sync(self._latest))
                for start in range(0, len(keys), MOST):
                    await self._send(await to_thread.run_sync(self._lines, keys[start : start + MOST]))
            except TryLaterError as error:
                # Told again once the database answers: then the latest are shown.
                log.warning("pages may miss a line until they come back: %s", error)
                self._missing = True

    async def _send(self, lines: Sequence[Outbound]) -> None:
        for line in lines:
            channel = self._channels.get(line.channel)
            try:
                if channel is not None:
                    await channel.send(line)
            except CrossdeskError as error:
                # A page that missed it fetches it when it comes back.
                log.warning("a line is not shown here: %s", error)

    def _lines(self, keys: Sequence[str]) -> Sequence[Outbound]:
        with self._database.begin() as connection:
            return showing.by_keys(connection, keys)

    def _latest(self) -> Sequence[Outbound]:
        with self._database.begin() as connection:
            return showing.latest(connection, tuple(self._channels), LATEST)
