"""The inbox: messages are committed here before a channel is told that they arrived."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import Update

from bot.channels import Receipt
from bot.database import UTCDateTime, lock_now
from bot.errors import LostClaimError
from bot.mailroom import conversations as talks
from bot.mailroom import outbox
from bot.mailroom.conversations import Conversation, Owner
from bot.mailroom.tables import conversations, inbox
from bot.messages import Attachment, Author, Inbound, TranscriptLine
from bot.privacy import mask_cards

#: The kind of an inbox row that a buyer wrote; every other kind is an internal event.
MESSAGE = "message"


class InboxState(str, enum.Enum):
    """Where an inbox row stands."""

    NEW = "new"
    DONE = "done"
    #: Given up after the last try; a case tells of it.
    BURIED = "buried"


@dataclass(frozen=True)
class InboxRow:
    """A message or event as a worker gets it."""

    id: int
    kind: str
    text: str
    button: str | None
    language_hint: str | None
    network: str | None
    attachments: tuple[Attachment, ...]
    data: Mapping[str, Any]
    sent_at: dt.datetime
    received_at: dt.datetime
    #: Turns that failed on it so far.
    attempts: int


@dataclass(frozen=True)
class Claim:
    """The right to take one conversation's turn on one row, until the lease ends."""

    conversation: Conversation
    row: InboxRow
    worker: str
    #: The fence: whoever holds an older number can no longer write.
    number: int


def accept(connection: Connection, message: Inbound, *, language: str, now: dt.datetime) -> Receipt:
    """Put a buyer's message into the inbox, once by channel, account and message id.

    Args:
        connection: the caller's unit of work; tell the channel only after it is committed.
        message: what the channel's translation understood.
        language: ISO 639-1 of a stranger's first answer, until the model has read something.
        now: the moment of acceptance.
    """
    message = _storable(message)
    lock_now(connection)
    talk = talks.open_for(
        connection,
        channel=message.channel,
        account=message.account,
        sender=message.sender,
        sender_name=message.sender_name,
        language=language,
        now=now,
    )
    key = {"channel": message.channel, "account": message.account, "message_id": message.message_id}
    with_agent = talk.owner is Owner.AGENT
    if connection.execute(_KNOWN, key).first() is not None:
        return Receipt(talk.id, fresh=False, with_agent=with_agent)
    position = talks.take_position(connection, talk.id, now)
    connection.execute(
        _INSERT,
        {
            **key,
            "conversation_id": talk.id,
            "kind": MESSAGE,
            "position": position,
            "text": message.text,
            "button": message.button,
            "language_hint": message.language_hint,
            "network": message.network,
            "data": {"attachments": [dataclasses.asdict(item) for item in message.attachments]},
            "sent_at": message.sent_at,
            "received_at": now,
            "state": InboxState.NEW.value,
            "attempts": 0,
            "not_before": now,
        },
    )
    pressed = message.button and outbox.offered_button(connection, talk.id, message.button)
    line = TranscriptLine(
        position,
        Author.BUYER,
        message.text or (pressed.title if pressed else ""),
        message.sent_at,
        attachments=message.attachments,
    )
    return Receipt(talk.id, fresh=True, with_agent=with_agent, line=line)


# Made once: making a statement costs more than running it.
_KNOWN = sa.select(inbox.c.id).where(
    *(inbox.c[name] == sa.bindparam(name) for name in ("channel", "account", "message_id"))
)
_INSERT = inbox.insert()


#: What no database stores as text: zero bytes and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _storable(message: Inbound) -> Inbound:
    """The message with a replacement character for each that no database takes."""

    def clean(values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value
            for name, value in values.items()
        }

    message = dataclasses.replace(message, text=mask_cards(message.text))
    attachments = tuple(Attachment(**clean(vars(item))) for item in message.attachments)
    return Inbound(**{**clean(vars(message)), "attachments": attachments})


