"""The tape of a turn: every row that it read, so that it can be taken again with nothing but that.

What passes between SQLAlchemy and the driver of the database is kept: small, the same for whatever reads, and
what is replayed runs through the very code that ran.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import json
import logging
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

from bot.database import Database
from bot.mailroom.conversations import Conversation, Owner
from bot.mailroom.rows import Claim, InboxRow
from bot.messages import Button

log = logging.getLogger(__name__)

#: Bytes of a tape that are kept at most; a turn that read more cannot be replayed.
LONGEST = 1_000_000
_FORMAT = 1
_running = threading.local()


@dataclass(frozen=True)
class Step:
    """One statement and its answer, as the driver saw them."""

    #: Digests of the statement and of what was given with it.
    statement: int
    given: int
    #: The rows, or None for a statement that has none.
    rows: Sequence[Sequence[Any]] | None
    #: How many columns the rows have, or how many rows were written.
    count: int
    #: Of the row that was inserted, where the driver tells.
    last_id: int | None = None


@dataclass
class Tape:
    """What a turn began with, and what it read."""

    #: What was known of the conversation, by the fields of ``Conversation``.
    talk: Mapping[str, Any] = field(default_factory=dict)
    #: The buttons that typed words may have stood for.
    offered: Sequence[Button] = ()
    steps: list[Step] = field(default_factory=list)
    #: Whether a person was waited for, so that only news was told; None: nobody wrote it down.
    meanwhile: bool | None = None

    def claim(self, row: InboxRow, conversation: Conversation) -> Claim:
        """The claim that the turn was taken on, on the conversation as it was then."""
        then = {**self.talk, "owner": Owner(self.talk["owner"])}
        return Claim(replace(conversation, **then), row, "replay", 0)


def digest(value: object) -> int:
    """A short digest of a statement, or of what is given with it."""
    return zlib.crc32(repr(value).encode("utf-8", "surrogatepass"))


#: Of statements, which are few, and long.
_known = lru_cache(maxsize=1024)(digest)


def listen(database: Database) -> None:
    """Have what is read in this database recorded where a recording runs."""
    if not sa.event.contains(database.engine, "after_cursor_execute", _heard):
        sa.event.listen(database.engine, "after_cursor_execute", _heard)


@contextmanager
def recording() -> Iterator[Tape]:
    """Record what this thread reads from here on."""
    tape = _running.tape = Tape()
    try:
        yield tape
    finally:
        _running.tape = None


def sealed(tape: Tape, held: Claim, offered: Sequence[Button], *, meanwhile: bool) -> bytes | None:
    """End a recording; None where it is too long to be kept.

    Args:
        tape: what was recorded.
        held: the claim that the turn was taken on.
        offered: the buttons that typed words may have stood for.
        meanwhile: whether a person was waited for. The claim doesn't tell: whoever had the conversation then
            may have let go of it before the turn began.
    """
    _running.tape = None
    talk = held.conversation
    kept = {
        "format": _FORMAT,
        "talk": {name: getattr(talk, name) for name in ("sender_name", "language", "customer_id", "owner")},
        "offered": [asdict(button) for button in offered],
        "meanwhile": meanwhile,
        "steps": [[one.statement, one.given, one.count, one.last_id, one.rows] for one in tape.steps],
    }
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"), default=_plain)
    packed = zlib.compress(text.encode("utf-8", "surrogatepass"), 1)
    if len(packed) <= LONGEST:
        return packed
    log.warning("inbox row %s: the turn read too much for its tape to be kept", held.row.id)
    return None


def read(packed: bytes) -> Tape:
    """A tape as it was sealed.

    Raises:
        ValueError: it is damaged, or another program's.
    """
    try:
        kept = json.loads(zlib.decompress(packed).decode("utf-8", "surrogatepass"), object_hook=_back)
    except (zlib.error, ValueError) as error:
        raise ValueError("the tape is damaged") from error
    if kept["format"] != _FORMAT:
        raise ValueError("the tape is another program's")
    return Tape(
        kept["talk"],
        [Button(**button) for button in kept["offered"]],
        [
            Step(statement, given, rows, count, last_id)
            for statement, given, count, last_id, rows in kept["steps"]
        ],
        kept.get("meanwhile"),
    )


def _heard(
    _connection: object, cursor: Any, statement: str, parameters: object, context: Any, _many: object
) -> None:
    tape: Tape | None = getattr(_running, "tape", None)
    if tape is None:
        return
    rows, count, last_id = None, cursor.rowcount, None
    if cursor.description is not None:
        rows = cursor.fetchall()
        count = len(cursor.description)
        # Whoever asked is given what was fetched for them.
        context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(cursor, initial_buffer=rows)
    elif context.isinsert:
        last_id = getattr(cursor, "lastrowid", None)
    tape.steps.append(Step(_known(statement), digest(parameters), rows, count, last_id))


def _plain(value: object) -> object:
    """What PostgreSQL's driver gives and JSON does not know."""
    if isinstance(value, dt.datetime):
        return {"~at": value.isoformat()}
    if isinstance(value, dt.date):
        return {"~on": value.isoformat()}
    if isinstance(value, decimal.Decimal):
        return {"~number": str(value)}
    if isinstance(value, (bytes, memoryview)):
        return {"~bytes": base64.b64encode(bytes(value)).decode("ascii")}
    if isinstance(value, Owner):
        return value.value
    raise TypeError(f"a tape cannot hold {type(value).__name__}")


def _back(value: dict[str, Any]) -> Any:
    if len(value) != 1:
        return value
    ((name, held),) = value.items()
    if name == "~at":
        return dt.datetime.fromisoformat(held)
    if name == "~on":
        return dt.date.fromisoformat(held)
    if name == "~number":
        return decimal.Decimal(held)
    return base64.b64decode(held) if name == "~bytes" else value
