"""Files that lie at Slack: fetched when a buyer sent them, put there when we do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
from anyio import to_thread

from adapters.slack.access import CHANNEL, Access
from adapters.slack.translate import SentFile
from bot.channels import Reception
from bot.errors import NeverError
from bot.messages import Attachment

log = logging.getLogger(__name__)

#: Seconds for one file, and how often it is tried: a message must not wait for ever for its picture.
PATIENCE, TRIES = 20.0, 2
_PART = 64 * 1024


class _NotThereError(Exception):
    """Slack does not give the file."""


class Files:
    """Fetches files of buyers.

    Args:
        access: the token, and which addresses are Slack's.
        reception: keeps them.
    """

    def __init__(self, access: Access, reception: Reception) -> None:
        self._access = access
        self._reception = reception

    async def fetch(self, file: SentFile, account: str) -> Attachment:
        """Keep a file. What Slack does not give, or lies elsewhere, is told as one that was not kept.

        Raises:
            TryLaterError: our disk cannot take it now.
        """
        missing = Attachment(file.name[:150], file.media_type[:100], file.size, "")
        if file.url is None or not self._access.is_ours(file.url):
            return missing
        for _ in range(TRIES):
            try:
                async with contextlib.aclosing(self._content(file, file.url)) as content:
                    return await self._reception.keep(
                        content,
                        key=f"{CHANNEL}:{account}:{file.id}",
                        name=file.name,
                        media_type=file.media_type,
                    )
            except _NotThereError as error:
                log.warning("Slack does not give the file %s: %s", file.id, error)
                return missing
            except (aiohttp.ClientError, asyncio.TimeoutError) as error:
                log.warning("the file %s could not be fetched: %s", file.id, type(error).__name__)
        return missing

    async def _content(self, file: SentFile, url: str) -> AsyncGenerator[bytes, None]:
        headers = {"Authorization": f"Bearer {self._access.bot_token}"}
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            # Without the right to read files Slack leads to its sign-in page.
            session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            page = answer.content_type == "text/html" and file.media_type != "text/html"
            if answer.status >= 500:
                answer.raise_for_status()
            if answer.status != 200 or page:
                raise _NotThereError(
                    f"HTTP {answer.status}{', a page (is the scope files:read missing?)' * page}"
                )
            async for part in answer.content.iter_chunked(_PART):
                yield part


async def to_uploads(folder: Path, attachments: tuple[Attachment, ...]) -> list[dict[str, Any]]:
    """What ``files_upload_v2`` wants of each of our files.

    Raises:
        NeverError: a file is not there any more.
    """
    uploads = []
    for one in attachments:
        try:
            content = await to_thread.run_sync((folder / one.path).read_bytes)
        except OSError as error:
            raise NeverError(f"the file '{one.name}' cannot be read: {error.strerror}") from error
        uploads.append({"content": content, "filename": one.name, "title": one.name})
    return uploads