def accept_event(
    connection: Connection,
    conversation_id: int,
    kind: str,
    payload: Mapping[str, Any],
    *,
    now: dt.datetime,
) -> None:
    """Have the bot take a turn on something that happened inside: a hand-back, an approval."""
    connection.execute(
        inbox.insert().values(
            conversation_id=conversation_id,
            kind=kind,
            text="",
            data={"event": dict(payload)},
            sent_at=now,
            received_at=now,
            state=InboxState.NEW.value,
            attempts=0,
            not_before=now,
        )
    )


_other = inbox.alias()
#: The row whose turn it is within its conversation.
_OLDEST = (
    sa.select(sa.func.min(_other.c.id))
    .where(_other.c.state == InboxState.NEW.value, _other.c.conversation_id == inbox.c.conversation_id)
    .scalar_subquery()
)
# Statements of every turn are built once: SQLAlchemy then knows at once how each is written.
_CONVERSATION = sa.bindparam("conversation", type_=sa.Integer)
_ROW = sa.bindparam("row", type_=sa.Integer)
_NOW = sa.bindparam("now", type_=UTCDateTime)
_FREE = sa.or_(conversations.c.claim_until.is_(None), conversations.c.claim_until <= _NOW)
_WAITING = (
    sa.select(inbox.c.id, inbox.c.conversation_id)
    .join(conversations, conversations.c.id == inbox.c.conversation_id)
    .where(inbox.c.state == InboxState.NEW.value, inbox.c.not_before <= _NOW, inbox.c.id == _OLDEST, _FREE)
    .order_by(inbox.c.id)
    .limit(1)
)
_WAITING_ON_CHANNEL = _WAITING.where(conversations.c.channel == sa.bindparam("channel"))
_TAKE = (
    conversations.update()
    .where(conversations.c.id == _CONVERSATION, _FREE)
    .values(
        claim_number=conversations.c.claim_number + 1,
        claim_worker=sa.bindparam("worker"),
        claim_until=sa.bindparam("until"),
    )
)
_SELECT = (
    sa.select(inbox, conversations.c.claim_number)
    .join(conversations, conversations.c.id == inbox.c.conversation_id)
    .where(inbox.c.id == _ROW)
)
_IF_HELD = conversations.update().where(
    conversations.c.id == _CONVERSATION,
    conversations.c.claim_number == sa.bindparam("number"),
    conversations.c.claim_worker == sa.bindparam("worker"),
)
_EXTEND = _IF_HELD.values(claim_until=sa.bindparam("until"))
_RELEASE = _IF_HELD.values(claim_until=None, claim_worker=None)
_UPDATE = inbox.update().where(inbox.c.id == _ROW)


def claim(
    connection: Connection,
    worker: str,
    *,
    now: dt.datetime,
    lease: dt.timedelta,
    channel: str | None = None,
) -> Claim | None:
    """Take the turn of the oldest waiting row whose conversation nobody holds, of one channel if it is named.

    Within a conversation rows are taken in the order of arrival: a row that waits for its next try
    holds back the ones behind it.
    """
    waiting = connection.execute(
        _WAITING if channel is None else _WAITING_ON_CHANNEL, {"now": now, "channel": channel}
    ).one_or_none()
    if waiting is None:
        return None
    taken = connection.execute(
        _TAKE,
        {"conversation": waiting.conversation_id, "now": now, "worker": worker, "until": now + lease},
    )
    if taken.rowcount != 1:
        return None
    # Read again under the lock: another worker may have finished the row before we took the claim.
    row = connection.execute(_SELECT, {"row": waiting.id}).one()
    held = Claim(talks.get(connection, row.conversation_id), _row(row), worker, row.claim_number)
    if row.state != InboxState.NEW.value:
        release(connection, held)
        return None
    return held


def extend(connection: Connection, held: Claim, *, now: dt.datetime, lease: dt.timedelta) -> None:
    """Prolong the lease while the turn goes on.

    Raises:
        LostClaimError: another worker holds the conversation now.
    """
    _change(connection, held, _EXTEND, until=now + lease)


