"""An example of a channel in a package of its own: a folder in which letters are dropped as JSON files.

``in`` holds what buyers write, a file for each message, its name the message's number; ``out`` what they get.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from anyio import to_thread
from pydantic import BaseModel
from starlette.routing import BaseRoute

from bot.channels import UNLIMITED, Channel, Examined, Reception, read_options
from bot.errors import ConfigurationError, NeverError, OperatorError, TryLaterError
from bot.messages import Attachment, Inbound, Outbound
from bot.settings import Settings

log = logging.getLogger(__name__)

NAME, ACCOUNT = "postbox", "counter"
#: The box is looked into this often, in seconds.
EVERY = 0.05
#: A letter larger than this is nobody's, in bytes.
LARGEST = 1_000_000


class Options(BaseModel):
    """``channel_options.postbox`` in ``shop.yml``."""

    folder: Path

    class Config:
        extra = "forbid"


# --- The translation: pure, and total over whatever somebody may drop ---


def to_inbound(message_id: str, raw: bytes, files: Sequence[Attachment], now: dt.datetime) -> Inbound | None:
    """A dropped letter as a message; None if it is none."""
    try:
        letter = json.loads(raw)
        sender, text = letter["from"], letter.get("text", "")
        changed = letter.get("changes")
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    if not (isinstance(sender, str) and sender and isinstance(text, str)):
        return None
    return Inbound(
        channel=NAME,
        account=ACCOUNT,
        message_id=letter["id"] if isinstance(letter.get("id"), str) else message_id,
        sender=sender,
        text=text.strip(),
        sent_at=now,
        attachments=tuple(files),
        edits=changed if isinstance(changed, str) else None,
        deletes=letter.get("deletes") is True,
        numbered=True,
    )


def to_letter(message: Outbound) -> dict[str, Any]:
    """A message of ours as the letter that is handed out: choices are numbers."""
    choices = [f"{number}. {button.title}" for number, button in enumerate(message.buttons, 1)]
    return {"to": message.sender, "text": "\n".join([message.text, *choices])}


def files_of(raw: bytes) -> list[dict[str, str]]:
    """What a letter says of its files; empty if it says nothing that can be used."""
    try:
        found = json.loads(raw).get("files", [])
        return [{key: str(one[key]) for key in ("name", "type", "path")} for one in found]
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return []


# --- The wire ---


class Postbox:
    """The channel."""

    name = NAME
    idempotent = False
    local = False
    limits = UNLIMITED

    def __init__(self, options: Options, files: Path, reception: Reception) -> None:
        self.exclusive: str | None = f"postbox:{options.folder}"
        self._folder = options.folder
        self._files = files
        self._reception = reception
        self._looking: asyncio.Task[None] | None = None

    def routes(self) -> Sequence[BaseRoute]:
        """None: nobody calls us."""
        return ()

    async def examine(self) -> Sequence[Examined]:
        """See ``Examines``."""
        there = (self._folder / "in").is_dir() and (self._folder / "out").is_dir()
        return [Examined("folder", there, str(self._folder) if there else f"make {self._folder}/in and out")]

    async def start(self) -> None:
        """See ``Channel``."""
        if not (self._folder / "in").is_dir():
            raise ConfigurationError(f"channel_options.postbox.folder: {self._folder} has no folder `in`")
        self._look()
        self._looking = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """See ``Channel``."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
            self._looking = None

    async def send(self, message: Outbound) -> str | None:
        """See ``Channel``."""
        self._look(message.sender)
        letter = to_letter(message)
        for attachment in message.attachments:
            shutil.copy(
                self._files / attachment.path, self._folder / "out" / attachment.path.replace("/", "-")
            )
        letter["files"] = [
            {"name": one.name, "type": one.media_type, "path": one.path.replace("/", "-")}
            for one in message.attachments
        ]
        number = f"{message.position:06}"
        part = self._folder / "out" / f"{number}.part"
        part.write_text(json.dumps(letter), encoding="utf-8")
        part.rename(part.with_suffix(".json"))
        return number

    def _look(self, sender: str = "") -> None:
        """Whether the box can be used: every refusal of the outside becomes exactly one error of ours."""
        notice = self._folder / "notice"
        said = notice.read_text(encoding="utf-8").strip() if notice.exists() else ""
        if said == "back soon":
            raise TryLaterError("the post office has closed for now")
        if said == "locked":
            raise OperatorError("the box is locked: pay the rent")
        if said == f"{sender} has moved":
            raise NeverError("the buyer has moved")

    async def _poll(self) -> None:
        while True:
            try:
                self._look()
                for path in sorted((self._folder / "in").glob("*.json")):
                    await self._take(path)
                await self._reception.trouble(NAME, None)
            except (OperatorError, TryLaterError, OSError) as error:
                await self._reception.trouble(NAME, str(error))
            await asyncio.sleep(EVERY)

    async def _take(self, path: Path) -> None:
        raw = _read(path)
        kept = [
            await self._reception.keep(
                self._parts(one["path"]),
                key=f"{NAME}:{path.stem}:{one['path']}",
                name=one["name"],
                media_type=one["type"],
            )
            for one in files_of(raw)
        ]
        message = to_inbound(path.stem, raw, kept, dt.datetime.now(dt.timezone.utc))
        if message is None:
            log.warning("letter %s is none", path.stem)
        else:
            # Kept safe first, taken out of the box afterwards.
            await self._reception.accept(message)
        await to_thread.run_sync(path.unlink)

    async def _parts(self, name: str) -> AsyncIterator[bytes]:
        # A name is a name: it leads to no other folder.
        with (self._folder / "in" / Path(name).name).open("rb") as file:
            while part := file.read(65_536):
                yield part


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.stat().st_size <= LARGEST else b""


def open_channel(settings: Settings, reception: Reception) -> Channel:
    """The entry point.

    Raises:
        ConfigurationError: ``channel_options.postbox`` is missing or wrong.
    """
    return Postbox(read_options(settings, NAME, Options), settings.files, reception)
