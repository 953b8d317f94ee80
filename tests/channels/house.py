"""The bot behind a channel under test: a real front and a real delivery over a real database, no model."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.channels import Channel
from bot.clock import SystemClock
from bot.database import Database
from bot.desk.tables import cases
from bot.mailroom import outbox
from bot.mailroom.tables import conversations, inbox
from bot.mailroom.tables import outbox as outbox_rows
from bot.messages import Attachment, Button, Correction
from bot.operations.figures import Counted
from bot.serving.delivering import deliver
from bot.serving.doorbook import DoorBook
from bot.serving.doors import open_door
from bot.serving.front import Front
from bot.settings import Settings
from bot.sharing.doors import DoorState
from tests.channels.rig import Rig

T = TypeVar("T")

#: How long anything may take on a machine with much else to do, in seconds.
PATIENCE = 60.0


async def until(look: Callable[[], Awaitable[T]], what: str) -> T:
    """What ``look`` finds once it finds something."""
    end = time.monotonic() + PATIENCE
    while not (found := await look()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        await asyncio.sleep(0.02)
    return found


class AheadClock:
    """The machine's time, moved on by a test: what a channel paces goes on, and waits can be passed over."""

    def __init__(self) -> None:
        self._system = SystemClock()
        self.ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        return self._system.now() + self.ahead


@dataclass(frozen=True)
class Received:
    """What lies in the inbox of a message."""

    kind: str
    text: str
    button: str | None
    numbered: bool
    edits: str | None
    message_id: str
    attachments: tuple[Attachment, ...]


class House:
    """A store with one channel. ``open`` and ``close`` are what a start and an end of the service do."""

    def __init__(self, settings: Settings, database: Database, rig: Rig) -> None:
        self.settings, self.database, self.rig = settings, database, rig
        self.clock = AheadClock()
        self.announced: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._channel: Channel | None = None

    async def open(self) -> None:
        self.front = Front(self.settings, self.database, self.clock)
        self.book = DoorBook(self.database, self.clock, "host-1-a")
        self.front.on_trouble(lambda channel, why: self.book.trouble(f"channel {channel}", why))
        channel = await self.rig.open(self.settings, self.front)
        self._channel = channel
        await open_door(f"channel {channel.name}", channel.start, self.announced.append, self.book)
        counted = Counted(channel, self.front.figures)
        self._tasks = [asyncio.create_task(deliver(self.front, {channel.name: counted}))]

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.front.workers.stop()
        self._tasks, self._channel = [], None

    @property
    def channel(self) -> Channel:
        assert self._channel is not None
        return self._channel

    def door(self) -> tuple[DoorState, str]:
        """How the operator sees the door."""
        door = self.book._doors[f"channel {self.rig.name}"]
        return door.state, door.why

    async def received(self) -> Sequence[Received]:
        """Everything in the inbox, in the order in which it came."""
        with self.database.begin() as connection:
            rows = connection.execute(sa.select(inbox).order_by(inbox.c.id)).all()
        return [
            Received(
                row.kind,
                row.text,
                row.button,
                row.data.get("numbered", False),
                row.edits,
                row.message_id,
                tuple(Attachment(**one) for one in row.data["attachments"]),
            )
            for row in rows
        ]

    async def has(self, count: int) -> Sequence[Received]:
        """The inbox once it holds so many messages."""

        async def enough() -> Sequence[Received]:
            found = await self.received()
            return found if len(found) >= count else ()

        return await until(enough, f"{count} messages in the inbox")

    async def replies(
        self, text: str, choices: Sequence[str] = (), attachments: Sequence[Attachment] = ()
    ) -> None:
        """Say something to the buyer."""
        buttons = [Button(title, PAYLOAD.format(number)) for number, title in enumerate(choices, 1)]
        with self.database.begin() as connection:
            talk = connection.execute(sa.select(conversations.c.id)).scalar_one()
            outbox.post(
                connection, talk, text, now=self.clock.now(), buttons=buttons, attachments=attachments
            )
        self.front.new_mail.set()

    async def corrects(self, text: str, *, deletes: bool = False) -> None:
        """Change the first message to the buyer, or take it back."""
        with self.database.begin() as connection:
            first = connection.execute(sa.select(outbox_rows).order_by(outbox_rows.c.id).limit(1)).one()
            former = Correction(first.position, first.channel_message_id, first.text, deletes)
            outbox.post(connection, first.conversation_id, text, now=self.clock.now(), corrects=former)
        self.front.new_mail.set()

    async def keeps(self, name: str, media_type: str, content: bytes) -> Attachment:
        """A file of ours."""

        async def parts() -> Any:
            yield content

        return await self.front.keep(parts(), key=f"ours:{name}", name=name, media_type=media_type)

    async def states(self) -> Sequence[str]:
        """How the messages to the buyer stand, oldest first."""
        with self.database.begin() as connection:
            rows = connection.execute(sa.select(outbox_rows).order_by(outbox_rows.c.id)).all()
        return [row.state for row in rows]

    async def refused(self) -> bool:
        """Whether a message to the buyer waits because the channel did not take it."""
        with self.database.begin() as connection:
            rows = connection.execute(
                sa.select(outbox_rows.c.id).where(
                    outbox_rows.c.state == "queued", outbox_rows.c.error.isnot(None)
                )
            )
            return bool(rows.all())

    async def cases(self) -> int:
        """How many cases there are."""
        with self.database.begin() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(cases)).scalar_one())

    def later(self, hours: float = 1.0) -> None:
        """Move the time on, so that what waits is tried."""
        self.clock.ahead += dt.timedelta(hours=hours)
        self.front.new_mail.set()


#: What a button brings back.
PAYLOAD = '/inform{{"choice": "{}"}}'
