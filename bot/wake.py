"""Waking up: what one process commits is told to the others at once, where the database can tell.

PostgreSQL can (``LISTEN`` and ``NOTIFY``). On SQLite, which is one machine, the front wakes its workers
itself. Either way whoever waits also looks by itself now and then: a wake-up that gets lost costs a moment,
nothing else.
"""

from __future__ import annotations

import enum
import logging
import select
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.database import NOTES, Database, reason_of

log = logging.getLogger(__name__)

#: The name under which all processes of one database listen.
CHANNEL = "crossdesk"
#: Wait before a lost connection is made again, in seconds.
AGAIN = 1.0


class Topic(str, enum.Enum):
    """Where something new may lie."""

    INBOX = "inbox"
    OUTBOX = "outbox"
    #: Lines for pages that are open in another process. News of it comes after each connecting only: words
    #: say which lines.
    PAGES = "pages"


_TOPICS = frozenset(topic.value for topic in Topic)
_NOTIFY = sa.select(sa.func.pg_notify(CHANNEL, sa.bindparam("topic")))


def notify(connection: Connection, topic: Topic) -> None:
    """Tell all listeners once the unit of work is committed, and only then; nothing to do on SQLite."""
    if connection.dialect.name != "postgresql":
        return
    # Once a unit of work is enough; what an inner part told is forgotten if it is taken back.
    told = connection.info.setdefault(NOTES, set())
    if topic in told:
        return
    if not connection.in_nested_transaction():
        told.add(topic)
    connection.execute(_NOTIFY, {"topic": topic.value})


_TELL = sa.text("SELECT pg_notify(:channel, word) FROM unnest(CAST(:words AS text[])) AS word")


def tell(connection: Connection, words: Sequence[str]) -> None:
    """Say these words to all listeners once the unit of work is committed; nothing to do on SQLite.

    Args:
        connection: the caller's unit of work.
        words: none of them a topic, each shorter than 8,000 bytes.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_TELL, {"channel": CHANNEL, "words": list(words)})


class Listener:
    """One connection that listens, in a thread of its own; made again when it is lost.

    Args:
        database: where to listen; on SQLite nothing is ever heard.
        on_news: called in that thread, for each topic in which there may be something new, and for all of
            them after each connecting: something may have come before.
        on_words: called in that thread with what was said and is no topic, in order.
    """

    def __init__(
        self,
        database: Database,
        on_news: Callable[[Topic], None],
        on_words: Callable[[Sequence[str]], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._on_news = on_news
        self._on_words = on_words
        #: Whether news comes by itself now, as it never does on SQLite.
        self.hears = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        dialect: Any = database.engine.dialect
        self._broken: type[Exception] = dialect.dbapi.Error

    def start(self) -> None:
        """Begin to listen."""
        if self._database.is_sqlite:
            return
        # Ends the waiting for news.
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no longer. Idempotent."""
        self._stopping.set()
        if self._thread is not None:
            self._stop.close()
            self._thread.join()
            self._stopped.close()
            self._thread = None

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except (DBAPIError, PoolTimeoutError) as error:
                why = reason_of(error) if isinstance(error, DBAPIError) else "too many connections"
                log.warning("wake-ups come late, the database does not tell: %s", why)
            except (OSError, self._broken) as error:
                log.warning("wake-ups come late, the line to the database broke: %s", type(error).__name__)
            self._stopping.wait(AGAIN)

    def _listen(self) -> None:
        pooled: Any = self._database.engine.raw_connection()
        # It stays open for as long as we listen: the pool opens another in its stead.
        pooled.detach()
        raw: Any = pooled.dbapi_connection
        try:
            raw.autocommit = True
            with raw.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            self.hears = True
            for topic in Topic:
                self._on_news(topic)
            while not self._stopping.is_set():
                select.select([raw, self._stopped], [], [])
                if self._stopping.is_set():
                    return
                raw.poll()
                # Many at once are one piece of news.
                heard = dict.fromkeys(notice.payload for notice in raw.notifies)
                raw.notifies.clear()
                for topic in Topic:
                    if topic.value in heard:
                        self._on_news(topic)
                words = [word for word in heard if word not in _TOPICS]
                if words:
                    self._on_words(words)
        finally:
            self.hears = False
            raw.close()
