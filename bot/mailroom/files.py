"""Files that came with messages: kept below ``CROSSDESK_FILES``, never in the database."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import sqlalchemy as sa
from anyio import to_thread
from sqlalchemy.engine import Connection

from bot.database import insert_once
from bot.errors import TryLaterError
from bot.mailroom.tables import unclaimed_files
from bot.messages import Attachment
from bot.settings import AttachmentRules

#: The folder below ``CROSSDESK_FILES``.
FOLDER = "attachments"
#: In characters; the rest of a name says nothing.
LONGEST_NAME = 150
#: The most bytes that are held before they are written.
_PART = 1 << 20


async def keep(
    files: Path,
    rules: AttachmentRules,
    content: AsyncIterator[bytes],
    *,
    key: str,
    name: str,
    media_type: str,
) -> Attachment:
    """See ``bot.channels.Reception``. A file is there whole or not at all; one that is there stays.

    Raises:
        TryLaterError: the disk cannot take it now.
    """
    name = _plain(name) or "file"
    kind = media_type.partition(";")[0].strip().lower()[:100] or "application/octet-stream"
    if not rules.takes(kind):
        return Attachment(name, kind, 0, "")
    path = path_of(key)
    try:
        size = await _write(files / path, content, rules.megabytes * 1_000_000)
    except OSError as error:
        why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror
        raise TryLaterError(f"a file cannot be kept in {files / FOLDER}: {why}") from error
    return Attachment(name, kind, *((size, path) if size >= 0 else (-size, "")))


def path_of(key: str) -> str:
    """Where the file of this key lies below ``CROSSDESK_FILES``."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{FOLDER}/{digest[:2]}/{digest}"


def unclaimed(connection: Connection, path: str, *, now: dt.datetime) -> None:
    """Note a file that is about to be written: it goes after a while if no message takes it. Idempotent."""
    connection.execute(_UNCLAIMED[connection.dialect.name], {"path": path, "kept_at": now})


def claim(connection: Connection, attachments: Sequence[Attachment]) -> None:
    """Have these files stay as long as the message that is being accepted with them."""
    paths = [one.path for one in attachments if one.path]
    if paths:
        connection.execute(_CLAIM, {"paths": paths})


_UNCLAIMED = insert_once(unclaimed_files)
_CLAIM = unclaimed_files.delete().where(unclaimed_files.c.path.in_(sa.bindparam("paths", expanding=True)))


async def _write(path: Path, content: AsyncIterator[bytes], most: int) -> int:
    """Write the file; its size, or the negative of what was read where it is larger than ``most``."""
    await to_thread.run_sync(lambda: path.parent.mkdir(parents=True, exist_ok=True))
    descriptor, made = await to_thread.run_sync(lambda: tempfile.mkstemp(dir=path.parent))
    try:
        size, held = 0, bytearray()
        async for part in content:
            size += len(part)
            if size > most:
                return -size
            held += part
            if len(held) >= _PART:
                await to_thread.run_sync(_write_all, descriptor, bytes(held))
                held.clear()
        await to_thread.run_sync(_write_all, descriptor, bytes(held))
        await to_thread.run_sync(os.fsync, descriptor)
        await to_thread.run_sync(os.replace, made, path)
        made = ""
        return size
    finally:
        os.close(descriptor)
        if made:
            await to_thread.run_sync(os.unlink, made)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _plain(name: str) -> str:
    """A file's name that can be shown and saved: no folders, no control characters, no hidden tricks."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(sign for sign in last if sign.isprintable()).strip(". ")
    if len(shown) <= LONGEST_NAME:
        return shown
    stem, dot, ending = shown.rpartition(".")
    return shown[:LONGEST_NAME] if not dot or len(ending) > 10 else f"{stem[: LONGEST_NAME - 11]}.{ending}"
