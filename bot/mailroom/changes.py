"""Edits and deletions, each linked with the message that it changes: what is meant now is answered, once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.mailroom import line
from bot.mailroom.rows import DELETION, InboxState
from bot.mailroom.tables import inbox
from bot.messages import Inbound

#: Why a version of a message has no turn of its own.
SUPERSEDED = "a newer version of the message came first"
REPLACED = "an edit: its words were answered in the message's own turn"
DELETED_UNANSWERED = "the buyer deleted the message before it was answered"
DELETED_LATE = "the buyer deleted the message after it was answered"

_VERSION_COLUMNS = (inbox.c.id, inbox.c.message_id, inbox.c.kind, inbox.c.state, inbox.c.sent_at)
_OF_ACCOUNT = tuple(inbox.c[name] == sa.bindparam(name) for name in ("channel", "account", "conversation_id"))
_CHANGES_OF = sa.select(*_VERSION_COLUMNS).where(*_OF_ACCOUNT, inbox.c.edits == sa.bindparam("of"))
_FIRST = sa.select(*_VERSION_COLUMNS).where(*_OF_ACCOUNT, inbox.c.message_id == sa.bindparam("of"))


def settle(connection: Connection, conversation_id: int, message: Inbound, now: dt.datetime) -> str | None:
    """Link a new row with the other versions of its message; the reason if it needs no turn of its own."""
    asked = {
        "channel": message.channel,
        "account": message.account,
        "conversation_id": conversation_id,
        "of": message.edits or message.message_id,
    }
    others = [
        row for row in connection.execute(_CHANGES_OF, asked).all() if row.message_id != message.message_id
    ]
    if message.edits is not None:
        others += connection.execute(_FIRST, asked).all()
    elif not others:
        return None
    reason = _reason(message, others)
    if reason is not None:
        mine = sa.and_(
            *(inbox.c[name] == getattr(message, name) for name in ("channel", "account", "message_id"))
        )
        done = {"state": InboxState.DONE.value, "note": reason, "done_at": now}
        connection.execute(inbox.update().where(mine).values(**done))
    if reason in (REPLACED, DELETED_UNANSWERED):
        _rewrite(connection, conversation_id, message, [row.id for row in others], now)
    return reason


def _reason(message: Inbound, others: Sequence[Any]) -> str | None:
    waits = any(row.state == InboxState.NEW.value for row in others)
    # The first version is older than each change; of changes, what was sent later counts, whatever came
    # first.
    later = [row for row in others if row.kind == DELETION or message.edits is None or _after(row, message)]
    if not message.deletes and later:
        return SUPERSEDED
    if message.deletes:
        return DELETED_UNANSWERED if waits or not others else DELETED_LATE
    return REPLACED if waits else None


def _after(row: Any, message: Inbound) -> bool:
    return row.message_id != message.edits and bool(row.sent_at > message.sent_at)


def _rewrite(
    connection: Connection, conversation_id: int, message: Inbound, versions: Sequence[int], now: dt.datetime
) -> None:
    """Give the version that waits the new words, or none; its turn, if it runs already, ends in vain."""
    waiting = sa.and_(inbox.c.id.in_(versions), inbox.c.state == InboxState.NEW.value)
    oldest = connection.execute(
        sa.select(sa.func.min(inbox.c.id)).where(
            inbox.c.conversation_id == conversation_id, inbox.c.state == InboxState.NEW.value
        )
    ).scalar_one()
    row = connection.execute(sa.select(sa.func.min(inbox.c.id)).where(waiting)).scalar_one()
    if row is None:
        return
    if message.deletes:
        done = {"state": InboxState.DONE.value, "note": DELETED_UNANSWERED, "done_at": now}
        connection.execute(inbox.update().where(inbox.c.id == row).values(**done))
    else:
        connection.execute(inbox.update().where(waiting).values(edited_text=message.text))
    if row == oldest:
        connection.execute(
            line.LEAVE if message.deletes else line.RECALL, {"conversation": conversation_id, "row": row}
        )
