"""Handing over: which rows of the outbox are due, and in which one deliverer's hands each of them is.

A row is handed to its channel by one deliverer only, who counts as alive while it gives signs of life. What a
dead one held is taken over; the fence is the deliverer's name with the number of the try.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import UTCDateTime
from bot.mailroom.outbox import WITH_ADDRESS, OutboxState, message_of, outcome
from bot.mailroom.tables import conversations, outbox
from bot.messages import Outbound, Weight


@dataclass(frozen=True)
class OutboxRow:
    """A message that waits to be delivered, as it was before it was handed to its channel."""

    id: int
    conversation_id: int
    message: Outbound
    weight: Weight
    attempts: int
    #: After how many of them nobody knew whether the channel had sent it.
    doubts: int = 0
    #: Whether nothing waited behind it when it was found.
    is_last: bool = True


@dataclass(frozen=True)
class Hold:
    """A row in the hands of one deliverer; whoever holds it later has another name or number."""

    row: OutboxRow
    #: None where nothing was noted before the channel was asked: see ``Channel.idempotent``.
    deliverer: str | None


# Statements that run with every message are made once: making one costs more than running it.
_before = outbox.alias()
_of_talk = outbox.c.conversation_id == conversations.c.id
_queued = sa.and_(_of_talk, outbox.c.state == OutboxState.QUEUED.value)
_SENDING = sa.exists().where(sa.and_(_of_talk, outbox.c.state == OutboxState.SENDING.value))
_WITH_MAIL = (
    sa.select(
        conversations,
        sa.select(sa.func.min(outbox.c.id)).where(_queued).scalar_subquery().label("first"),
        sa.select(sa.func.max(outbox.c.id)).where(_queued).scalar_subquery().label("last"),
    )
    .where(conversations.c.mail_at <= sa.bindparam("now", type_=UTCDateTime), ~_SENDING)
    .order_by(conversations.c.mail_at, conversations.c.id)
    .limit(sa.bindparam("most"))
)
_ELSEWHERE = _WITH_MAIL.where(conversations.c.id.not_in(sa.bindparam("talks", expanding=True)))
_OF_ACCOUNT = _ELSEWHERE.where(
    conversations.c.channel == sa.bindparam("channel"), conversations.c.account == sa.bindparam("account")
)


def _due_of(talks: Any) -> Any:
    line = talks.subquery("line")
    return (
        sa.select(outbox, line.c.channel, line.c.account, line.c.sender, line.c.last)
        .join(line, line.c.id == outbox.c.conversation_id)
        # A turn's rows lie close together: of a long queue the beginning alone is read.
        .where(
            outbox.c.state == OutboxState.QUEUED.value,
            outbox.c.id >= line.c.first,
            outbox.c.id < line.c.first + sa.bindparam("most"),
        )
        .order_by(outbox.c.id)
        .limit(sa.bindparam("most"))
    )


_DUE, _DUE_ELSEWHERE, _DUE_OF_ACCOUNT = map(_due_of, (_WITH_MAIL, _ELSEWHERE, _OF_ACCOUNT))
# The condition names the index: without it SQLite would look through all conversations.
_NEXT = sa.select(sa.func.min(conversations.c.mail_at)).where(conversations.c.mail_at.isnot(None))
_CHANNEL_AND_ACCOUNT = (
    sa.select(conversations.c.channel, conversations.c.account)
    .where(conversations.c.mail_at.isnot(None))
    .order_by(conversations.c.channel, conversations.c.account)
    .limit(1)
)
# Two, because SQLite compares a pair by its first half when it uses an index.
_NEXT_ACCOUNT = _CHANNEL_AND_ACCOUNT.where(
    conversations.c.channel == sa.bindparam("channel"), conversations.c.account > sa.bindparam("account")
)
_NEXT_CHANNEL = _CHANNEL_AND_ACCOUNT.where(conversations.c.channel > sa.bindparam("channel"))
_ROW = sa.bindparam("row_id", type_=sa.Integer)
_NOW = sa.bindparam("now", type_=UTCDateTime)
# What was read a moment ago may have been tried by another meanwhile, and have to wait now.
_BEGIN = (
    outbox.update()
    .where(
        outbox.c.id == _ROW,
        outbox.c.state == OutboxState.QUEUED.value,
        outbox.c.attempts == sa.bindparam("before"),
        outbox.c.not_before <= _NOW,
        ~sa.exists().where(
            sa.and_(
                _before.c.conversation_id == outbox.c.conversation_id,
                _before.c.id < outbox.c.id,
                _before.c.state.in_((OutboxState.QUEUED.value, OutboxState.SENDING.value)),
            )
        ),
    )
    .values(
        state=OutboxState.SENDING.value,
        attempts=outbox.c.attempts + 1,
        deliverer=sa.bindparam("name"),
        sending_until=sa.bindparam("until", type_=UTCDateTime),
    )
)
_HELD = outbox.update().where(outbox.c.id == _ROW, outbox.c.attempts == sa.bindparam("after"))
_MINE = _HELD.where(outbox.c.deliverer == sa.bindparam("name"))
_CONCLUDE = _MINE.where(outbox.c.state == OutboxState.SENDING.value)
# That it was sent is true even if somebody has meanwhile given us up, as long as nobody else tries it.
_CONCLUDE_SENT = _HELD.where(
    outbox.c.state.in_((OutboxState.SENDING.value, OutboxState.QUEUED.value, OutboxState.UNKNOWN.value))
)
_CONCLUDE_UNNOTED = _HELD.where(outbox.c.state == OutboxState.QUEUED.value)
_PUT_BACK = _CONCLUDE.values(
    state=OutboxState.QUEUED.value, attempts=sa.bindparam("attempts"), deliverer=None, sending_until=None
)
_UNDER_WAY_OF = outbox.update().where(
    outbox.c.state == OutboxState.SENDING.value, outbox.c.deliverer == sa.bindparam("name")
)
_PROLONG = _UNDER_WAY_OF.values(sending_until=sa.bindparam("until", type_=UTCDateTime))
#: How many leases are too many to be true.
_TOO_FAR = 2
_OF_OTHERS = sa.select(
    outbox.c.id, outbox.c.conversation_id, outbox.c.attempts, outbox.c.deliverer, outbox.c.sending_until
).where(
    outbox.c.state == OutboxState.SENDING.value,
    sa.or_(outbox.c.deliverer.is_(None), outbox.c.deliverer != sa.bindparam("name")),
)
_INHERIT = _HELD.where(
    outbox.c.state == OutboxState.SENDING.value,
    outbox.c.deliverer.is_not_distinct_from(sa.bindparam("giver", type_=outbox.c.deliverer.type)),
    # A sign of life changes it.
    outbox.c.sending_until.is_not_distinct_from(sa.bindparam("seen", type_=UTCDateTime)),
).values(deliverer=sa.bindparam("name"), sending_until=sa.bindparam("until", type_=UTCDateTime))
_BY_ID = WITH_ADDRESS.where(outbox.c.id == _ROW)


def due(
    connection: Connection,
    *,
    now: dt.datetime,
    limit: int = 100,
    without: Collection[int] = (),
    without_accounts: Collection[tuple[str, str]] = (),
) -> list[OutboxRow]:
    """What may be sent now, oldest first: each conversation's rows up to one that is being sent or waits.

    Args:
        connection: the caller's unit of work.
        now: the moment.
        limit: the most rows.
        without: conversations that are left out.
        without_accounts: channels and accounts that are left out.
    """
    asked: dict[str, Any] = {"now": now, "most": limit, "talks": list(without)}
    if not without_accounts:
        rows = connection.execute(_DUE_ELSEWHERE if without else _DUE, asked).all()
    else:
        # However much waits for accounts that may not send, it is not looked at.
        rows = []
        for account in _accounts(connection):
            if account not in without_accounts:
                named = dict(zip(("channel", "account"), account, strict=True))
                rows += connection.execute(_DUE_OF_ACCOUNT, {**asked, **named}).all()
        rows = sorted(rows, key=lambda row: row.id)[:limit]
    # Those behind one that waits wait, too.
    held_back: set[int] = set()
    found = []
    for row in rows:
        if row.not_before > now:
            held_back.add(row.conversation_id)
        if row.conversation_id not in held_back:
            found.append(dataclasses.replace(_row(row), is_last=row.id == row.last))
    return found


def next_due(connection: Connection) -> dt.datetime | None:
    """No later than this something may be sent, as far as it waits by now; None if nothing waits."""
    earliest: dt.datetime | None = connection.execute(_NEXT).scalar_one()
    return earliest


def _accounts(connection: Connection) -> Iterator[tuple[str, str]]:
    """All that have mail, by their names."""
    found = connection.execute(_NEXT_CHANNEL, {"channel": ""}).one_or_none()
    while found is not None:
        yield (found.channel, found.account)
        after = {"channel": found.channel, "account": found.account}
        found = (
            connection.execute(_NEXT_ACCOUNT, after).one_or_none()
            or connection.execute(_NEXT_CHANNEL, {"channel": found.channel}).one_or_none()
        )


def _row(row: Any) -> OutboxRow:
    return OutboxRow(
        id=row.id,
        conversation_id=row.conversation_id,
        message=message_of(row),
        weight=Weight(row.weight),
        attempts=row.attempts,
        doubts=row.doubts,
    )


def begin_sending(
    connection: Connection, row: OutboxRow, deliverer: str, *, now: dt.datetime, until: dt.datetime
) -> bool:
    """Note that the channel is about to be asked; False if somebody else has taken the row, or it must wait.

    Args:
        connection: the caller's unit of work; ask the channel only after it is committed.
        row: as ``due`` found it.
        deliverer: who asks; no other one ever has this name.
        now: the moment, by the clock that rows wait by.
        until: how long the deliverer counts as alive, by ``shared_now``, without another sign of life:
            ``prolong``.
    """
    held = {"row_id": row.id, "before": row.attempts, "name": deliverer, "now": now, "until": until}
    return bool(connection.execute(_BEGIN, held).rowcount == 1)


def put_back(connection: Connection, held: Hold) -> None:
    """Take back a ``begin_sending`` after which the channel was not asked; does nothing if none was noted."""
    fence = {"row_id": held.row.id, "after": held.row.attempts + 1, "name": held.deliverer}
    connection.execute(_PUT_BACK, {**fence, "attempts": held.row.attempts})


def prolong(connection: Connection, deliverer: str, *, until: dt.datetime | None) -> None:
    """Give a sign of life, by ``shared_now``; None: whatever it holds is anybody's now."""
    connection.execute(_PROLONG, {"name": deliverer, "until": until})


