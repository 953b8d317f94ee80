"""The IMAP side of a mailbox: takes letters in, each once, in a thread of its own."""

from __future__ import annotations

import datetime as dt
import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from imapclient import IMAPClient, SocketTimeout

from adapters.mail.errors import Step, sorted_error
from adapters.mail.letter import Letter, read
from adapters.mail.options import MailboxOptions, MailOptions
from bot.clock import Clock
from bot.errors import CrossdeskError, OperatorError, TryLaterError

log = logging.getLogger(__name__)

#: Waits for the server, in seconds.
CONNECT, ANSWER = 20.0, 90.0
#: A wait for new letters is as short as this where there were some, and notices this soon that it is to end.
_SHORTEST, _STOPS_WITHIN = 1.0, 0.5
#: The most letters and bytes that are fetched together; larger letters come alone, in parts.
_LETTERS, _BYTES, _PART = 25, 1_000_000, 1_000_000
#: So much is read of a letter that is too large.
_BEGINNING = 500_000
#: Waits after a lost connection, in seconds; the last one repeats.
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 300.0)

#: Called in the mailbox's thread with a letter and when it came; returns the folder for it, or raises
#: ``TryLaterError``: then the letter stays where it is.
Take = Callable[[Letter, dt.datetime], str]
#: Called in the mailbox's thread with what is wrong, or None when the mailbox is open (again).
Tell = Callable[[CrossdeskError | None], None]


