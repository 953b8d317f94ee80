"""Where channels stand in what the outside offers, and what they need again to answer a buyer."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.mailroom.rows import MESSAGE
from bot.mailroom.tables import conversations, inbox, places
from bot.messages import Answered, Outbound
from bot.privacy import without_nul


def place(connection: Connection, channel: str, account: str, name: str) -> str | None:
    """What ``set_place`` wrote down last; None if it never did."""
    found: str | None = connection.execute(
        sa.select(places.c.value).where(
            places.c.channel == channel, places.c.account == account, places.c.name == name
        )
    ).scalar_one_or_none()
    return found


def set_place(
    connection: Connection, channel: str, account: str, name: str, value: str, *, now: dt.datetime
) -> None:
    """Write it down; one process at a time does, the one that holds the channel's lease."""
    key = {"channel": channel, "account": account, "name": name}
    told = {"value": without_nul(value), "changed_at": now}
    changed = connection.execute(
        places.update().where(*(places.c[column] == part for column, part in key.items())).values(**told)
    )
    if not changed.rowcount:
        connection.execute(places.insert().values(**key, **told))


def answered(connection: Connection, message: Outbound) -> Answered | None:
    """The newest message of the buyer's before this one of ours."""
    row = connection.execute(
        sa.select(inbox)
        .join(conversations, conversations.c.id == inbox.c.conversation_id)
        .where(
            conversations.c.channel == message.channel,
            conversations.c.account == message.account,
            conversations.c.sender == message.sender,
            inbox.c.kind == MESSAGE,
            inbox.c.position < message.position,
        )
        .order_by(inbox.c.position.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Answered(row.message_id, row.text, row.sent_at, row.data.get("note", {}))
