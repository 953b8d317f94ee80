"""Ways out of the feed: a signed webhook, or a file of JSON lines."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import quote

import httpx

from bot.errors import CrossdeskError, TryLaterError
from bot.shop.feed.entries import MOST, Entry

#: The headers of a webhook; README tells receivers what to do with them.
TIMESTAMP, SIGNATURE, KEY = "X-Crossdesk-Timestamp", "X-Crossdesk-Signature", "Idempotency-Key"
#: Answers by which the store's system says that it cannot do this; everything else is tried again.
REFUSALS = frozenset({httpx.codes.CONFLICT, httpx.codes.UNPROCESSABLE_ENTITY})
#: The most of an answer that is read, in bytes: nothing in it is needed.
_LONGEST_ANSWER = 2_000
#: Lines among which one that was written already is looked for: more than one look takes.
_TAIL = 2 * MOST


class RefusedError(CrossdeskError):
    """The store's system cannot do this, now or later."""


class Outlet(Protocol):
    """Where entries go. Idempotent by the entry's key on the other side, or by itself."""

    def tell(self, entry: Entry) -> None:
        """Tell one entry; returning means that it is acknowledged.

        Raises:
            TryLaterError: it is not known to have arrived; ``retry_after`` as far as the other side said.
            RefusedError: the other side cannot do it.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class Webhook:
    """Posts each entry as JSON, signed with HMAC-SHA256 over the timestamp, a full stop and the body."""

    def __init__(
        self, address: str, secret: str, timeout: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._address = address
        self._secret = secret.encode()
        self._clock = clock
        # Nobody else is told: neither a proxy of the environment nor where an answer points to.
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False)

    def tell(self, entry: Entry) -> None:
        """See ``Outlet``."""
        body = json.dumps(entry.message, ensure_ascii=False, separators=(",", ":")).encode()
        stamp = str(int(self._clock()))
        headers = {
            "Content-Type": "application/json",
            # Of letters that a header may hold.
            KEY: quote(entry.key, safe=":"),
            TIMESTAMP: stamp,
            SIGNATURE: sign(self._secret, stamp, body),
        }
        try:
            with self._client.stream("POST", self._address, content=body, headers=headers) as answer:
                status, wait = answer.status_code, answer.headers.get("Retry-After", "")
                next(answer.iter_bytes(_LONGEST_ANSWER), b"")
        except httpx.HTTPError as error:
            # Its words may hold the address, and a token in it.
            raise TryLaterError(type(error).__name__) from error
        if 200 <= status < 300:
            return
        if status in REFUSALS:
            raise RefusedError(f"answered {status}")
        raise TryLaterError(f"answered {status}", retry_after=float(wait) if wait.isdigit() else None)

    def close(self) -> None:
        """See ``Outlet``."""
        self._client.close()


class JsonLines:
    """Appends each entry as a line of JSON, once, however often it is told; written means acknowledged."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def tell(self, entry: Entry) -> None:
        """See ``Outlet``."""
        line = json.dumps(entry.message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            with os.fdopen(handle, "r+b") as file:
                if line not in _last_lines(file):
                    file.write(line)
                    file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise TryLaterError(error.strerror or type(error).__name__) from error

    def close(self) -> None:
        """See ``Outlet``."""


def sign(secret: bytes, stamp: str, body: bytes) -> str:
    """The signature of a body sent at this moment."""
    return "v1=" + hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _last_lines(file: IO[bytes]) -> Sequence[bytes]:
    """The file's last lines, after which it then stands; what was written of another one is cut off.

    Only what was told last can have been written without anybody knowing, and what is told again comes
    within ``_TAIL`` lines of it.
    """
    end, size = file.seek(0, os.SEEK_END), 1 << 16
    while True:
        start = max(0, end - size)
        file.seek(start)
        tail = file.read(end - start)
        if tail.count(b"\n") > _TAIL or start == 0:
            break
        size *= 4
    whole = tail.rfind(b"\n") + 1
    if whole < len(tail):
        file.truncate(start + whole)
    file.seek(start + whole)
    return tail[:whole].splitlines(keepends=True)[-_TAIL:]
