"""A Reception in memory that answers by a script: the chat page's other side in tests."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from bot.channels import Channel, Receipt
from bot.errors import TryLaterError
from bot.mailroom import files
from bot.messages import Attachment, Author, Button, Correction, Inbound, Outbound, TranscriptLine
from bot.settings import AttachmentRules

#: What the bot says to a message: texts, each with the titles of its buttons.
Script = Callable[[Inbound], Sequence[tuple[str, Sequence[str]]]]

#: A payload as Rasa knows them.
PAYLOAD = '/inform{{"choice": "{}"}}'


class MemoryReception:
    """Obeys the port: accepts a message once by its id, keeps lines in order, and can be made to fail."""

    def __init__(self, place: Path, rules: AttachmentRules) -> None:
        self.place, self.rules = place, rules
        self.accepted: list[Inbound] = []
        self.lines: dict[str, list[TranscriptLine]] = {}
        self.channel: Channel | None = None
        self.script: Script = lambda message: ()
        self.with_agent = False
        self.down: TryLaterError | None = None
        self.transcript_down: TryLaterError | None = None
        #: Turns wait for this, so that a test sees the time in between.
        self.may_answer = True
        self.silent: list[Inbound] = []
        self._turns: set[asyncio.Task[None]] = set()
        self._known: set[str] = set()

    async def accept(self, message: Inbound) -> Receipt:
        await asyncio.sleep(0)
        if self.down is not None:
            raise self.down
        line = None
        fresh = message.message_id not in self._known
        if fresh:
            self._known.add(message.message_id)
            self.accepted.append(message)
            title = (message.button or "").removeprefix('/inform{"choice": "').removesuffix('"}')
            text = message.text or title
            line = self.add(
                message.sender, Author.BUYER, text, at=message.sent_at, attachments=message.attachments
            )
            if not self.with_agent:
                self.silent.append(message)
                if self.may_answer:
                    self.answer()
        return Receipt(1, fresh=fresh, with_agent=self.with_agent, line=line)

    async def keep(
        self, content: AsyncIterator[bytes], *, key: str, name: str, media_type: str
    ) -> Attachment:
        if self.down is not None:
            raise self.down
        return await files.keep(self.place, self.rules, content, key=key, name=name, media_type=media_type)

    async def transcript(
        self, channel: str, account: str, sender: str, *, after: int = 0
    ) -> Sequence[TranscriptLine]:
        await asyncio.sleep(0)
        if self.transcript_down is not None:
            raise self.transcript_down
        return [line for line in self.lines.get(sender, ()) if line.position > after]

    def answer(self) -> None:
        """Take the turns that wait."""
        waiting, self.silent = self.silent, []
        for message in waiting:
            task = asyncio.get_running_loop().create_task(self._turn(message))
            self._turns.add(task)
            task.add_done_callback(self._turns.discard)

    async def _turn(self, message: Inbound) -> None:
        for text, titles in self.script(message):
            buttons = tuple(Button(title, PAYLOAD.format(title)) for title in titles)
            await self.say(message.sender, text, buttons=buttons)

    async def say(
        self,
        sender: str,
        text: str,
        *,
        author: Author = Author.BOT,
        name: str | None = None,
        buttons: tuple[Button, ...] = (),
        attachments: tuple[Attachment, ...] = (),
        corrects: Correction | None = None,
    ) -> None:
        """Something for the buyer: into the transcript, then out through the channel."""
        line = self.add(
            sender, author, text, name=name, buttons=buttons, attachments=attachments, corrects=corrects
        )
        assert self.channel is not None
        key = f"{sender}-{line.position}"
        await self.channel.send(
            Outbound(
                key,
                "web",
                "chat",
                sender,
                text,
                author,
                line.position,
                line.at,
                buttons=buttons,
                author_name=name,
                attachments=attachments,
                corrects=corrects,
            )
        )

    def forged(self, channel: str) -> None:
        """Nobody can forge a call of the page: it has no secret of ours."""
        raise AssertionError(channel)

    def add(
        self,
        sender: str,
        author: Author,
        text: str,
        *,
        name: str | None = None,
        buttons: tuple[Button, ...] = (),
        at: dt.datetime | None = None,
        attachments: tuple[Attachment, ...] = (),
        corrects: Correction | None = None,
    ) -> TranscriptLine:
        """A line of the transcript, without waking anybody."""
        lines = self.lines.setdefault(sender, [])
        line = TranscriptLine(
            position=lines[-1].position + 1 if lines else 1,
            author=author,
            text=text,
            at=at or dt.datetime.now(dt.timezone.utc),
            buttons=buttons,
            author_name=name,
            state="received" if author is Author.BUYER else "sent",
            attachments=attachments,
            edits=None if corrects is None else corrects.position,
            change=None if corrects is None else "deleted" if corrects.deletes else "edited",
        )
        lines.append(line)
        return line
