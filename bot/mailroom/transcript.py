"""The transcript: both directions of a conversation as its two sides saw them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.mailroom.inbox import DELETION
from bot.mailroom.outbox import STALE_AFTER
from bot.mailroom.tables import inbox, outbox
from bot.messages import Attachment, Author, Button, TranscriptLine


def _newest(table: sa.Table) -> sa.sql.Select:
    return (
        sa.select(table)
        .where(
            table.c.conversation_id == sa.bindparam("conversation_id"),
            table.c.position > sa.bindparam("after"),
        )
        .order_by(table.c.position.desc())
        .limit(sa.bindparam("most"))
    )


def _first(table: sa.Table, at: str) -> sa.sql.Select:
    return sa.select(sa.func.min(table.c.position)).where(
        table.c.conversation_id == sa.bindparam("conversation_id"), table.c[at] >= sa.bindparam("moment")
    )


_RECEIVED, _SAID = _newest(inbox), _newest(outbox)
# By our own clock: what a channel says of the time of a message may be anything.
_FIRST_RECEIVED = _first(inbox, "received_at")
_FIRST_SAID = _first(outbox, "created_at")


def lines(
    connection: Connection, conversation_id: int, *, after: int = 0, limit: int = 200
) -> list[TranscriptLine]:
    """The newest ``limit`` lines with a position above ``after``, oldest first."""
    asked = {"conversation_id": conversation_id, "after": after, "most": limit}
    received = connection.execute(_RECEIVED, asked).all()
    said = connection.execute(_SAID, asked).all()
    positions = {row.message_id: row.position for row in received}
    both = [
        TranscriptLine(
            position=row.position,
            author=Author.BUYER,
            text=row.text or _title(connection, row),
            at=row.sent_at,
            attachments=tuple(Attachment(**item) for item in row.data.get("attachments", ())),
            edits=positions.get(row.edits),
            change=_change(row),
        )
        for row in received
    ] + [
        TranscriptLine(
            position=row.position,
            author=Author(row.author),
            text=row.text,
            at=row.created_at,
            buttons=tuple(Button(**button) for button in row.buttons),
            author_name=row.author_name,
            state=row.state if row.delivered_at is None else "delivered",
            attachments=tuple(Attachment(**item) for item in row.attachments),
            edits=row.corrects and row.corrects["position"],
            change=row.corrects and ("deleted" if row.corrects["deletes"] else "edited"),
            why=row.error,
        )
        for row in said
    ]
    return sorted(both, key=lambda line: line.position)[-limit:]


def first_since(connection: Connection, conversation_id: int, moment: dt.datetime) -> int | None:
    """The position of the first line that came, or was said, at a moment or later; ``None``: none did."""
    asked = {"conversation_id": conversation_id, "moment": moment}
    found = [connection.execute(query, asked).scalar_one() for query in (_FIRST_RECEIVED, _FIRST_SAID)]
    return min((position for position in found if position is not None), default=None)


def _change(row: Any) -> str | None:
    if row.kind == DELETION:
        return "deleted"
    return None if row.edits is None else "edited"


def _title(connection: Connection, row: Any) -> str:
    """What the buyer read on the button that was pressed; empty if it was none of ours, or long ago."""
    if row.button is None:
        return ""
    offers = connection.execute(
        sa.select(outbox.c.buttons)
        .where(outbox.c.conversation_id == row.conversation_id, outbox.c.position < row.position)
        .order_by(outbox.c.position.desc())
        .limit(STALE_AFTER)
    ).scalars()
    return next((one["title"] for buttons in offers for one in buttons if one["payload"] == row.button), "")