def finish(connection: Connection, held: Claim, note: str, *, now: dt.datetime) -> None:
    """Mark the row done and let go of the conversation, in the turn's own transaction.

    Raises:
        LostClaimError: another worker holds the conversation now; the turn must be rolled back.
    """
    release(connection, held)
    _end(connection, held.row.id, InboxState.DONE, note, now)


def retry(connection: Connection, held: Claim, note: str, *, not_before: dt.datetime) -> None:
    """Count a failed try and let the row wait.

    Raises:
        LostClaimError: another worker holds the conversation now.
    """
    release(connection, held)
    connection.execute(
        inbox.update()
        .where(inbox.c.id == held.row.id)
        .values(attempts=inbox.c.attempts + 1, not_before=not_before, note=note[:200])
    )


def bury(connection: Connection, held: Claim, note: str, *, now: dt.datetime) -> None:
    """Give a row up; the caller opens a case in the same transaction.

    Raises:
        LostClaimError: another worker holds the conversation now.
    """
    release(connection, held)
    connection.execute(inbox.update().where(inbox.c.id == held.row.id).values(attempts=inbox.c.attempts + 1))
    _end(connection, held.row.id, InboxState.BURIED, note, now)


def release(connection: Connection, held: Claim) -> None:
    """Let go of the conversation.

    Raises:
        LostClaimError: another worker holds the conversation now.
    """
    _change(connection, held, _RELEASE)


def claims_of(connection: Connection, worker: str) -> list[Claim]:
    """What a worker held when it died, each fenced anew so that the dead can't write."""
    table = conversations.c
    held = connection.execute(sa.select(table.id).where(table.claim_worker == worker)).scalars().all()
    claims = []
    for conversation_id in held:
        connection.execute(
            conversations.update()
            .where(table.id == conversation_id)
            .values(claim_number=table.claim_number + 1)
        )
        number: int = connection.execute(
            sa.select(table.claim_number).where(table.id == conversation_id)
        ).scalar_one()
        row = connection.execute(
            sa.select(inbox)
            .where(inbox.c.conversation_id == conversation_id, inbox.c.state == InboxState.NEW.value)
            .order_by(inbox.c.id)
            .limit(1)
        ).one_or_none()
        talk = talks.get(connection, conversation_id)
        if row is not None:
            claims.append(Claim(talk, _row(row), worker, number))
    return claims


def waiting_count(connection: Connection) -> int:
    """How many rows no turn has finished yet."""
    count: int = connection.execute(
        sa.select(sa.func.count()).select_from(inbox).where(inbox.c.state == InboxState.NEW.value)
    ).scalar_one()
    return count


def _change(connection: Connection, held: Claim, statement: Update, **values: object) -> None:
    """Change the conversation's claim, if it is still held."""
    fence = {"conversation": held.conversation.id, "number": held.number, "worker": held.worker}
    if connection.execute(statement, {**fence, **values}).rowcount != 1:
        raise LostClaimError


def _end(connection: Connection, row_id: int, state: InboxState, note: str, now: dt.datetime) -> None:
    connection.execute(_UPDATE, {"row": row_id, "state": state.value, "note": note[:200], "done_at": now})


def _row(row: Any) -> InboxRow:
    return InboxRow(
        id=row.id,
        kind=row.kind,
        text=row.text,
        button=row.button,
        language_hint=row.language_hint,
        network=row.network,
        attachments=tuple(Attachment(**item) for item in row.data.get("attachments", ())),
        data=row.data.get("event", {}),
        sent_at=row.sent_at,
        received_at=row.received_at,
        attempts=row.attempts,
    )


def next_try(connection: Connection) -> dt.datetime | None:
    """When the earliest turn may be taken; None if nothing waits."""
    earliest: dt.datetime | None = connection.execute(
        sa.select(sa.func.min(inbox.c.not_before)).where(
            inbox.c.state == InboxState.NEW.value, inbox.c.id == _OLDEST
        )
    ).scalar_one()
    return earliest
