"""What an operator may do with a single row: have it tried again, take its turn away, write it off.

Whatever is under way is refused: a row belongs to whoever works on it. Every act takes hold of the
conversation first, so that nobody begins while it is done.
"""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import MailError
from bot.mailroom import conversations as talks
from bot.mailroom import inbox as letters
from bot.mailroom import line, outbox, overview
from bot.mailroom.inbox import Claim, InboxState
from bot.mailroom.outbox import OutboxState
from bot.mailroom.overview import BURIED_BY_OPERATOR, Box, MailRow, MailState
from bot.mailroom.tables import conversations, inbox
from bot.mailroom.tables import outbox as replies
from bot.messages import Weight
from bot.wake import Topic, notify

#: What stands on a row that an operator had tried again.
RETRIED = "tried again by the operator"
#: How long an operator's claim may last: one unit of work follows at once.
_LEASE = dt.timedelta(seconds=60)


def find(connection: Connection, box: Box, row_id: int, *, now: dt.datetime) -> MailRow:
    """The row, whose conversation nobody else changes until the unit of work ends.

    Raises:
        MailError: there is none.
    """
    row = overview.one(connection, box, row_id, now=now)
    if row is not None:
        talks.hold(connection, row.conversation_id)
        # Read again now that it is held: it may have moved on meanwhile.
        row = overview.one(connection, box, row_id, now=now)
    if row is None:
        raise MailError(f"there is no row {box.value}:{row_id}")
    return row


def retry_inbox(connection: Connection, row_id: int, *, now: dt.datetime) -> MailRow:
    """Have a message's turn taken at once; a buried one gets all its tries anew. Returns the row as it was.

    Raises:
        MailError: it is answered, or under way.
    """
    row = find(connection, Box.INBOX, row_id, now=now)
    _require_free(connection, row, now)
    if row.state is MailState.DONE:
        raise MailError(f"inbox:{row_id} is done ({row.note}): nothing is to be tried again")
    again = {"state": InboxState.NEW.value, "not_before": now, "note": RETRIED, "done_at": None}
    if row.state is MailState.BURIED:
        again["attempts"] = 0
        _rename_apology(connection, row_id)
    connection.execute(inbox.update().where(inbox.c.id == row_id).values(**again))
    connection.execute(
        conversations.update().where(conversations.c.id == row.conversation_id).values(turn_at=None)
    )
    line.join(connection, row.conversation_id)
    notify(connection, Topic.INBOX)
    return row


def retry_outbox(connection: Connection, row_id: int, *, now: dt.datetime) -> MailRow:
    """Have a message delivered at once, with all its tries anew. Returns the row as it was.

    Raises:
        MailError: it is delivered, under way, or may have been delivered and must not be repeated.
    """
    row = find(connection, Box.OUTBOX, row_id, now=now)
    _require_free(connection, row, now)
    if row.state is MailState.DONE:
        raise MailError(f"outbox:{row_id} is delivered: nothing is to be tried again")
    maybe_sent = _stored(connection, row_id) == OutboxState.UNKNOWN.value
    if maybe_sent and row.weight == Weight.CONFIRMATION.value:
        raise MailError(
            f"outbox:{row_id} confirms money or an order and may have arrived: it is never repeated; ask or "
            "tell the buyer at the desk"
        )
    # What may have been sent is repeated this once: should it stay unknown, nobody repeats it again.
    doubts = 1 if maybe_sent else 0
    outbox.settle(connection, row_id, OutboxState.QUEUED, now=now, error=RETRIED, attempts=0, doubts=doubts)
    notify(connection, Topic.OUTBOX)
    return row


def take_for_burial(connection: Connection, row_id: int, *, now: dt.datetime) -> Claim:
    """Claim the turn of a message that waits, so that it can be buried as after its last try.

    Raises:
        MailError: it does not wait, is under way, or another one of its conversation comes first.
    """
    row = find(connection, Box.INBOX, row_id, now=now)
    _require_free(connection, row, now)
    if row.state is not MailState.WAITING:
        raise MailError(f"inbox:{row_id} is {row.state.value} ({row.note}): only what waits can be buried")
    worker = f"operator-{uuid4().hex[:12]}"
    connection.execute(
        conversations.update()
        .where(conversations.c.id == row.conversation_id)
        .values(claim_number=conversations.c.claim_number + 1, claim_worker=worker, claim_until=now + _LEASE)
    )
    (claim,) = letters.claims_of(connection, worker)
    if claim.row.id != row_id:
        raise MailError(f"inbox:{claim.row.id} of the same conversation comes first: see to that one")
    return claim


def remark(connection: Connection, row_id: int, why: str) -> None:
    """Write down on a buried message why it was."""
    note = f"{BURIED_BY_OPERATOR}: {why}"[:200]
    buried = sa.and_(inbox.c.id == row_id, inbox.c.state == InboxState.BURIED.value)
    connection.execute(inbox.update().where(buried).values(note=note))


def write_off(connection: Connection, row_id: int, why: str, *, now: dt.datetime) -> MailRow:
    """Give up a message of ours; the caller opens a case in the same unit of work. Returns the row as it was.

    Whether it was sent is not changed by that: a row that may have been sent stays one.

    Raises:
        MailError: it is delivered, under way, or given up already.
    """
    row = find(connection, Box.OUTBOX, row_id, now=now)
    _require_free(connection, row, now)
    if row.state in (MailState.DONE, MailState.BURIED):
        what = "delivered" if row.state is MailState.DONE else "given up already"
        raise MailError(f"outbox:{row_id} is {what}")
    state = OutboxState.FAILED if row.state is MailState.WAITING else OutboxState(row.state.value)
    before = f" (before: {row.note})" if row.note else ""
    outbox.settle(
        connection,
        row_id,
        state,
        now=now,
        error=f"{BURIED_BY_OPERATOR}: {why}{before}",
        attempts=row.attempts,
    )
    return row


def _require_free(connection: Connection, row: MailRow, now: dt.datetime) -> None:
    if row.state is MailState.UNDER_WAY:
        raise MailError(f"{row.box.value}:{row.id} is under way: try again in a moment")
    if row.box is Box.INBOX:
        until = connection.execute(
            sa.select(conversations.c.claim_until).where(conversations.c.id == row.conversation_id)
        ).scalar_one()
        if until is not None and until > now:
            raise MailError(
                f"a turn of conversation {row.conversation_id} is under way: try again in a moment"
            )


def _rename_apology(connection: Connection, row_id: int) -> None:
    """Make room for another apology, should it be buried again: keys are unique for ever."""
    key = f"turn:{row_id}:buried"
    said = connection.execute(
        sa.select(replies.c.id, replies.c.state).where(replies.c.key == key)
    ).one_or_none()
    if said is None:
        return
    if said.state in (OutboxState.QUEUED.value, OutboxState.SENDING.value):
        raise MailError(
            f"the buyer is being told that inbox:{row_id} failed (outbox:{said.id}): wait for that"
        )
    connection.execute(replies.update().where(replies.c.id == said.id).values(key=f"{key}:{said.id}"))


def _stored(connection: Connection, row_id: int) -> str:
    return str(connection.execute(sa.select(replies.c.state).where(replies.c.id == row_id)).scalar_one())
