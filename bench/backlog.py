"""A store with a past: finished conversations by the million, or an inbox that filled while nobody worked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import SystemClock
from bot.database import Database, follow_given_ids
from bot.dialogue.tables import trackers, turns
from bot.mailroom import inbox as mailroom
from bot.mailroom.tables import conversations, inbox, outbox
from bot.messages import Inbound
from bot.settings import Settings
from bot.training.places import move, place_of

CHANNEL, ACCOUNT = "web", "chat"
#: Rows of one statement: one of a million would hold them all in memory.
_BATCH = 100_000
#: When the past was.
_AT = dt.datetime(2026, 1, 5, 12, tzinfo=dt.timezone.utc)


def store_conversations(settings: Settings, count: int) -> None:
    """Put finished conversations of two turns each into every table that a turn reads or writes."""
    database = Database(settings.database_url)
    with database.begin() as connection:
        ids = {
            table: connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
            for table in (conversations, inbox, outbox, turns)
        }
    for start in range(0, count, _BATCH):
        with database.begin() as connection:
            _store(
                connection,
                {table: above + start * (1 if table is conversations else 2) for table, above in ids.items()},
                min(_BATCH, count - start),
            )
            for table in ids:
                follow_given_ids(connection, table)
            # A store that has lived has looked at its turns when they were fresh.
            newest = connection.execute(sa.select(sa.func.max(turns.c.id))).scalar_one()
            for who in ("turns", "left", "weeks"):
                move(connection, who, newest, SystemClock().now())
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    database.close()


def _store(connection: Connection, above: Mapping[sa.Table, int], count: int) -> None:
    number = sa.select(sa.literal(1).label("n")).cte("numbers", recursive=True)
    number = number.union_all(sa.select(number.c.n + 1).where(number.c.n < count))
    n, talk = number.c.n, number.c.n + above[conversations]
    name = sa.literal("stored-") + sa.cast(talk, sa.String)
    _insert(
        connection,
        conversations,
        number,
        {
            "id": talk,
            "channel": CHANNEL,
            "account": ACCOUNT,
            "sender": name,
            "language": "en",
            "owner": "bot",
            "next_position": 5,
            "created_at": _AT,
            "last_at": _AT,
            "claim_number": 2,
        },
    )
    _insert(
        connection,
        trackers,
        number,
        {
            "conversation_id": talk,
            "events": "[]",
            "memory": sa.literal({}, sa.JSON),
            "updated_at": _AT,
        },
    )
    for turn in (0, 1):
        row = 2 * (n - 1) + 1 + turn
        _insert(
            connection,
            inbox,
            number,
            {
                "id": row + above[inbox],
                "conversation_id": talk,
                "kind": mailroom.MESSAGE,
                "channel": CHANNEL,
                "account": ACCOUNT,
                "message_id": name + f":{turn}",
                "position": 1 + 2 * turn,
                "text": "where is my parcel?",
                "data": sa.literal({"attachments": []}, sa.JSON),
                "sent_at": _AT,
                "received_at": _AT,
                "state": "done",
                "attempts": 0,
                "not_before": _AT,
                "note": "answered",
                "done_at": _AT,
            },
        )
        _insert(
            connection,
            outbox,
            number,
            {
                "id": row + above[outbox],
                "key": name + f":reply:{turn}",
                "conversation_id": talk,
                "position": 2 + 2 * turn,
                "text": "It is on its way.",
                "buttons": sa.literal([], sa.JSON),
                "author": "bot",
                "language": "en",
                "weight": "talk",
                "state": "sent",
                "attempts": 1,
                "not_before": _AT,
                "created_at": _AT,
                "sent_at": _AT,
            },
        )
        _insert(
            connection,
            turns,
            number,
            {
                "id": row + above[turns],
                "conversation_id": talk,
                "inbox_id": row + above[inbox],
                "at": _AT,
                "language": "en",
                "intent": "logistics_tracking",
                "confidence": 0.9,
                "steps": sa.literal([], sa.JSON),
                "facts": sa.literal([], sa.JSON),
            },
        )


def is_looked_at(settings: Settings) -> bool:
    """Whether the review has seen all turns, and counted them."""
    database = Database(settings.database_url)
    with database.begin() as connection:
        newest = connection.execute(sa.select(sa.func.max(turns.c.id))).scalar_one() or 0
        seen = min(place_of(connection, who)[0] for who in ("turns", "weeks"))
    database.close()
    return bool(seen >= newest)


def _insert(connection: Connection, table: sa.Table, number: Any, values: Mapping[str, Any]) -> None:
    row = [
        value if isinstance(value, sa.sql.ClauseElement) else sa.literal(value, table.c[name].type)
        for name, value in values.items()
    ]
    connection.execute(table.insert().from_select(list(values), sa.select(*row).select_from(number)))


def fill_inbox(settings: Settings, texts: Sequence[str], named: str = "waiting") -> None:
    """Accept a message of one buyer for each text, while nothing serves.

    Args:
        settings: the store's.
        texts: what they write.
        named: what the buyers' names begin with: with the same, they are the same, and have written before.
    """
    database, clock = Database(settings.database_url), SystemClock()
    for start in range(0, len(texts), 100):
        with database.begin() as connection:
            for place, text in enumerate(texts[start : start + 100], start):
                message = Inbound(CHANNEL, ACCOUNT, f"waits:{place}", f"{named}-{place}", text, clock.now())
                mailroom.accept(connection, message, language="en", now=clock.now())
    database.close()


def done_between(settings: Settings) -> Sequence[dt.datetime]:
    """When the turns on those messages ended, the first first; shorter than they are while some wait."""
    database = Database(settings.database_url)
    with database.begin() as connection:
        ended = (
            connection.execute(
                sa.select(inbox.c.done_at)
                .where(inbox.c.message_id.like("waits:%"), inbox.c.done_at.isnot(None))
                .order_by(inbox.c.done_at)
            )
            .scalars()
            .all()
        )
    database.close()
    return ended