class Mailbox:
    """Watches one mailbox while it is open.

    A letter is moved to another folder when it was taken, never before: what lies in a watched folder is new,
    also after a crash, or when the mailbox was moved to another server or its UIDs were given anew.
    """

    def __init__(
        self,
        options: MailboxOptions,
        common: MailOptions,
        password: str,
        clock: Clock,
        *,
        take: Take,
        tell: Tell,
    ) -> None:
        self._options = options
        self._common = common
        self._password = password
        self._clock = clock
        self._take = take
        self._tell = tell
        self._stopped = threading.Event()
        self._client: IMAPClient | None = None
        self._thread: threading.Thread | None = None
        #: Set once the first connection stands, or has failed.
        self._tried = threading.Event()
        self._first_error: CrossdeskError | None = None

    def open(self) -> None:
        """Connect and begin to watch. To be called in a thread that may wait.

        Raises:
            TryLaterError, OperatorError: the first connection failed. It is tried again all the same, until
                ``close``.
        """
        self._stopped.clear()
        self._tried.clear()
        self._first_error = None
        self._thread = threading.Thread(target=self._run, name=f"mail {self._options.address}", daemon=True)
        self._thread.start()
        self._tried.wait()
        if self._first_error is not None:
            raise self._first_error

    def close(self) -> None:
        """Stop watching. To be called in a thread that may wait; idempotent."""
        self._stopped.set()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        # What has begun is brought to its end, if that is soon; then the line is cut.
        thread.join(3)
        client = self._client
        if thread.is_alive() and client is not None:
            try:
                client.shutdown()
            except Exception as error:
                log.debug("%s: %s", self._options.address, type(error).__name__)
        thread.join(CONNECT)

    def _run(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            try:
                with connect(self._options, self._password) as client:
                    self._client = client
                    self._tried.set()
                    self._tell(None)
                    self._watch(client)
                    failures = 0
            except Exception as error:
                if self._stopped.is_set():
                    break
                known = sorted_error(error, Step.CONNECT)
                wait = WAITS[min(failures, len(WAITS) - 1)]
                if isinstance(known, OperatorError):
                    wait = self._common.retry_seconds
                failures = 0 if self._client is not None else failures + 1
                self._tell(known)
                if not self._tried.is_set():
                    self._first_error = known
                    self._tried.set()
                self._client = None
                self._stopped.wait(wait)
        self._client = None
        self._tried.set()

    def _watch(self, client: IMAPClient) -> None:
        for folder in (self._options.handled, self._options.unanswered):
            if not client.folder_exists(folder):
                client.create_folder(folder)
                client.subscribe_folder(folder)
        first, *others = self._options.folders
        seconds = _SHORTEST
        while not self._stopped.is_set():
            # A generator would stop at the first folder with something in it.
            found = sum([self._empty(client, folder) for folder in (*others, first)])
            # What comes while IDLE begins may never be told (seen with Dovecot); letters come where letters
            # came, so the next look is soon, and later each time that there is nothing.
            seconds = _SHORTEST if found else min(seconds * 2, self._common.poll_seconds)
            self._wait(client, seconds)

    def _empty(self, client: IMAPClient, folder: str) -> int:
        """Take in all letters of a folder, the oldest first; returns how many there were."""
        # Each time anew: only so the server tells that UIDs have changed, and shows what is new.
        client.select_folder(folder)
        since = (self._clock.now() - dt.timedelta(days=self._common.oldest_days)).date()
        uids = sorted(client.search(["UNDELETED", "SINCE", since]))
        found = len(uids)
        while uids and not self._stopped.is_set():
            sizes = client.fetch(uids[:_LETTERS], ["RFC822.SIZE", "INTERNALDATE"])
            together, uids = _batch(uids, sizes)
            self._take_all(client, together, sizes)
        return found

    def _take_all(self, client: IMAPClient, uids: Sequence[int], sizes: Any) -> None:
        taken: dict[str, list[int]] = {}
        try:
            for uid, chunks in self._fetched(client, uids, sizes):
                received = sizes[uid].get(b"INTERNALDATE")
                at = received.astimezone(dt.timezone.utc) if received else self._clock.now()
                folder = self._take(read(chunks), at)
                taken.setdefault(folder, []).append(uid)
                if self._stopped.is_set():
                    break
        finally:
            # Also of those before one that could not be taken.
            for folder, moved in taken.items():
                _move(client, moved, folder)

    def _fetched(
        self, client: IMAPClient, uids: Sequence[int], sizes: Any
    ) -> Iterator[tuple[int, Iterator[bytes]]]:
        if len(uids) > 1:
            found = client.fetch(uids, ["BODY.PEEK[]"])
            for uid in uids:
                if uid in found:
                    yield uid, iter((found[uid].get(b"BODY[]") or b"",))
            return
        for uid in uids:
            size = sizes[uid][b"RFC822.SIZE"]
            large = size > self._common.megabytes * 1_000_000
            if large:
                log.warning(
                    "%s: letter %s has %s bytes: only its beginning is read", self._options.address, uid, size
                )
            yield uid, _parts(client, uid, _BEGINNING if large else size)

    def _wait(self, client: IMAPClient, seconds: float) -> None:
        """Until something is new, or may be."""
        if not client.has_capability("IDLE"):
            self._stopped.wait(seconds)
            return
        end = time.monotonic() + seconds
        client.idle()
        told: list[Any] = []
        while not self._stopped.is_set() and not told and (left := end - time.monotonic()) > 0:
            began, patience = time.monotonic(), min(left, _STOPS_WITHIN)
            told = client.idle_check(timeout=patience)
            if not told and time.monotonic() - began < patience / 2:
                # Readable, and nothing to read: whether the other side is gone is told by what follows.
                break
        _, more = client.idle_done()
        if any(one[0] == b"BYE" for one in (*told, *more)):
            raise TryLaterError("the server has closed the connection")


def connect(options: MailboxOptions, password: str) -> IMAPClient:
    """A connection that is logged in.

    Raises:
        Exception: whatever ``adapters.mail.errors`` sorts.
    """
    line = options.imap
    context = ssl.create_default_context() if line.security != "none" else None
    client = IMAPClient(
        line.host,
        port=line.port,
        ssl=line.security == "tls",
        ssl_context=context if line.security == "tls" else None,
        timeout=SocketTimeout(CONNECT, ANSWER),
        use_uid=True,
    )
    try:
        client.normalise_times = False
        if line.security == "starttls":
            client.starttls(context)
        client.login(options.user, password)
    except BaseException:
        client.shutdown()
        raise
    return client


def _batch(uids: list[int], sizes: Any) -> tuple[list[int], list[int]]:
    """The first letters that may be fetched together, and the rest."""
    together: list[int] = []
    total = 0
    for place, uid in enumerate(uids[:_LETTERS]):
        if uid not in sizes:
            # Somebody has moved it meanwhile.
            continue
        total += sizes[uid][b"RFC822.SIZE"]
        if together and total > _BYTES:
            return together, uids[place:]
        together.append(uid)
    return together, uids[_LETTERS:]


def _parts(client: IMAPClient, uid: int, size: int) -> Iterator[bytes]:
    start = 0
    while start < size:
        wanted = min(_PART, size - start)
        found = client.fetch([uid], [f"BODY.PEEK[]<{start}.{wanted}>"])
        part = found.get(uid, {}).get(f"BODY[]<{start}>".encode()) or b""
        if not part:
            return
        yield part
        start += len(part)


def _move(client: IMAPClient, uids: Sequence[int], folder: str) -> None:
    if client.has_capability("MOVE"):
        client.move(uids, folder)
        return
    client.copy(uids, folder)
    client.delete_messages(uids, silent=True)
    if client.has_capability("UIDPLUS"):
        client.uid_expunge(uids)
