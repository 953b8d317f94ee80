"""The chat page's JSON to our values and back: pure, and total over whatever a browser may send."""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.web.files import of_line
from bot.messages import Attachment, Author, Inbound, Outbound, TranscriptLine

CHANNEL = "web"
#: The web chat has one account: the store's own page.
ACCOUNT = "chat"
#: In characters (code points), after clearing.
TEXT_LIMIT = 4_000
_BUTTON_LIMIT = 4_000
#: Files that one message may carry.
FILES_LIMIT = 5
_LANGUAGE = re.compile(r"[a-z]{2}")
#: Invisible, and meant for what the eye does not see: overrides of the direction, breaks of no width. Marks
#: that scripts need (the joiners of Persian and of emoji, right-to-left marks) stay.
_TRICKS = frozenset(
    "\u200b\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufff9\ufffa\ufffb"
)
_BREAKS = re.compile("\r\n?|[\u2028\u2029\x0b\x0c\x85]")


@dataclass(frozen=True)
class Refusal:
    """Why a message was not taken; the page knows the codes, the text is for whoever reads the wire."""

    status: int
    code: str
    message: str

    def body(self, **more: object) -> dict[str, object]:
        """The JSON answer."""
        return {"error": {"code": self.code, "message": self.message, **more}}


@dataclass(frozen=True)
class Sender:
    """What the server knows of the other side without being told."""

    id: str
    network: str | None


NOT_JSON = Refusal(400, "not_json", "send a JSON object")
NO_ID = Refusal(422, "no_id", "'id' must be a UUID made by the page, the same at each try of one message")
NOTHING = Refusal(
    422,
    "nothing",
    "'text' must have something to read in it, 'files' name some, or 'button' be a pressed button",
)
UNKNOWN_FILE = Refusal(
    422, "unknown_file", f"'files' must be tokens that this visitor was given, {FILES_LIMIT} at most"
)
TOO_LONG = Refusal(422, "too_long", f"'text' may have {TEXT_LIMIT} characters")
UNKNOWN_BUTTON = Refusal(422, "unknown_button", "'button' must be a payload that this conversation offered")


def to_inbound(
    raw: bytes,
    sender: Sender,
    now: dt.datetime,
    read_button: Callable[[str], str | None],
    read_file: Callable[[str], Attachment | None],
) -> Inbound | Refusal:
    """A posted body as a message, or the reason why it is none.

    ``read_button`` gives the payload behind a button's token, ``read_file`` the file behind a file's; None if
    it is not one of ours.
    """
    try:
        body = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        return NOT_JSON
    if not isinstance(body, dict):
        return NOT_JSON
    key = _uuid(body.get("id"))
    if key is None:
        return NO_ID
    files = _files(body.get("files"), read_file)
    if files is None:
        return UNKNOWN_FILE
    text, button = body.get("text"), body.get("button")
    payload = None
    if button is not None:
        payload = read_button(button) if isinstance(button, str) and len(button) <= _BUTTON_LIMIT else None
        if payload is None:
            return UNKNOWN_BUTTON
        text = ""
    elif files and text is None:
        text = ""
    elif not isinstance(text, str) or not ((text := cleared(text)) or files):
        return NOTHING
    elif len(text) > TEXT_LIMIT:
        return TOO_LONG
    language = body.get("language")
    return Inbound(
        channel=CHANNEL,
        account=ACCOUNT,
        # Ids are the page's own: a visitor's must never meet another's.
        message_id=f"{sender.id}:{key}",
        sender=sender.id,
        text=text,
        sent_at=now,
        button=payload,
        language_hint=language if isinstance(language, str) and _LANGUAGE.fullmatch(language) else None,
        network=sender.network,
        attachments=files,
    )


def cleared(text: str) -> str:
    """A text without control characters, half characters and invisible tricks; empty if nothing is left."""
    text = _BREAKS.sub("\n", text)
    kept = "".join(
        char
        for char in text
        if char in "\n\t" or (char not in _TRICKS and unicodedata.category(char) not in ("Cc", "Cs"))
    ).strip()
    return kept if any(unicodedata.category(char)[0] not in "CZ" for char in kept) else ""


def to_page(line: TranscriptLine, sign_button: Callable[[str], str]) -> dict[str, Any]:
    """A line of the transcript as the page reads it."""
    return {
        "position": line.position,
        "author": line.author.value,
        "name": line.author_name,
        "text": line.text,
        "edits": line.edits,
        "change": line.change,
        "at": line.at.astimezone(dt.timezone.utc).isoformat(),
        "files": of_line(line.attachments, f"/chat/files/{line.position}"),
        "buttons": [{"title": b.title, "payload": sign_button(b.payload)} for b in line.buttons],
    }


def as_corrected(lines: Sequence[TranscriptLine]) -> Sequence[TranscriptLine]:
    """The lines with our own as they are now: what was taken back is not told."""
    changes = {line.edits: line for line in lines if line.change and line.author is not Author.BUYER}
    return [
        line
        if (change := changes.get(line.position)) is None
        else replace(
            line, text=change.text, attachments=() if change.change == "deleted" else line.attachments
        )
        for line in lines
    ]


def to_line(message: Outbound) -> TranscriptLine:
    """A message to the buyer as the line that the transcript shows of it."""
    former = message.corrects
    return TranscriptLine(
        position=message.position,
        author=message.author,
        text=message.text,
        at=message.created_at,
        buttons=message.buttons,
        author_name=message.author_name,
        attachments=message.attachments,
        edits=None if former is None else former.position,
        change=None if former is None else "deleted" if former.deletes else "edited",
    )


def _files(value: object, read_file: Callable[[str], Attachment | None]) -> tuple[Attachment, ...] | None:
    """The files that a body names; None if one of them is none."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > FILES_LIMIT:
        return None
    found = [
        read_file(token) if isinstance(token, str) and len(token) <= _BUTTON_LIMIT else None
        for token in value
    ]
    return tuple(file for file in found if file is not None) if None not in found else None


def _uuid(value: object) -> str | None:
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return str(uuid.UUID(value))
    except ValueError:
        return None
