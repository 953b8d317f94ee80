"""A channel of the tests that only one process may poll; the outside is a folder, and keeps its own record.

Messages wait as files in ``in``: ``<sender>.<number>`` holds the text. The record has a line for each time
that somebody opens or closes the line to the outside, and for each message sent. Whoever opens it while it is
open elsewhere is recorded as ``overlap``.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.channels import Channel, Reception
from bot.errors import TryLaterError
from bot.messages import Inbound, Outbound
from bot.settings import Settings

#: Where the outside is, as an environment variable.
PLACE = "PIGEON_PLACE"
NAME, ACCOUNT = "pigeon", "loft"


class Pigeon:
    name = NAME
    idempotent = False
    local = False
    exclusive: str | None = "pigeon:loft"

    def __init__(self, reception: Reception, place: Path) -> None:
        from bot import channels

        self.limits: Any = getattr(channels, "UNLIMITED", None)
        self._reception = reception
        self._place = place
        self._polling: asyncio.Task[None] | None = None

    def routes(self) -> Sequence[Any]:
        return ()

    async def start(self) -> None:
        self._lock = (self._place / "line").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._record("overlap")
        self._record("open")
        self._polling = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
            self._polling = None
            self._record("close")
            self._lock.close()

    async def send(self, message: Outbound) -> str | None:
        # As long as it takes: that a stop breaks it off would be seen.
        await asyncio.sleep(0.05)
        self._record(f"sent {message.sender} {message.text}")
        return message.key

    async def _poll(self) -> None:
        while True:
            for file in sorted((self._place / "in").iterdir(), key=lambda one: int(one.suffix[1:])):
                message = Inbound(
                    channel=NAME,
                    account=ACCOUNT,
                    message_id=file.name,
                    sender=file.stem,
                    text=file.read_text(encoding="utf-8"),
                    sent_at=dt.datetime.now(dt.timezone.utc),
                )
                try:
                    await self._reception.accept(message)
                except TryLaterError:
                    break
                # Committed: from here on it is ours.
                file.unlink()
            await asyncio.sleep(0.05)

    def _record(self, line: str) -> None:
        descriptor = os.open(self._place / "record", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, f"{os.getpid()} {line}\n".encode())
        finally:
            os.close(descriptor)


def open_channel(settings: Settings, reception: Reception) -> Channel:
    del settings
    made: Any = Pigeon(reception, Path(os.environ[PLACE]))
    return made  # type: ignore[no-any-return]


def register(folder: Path) -> None:
    """Make the channel one that an installed package offers, for processes with this folder on their path."""
    package = folder / "crossdesk_pigeon-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: crossdesk-pigeon\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(f"[crossdesk.channels]\n{NAME} = {__name__}:open_channel\n")
