"""Files over HTTP: taken from a visitor in parts, and handed out so that no browser runs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response

from adapters.web.limits import BODY_PATIENCE, BodyTooLargeError, BodyTooSlowError
from bot.messages import Attachment

#: What an address of a file is answered with: should a browser show it all the same, nothing in it runs.
POLICY = "default-src 'none'; sandbox"
FILE_HEADERS: Mapping[str, str | None] = {"Content-Security-Policy": POLICY}
#: Shown as pictures on our pages; every other kind is only ever saved.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
#: Below ``CROSSDESK_FILES``; nothing else there is handed out.
_FOLDER = "attachments"


def handed_out(files: Path, attachment: Attachment) -> Response:
    """The file, to be saved; 404 if it was not kept, or is no longer."""
    folder = (files / _FOLDER).resolve()
    path = (files / attachment.path).resolve()
    if not attachment.path or folder not in path.parents or not path.is_file():
        return Response(status_code=404)
    kind = attachment.media_type if attachment.media_type in PICTURES else "application/octet-stream"
    return FileResponse(path, media_type=kind, filename=attachment.name)


def of_line(attachments: tuple[Attachment, ...], address: str) -> list[dict[str, Any]]:
    """A line's files as pages read them; those that were kept have an address below ``address``."""
    return [
        {
            "name": file.name,
            "size": file.size,
            "picture": file.media_type in PICTURES,
            "url": f"{address}/{number}" if file.path else None,
        }
        for number, file in enumerate(attachments)
    ]


async def parts_of(request: Request, limit: int) -> AsyncIterator[bytes]:
    """A body's parts as they come, never more than ``limit`` bytes of it.

    Raises:
        BodyTooLargeError: it is longer; the rest is not read.
        BodyTooSlowError: nothing came for too long, or the client went away.
    """
    stream, size = request.stream(), 0
    while True:
        try:
            part = await asyncio.wait_for(stream.__anext__(), BODY_PATIENCE)
        except StopAsyncIteration:
            return
        except (asyncio.TimeoutError, ClientDisconnect) as error:
            raise BodyTooSlowError from error
        size += len(part)
        if size > limit:
            raise BodyTooLargeError
        yield part
