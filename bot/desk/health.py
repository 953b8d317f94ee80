"""The watchdog: proves that every case has an owner or a running clock, and mends what has not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import UTCDateTime
from bot.desk.case_records import WATCHDOG, card_as_json
from bot.desk.clocks import SUPERVISOR
from bot.desk.tables import case_events, cases, people
from bot.desk.values.cases import CaseCard, CaseState, ClockKind, Priority, Reason
from bot.desk.values.history import EventKind
from bot.mailroom import conversations as talks
from bot.mailroom.conversations import Owner
from bot.mailroom.tables import conversations

#: A clock that ran out so long ago and was not moved: whatever turns the clocks does not run.
OVERDUE = dt.timedelta(minutes=5)


def is_in_order(connection: Connection, clock: Clock) -> bool:
    """Whether there is nothing to mend, as far as can be seen without a lock."""
    return not any(_faults(connection, clock)) and not _abandoned(connection)


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


@dataclass(frozen=True)
class _Fault:
    """What must not be: how the database finds it, what is said of it, and how it is mended."""

    is_so: Any
    words: str
    #: New values, beside which the conversation is given to the desk.
    repair: Callable[[Any, dt.datetime], dict[str, Any]]


def _queued(row: Any, now: dt.datetime) -> dict[str, Any]:
    return {
        "state": CaseState.OPEN.value,
        "owner_id": None,
        "fence": row.fence + 1,
        "clock": ClockKind.CLAIM.value,
        "due_at": now,
        "direct": False,
    }


def _clocked(kind: ClockKind) -> Callable[[Any, dt.datetime], dict[str, Any]]:
    return lambda _, now: {"clock": kind.value, "due_at": now}


def _is_in(state: CaseState) -> Any:
    return cases.c.state == state.value


def _without_clock(state: CaseState, kind: ClockKind) -> _Fault:
    is_so = sa.and_(cases.c.due_at.is_(None), _is_in(state))
    return _Fault(is_so, "its owner owed an answer without a clock", _clocked(kind))


#: The first that is so counts.
_FAULTS = (
    _Fault(
        sa.and_(cases.c.owner_id.is_not(None), people.c.active.is_(False)),
        "its owner no longer works here",
        _queued,
    ),
    _Fault(
        sa.and_(_is_in(CaseState.OPEN), cases.c.owner_id.is_not(None)),
        "it has an owner and lies in the queue",
        _queued,
    ),
    _Fault(
        sa.and_(
            cases.c.owner_id.is_(None),
            sa.or_(cases.c.due_at.is_(None), cases.c.state != CaseState.OPEN.value),
        ),
        "it had no owner and no running clock",
        _queued,
    ),
    _without_clock(CaseState.CLAIMED, ClockKind.FIRST_ANSWER),
    _without_clock(CaseState.WAITING_US, ClockKind.OPEN_QUESTION),
    _without_clock(CaseState.SNOOZED, ClockKind.SNOOZE),
    _Fault(
        sa.and_(_is_in(CaseState.WAITING_BUYER), cases.c.waiting_since.is_not(None)),
        "its buyer waited without a clock",
        lambda _, now: {
            "state": CaseState.WAITING_US.value,
            "clock": ClockKind.OPEN_QUESTION.value,
            "due_at": now,
        },
    ),
    _Fault(
        sa.and_(cases.c.direct, cases.c.owner_id.is_(None)),
        "what nobody writes would have been sent",
        lambda *_: {"direct": False},
    ),
    _Fault(conversations.c.owner == Owner.BOT.value, "its conversation belonged to the bot", lambda *_: {}),
)
_OVERDUE = cases.c.due_at < sa.bindparam("overdue", type_=UTCDateTime)
#: The database looks, and hands out only what is at fault: this is asked every minute, of every open case.
_SEARCH = (
    sa.select(
        *(cases.c[name] for name in ("id", "conversation_id", "fence", "due_at")),
        sa.case(*((one.is_so, number) for number, one in enumerate(_FAULTS))).label("fault"),
    )
    .outerjoin(people, people.c.id == cases.c.owner_id)
    .outerjoin(conversations, conversations.c.id == cases.c.conversation_id)
    .where(cases.c.state != CaseState.CLOSED.value, sa.or_(*(one.is_so for one in _FAULTS), _OVERDUE))
    .order_by(cases.c.id)
)
_SEARCH_ONE = _SEARCH.where(cases.c.id == sa.bindparam("case"))


def _faults(
    connection: Connection, clock: Clock, case_id: int | None = None
) -> Iterator[tuple[Any, str, dict[str, Any] | None]]:
    """Each faulty case, what is wrong, and how to mend it; ``None``: not the watchdog's to do."""
    now = clock.now()
    search, which = (_SEARCH, {}) if case_id is None else (_SEARCH_ONE, {"case": case_id})
    for row in connection.execute(search, {"overdue": now - OVERDUE, **which}).all():
        if row.fault is None:
            yield row, f"its clock ran out at {row.due_at:%Y-%m-%d %H:%M} UTC and nobody moved it", None
        else:
            fault = _FAULTS[row.fault]
            yield row, fault.words, fault.repair(row, now)


#: Written into the statement: SQLite finds the index of these alone by the word, not by a parameter.
_AGENT: Any = sa.bindparam("agent", Owner.AGENT.value, literal_execute=True)


def _abandoned(connection: Connection, conversation_id: int | None = None) -> Sequence[Any]:
    """Conversations that the bot leaves to people although people have no case of them."""
    own = sa.and_(cases.c.conversation_id == conversations.c.id, cases.c.state != CaseState.CLOSED.value)
    query = (
        sa.select(conversations.c.id, conversations.c.language)
        .where(conversations.c.owner == _AGENT, ~sa.exists().where(own))
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
