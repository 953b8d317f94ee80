"""Buyers who write on Slack: to the app directly, or in a channel by naming it."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

from starlette.routing import BaseRoute

from adapters.slack.access import CHANNEL
from adapters.slack.backfill import Backfill
from adapters.slack.blocks import Post, block_id, to_posts
from adapters.slack.examining import examine
from adapters.slack.files import Files, to_uploads
from adapters.slack.people import People
from adapters.slack.translate import Address, Heard, Ignored, translate, translate_message
from adapters.slack.wire import Wire
from bot.channels import Examined, Found, Limits, Rate, Reception, Sighting
from bot.clock import Clock
from bot.errors import (
    ConfigurationError,
    CrossdeskError,
    NeverError,
    OperatorError,
    TryLaterError,
    UnknownOutcomeError,
)
from bot.messages import Correction, Outbound
from bot.settings import Settings

log = logging.getLogger(__name__)

#: Messages that were accepted lately, so that a file is not fetched again for a repeated one.
MOST_RECENT = 10_000
#: How many of a conversation's newest messages are looked through for one of ours.
_LOOKED_THROUGH = 50


class SlackBuyers:
    """The channel ``slack``."""

    name = CHANNEL
    #: Slack shows what is posted twice twice.
    idempotent = False
    #: Slack takes one message a second in a channel, and a few at once now and then.
    limits = Limits(chat=Rate(1.0, burst=3))
    local = False

    def __init__(self, settings: Settings, reception: Reception, *, wire: Wire, clock: Clock) -> None:
        self._folder = settings.files
        self._reception = reception
        self._wire = wire
        self._clock = clock
        self._files = Files(wire.access, reception)
        self._people = People(wire)
        self._recent: OrderedDict[str, None] = OrderedDict()
        #: A channel's messages are taken in one after the other, as they were written.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._backfill = Backfill(wire, reception, clock, self._take_missed, self._lock)
        self.exclusive: str | None = wire.access.line
        self._started = False
        wire.listen(self)

    def routes(self) -> Sequence[BaseRoute]:
        """Where Slack posts events, without Socket Mode."""
        return self._wire.routes()

    async def start(self) -> None:
        """Connect, and fetch what was said meanwhile."""
        self._wire.access.check()
        await self._backfill.start((await self._wire.us()).team)
        try:
            await self._wire.open()
        except BaseException:
            await self._backfill.stop()
            raise
        self._started = True

    async def stop(self) -> None:
        """Let go of the connection."""
        if self._started:
            self._started = False
            await self._wire.close()
        await self._backfill.stop()

    async def send(self, message: Outbound) -> str | None:
        """Post it where the buyer wrote last."""
        address, posts = _address(message), to_posts(message)
        try:
            self._wire.access.check()
        except ConfigurationError as error:
            raise OperatorError(str(error)) from error
        thread = await self._thread(address, message)
        uploads = await to_uploads(self._folder, message.attachments)
        shown = False
        posted = None
        try:
            if uploads:
                upload = self._wire.client.files_upload_v2(
                    file_uploads=uploads, channel=address.channel, thread_ts=thread
                )
                await self._wire.call(upload)
                shown = True
            for post in posts:
                posted = await self._post(post, address.channel, thread)
                shown = True
        except CrossdeskError as error:
            if shown and not isinstance(error, UnknownOutcomeError):
                # The buyer has seen a part of it.
                raise UnknownOutcomeError(f"only a part was sent: {error}") from error
            raise
        return posted and f"{address.channel}:{posted}"

    async def correct(self, message: Outbound, former: Correction) -> None:
        """Change or delete it where it was posted."""
        channel, _, ts = former.message_id.partition(":")
        before, posts = to_posts(dataclasses.replace(message, text=former.text)), to_posts(message)
        if message.attachments or len(before) != 1 or (len(posts) != 1 and not former.deletes):
            raise NeverError("Slack changes one message at a time, and this reply took several")
        client = self._wire.client
        try:
            if former.deletes:
                await self._wire.call(client.chat_delete(channel=channel, ts=ts))
            else:
                (post,) = posts
                asked = client.chat_update(channel=channel, ts=ts, text=post.text, blocks=post.blocks)
                await self._wire.call(asked)
        except NeverError as error:
            if not (former.deletes and "message_not_found" in str(error)):
                raise

    async def look_up(self, message: Outbound) -> Found:
        """Look for a message among the conversation's newest, by the ids of its blocks.

        That it is not there says nothing: Slack may show it later.
        """
        address, posts = _address(message), to_posts(message)
        if not posts:
            return Found(Sighting.UNKNOWN)
        thread = await self._thread(address, message)
        client, most = self._wire.client, _LOOKED_THROUGH
        oldest = f"{message.created_at.timestamp():.6f}"
        if thread:
            asked = client.conversations_replies(
                channel=address.channel, ts=thread, oldest=oldest, limit=most
            )
        else:
            asked = client.conversations_history(channel=address.channel, oldest=oldest, limit=most)
        answer = await self._wire.call(asked)
        # The last of its posts: then all are there.
        wanted = block_id(message.key, len(posts) - 1, 0)
        for one in answer.get("messages") or ():
            if any(block.get("block_id") == wanted for block in one.get("blocks") or ()):
                return Found(Sighting.SENT, f"{address.channel}:{one['ts']}")
        return Found(Sighting.UNKNOWN)

    async def take(self, body: Mapping[str, Any]) -> bool:
        """Take in what Slack tells, if a buyer said it to us."""
        heard = translate(body, await self._wire.us())
        if isinstance(heard, Ignored):
            log.debug("ignored: %s", heard.why)
            return False
        if heard.channel in self._wire.rooms:
            return False
        async with self._lock(heard.channel):
            await self._backfill.before(heard.channel)
            try:
                await self._accept(heard)
            except TryLaterError:
                # Slack gives up after some tries.
                self._backfill.open_gap()
                raise
        return True

    def on_line(self, on_line: bool) -> None:
        """Fetch what is missing."""
        self._backfill.on_line(on_line)

    async def trouble(self, why: str | None) -> None:
        """Have the operator told."""
        await self._reception.trouble(CHANNEL, why)

    async def examine(self) -> Sequence[Examined]:
        """Try tokens, scopes and clock."""
        return await examine(self._wire, self._clock)

    async def _thread(self, address: Address, message: Outbound) -> str | None:
        if address.thread:
            return address.thread
        answered = await self._reception.answered(message)
        return None if answered is None else answered.note.get("thread")

    async def _post(self, post: Post, channel: str, thread: str | None) -> str:
        answer = await self._wire.call(
            self._wire.client.chat_postMessage(
                channel=channel,
                thread_ts=thread,
                text=post.text,
                blocks=post.blocks,
                mrkdwn=False,
                parse="none",
                link_names=False,
                unfurl_links=False,
                unfurl_media=False,
            )
        )
        return str(answer["ts"])

    def _lock(self, channel: str) -> asyncio.Lock:
        return self._locks.setdefault(channel, asyncio.Lock())

    async def _take_missed(self, event: Mapping[str, Any]) -> None:
        """Take in a message of the history, as it is now; where it is known, what became of it."""
        us = await self._wire.us()
        heard = translate_message(event, us)
        if isinstance(heard, Ignored) or await self._accept(heard) or "edited" not in event:
            return
        change = {"subtype": "message_changed", "channel": event["channel"], "message": event}
        changed = translate_message(change, us)
        if isinstance(changed, Heard):
            await self._accept(changed)

    async def _accept(self, heard: Heard) -> bool:
        """Have a message committed; False where it was before, or is not for us."""
        message, fresh = heard.inbound, False
        if message.message_id in self._recent:
            return False
        try:
            if heard.if_known and not await self._reception.transcript(
                CHANNEL, message.account, message.sender
            ):
                return False
            attachments = [await self._files.fetch(file, message.account) for file in heard.files]
            person = await self._people.who(heard.user)
            receipt = await self._reception.accept(
                dataclasses.replace(
                    message,
                    attachments=tuple(attachments),
                    sender_name=person.name,
                    language_hint=person.language,
                )
            )
            fresh = receipt.fresh
        except NeverError as error:
            log.error("a message cannot be taken: %s", error)
        self._recent[message.message_id] = None
        if len(self._recent) > MOST_RECENT:
            self._recent.popitem(last=False)
        return fresh


def _address(message: Outbound) -> Address:
    address = Address.read(message.sender)
    if address is None:
        raise NeverError("this is no place on Slack")
    return address
