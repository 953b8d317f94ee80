"""The watchdog: proves that every case has an owner or a running clock, and mends what has not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.desk.clocks import SUPERVISOR
from bot.desk.records import WATCHDOG, card_as_json
from bot.desk.tables import case_events, cases, people
from bot.desk.values import CaseCard, CaseState, ClockKind, EventKind, Priority, Reason
from bot.mailroom import conversations as talks
from bot.mailroom.conversations import Owner
from bot.mailroom.tables import conversations

#: A clock that ran out so long ago and was not moved: whatever turns the clocks does not run.
OVERDUE = dt.timedelta(minutes=5)

_OWNED = {
    CaseState.CLAIMED.value: ClockKind.FIRST_ANSWER,
    CaseState.WAITING_US.value: ClockKind.OPEN_QUESTION,
    CaseState.SNOOZED.value: ClockKind.SNOOZE,
}


def health(connection: Connection, clock: Clock) -> list[str]:
    """Look at every open case, mend what would leave a buyer without an answer, and say what was found.

    Idempotent. A mended clock has run out already, so that the ordinary way up begins at once.

    Returns:
        A line for each fault, without any buyer's data; empty if all is well.
    """
    found = []
    for seen, *_ in list(_faults(connection, clock)):
        # Seen without a lock two rows may not belong together: look again before mending.
        talks.hold(connection, seen.conversation_id)
        for row, fault, repair in list(_faults(connection, clock, seen.id)):
            if repair is not None:
                if repair:
                    connection.execute(cases.update().where(cases.c.id == row.id).values(**repair))
                talks.set_owner(connection, row.conversation_id, Owner.AGENT)
                _record(connection, clock, row.id, EventKind.REPAIRED, fault)
            found.append(f"case {row.id}: {fault}")
    for seen in _abandoned(connection):
        talks.hold(connection, seen.id)
        for row in _abandoned(connection, seen.id):
            case_id = _open_for(connection, clock, row)
            found.append(f"conversation {row.id}: nobody was answering; case {case_id} opened")
    return found


def _faults(
    connection: Connection, clock: Clock, case_id: int | None = None
) -> Iterator[tuple[Any, str, dict[str, Any] | None]]:
    now = clock.now()
    query = (
        sa.select(cases, people.c.active, conversations.c.owner.label("talk_owner"))
        .outerjoin(people, people.c.id == cases.c.owner_id)
        .outerjoin(conversations, conversations.c.id == cases.c.conversation_id)
        .where(cases.c.state != CaseState.CLOSED.value)
        .order_by(cases.c.id)
    )
    for row in connection.execute(query if case_id is None else query.where(cases.c.id == case_id)):
        queued = {
            "state": CaseState.OPEN.value,
            "owner_id": None,
            "fence": row.fence + 1,
            "clock": ClockKind.CLAIM.value,
            "due_at": now,
            "direct": False,
        }
        if row.owner_id is not None and not row.active:
            yield row, "its owner no longer works here", queued
        elif row.state == CaseState.OPEN.value and row.owner_id is not None:
            yield row, "it has an owner and lies in the queue", queued
        elif row.owner_id is None and (row.due_at is None or row.state != CaseState.OPEN.value):
            yield row, "it had no owner and no running clock", queued
        elif row.due_at is None and row.state in _OWNED:
            yield (
                row,
                "its owner owed an answer without a clock",
                {"clock": _OWNED[row.state].value, "due_at": now},
            )
        elif row.state == CaseState.WAITING_BUYER.value and row.waiting_since is not None:
            owed = {
                "state": CaseState.WAITING_US.value,
                "clock": ClockKind.OPEN_QUESTION.value,
                "due_at": now,
            }
            yield row, "its buyer waited without a clock", owed
        elif row.direct and row.owner_id is None:
            yield row, "what nobody writes would have been sent", {"direct": False}
        elif row.talk_owner == Owner.BOT.value:
            yield row, "its conversation belonged to the bot", {}
        elif row.due_at is not None and now - row.due_at > OVERDUE:
            yield row, f"its clock ran out at {row.due_at:%Y-%m-%d %H:%M} UTC and nobody moved it", None


def _abandoned(connection: Connection, conversation_id: int | None = None) -> Sequence[Any]:
    """Conversations that the bot leaves to people although people have no case of them."""
    own = sa.and_(cases.c.conversation_id == conversations.c.id, cases.c.state != CaseState.CLOSED.value)
    query = (
        sa.select(conversations.c.id, conversations.c.language)
        .where(conversations.c.owner == Owner.AGENT.value, ~sa.exists().where(own))
        .order_by(conversations.c.id)
    )
    if conversation_id is not None:
        query = query.where(conversations.c.id == conversation_id)
    return connection.execute(query).all()


def _open_for(connection: Connection, clock: Clock, row: Any) -> int:
    now = clock.now()
    card = CaseCard(wants="Read the conversation: nobody was answering it.", language=row.language)
    inserted = connection.execute(
        cases.insert().values(
            conversation_id=row.id,
            queue=SUPERVISOR,
            reason=Reason.ORPHANED.value,
            intent="service_human",
            topic="service",
            priority=int(Priority.HIGH),
            language=row.language,
            state=CaseState.OPEN.value,
            fence=1,
            opened_at=now,
            waiting_since=now,
            clock=ClockKind.CLAIM.value,
            due_at=now,
            level=0,
            summary="",
            card=card_as_json(card),
        )
    )
    case_id: int = inserted.inserted_primary_key[0]
    _record(connection, clock, case_id, EventKind.OPENED, "nobody was answering")
    return case_id


def _record(connection: Connection, clock: Clock, case_id: int, kind: EventKind, text: str) -> None:
    connection.execute(
        case_events.insert().values(
            case_id=case_id, at=clock.now(), actor=WATCHDOG, kind=kind.value, text=text
        )
    )
