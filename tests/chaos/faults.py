"""Ways to break the mailroom on purpose, of which the verdict must see each."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from bot.channels import Receipt
from bot.database import Database, UTCDateTime
from bot.dialogue.recovery import Recovery
from bot.errors import TryLaterError
from bot.mailroom import handover, heartbeat, inbox, line, outbox
from bot.mailroom.acceptance import Acceptance
from bot.mailroom.outbox import OutboxState
from bot.mailroom.outcomes import Outcomes
from bot.mailroom.tables import conversations
from bot.messages import Weight
from tests.chaos import parts

FAULTS: dict[str, Callable[[], None]] = {}


def _fault(breaks: Callable[[], None]) -> Callable[[], None]:
    FAULTS[breaks.__name__] = breaks
    return breaks


@_fault
def acknowledged_before_commit() -> None:
    accept = Acceptance.accept

    async def at_once(self: Acceptance, message: Any) -> Receipt:
        async def later() -> None:
            await asyncio.sleep(0.5)
            await accept(self, message)

        later_on.add(asyncio.create_task(later()))
        return Receipt(0, fresh=True, with_agent=False)

    later_on: set[Any] = set()
    Acceptance.accept = at_once  # type: ignore[method-assign]


@_fault
def acknowledged_though_the_disk_was_full() -> None:
    accept = Acceptance.accept

    async def anyhow(self: Acceptance, message: Any) -> Receipt:
        try:
            return await accept(self, message)
        except TryLaterError:
            return Receipt(0, fresh=True, with_agent=False)

    Acceptance.accept = anyhow  # type: ignore[method-assign]


@_fault
def known_messages_accepted_again() -> None:
    accept = inbox.accept

    def anew(connection: Any, message: Any, **more: Any) -> Receipt:
        return accept(connection, dataclasses.replace(message, message_id=uuid4().hex), **more)

    inbox.accept = anew


@_fault
def left_out_of_the_line() -> None:
    """Whoever was served does not queue again, though more of theirs waits."""
    inbox._SERVED = inbox._IF_HELD.values(**line.FREED, turn_at=None, turn_order=None)


@_fault
def newest_first() -> None:
    inbox._OLDEST = inbox._OLDEST.order_by(None).order_by(inbox.inbox.c.id.desc())


def _claim_what_others_hold() -> None:
    free = sa.and_(
        conversations.c.turn_order.isnot(None),
        sa.or_(conversations.c.turn_at.is_(None), conversations.c.turn_at <= sa.bindparam("now")),
    )
    inbox._FIRST_IN_LINE = (
        sa.select(conversations.c.id, conversations.c.claim_worker)
        .where(free)
        .order_by(conversations.c.turn_order, conversations.c.id)
        .limit(1)
    )
    inbox._TAKE = (
        conversations.update()
        .where(conversations.c.id == sa.bindparam("conversation"), free)
        .values(
            claim_number=conversations.c.claim_number + 1,
            claim_worker=sa.bindparam("worker"),
            claim_until=sa.bindparam("until"),
        )
    )


@_fault
def claims_never_end() -> None:
    beat = heartbeat.Heartbeat.__init__

    def begin(self: Any, *given: Any, **named: Any) -> None:
        beat(self, *given, **{**named, "lease": dt.timedelta(days=3650)})

    heartbeat.Heartbeat.__init__ = begin  # type: ignore[method-assign]
    Recovery.take_back = lambda *_: 0  # type: ignore[method-assign]


@_fault
def late_workers_write() -> None:
    """No fence at the end of a turn, nor what else would notice: keys of rows, the turn's one record."""

    def unfenced(connection: Any, held: Any, statement: Any, **values: Any) -> None:
        row = connection.execute(
            sa.select(conversations).where(conversations.c.id == held.conversation.id)
        ).one()
        fence = {"conversation": row.id, "number": row.claim_number, "worker": row.claim_worker}
        connection.execute(statement, {**fence, **values})

    # It loads Rasa, which whoever only asks for the names must not wait for.
    from bot.dialogue.turns import TurnTaker

    inbox._change = unfenced
    _make_up_keys()
    TurnTaker._record = lambda *_: None  # type: ignore[assignment, method-assign]


def _make_up_keys() -> None:
    post = outbox.post
    outbox.post = lambda *given, **named: post(*given, **{**named, "key": None})


@_fault
def two_turns_at_once() -> None:
    """A claim keeps nobody out, and nobody looks whether it still holds."""
    _claim_what_others_hold()
    late_workers_write()
    # A claim that another takes over is no failed try.
    inbox._COUNT_TRY = inbox._UPDATE.values(attempts=inbox.inbox.c.attempts)


@_fault
def tried_again_at_once() -> None:
    retry = inbox.retry

    def now(connection: Any, held: Any, note: str, *, not_before: Any) -> None:
        del not_before
        retry(connection, held, note, not_before=held.row.received_at)

    inbox.retry = now


@_fault
def failed_turns_are_dropped() -> None:
    def drop(connection: Any, held: Any, note: str, *, not_before: Any) -> None:
        inbox.finish(connection, held, note, now=not_before)

    inbox.retry = drop


@_fault
def failed_turns_are_half_kept() -> None:
    @contextmanager
    def kept(self: Database) -> Iterator[Any]:
        with begin(self) as connection:
            failure: Exception | None = None
            try:
                yield connection
            except RuntimeError as error:
                failure = error
        if failure is not None:
            raise failure

    begin = Database.begin
    Database.begin = kept  # type: ignore[assignment, method-assign]


@_fault
def settled_before_sent() -> None:
    """A row counts as sent before its channel has it."""
    send = parts.Slip.send

    async def later(self: Any, message: Any) -> None:
        async def really() -> None:
            await asyncio.sleep(0.3)
            with contextlib.suppress(Exception):
                await send(self, message)

        under_way.add(asyncio.create_task(really()))

    under_way: set[Any] = set()
    parts.Slip.send = later  # type: ignore[assignment, method-assign]


@_fault
def sent_in_another_order() -> None:
    due = handover.due
    handover.due = lambda *given, **named: due(*given, **named)[::-1]
    handover._BEGIN = _begin(handover.outbox.c.state == OutboxState.QUEUED.value)


@_fault
def sent_by_two_deliverers() -> None:
    """Whoever found a row sends it, also if another does."""
    handover._BEGIN = _begin(sa.true())


def _begin(condition: Any) -> Any:
    table = handover.outbox
    return (
        table.update()
        .where(table.c.id == sa.bindparam("row_id"), condition)
        .values(
            state=OutboxState.SENDING.value,
            attempts=sa.bindparam("before") + 1,
            deliverer=sa.bindparam("name"),
            sending_until=sa.bindparam("until", type_=UTCDateTime),
        )
    )


@_fault
def interrupted_rows_are_forgotten() -> None:
    handover.take_over = lambda *_, **__: []


@_fault
def rows_are_taken_over_from_the_living() -> None:
    handover.Grip.is_dead = lambda *_: True  # type: ignore[method-assign]


@_fault
def unknown_is_always_repeated() -> None:
    def again(self: Any, held: Any, connection: Any) -> None:
        handover.conclude(connection, held, OutboxState.QUEUED, now=self._clock.now(), doubts=0)

    Outcomes._doubtful = again  # type: ignore[method-assign]


@_fault
def confirmations_count_as_talk() -> None:
    post = outbox.post
    outbox.post = lambda *given, **named: post(*given, **{**named, "weight": Weight.TALK})
