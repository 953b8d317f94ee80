"""What the front offers its doors, and how it is woken."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TypeVar

from anyio import to_thread
from sqlalchemy.engine import Connection

from bot.channels import Receipt
from bot.clock import Clock
from bot.database import Database
from bot.desk.undelivered import open_undelivered
from bot.errors import TryLaterError
from bot.mailroom import conversations, files, outbox, places, transcript
from bot.mailroom.acceptance import Acceptance
from bot.mailroom.pace import Pace
from bot.messages import Answered, Attachment, Inbound, Outbound, TranscriptLine
from bot.operations.figures import Figures
from bot.settings import Settings
from bot.wake import Listener, Topic
from bot.workers import WorkerPool

_Result = TypeVar("_Result")


class Front:
    """What a serving process does beside its roles; implements ``bot.channels.Reception``."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self.settings = settings
        self.database = database
        self.clock = clock
        #: Something may lie in the outbox.
        self.new_mail = asyncio.Event()
        #: What channels take a second: kept while the role that delivers comes and goes.
        self.pace = Pace(clock)
        self._loop = asyncio.get_running_loop()
        self.figures = Figures(settings.rules.channels, database, clock)
        self.workers = WorkerPool(
            settings,
            database,
            on_turn=self._turned,
            on_line=self.figures.turn,
            on_models=lambda models: self._on_models(models),
        )
        self._acceptance = Acceptance(database, clock, self._language)
        self._on_pages: Callable[[Sequence[str]], None] = lambda _: None
        self._on_trouble: Callable[[str, str | None], None] = lambda _, __: None
        self._on_models: Callable[[Mapping[str, str]], None] = lambda _: None
        #: What other processes commit.
        self.listener = Listener(database, self._heard, self._told)

    async def accept(self, message: Inbound) -> Receipt:
        """See ``Reception``."""
        try:
            receipt = await self._acceptance.accept(message)
        except TryLaterError:
            self.figures.refused(message.channel)
            raise
        self.figures.accepted(message.channel, fresh=receipt.fresh)
        self.workers.wake()
        return receipt

    async def transcript(
        self, channel: str, account: str, sender: str, *, after: int = 0
    ) -> Sequence[TranscriptLine]:
        """See ``Reception``."""
        return await to_thread.run_sync(self._transcript, channel, account, sender, after)

    async def delivered(self, channel: str, account: str, sender: str, message_id: str) -> None:
        """See ``Reception``."""
        await to_thread.run_sync(self._delivered, channel, account, sender, message_id)

    async def keep(
        self, content: AsyncIterator[bytes], *, key: str, name: str, media_type: str
    ) -> Attachment:
        """See ``Reception``."""
        path, now = files.path_of(key), self.clock.now()
        if not await to_thread.run_sync((self.settings.files / path).exists):
            # Before it is written, so that none is there which nobody knows of.
            await self._with(lambda connection: files.unclaimed(connection, path, now=now))
        return await files.keep(
            self.settings.files,
            self.settings.rules.attachments,
            content,
            key=key,
            name=name,
            media_type=media_type,
        )

    async def answered(self, message: Outbound) -> Answered | None:
        """See ``Reception``."""
        return await self._with(lambda connection: places.answered(connection, message))

    async def returned(self, key: str, why: str) -> bool:
        """See ``Reception``."""

        def note(connection: Connection) -> bool:
            talk = outbox.returned(connection, key, why)
            if talk is not None:
                self.undelivered(connection, talk, why)
            return talk is not None

        return await self._with(note)

    async def left(self, channel: str, account: str, sender: str, why: str) -> None:
        """See ``Reception``."""

        def note(connection: Connection) -> None:
            talk = conversations.find(connection, channel, account, sender)
            if talk is not None:
                outbox.give_up(connection, talk.id, why, now=self.clock.now())

        await self._with(note)

    async def place(self, channel: str, account: str, name: str) -> str | None:
        """See ``Reception``."""
        return await self._with(lambda connection: places.place(connection, channel, account, name))

    async def set_place(self, channel: str, account: str, name: str, value: str) -> None:
        """See ``Reception``."""
        now = self.clock.now()
        await self._with(
            lambda connection: places.set_place(connection, channel, account, name, value, now=now)
        )

    async def trouble(self, channel: str, why: str | None) -> None:
        """See ``Reception``."""
        self._on_trouble(channel, why)

    def forged(self, channel: str) -> None:
        """See ``Reception``."""
        self.figures.forged(channel)

    async def _with(self, act: Callable[[Connection], _Result]) -> _Result:
        def work() -> _Result:
            with self.database.begin() as connection:
                return act(connection)

        return await to_thread.run_sync(work)

    def notify(self) -> None:
        """Something lies in the inbox or the outbox; may be called from any thread."""
        self._soon(self.new_mail.set)
        self._soon(self.workers.wake)

    def undelivered(self, connection: Connection, conversation_id: int, why: str) -> None:
        """Open a case for a message that did not reach its buyer."""
        open_undelivered(connection, self.settings.rules, self.clock, conversation_id, why)

    def on_pages(self, tell: Callable[[Sequence[str]], None]) -> None:
        """Have what other processes tell of lines for open pages told; an empty list: some may be missing."""
        self._on_pages = tell

    def on_trouble(self, tell: Callable[[str, str | None], None]) -> None:
        """Have it told what channels say of their lines to the outside."""
        self._on_trouble = tell

    def on_models(self, tell: Callable[[Mapping[str, str]], None]) -> None:
        """Have it told which models the workers serve with, and why one does not that should."""
        self._on_models = tell

    def _turned(self) -> None:
        # What the database tells of by itself need not be looked for twice.
        if not self.listener.hears:
            self.new_mail.set()

    def _heard(self, topic: Topic) -> None:
        if topic is Topic.PAGES:
            self._soon(lambda: self._on_pages(()))
        else:
            self._soon(self.workers.wake if topic is Topic.INBOX else self.new_mail.set)

    def _told(self, words: Sequence[str]) -> None:
        self._soon(lambda: self._on_pages(words))

    def _soon(self, act: Callable[[], None]) -> None:
        # Told in another thread, at the end perhaps after the loop.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act)

    def _language(self, message: Inbound) -> str:
        rules = self.settings.rules
        hint = (message.language_hint or "")[:2].lower()
        return hint if hint in rules.languages else rules.fallback_language

    def _delivered(self, channel: str, account: str, sender: str, message_id: str) -> None:
        with self.database.begin() as connection:
            talk = conversations.find(connection, channel, account, sender)
            if talk is not None:
                outbox.delivered(connection, talk.id, message_id, now=self.clock.now())

    def _transcript(self, channel: str, account: str, sender: str, after: int) -> Sequence[TranscriptLine]:
        with self.database.begin() as connection:
            talk = conversations.find(connection, channel, account, sender)
            return () if talk is None else transcript.lines(connection, talk.id, after=after)
