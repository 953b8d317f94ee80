"""The inbox: messages are committed here before a channel is told that they arrived."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import Update

from bot.channels import Receipt
from bot.database import UTCDateTime, insert_once
from bot.errors import LostClaimError
from bot.mailroom import changes, files, line, outbox
from bot.mailroom import conversations as talks
from bot.mailroom.conversations import Owner
from bot.mailroom.rows import DELETION as DELETION
from bot.mailroom.rows import MESSAGE as MESSAGE
from bot.mailroom.rows import Claim as Claim
from bot.mailroom.rows import InboxRow as InboxRow
from bot.mailroom.rows import InboxState as InboxState
from bot.mailroom.rows import row_of
from bot.mailroom.storable import storable
from bot.mailroom.tables import conversations, inbox
from bot.messages import Author, Inbound, TranscriptLine
from bot.wake import Topic, notify


def accept(connection: Connection, message: Inbound, *, language: str, now: dt.datetime) -> Receipt:
    """Put a buyer's message into the inbox, once by channel, account and message id.

    An edit of a message that waits for its answer replaces the words that will be answered, a deletion takes
    it out of the line; an answer that is being worked out at this moment is begun anew, or dropped. An edit
    of one that was answered is answered again. Every one of them stays in the transcript.

    Args:
        connection: the caller's unit of work; tell the channel only after it is committed.
        message: what the channel's translation understood.
        language: ISO 639-1 of a stranger's first answer, until the model has read something.
        now: the moment of acceptance.

    Raises:
        NeverError: no database could hold it, whenever it is tried.
    """
    message = storable(message)
    files.claim(connection, message.attachments)
    held = talks.open_for(
        connection,
        channel=message.channel,
        account=message.account,
        sender=message.sender,
        sender_name=message.sender_name,
        language=language,
        now=now,
    )
    talk, position = held.conversation, held.next_position
    with_agent = talk.owner is Owner.AGENT
    inserted = connection.execute(
        _INSERT[connection.dialect.name],
        {
            "channel": message.channel,
            "account": message.account,
            "message_id": message.message_id,
            "edits": message.edits,
            "conversation_id": talk.id,
            "kind": DELETION if message.deletes else MESSAGE,
            "position": position,
            "text": message.text,
            "button": message.button,
            "language_hint": message.language_hint,
            "network": message.network,
            "data": {
                "attachments": [dataclasses.asdict(item) for item in message.attachments],
                **({"numbered": True} if message.numbered else {}),
                **({"command": True} if message.command else {}),
                **({"note": dict(message.note)} if message.note else {}),
            },
            "sent_at": message.sent_at,
            "received_at": now,
            "state": InboxState.NEW.value,
            "attempts": 0,
            "not_before": now,
        },
    )
    if inserted.rowcount != 1:
        return Receipt(talk.id, fresh=False, with_agent=with_agent)
    reason = changes.settle(connection, talk.id, message, now)
    talks.received(connection, talk.id, now, waits=reason is None)
    notify(connection, Topic.INBOX)
    pressed = message.button and outbox.offered_button(connection, talk.id, message.button)
    shown = TranscriptLine(
        position,
        Author.BUYER,
        message.text or (pressed.title if pressed else ""),
        message.sent_at,
        attachments=message.attachments,
    )
    return Receipt(talk.id, fresh=True, with_agent=with_agent, line=shown)


# Made once: making a statement costs more than running it. Nothing is inserted where it is known already.
_INSERT = insert_once(inbox)


def accept_event(
    connection: Connection,
    conversation_id: int,
    kind: str,
    payload: Mapping[str, Any],
    *,
    now: dt.datetime,
) -> None:
    """Have the bot take a turn on something that happened inside: a hand-back, an approval."""
    # Rows of one conversation are numbered in the order in which they are committed.
    talks.hold(connection, conversation_id)
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
    line.join(connection, conversation_id)
    notify(connection, Topic.INBOX)


_other = inbox.alias()
# Statements of every turn are built once: SQLAlchemy then knows at once how each is written.
_CONVERSATION = sa.bindparam("conversation", type_=sa.Integer)
_ROW = sa.bindparam("row", type_=sa.Integer)
_NOW = sa.bindparam("now", type_=UTCDateTime)
_FREE = sa.and_(
    conversations.c.turn_order.isnot(None),
    sa.or_(conversations.c.turn_at.is_(None), conversations.c.turn_at <= _NOW),
    sa.or_(conversations.c.claim_until.is_(None), conversations.c.claim_until <= _NOW),
)
# What another is about to change is passed over, so that no worker waits for another.
_FIRST_IN_LINE = (
    sa.select(conversations.c.id, conversations.c.claim_worker)
    .where(_FREE)
    .order_by(conversations.c.turn_order, conversations.c.id)
    .limit(1)
    .with_for_update(skip_locked=True, key_share=True)
)
_FIRST_ON_CHANNEL = _FIRST_IN_LINE.where(conversations.c.channel == sa.bindparam("channel"))
_TAKE = (
    conversations.update()
    .where(conversations.c.id == _CONVERSATION, _FREE)
    .values(
        claim_number=conversations.c.claim_number + 1,
        claim_worker=sa.bindparam("worker"),
        claim_until=sa.bindparam("until"),
    )
)
_OLDEST = (
    sa.select(inbox, conversations.c.claim_number, *talks.BESIDE)
    .join(conversations, conversations.c.id == inbox.c.conversation_id)
    .where(inbox.c.conversation_id == _CONVERSATION, inbox.c.state == InboxState.NEW.value)
    .order_by(inbox.c.id)
    .limit(1)
)
_IF_HELD = conversations.update().where(
    conversations.c.id == _CONVERSATION,
    conversations.c.claim_number == sa.bindparam("number"),
    conversations.c.claim_worker == sa.bindparam("worker"),
)
_EXTEND = _IF_HELD.values(claim_until=sa.bindparam("until"))
_RELEASE = _IF_HELD.values(**line.FREED)
_PUT_OFF = _IF_HELD.values(**line.FREED, turn_at=sa.bindparam("until"))
_SERVED = _IF_HELD.values(**line.FREED, turn_at=None, turn_order=line.SERVED)
_UPDATE = inbox.update().where(inbox.c.id == _ROW)
_COUNT_TRY = _UPDATE.values(attempts=inbox.c.attempts + 1)


def claim(
    connection: Connection,
    worker: str,
    *,
    now: dt.datetime,
    lease: dt.timedelta,
    channel: str | None = None,
) -> Claim | None:
    """Take the next conversation's turn, of one channel if it is named; None if there is nothing to take.

    Who was served goes to the end of the line. Within a conversation rows are taken in the order of arrival:
    a row that waits for its next try holds back the ones behind it. A claim whose lease ended counts as a
    failed try: its worker has died over it, or as good as.
    """
    first = _FIRST_IN_LINE if channel is None else _FIRST_ON_CHANNEL
    asked = {"now": now, "channel": channel}
    while (found := connection.execute(first, asked).one_or_none()) is not None:
        known = {"conversation": found.id}
        taken = connection.execute(_TAKE, {**known, "now": now, "worker": worker, "until": now + lease})
        if taken.rowcount != 1:
            # Somebody was faster; from this write on nobody is.
            continue
        row = connection.execute(_OLDEST, known).one_or_none()
        if row is None:
            # Whoever finished its last row did not put it out of the line.
            connection.execute(line.RECALL.values(turn_order=None, turn_at=None), known)
            continue
        waiting = row_of(row)
        if found.claim_worker is not None:
            connection.execute(_COUNT_TRY, {"row": row.id})
            waiting = dataclasses.replace(waiting, attempts=waiting.attempts + 1)
        return Claim(talks.beside(row), waiting, worker, row.claim_number)
    return None


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
    _served(connection, held)
    _end(connection, held.row.id, InboxState.DONE, note, now)


def retry(connection: Connection, held: Claim, note: str, *, not_before: dt.datetime) -> None:
    """Count a failed try and let the row wait.

    Raises:
        LostClaimError: another worker holds the conversation now.
    """
    _change(connection, held, _PUT_OFF, until=not_before)
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
    _served(connection, held)
    connection.execute(_COUNT_TRY, {"row": held.row.id})
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
    held = connection.execute(
        sa.select(table.id).where(table.claim_worker == worker).order_by(table.id)
    ).scalars()
    claims = []
    for conversation_id in held.all():
        fenced = connection.execute(
            conversations.update()
            .where(table.id == conversation_id, table.claim_worker == worker)
            .values(claim_number=table.claim_number + 1)
        )
        row = connection.execute(_OLDEST, {"conversation": conversation_id}).one_or_none()
        # If it is neither, its lease ended and another has done it meanwhile.
        if fenced.rowcount == 1 and row is not None:
            claims.append(Claim(talks.beside(row), row_of(row), worker, row.claim_number))
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


def _served(connection: Connection, held: Claim) -> None:
    """Let go of the conversation, whose row is done; it goes to the end of the line if more of it waits."""
    # What is accepted for it at this moment must be seen by what decides whether more of it waits.
    talks.hold(connection, held.conversation.id)
    _change(connection, held, _SERVED, row=held.row.id)


def _end(connection: Connection, row_id: int, state: InboxState, note: str, now: dt.datetime) -> None:
    connection.execute(_UPDATE, {"row": row_id, "state": state.value, "note": note[:200], "done_at": now})


def next_try(connection: Connection) -> dt.datetime | None:
    """When the earliest turn may be taken; None if nothing waits."""
    earliest: dt.datetime | None = connection.execute(
        sa.select(sa.func.min(sa.func.coalesce(conversations.c.turn_at, conversations.c.last_at))).where(
            conversations.c.turn_order.isnot(None)
        )
    ).scalar_one()
    return earliest
