"""The outbox: what is said is committed here with the turn that says it, then delivered in order."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.mailroom import conversations as talks
from bot.mailroom.tables import conversations, outbox
from bot.messages import Author, Button, Outbound, Weight


class OutboxState(str, enum.Enum):
    """Where an outbox row stands."""

    QUEUED = "queued"
    #: Handed to the channel, whose answer isn't known yet.
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    #: Nobody can tell whether the channel sent it.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class OutboxRow:
    """A message that waits to be delivered."""

    id: int
    conversation_id: int
    message: Outbound
    weight: Weight
    attempts: int


def post(
    connection: Connection,
    conversation_id: int,
    text: str,
    *,
    now: dt.datetime,
    buttons: Sequence[Button] = (),
    author: Author = Author.AGENT,
    author_name: str | None = None,
    language: str = "en",
    weight: Weight = Weight.TALK,
    key: str | None = None,
) -> int:
    """Queue a message to the buyer in the caller's unit of work.

    Args:
        connection: the caller's unit of work.
        conversation_id: whose.
        text: what to say.
        now: the moment of saying it.
        buttons: choices offered with it.
        author: the bot or an agent.
        author_name: the agent's display name.
        language: ISO 639-1 of the text.
        weight: whether a repeated delivery would be harmless talk.
        key: an idempotency key, unique for ever; made up if none is given.

    Returns:
        The row's id.
    """
    inserted = connection.execute(
        _INSERT,
        {
            "key": key or uuid4().hex,
            "conversation_id": conversation_id,
            "position": talks.take_position(connection, conversation_id, now),
            "text": text,
            "buttons": [{"title": button.title, "payload": button.payload} for button in buttons],
            "author": author.value,
            "author_name": author_name,
            "language": language,
            "weight": weight.value,
            "state": OutboxState.QUEUED.value,
            "attempts": 0,
            "not_before": now,
            "created_at": now,
        },
    )
    row_id: int = inserted.inserted_primary_key[0]
    return row_id


# Statements that run with every message are made once: making one costs more than running it.
_WITH_ADDRESS = (
    sa.select(outbox, conversations.c.channel, conversations.c.account, conversations.c.sender)
    .join(conversations, conversations.c.id == outbox.c.conversation_id)
    .order_by(outbox.c.id)
)
_before = outbox.alias()
_HELD_BACK = sa.exists().where(
    sa.and_(
        _before.c.conversation_id == outbox.c.conversation_id,
        _before.c.id <= outbox.c.id,
        _before.c.state.in_((OutboxState.QUEUED.value, OutboxState.SENDING.value)),
        sa.or_(_before.c.state == OutboxState.SENDING.value, _before.c.not_before > sa.bindparam("now")),
    )
)
_DUE = _WITH_ADDRESS.where(outbox.c.state == OutboxState.QUEUED.value, ~_HELD_BACK).limit(
    sa.bindparam("most")
)
_BEGIN = (
    outbox.update()
    .where(outbox.c.id == sa.bindparam("row_id"), outbox.c.state == OutboxState.QUEUED.value)
    .values(state=OutboxState.SENDING.value, attempts=outbox.c.attempts + 1)
)
_INSERT = outbox.insert()
_SETTLE = outbox.update().where(outbox.c.id == sa.bindparam("row_id"))


def due(connection: Connection, *, now: dt.datetime, limit: int = 100) -> list[OutboxRow]:
    """What may be sent now, oldest first: each conversation's rows up to one that is being sent or waits."""
    rows = connection.execute(_DUE, {"now": now, "most": limit}).all()
    return [_row(row) for row in rows]


def _row(row: Any) -> OutboxRow:
    return OutboxRow(
        id=row.id,
        conversation_id=row.conversation_id,
        message=Outbound(
            key=row.key,
            channel=row.channel,
            account=row.account,
            sender=row.sender,
            text=row.text,
            author=Author(row.author),
            position=row.position,
            created_at=row.created_at,
            buttons=tuple(Button(**button) for button in row.buttons),
            author_name=row.author_name,
            language=row.language,
        ),
        weight=Weight(row.weight),
        attempts=row.attempts,
    )


def begin_sending(connection: Connection, row_id: int) -> bool:
    """Note that the channel is about to be asked; False if somebody else has taken the row."""
    return bool(connection.execute(_BEGIN, {"row_id": row_id}).rowcount == 1)


def settle(
    connection: Connection,
    row_id: int,
    state: OutboxState,
    *,
    now: dt.datetime,
    error: str | None = None,
    not_before: dt.datetime | None = None,
    channel_message_id: str | None = None,
    attempts: int | None = None,
) -> None:
    """Write down what became of a row; ``QUEUED`` with ``not_before`` tries it again.

    ``attempts`` is how often it has been tried by now, where ``begin_sending`` has not counted.
    """
    values: dict[str, Any] = {
        "state": state.value,
        "error": None if error is None else error[:200],
        "not_before": not_before or now,
        "sent_at": now if state is OutboxState.SENT else None,
        "channel_message_id": channel_message_id,
    }
    if attempts is not None:
        values["attempts"] = attempts
    connection.execute(_SETTLE, {"row_id": row_id, **values})


def interrupted(connection: Connection) -> list[OutboxRow]:
    """Rows that were being sent when the deliverer died, oldest first."""
    rows = connection.execute(_WITH_ADDRESS.where(outbox.c.state == OutboxState.SENDING.value)).all()
    return [_row(row) for row in rows]


def waiting_count(connection: Connection) -> int:
    """How many rows are not delivered yet."""
    count: int = connection.execute(
        sa.select(sa.func.count())
        .select_from(outbox)
        .where(outbox.c.state.in_((OutboxState.QUEUED.value, OutboxState.SENDING.value)))
    ).scalar_one()
    return count


def all_read(connection: Connection, conversation_id: int, *, now: dt.datetime) -> None:
    """Note that the other side has read everything: for channels that read the transcript themselves."""
    connection.execute(
        outbox.update()
        .where(outbox.c.conversation_id == conversation_id, outbox.c.state == OutboxState.QUEUED.value)
        .values(state=OutboxState.SENT.value, sent_at=now)
    )


#: Buttons older than this many messages are stale.
STALE_AFTER = 30

_LAST_BUTTONS = (
    sa.select(outbox.c.buttons)
    .where(outbox.c.conversation_id == sa.bindparam("conversation_id"))
    .order_by(outbox.c.position.desc())
    .limit(sa.bindparam("most"))
)


def last_buttons(connection: Connection, conversation_id: int) -> list[Button]:
    """The buttons of the newest message to the buyer: what a typed answer may stand for."""
    asked = {"conversation_id": conversation_id, "most": 1}
    newest = connection.execute(_LAST_BUTTONS, asked).scalar_one_or_none()
    return [Button(**button) for button in newest or ()]


def offered_button(connection: Connection, conversation_id: int, payload: str) -> Button | None:
    """The button with this payload among the conversation's latest messages; None if it was never offered."""
    asked = {"conversation_id": conversation_id, "most": STALE_AFTER}
    rows = connection.execute(_LAST_BUTTONS, asked).scalars()
    return next(
        (Button(**button) for buttons in rows for button in buttons if button["payload"] == payload), None
    )