@dataclass(frozen=True)
class Grip:
    """A row in the hands of another deliverer, as it was seen."""

    row_id: int
    conversation_id: int
    #: The number of the try that is under way.
    attempt: int
    deliverer: str | None
    #: How long that one counts as alive, by ``shared_now``; None: it has let go.
    until: dt.datetime | None

    def is_dead(self, now: dt.datetime, lease: dt.timedelta) -> bool:
        """Whether the deliverer gives no more signs of life; ``now`` by ``shared_now``."""
        # What seems to last for long was noted before that clock was set back, or the machine started anew.
        return self.until is None or not now < self.until <= now + _TOO_FAR * lease


def held_by_others(connection: Connection, deliverer: str) -> list[Grip]:
    """What other deliverers than this one are sending."""
    rows = connection.execute(_OF_OTHERS, {"name": deliverer}).all()
    return [Grip(row.id, row.conversation_id, row.attempts, row.deliverer, row.sending_until) for row in rows]


def take_over(
    connection: Connection, deliverer: str, grips: Iterable[Grip], *, until: dt.datetime
) -> list[OutboxRow]:
    """Take from dead deliverers what they were sending: find out what became of each.

    Whoever has given a sign of life since is left alone. From here on the dead can write nothing about these
    rows, should they wake up, but that they were sent.

    Args:
        connection: the caller's unit of work.
        deliverer: who takes over.
        grips: what is to be taken, as it was seen.
        until: how long this one counts as alive then.
    """
    rows = []
    for grip in grips:
        seen = {"row_id": grip.row_id, "after": grip.attempt, "giver": grip.deliverer, "seen": grip.until}
        if connection.execute(_INHERIT, {**seen, "name": deliverer, "until": until}).rowcount == 1:
            found = connection.execute(_BY_ID, {"row_id": grip.row_id}).one()
            rows.append(dataclasses.replace(_row(found), attempts=grip.attempt - 1))
    return rows


def conclude(
    connection: Connection,
    held: Hold,
    state: OutboxState,
    *,
    now: dt.datetime,
    error: str | None = None,
    not_before: dt.datetime | None = None,
    channel_message_id: str | None = None,
    doubts: int | None = None,
) -> bool:
    """Write down what became of a row that a deliverer held; ``QUEUED`` with ``not_before`` tries it again.

    False, and nothing is written, if the row is no longer in this deliverer's hands: whatever follows from
    the outcome is then not for it to do. Only that it was sent is written as long as nobody tries it anew.
    """
    fence: dict[str, Any] = {"row_id": held.row.id, "after": held.row.attempts + 1}
    if held.deliverer is None:
        fence["after"] = held.row.attempts
        statement = _CONCLUDE_UNNOTED
    elif state is OutboxState.SENT:
        statement = _CONCLUDE_SENT
    else:
        fence["name"] = held.deliverer
        statement = _CONCLUDE
    values = outcome(state, now, error, not_before, channel_message_id)
    values["attempts"] = held.row.attempts + 1
    values["doubts"] = held.row.doubts if doubts is None else doubts
    return bool(connection.execute(statement, {**fence, **values}).rowcount == 1)
