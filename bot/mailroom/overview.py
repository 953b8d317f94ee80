"""What lies in inbox and outbox, for those who look after them: counted, listed, one by one."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import UTCDateTime
from bot.mailroom.inbox import InboxState
from bot.mailroom.outbox import OutboxState
from bot.mailroom.tables import conversations, inbox, outbox

#: How the note on an outbox row begins that a person has given up; the row's state stays what it was.
BURIED_BY_OPERATOR = "buried by the operator"
#: The most rows that are listed.
MOST = 1000
#: What fits both databases' integers.
LARGEST_ID = 2**31 - 1


class Box(str, enum.Enum):
    """Where a row lies."""

    INBOX = "inbox"
    OUTBOX = "outbox"


class MailState(str, enum.Enum):
    """Where a row of either box stands, in the operator's words."""

    WAITING = "waiting"
    #: A worker takes its turn, or its channel has been asked.
    UNDER_WAY = "under-way"
    FAILED = "failed"
    UNKNOWN = "unknown"
    BURIED = "buried"
    DONE = "done"


#: What needs nobody's look.
ENDED_WELL = frozenset({MailState.DONE})


@dataclass(frozen=True)
class MailRow:
    """A message or an event of either box. Its words are a buyer's or an agent's: show them only if asked."""

    box: Box
    id: int
    conversation_id: int
    channel: str
    state: MailState
    #: ``message`` or an event's kind in the inbox; who speaks in the outbox.
    kind: str
    #: ``confirmation`` where a repetition would do harm.
    weight: str | None
    at: dt.datetime
    #: When it is tried next; only of one that waits.
    next_try: dt.datetime | None
    #: When it ended.
    ended_at: dt.datetime | None
    #: When it reached the other side, where the channel tells.
    delivered_at: dt.datetime | None
    attempts: int
    #: What became of it, and why.
    note: str | None
    sender: str
    sender_name: str | None
    text: str


@dataclass(frozen=True)
class Standing:
    """How many rows of a box stand so, on one channel."""

    box: Box
    channel: str
    state: MailState
    count: int
    #: When the oldest of them came.
    oldest: dt.datetime | None


_NOW = sa.bindparam("now", type_=UTCDateTime)
_PENDING = inbox.alias()
#: A claimed conversation's turn is on its oldest row.
_CLAIMED = sa.and_(
    conversations.c.claim_until > _NOW,
    inbox.c.id
    == sa.select(sa.func.min(_PENDING.c.id))
    .where(_PENDING.c.state == InboxState.NEW.value, _PENDING.c.conversation_id == inbox.c.conversation_id)
    .scalar_subquery(),
)
_INBOX_STATE: Any = sa.case(
    (inbox.c.state == InboxState.DONE.value, MailState.DONE.value),
    (inbox.c.state == InboxState.BURIED.value, MailState.BURIED.value),
    (_CLAIMED, MailState.UNDER_WAY.value),
    else_=MailState.WAITING.value,
)
_OUTBOX_STATE: Any = sa.case(
    (outbox.c.state == OutboxState.SENT.value, MailState.DONE.value),
    (outbox.c.state == OutboxState.QUEUED.value, MailState.WAITING.value),
    (outbox.c.state == OutboxState.SENDING.value, MailState.UNDER_WAY.value),
    (outbox.c.error.startswith(BURIED_BY_OPERATOR), MailState.BURIED.value),
    (outbox.c.state == OutboxState.UNKNOWN.value, MailState.UNKNOWN.value),
    else_=MailState.FAILED.value,
)
_ADDRESS = (conversations.c.channel, conversations.c.sender, conversations.c.sender_name)
_INBOX = sa.select(inbox, _INBOX_STATE.label("stands"), *(one.label(f"talk_{one.name}") for one in _ADDRESS))
_OUTBOX = sa.select(
    outbox, _OUTBOX_STATE.label("stands"), *(one.label(f"talk_{one.name}") for one in _ADDRESS)
)
_IN = _INBOX.join(conversations, conversations.c.id == inbox.c.conversation_id)
_OUT = _OUTBOX.join(conversations, conversations.c.id == outbox.c.conversation_id)
#: The stored states among which a state is found, so that the index is used and not every row looked at.
_STORED: Mapping[Box, Mapping[MailState, tuple[str, ...]]] = {
    Box.INBOX: {
        MailState.WAITING: (InboxState.NEW.value,),
        MailState.UNDER_WAY: (InboxState.NEW.value,),
        MailState.BURIED: (InboxState.BURIED.value,),
        MailState.DONE: (InboxState.DONE.value,),
    },
    Box.OUTBOX: {
        MailState.WAITING: (OutboxState.QUEUED.value,),
        MailState.UNDER_WAY: (OutboxState.SENDING.value,),
        MailState.FAILED: (OutboxState.FAILED.value,),
        MailState.UNKNOWN: (OutboxState.UNKNOWN.value,),
        MailState.BURIED: (OutboxState.FAILED.value, OutboxState.UNKNOWN.value),
        MailState.DONE: (OutboxState.SENT.value,),
    },
}


