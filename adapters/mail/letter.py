"""A letter's bytes as values: headers, words, files. Total: whatever the bytes are, there is a letter."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.feedparser import BytesFeedParser
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from adapters.mail import winmail
from adapters.mail.charsets import decoded
from adapters.mail.markup import to_text

#: What is looked at, of what anybody may make as large as they like.
MOST_PARTS = 2_000
#: Lines that may begin a part: each may cost a hundred times its length in memory.
MOST_BOUNDARIES = 20_000
LONGEST_HEADER = 20_000
LONGEST_BODY = 400_000
#: Pictures below this that stand within the text are logos and dots that count readers, in bytes.
SMALLEST_PICTURE = 4_000
_DEEPEST = 40
_ID = re.compile(r"<[^<>\s]{1,500}>")
_TRICKS = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]"
)


@dataclass(frozen=True)
class File:
    """A part that is not the letter's words."""

    name: str
    media_type: str
    part: Message = field(repr=False, compare=False)

    def content(self) -> bytes:
        """Its bytes; empty if they cannot be read."""
        found = self.part.get_payload(decode=True)
        return found if isinstance(found, bytes) else b""


@dataclass(frozen=True)
class Letter:
    """What a letter says."""

    #: Decoded and on one line each, by lower-case name, in order.
    headers: Sequence[tuple[str, str]]
    #: All the words, with quotes and signatures.
    body: str
    files: Sequence[File]
    #: How many files there are beyond ``MOST_PARTS``.
    more_files: int
    message: Message = field(repr=False, compare=False)

    def header(self, name: str) -> str:
        """The first header of this name; empty if there is none."""
        return next((value for known, value in self.headers if known == name), "")

    def all(self, name: str) -> list[str]:
        """All headers of this name, the topmost first."""
        return [value for known, value in self.headers if known == name]

    @property
    def subject(self) -> str:
        """On one line; empty if there is none."""
        return self.header("subject")

    @property
    def message_id(self) -> str:
        """With its angle brackets; empty if there is none."""
        found = _ID.search(self.header("message-id"))
        return found[0] if found else ""

    @property
    def references(self) -> list[str]:
        """What the letter answers, the thread's first letter first."""
        found = _ID.findall(self.header("references")) + _ID.findall(self.header("in-reply-to"))
        return list(dict.fromkeys(found))

    @property
    def author(self) -> tuple[str, str]:
        """Name and address of who writes; the address is empty if there is none to write back to."""
        for header in ("reply-to", "from"):
            for name, address in _addresses(self.header(header)):
                return name, address
        return "", ""

    @property
    def writer(self) -> str:
        """The address in ``From``, which is what a mail server may vouch for."""
        return next((address for _, address in _addresses(self.header("from"))), "")

    def sent_at(self, received_at: dt.datetime) -> dt.datetime:
        """What the letter says, if that can be."""
        try:
            said = parsedate_to_datetime(self.header("date"))
        except (TypeError, ValueError, IndexError, OverflowError):
            return received_at
        said = said.replace(tzinfo=dt.timezone.utc) if said.tzinfo is None else said
        try:
            said = said.astimezone(dt.timezone.utc)
        except (ValueError, OverflowError):
            return received_at
        return said if received_at - dt.timedelta(days=3) <= said <= received_at else received_at


def read(chunks: Iterable[bytes]) -> Letter:
    """A letter from its bytes, which may come in parts."""
    parser = BytesFeedParser(policy=email.policy.compat32)
    head = b""
    lines = 0
    try:
        for chunk in chunks:
            head = head if len(head) > LONGEST_BODY else head + chunk[:LONGEST_BODY]
            lines += chunk.count(b"\n--")
            if lines > MOST_BOUNDARIES:
                raise ValueError("it consists of nothing but the beginnings of parts")
            parser.feed(chunk)
        message = parser.close()
    except (RecursionError, ValueError, LookupError, AssertionError, IndexError, TypeError, AttributeError):
        # A letter made to break its readers: its headers may still say who wrote it.
        message = _headers_only(head)
    body: list[str] = []
    files: list[File] = []
    more = _sort_parts(message, body, files)
    headers = [(str(name).lower(), header_text(value)) for name, value in list(message.raw_items())[:500]]
    return Letter(headers, _TRICKS.sub("", "\n\n".join(body)), files, more, message)


def header_text(value: object) -> str:
    """A header in words, on one line."""
    raw = str(value)[:LONGEST_HEADER] if not isinstance(value, str) else value[:LONGEST_HEADER]
    flat = re.sub(r"[\r\n]+[ \t]*", " ", raw)
    try:
        parts = decode_header(flat)
        # Half a sign may stand at the end of one word and half at the start of the next.
        joined: list[tuple[bytes, str | None]] = []
        for part, charset in parts:
            content = part if isinstance(part, bytes) else part.encode("ascii", "surrogateescape")
            if joined and charset is not None and joined[-1][1] == charset:
                joined[-1] = (joined[-1][0] + content, charset)
            else:
                joined.append((content, charset))
        text = "".join(decoded(content, charset) for content, charset in joined)
    except (HeaderParseError, ValueError, LookupError):
        text = decoded(flat.encode("utf-8", "surrogateescape"), None)
    return " ".join(_TRICKS.sub("", text).split())


