"""Calls of Slack's methods at the pace that it allows, each message known by its blocks."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.slack.blocks import MOST_WORDS
from adapters.slack.desk.blocks import Block, run, section
from adapters.slack.errors import code_of
from adapters.slack.files import to_uploads
from adapters.slack.text import escaped, shortened
from adapters.slack.wire import Wire
from bot.errors import CrossdeskError, NeverError, OperatorError
from bot.messages import Attachment

log = logging.getLogger(__name__)

#: Seconds between two messages in a channel, and between two calls of a method that is counted by the minute.
MESSAGES, METHODS = 1.0, 1.2
#: Pages of 200 messages that are looked through for one of ours.
_MOST_PAGES = 10
#: How the first block of a case's message is called.
_CASE = re.compile(r"case:([0-9]{1,15})\.0")
#: Slack's words for a message that is not there, or not ours to change, any more.
GONE = frozenset({"message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed"})
#: Its words for a channel that nothing can be posted in until a person acts.
CLOSED = frozenset({"channel_not_found", "is_archived", "not_in_channel", "no_channel"})


class Posting:
    """Posts, changes and marks messages."""

    def __init__(self, wire: Wire, folder: Path) -> None:
        self._wire = wire
        self._folder = folder
        self._free: dict[str, float] = {}

    async def post(self, channel: str, text: str, blocks: Sequence[Block], thread: str | None = None) -> str:
        """Post a message; its ``ts``."""
        await self._turn(f"in {channel}", MESSAGES)
        answer = await self._wire.call(
            self._wire.client.chat_postMessage(
                channel=channel,
                thread_ts=thread,
                text=text,
                blocks=blocks,
                mrkdwn=False,
                parse="none",
                link_names=False,
                unfurl_links=False,
                unfurl_media=False,
            )
        )
        return str(answer["ts"])

    async def change(self, channel: str, ts: str, text: str, blocks: Sequence[Block]) -> None:
        """Change a message."""
        await self._turn("chat.update", METHODS)
        await self._wire.call(
            self._wire.client.chat_update(
                channel=channel, ts=ts, text=text, blocks=blocks, parse="none", link_names=False
            )
        )

    async def there(self, channel: str) -> dict[str, str]:
        """The ids of the newest blocks in a channel, and their messages' ``ts``."""
        messages = await self.newest(channel, None, "0")
        return {_id(block): str(one["ts"]) for one in messages for block in one.get("blocks") or ()}

    async def case_at(self, channel: str, ts: str) -> int | None:
        """The case of which we have posted this message; None if it is no case's."""
        us = await self._wire.us()
        try:
            answer = await self._wire.call(
                self._wire.client.conversations_replies(channel=channel, ts=ts, limit=1)
            )
        except (NeverError, OperatorError) as error:
            log.warning("a thread cannot be looked into: %s", error)
            return None
        first = next((one for one in answer.get("messages") or () if isinstance(one, dict)), {})
        return case_in(first) if first.get("ts") == ts and first.get("user") == us.user else None

    async def found(self, channel: str, thread: str, oldest: str) -> set[str]:
        """The ids of all blocks in a thread."""
        messages = await self.newest(channel, thread, oldest)
        return {_id(block) for message in messages for block in message.get("blocks") or ()}

    async def upload(self, channel: str, thread: str, files: Sequence[Attachment]) -> None:
        """Put a buyer's files into a thread."""
        uploads = await to_uploads(self._folder, tuple(files))
        await self._turn(f"in {channel}", MESSAGES)
        await self._wire.call(
            self._wire.client.files_upload_v2(file_uploads=uploads, channel=channel, thread_ts=thread)
        )

    async def mark(self, channel: str, ts: str, name: str, instead: str | None = None) -> None:
        """Put a reaction on a message in place of another; what Slack refuses for good is let be.

        Raises:
            TryLaterError: not now.
        """
        client = self._wire.client
        for method, reaction in ((client.reactions_remove, instead), (client.reactions_add, name)):
            if reaction is None:
                continue
            await self._turn("reactions", METHODS)
            try:
                await self._wire.call(method(channel=channel, timestamp=ts, name=reaction))
            except (NeverError, OperatorError) as error:
                if code_of(error) not in ("already_reacted", "no_reaction"):
                    log.warning("a message gets no mark: %s", error)

    async def whisper(self, channel: str, user: str, text: str, thread: str | None = None) -> None:
        """Tell one person something in a channel; it is of no great weight."""
        try:
            await self._wire.call(
                self._wire.client.chat_postEphemeral(
                    channel=channel,
                    user=user,
                    thread_ts=thread,
                    text=escaped(shortened(text, MOST_WORDS)),
                    blocks=[section(run(shortened(text, MOST_WORDS)))],
                )
            )
        except CrossdeskError as error:
            log.warning("somebody could not be told in Slack: %s", error)

    async def newest(self, channel: str, thread: str | None, oldest: str) -> list[dict[str, Any]]:
        """The newest messages of a channel or a thread, those after ``oldest``."""
        client, found = self._wire.client, list[dict[str, Any]]()
        page: dict[str, Any] = {"channel": channel, "oldest": oldest, "limit": 200}
        for _ in range(_MOST_PAGES):
            asked = (
                client.conversations_history(**page)
                if thread is None
                else client.conversations_replies(ts=thread, **page)
            )
            answer = await self._wire.call(asked)
            found += [one for one in answer.get("messages") or () if isinstance(one, dict)]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
            page["cursor"] = cursor
        return found

    async def _turn(self, what: str, every: float) -> None:
        """Wait until it is our turn."""
        loop = asyncio.get_running_loop()
        turn = max(self._free.get(what, 0.0), loop.time())
        self._free[what] = turn + every
        await asyncio.sleep(turn - loop.time())


def _id(block: object) -> str:
    return str(block.get("block_id")) if isinstance(block, dict) else ""


def case_in(message: Mapping[str, Any]) -> int | None:
    """The case that a message of ours shows, by its first block's name; None if it shows none."""
    blocks = message.get("blocks") or [None]
    found = _CASE.fullmatch(_id(blocks[0]))
    return None if found is None else int(found[1])
