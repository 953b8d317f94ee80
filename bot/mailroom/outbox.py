"""The outbox: what is said is committed here with the turn that says it, then delivered in order."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import UTCDateTime
from bot.mailroom import conversations as talks
from bot.mailroom.tables import conversations, outbox
from bot.messages import Attachment, Author, Button, Correction, Outbound, Weight
from bot.privacy import without_nul
from bot.wake import Topic, notify


class OutboxState(str, enum.Enum):
    """Where an outbox row stands."""

    QUEUED = "queued"
    #: Handed to the channel, whose answer isn't known yet.
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    #: Nobody can tell whether the channel sent it.
    UNKNOWN = "unknown"


def post(
    connection: Connection,
    conversation_id: int,
    text: str,
    *,
    now: dt.datetime,
    buttons: Sequence[Button] = (),
    attachments: Sequence[Attachment] = (),
    author: Author = Author.AGENT,
    author_name: str | None = None,
    language: str = "en",
    weight: Weight = Weight.TALK,
    key: str | None = None,
    corrects: Correction | None = None,
) -> int:
    """Queue a message to the buyer in the caller's unit of work.

    Args:
        connection: the caller's unit of work.
        conversation_id: whose.
        text: what to say.
        now: the moment of saying it.
        buttons: choices offered with it.
        attachments: files that go with it.
        author: the bot or an agent.
        author_name: the agent's display name.
        language: ISO 639-1 of the text.
        weight: whether a repeated delivery would be harmless talk.
        key: an idempotency key, unique for ever; made up if none is given.
        corrects: the message that was sent and that this one changes or takes back.

    Returns:
        The row's id.
    """
    inserted = connection.execute(
        _INSERT,
        {
            "key": key or uuid4().hex,
            "conversation_id": conversation_id,
            "position": talks.posted(connection, conversation_id, now),
            "text": text,
            "buttons": [{"title": button.title, "payload": button.payload} for button in buttons],
            "attachments": [dataclasses.asdict(item) for item in attachments],
            "author": author.value,
            "author_name": author_name,
            "corrects": None if corrects is None else dataclasses.asdict(corrects),
            "language": language,
            "weight": weight.value,
            "state": OutboxState.QUEUED.value,
            "attempts": 0,
            "not_before": now,
            "created_at": now,
        },
    )
    notify(connection, Topic.OUTBOX)
    row_id: int = inserted.inserted_primary_key[0]
    return row_id


# Statements that run with every message are made once: making one costs more than running it.
_INSERT = outbox.insert()
_SETTLE = outbox.update().where(outbox.c.id == sa.bindparam("row_id", type_=sa.Integer))


_TALK_OF = sa.select(outbox.c.conversation_id).where(outbox.c.id == sa.bindparam("row_id", type_=sa.Integer))
_LINE_UP = (
    conversations.update()
    .where(conversations.c.id == sa.bindparam("conversation", type_=sa.Integer))
    .values(
        mail_at=sa.select(outbox.c.not_before)
        .where(
            outbox.c.conversation_id == sa.bindparam("conversation", type_=sa.Integer),
            outbox.c.state == OutboxState.QUEUED.value,
        )
        .order_by(outbox.c.id)
        .limit(1)
        .scalar_subquery()
    )
)
_LINE_UP_WHEN = _LINE_UP.returning(conversations.c.mail_at)
_MAIL_AT = sa.select(conversations.c.mail_at).where(
    conversations.c.id == sa.bindparam("conversation", type_=sa.Integer)
)


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
    doubts: int | None = None,
) -> None:
    """Write down where a row stands, whoever holds it; deliverers ``conclude``.

    ``attempts`` and ``doubts`` stay what they are unless they are given.
    """
    values = outcome(state, now, error, not_before, channel_message_id)
    values |= {"deliverer": None, "sending_until": None}
    values |= {
        name: value for name, value in (("attempts", attempts), ("doubts", doubts)) if value is not None
    }
    connection.execute(_SETTLE, {"row_id": row_id, **values})
    line_up(connection, connection.execute(_TALK_OF, {"row_id": row_id}).scalar_one())


def line_up(connection: Connection, conversation_id: int) -> dt.datetime | None:
    """Note when the conversation's oldest waiting message may go, after one of its rows has changed.

    Whoever changes rows holds the conversation before, so that what is posted meanwhile is seen.

    Returns:
        That moment; None if nothing waits.
    """
    known = {"conversation": conversation_id}
    if connection.dialect.name == "postgresql":
        # One way to the server instead of two.
        found = connection.execute(_LINE_UP_WHEN, known)
    else:
        connection.execute(_LINE_UP, known)
        found = connection.execute(_MAIL_AT, known)
    at: dt.datetime | None = found.scalar_one_or_none()
    return at


def outcome(
    state: OutboxState,
    now: dt.datetime,
    error: str | None,
    not_before: dt.datetime | None,
    channel_message_id: str | None,
) -> dict[str, Any]:
    """What the row says of where it stands."""
    return {
        "state": state.value,
        # A channel's words may hold what a database refuses.
        "error": None if error is None else without_nul(error)[:200],
        "not_before": not_before or now,
        "sent_at": now if state is OutboxState.SENT else None,
        "channel_message_id": channel_message_id and without_nul(channel_message_id)[:200],
    }


#: Of so many latest messages a channel may tell that they arrived.
TOLD_OF = 500

_latest = outbox.alias()
_DELIVERED = (
    outbox.update()
    .where(
        outbox.c.id.in_(
            sa.select(_latest.c.id)
            .where(_latest.c.conversation_id == sa.bindparam("talk", type_=sa.Integer))
            .order_by(_latest.c.position.desc())
            .limit(TOLD_OF)
        ),
        outbox.c.channel_message_id == sa.bindparam("sent_id"),
        outbox.c.delivered_at.is_(None),
    )
    .values(delivered_at=sa.bindparam("now", type_=UTCDateTime))
)


def delivered(
    connection: Connection, conversation_id: int, channel_message_id: str, *, now: dt.datetime
) -> bool:
    """Note that a message reached the other side, as its channel tells; False if that is no news."""
    told = {"talk": conversation_id, "sent_id": channel_message_id[:200], "now": now}
    return bool(connection.execute(_DELIVERED, told).rowcount)


#: Rows with where they go: what `message_of` needs.
WITH_ADDRESS = sa.select(
    outbox, conversations.c.channel, conversations.c.account, conversations.c.sender
).join(conversations, conversations.c.id == outbox.c.conversation_id)


def message_of(row: Any) -> Outbound:
    """A row of `WITH_ADDRESS` as its channel gets it."""
    return Outbound(
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
        attachments=tuple(Attachment(**item) for item in row.attachments),
        corrects=None if row.corrects is None else Correction(**row.corrects),
    )


def give_up(connection: Connection, conversation_id: int, why: str, *, now: dt.datetime) -> int:
    """Send nothing of what waits for a buyer who takes no more messages; returns how many rows that were."""
    talks.hold(connection, conversation_id)
    gone = connection.execute(
        outbox.update()
        .where(outbox.c.conversation_id == conversation_id, outbox.c.state == OutboxState.QUEUED.value)
        .values(**outcome(OutboxState.FAILED, now, why, None, None))
    )
    line_up(connection, conversation_id)
    return int(gone.rowcount)


def returned(connection: Connection, key: str, why: str) -> int | None:
    """Note that a message came back after it was sent; its conversation's id, or None if that is no news."""
    talk: int | None = connection.execute(
        sa.select(outbox.c.conversation_id).where(outbox.c.key == key)
    ).scalar_one_or_none()
    if talk is None:
        return None
    talks.hold(connection, talk)
    # What the channel said when it took the message stays: by it the message is found again.
    failed = connection.execute(
        outbox.update()
        .where(outbox.c.key == key, outbox.c.state.in_((OutboxState.SENT.value, OutboxState.UNKNOWN.value)))
        .values(state=OutboxState.FAILED.value, error=without_nul(why)[:200])
    )
    return talk if failed.rowcount else None


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
    line_up(connection, conversation_id)


#: Buttons older than this many messages are stale.
STALE_AFTER = 30

_LAST_BUTTONS = (
    sa.select(outbox.c.buttons)
    # A correction offers nothing, and takes nothing away that was offered.
    .where(outbox.c.conversation_id == sa.bindparam("conversation_id"), outbox.c.corrects.is_(None))
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