def _addresses(header: str) -> Iterator[tuple[str, str]]:
    try:
        found = getaddresses([header[:2_000]])
    except (ValueError, IndexError, TypeError):
        return
    for name, address in found:
        if re.fullmatch(
            r"[^@\s<>()\[\],;:\"\\\x00-\x1f]{1,64}@[^@\s<>()\[\],;:\"\\#\x00-\x1f]{1,120}", address
        ):
            yield name.strip(), address.lower()


def _headers_only(head: bytes) -> Message:
    end = re.search(rb"\r?\n\r?\n", head)
    parser = BytesFeedParser(policy=email.policy.compat32)
    content = head[: end.start() if end else 20_000]
    parser.feed(re.sub(rb"(?i)(^|\n)content-type:[^\n]*(\n[ \t][^\n]*)*", b"", content) + b"\n\n")
    return parser.close()


def _sort_parts(message: Message, body: list[str], files: list[File]) -> int:
    """Tell words from files; returns how many files were passed over."""
    more = seen = 0
    wrapped: File | None = None
    # Without recursion, and each part once: (part, depth).
    waiting: list[tuple[Message, int]] = [(message, 0)]
    while waiting:
        part, depth = waiting.pop()
        seen += 1
        kind = part.get_content_type()
        inner = part.get_payload() if part.is_multipart() else None
        if isinstance(inner, list) and part.get_content_maintype() == "multipart" and depth < _DEEPEST:
            chosen = [one for one in inner if isinstance(one, Message)]
            if kind == "multipart/alternative":
                chosen = _best(chosen)
            waiting.extend((one, depth + 1) for one in reversed(chosen))
        elif kind in winmail.KINDS and not wrapped:
            # Only the first: each costs a process.
            wrapped = File("winmail.dat", kind, part)
            inside = winmail.unpacked(wrapped.content())
            waiting.extend((one, depth + 1) for one in reversed(inside))
            if not inside:
                files.append(wrapped)
        elif seen > MOST_PARTS:
            more += 1
        elif _is_words(part, kind):
            words = _words(part, kind)
            if words.strip() and sum(map(len, body)) < LONGEST_BODY:
                body.append(words)
        elif not _is_ornament(part):
            files.append(File(_name(part, kind), kind, part))
    return more


def _best(parts: list[Message]) -> list[Message]:
    """Of several forms of the same words the plain one, if it says anything; other kinds are files."""
    plain = [
        one for one in parts if one.get_content_type() == "text/plain" and _words(one, "text/plain").strip()
    ]
    others = [one for one in parts if one.get_content_maintype() not in ("text", "multipart")]
    calendar = [one for one in parts if one.get_content_type() == "text/calendar"]
    if plain:
        # Pictures of the other form are files all the same.
        related = [one for one in parts if one.get_content_maintype() == "multipart"]
        pictures = [
            inner
            for one in related
            for inner in one.walk()
            if inner.get_content_maintype() not in ("multipart", "text")
        ]
        return [plain[0], *pictures, *others, *calendar]
    rich = [one for one in parts if one not in others and one not in calendar]
    return [*rich[-1:], *others, *calendar]


def _is_words(part: Message, kind: str) -> bool:
    if kind not in ("text/plain", "text/html") or part.is_multipart():
        return False
    return part.get_content_disposition() != "attachment" and part.get_filename() is None


def _words(part: Message, kind: str) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    text = decoded(content[:LONGEST_BODY], part.get_content_charset())
    if kind == "text/html":
        return to_text(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    return _unfolded(text) if str(part.get_param("format", "")).lower() == "flowed" else text


def _unfolded(text: str) -> str:
    """Lines that the mail program broke, whole again (RFC 3676)."""
    lines: list[str] = []
    flows = False
    depth = 0
    for line in text.split("\n"):
        quoted = line.lstrip(">")
        now = len(line) - len(quoted)
        words = quoted.removeprefix(" ")
        if flows and now == depth and lines and words != "-- ":
            lines[-1] += words
        else:
            lines.append(">" * now + (" " if now else "") + words)
        flows, depth = words.endswith(" ") and words != "-- ", now
    return "\n".join(lines)


def _is_ornament(part: Message) -> bool:
    if part.get_content_maintype() != "image" or part.get("content-id") is None:
        return False
    return len(str(part.get_payload())) * 3 // 4 < SMALLEST_PICTURE


def _name(part: Message, kind: str) -> str:
    try:
        given = part.get_filename()
    except (ValueError, LookupError, TypeError, IndexError):
        given = None
    ending = {"text/calendar": "ics", "message/rfc822": "eml", "text/plain": "txt"}.get(
        kind, kind.partition("/")[2]
    )
    return header_text(given)[:200] if given else f"file.{ending[:10]}"