def standing(connection: Connection, *, now: dt.datetime) -> list[Standing]:
    """How many rows stand where, but for those that ended well, by box, channel and state."""
    found = []
    for box, table, state, at in (
        (Box.INBOX, inbox, _INBOX_STATE, inbox.c.received_at),
        (Box.OUTBOX, outbox, _OUTBOX_STATE, outbox.c.created_at),
    ):
        stored = {one for known, ones in _STORED[box].items() if known not in ENDED_WELL for one in ones}
        rows = connection.execute(
            sa.select(
                conversations.c.channel,
                state.label("stands"),
                sa.func.count().label("number"),
                sa.func.min(at),
            )
            .select_from(table.join(conversations, conversations.c.id == table.c.conversation_id))
            .where(table.c.state.in_(sorted(stored)))
            # By its place: PostgreSQL does not see that two expressions with parameters are the same.
            .group_by(sa.text("1"), sa.text("2"))
            .order_by(sa.text("1"), sa.text("2")),
            {"now": now},
        )
        found += [Standing(box, row[0], MailState(row[1]), int(row[2]), row[3]) for row in rows]
    return found


@dataclass(frozen=True)
class Passed:
    """What last went through a channel."""

    last_in: dt.datetime | None
    last_out: dt.datetime | None
    #: Messages of ours that failed, or of which nobody knows; not those that a person has given up.
    errors: int
    #: What the channel said of the newest message that it did not take, or not at once.
    last_error: str | None


def passed(connection: Connection, channel: str) -> Passed:
    """What last went through a channel."""
    out = outbox.join(conversations, conversations.c.id == outbox.c.conversation_id)

    def newest(column: Any, *where: Any) -> Any:
        return connection.execute(
            sa.select(column)
            .select_from(inbox if column.table is inbox else out)
            .where(*where)
            .order_by(column.table.c.id.desc())
            .limit(1)
        ).scalar_one_or_none()

    ours = conversations.c.channel == channel
    undone = (OutboxState.FAILED.value, OutboxState.UNKNOWN.value)
    waiting = (OutboxState.QUEUED.value, OutboxState.SENDING.value)
    given_up = outbox.c.error.startswith(BURIED_BY_OPERATOR)
    return Passed(
        last_in=newest(inbox.c.received_at, inbox.c.channel == channel),
        last_out=newest(outbox.c.sent_at, ours, outbox.c.state == OutboxState.SENT.value),
        errors=connection.execute(
            sa.select(sa.func.count())
            .select_from(out)
            .where(ours, outbox.c.state.in_(undone), sa.not_(sa.func.coalesce(given_up, sa.false())))
        ).scalar_one(),
        last_error=newest(
            outbox.c.error, ours, outbox.c.state.in_((*undone, *waiting)), outbox.c.error.isnot(None)
        ),
    )


def listed(
    connection: Connection,
    *,
    now: dt.datetime,
    box: Box | None = None,
    state: MailState | None = None,
    conversation_id: int | None = None,
    channel: str | None = None,
    limit: int = 50,
) -> Sequence[MailRow]:
    """Rows of one box or both, oldest first; without a state, all but those that ended well.

    Of rows that ended well, the newest ones are listed.
    """
    found: list[MailRow] = []
    for which in (Box.INBOX, Box.OUTBOX) if box is None else (box,):
        query, table, stands = (
            (_IN, inbox, _INBOX_STATE) if which is Box.INBOX else (_OUT, outbox, _OUTBOX_STATE)
        )
        wanted = set(MailState) - ENDED_WELL if state is None else {state}
        stored = {one for known in wanted for one in _STORED[which].get(known, ())}
        query = query.where(
            table.c.state.in_(sorted(stored)), stands.in_(sorted(one.value for one in wanted))
        )
        if conversation_id is not None:
            query = query.where(table.c.conversation_id == conversation_id)
        if channel is not None:
            query = query.where(conversations.c.channel == channel)
        order = table.c.id.desc() if state in ENDED_WELL else table.c.id
        rows = connection.execute(query.order_by(order).limit(min(limit, MOST)), {"now": now}).all()
        found += [_row(which, row) for row in rows]
    return sorted(found, key=lambda row: (row.at, row.box.value, row.id))[:limit]


def one(connection: Connection, box: Box, row_id: int, *, now: dt.datetime) -> MailRow | None:
    """The row with this number; None if there is none."""
    if not 0 < row_id <= LARGEST_ID:
        return None
    query = _IN.where(inbox.c.id == row_id) if box is Box.INBOX else _OUT.where(outbox.c.id == row_id)
    row = connection.execute(query, {"now": now}).one_or_none()
    return None if row is None else _row(box, row)


def _row(box: Box, row: Any) -> MailRow:
    state = MailState(row.stands)
    waits = state is MailState.WAITING
    return MailRow(
        box=box,
        id=row.id,
        conversation_id=row.conversation_id,
        channel=row.talk_channel,
        state=state,
        kind=row.kind if box is Box.INBOX else row.author,
        weight=None if box is Box.INBOX else row.weight,
        at=row.received_at if box is Box.INBOX else row.created_at,
        next_try=row.not_before if waits else None,
        ended_at=row.done_at if box is Box.INBOX else row.sent_at,
        delivered_at=None if box is Box.INBOX else row.delivered_at,
        attempts=row.attempts,
        note=row.note if box is Box.INBOX else row.error,
        sender=row.talk_sender,
        sender_name=row.talk_sender_name,
        text=row.text or (row.button or "" if box is Box.INBOX else ""),
    )
