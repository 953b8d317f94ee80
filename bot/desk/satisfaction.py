"""What a buyer thinks of the help they had from a person: asked once, kept with the case."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.desk.case_records import BUYER, case_of
from bot.desk.closing import satisfaction_timer
from bot.desk.tables import case_events, cases, people
from bot.desk.values.cases import Case, CaseState
from bot.desk.values.history import EventKind
from bot.mailroom import conversations, timers
from bot.mailroom.timers import TimerState
from bot.privacy import mask_cards, without_nul

#: So long after it was asked, stars are about the help; later they may be about anything.
LASTS = dt.timedelta(days=3)
#: The longest comment that is kept.
LONGEST_COMMENT = 2_000


@dataclass(frozen=True)
class Asked:
    """A closed case whose buyer is asked what they think."""

    case: Case
    #: The name of who helped.
    agent: str


def to_ask(connection: Connection, case_id: int) -> Asked | None:
    """Whom to ask about; ``None`` if the case goes on, was rated, or nobody had it."""
    row = connection.execute(
        sa.select(cases, people.c.name.label("agent"))
        .join(people, people.c.id == cases.c.owner_id)
        .where(
            cases.c.id == case_id,
            cases.c.state == CaseState.CLOSED.value,
            cases.c.satisfaction.is_(None),
        )
    ).one_or_none()
    return None if row is None else Asked(case_of(row), row.agent)


def rate(connection: Connection, clock: Clock, conversation_id: int, stars: int) -> Asked | None:
    """Keep a rating with the case that was asked about last; ``None`` if none waits for one.

    Args:
        connection: the caller's unit of work.
        clock: the time.
        conversation_id: where the stars were given.
        stars: 1 to 5.
    """
    conversations.hold(connection, conversation_id)
    newest: int | None = connection.execute(
        sa.select(sa.func.max(cases.c.id)).where(cases.c.conversation_id == conversation_id)
    ).scalar_one()
    asked = None if newest is None else to_ask(connection, newest)
    timer = None if asked is None else timers.find(connection, satisfaction_timer(asked.case.id))
    if asked is None or timer is None or timer.state is not TimerState.FIRED:
        return None
    if clock.now() - timer.due_at > LASTS:
        return None
    connection.execute(cases.update().where(cases.c.id == asked.case.id).values(satisfaction=stars))
    _record(connection, clock, asked.case.id, EventKind.RATED, f"{stars} of 5")
    return asked


def comment(connection: Connection, clock: Clock, case_id: int, text: str) -> None:
    """Keep what a buyer wrote to their rating."""
    text = mask_cards(without_nul(text)).strip()[:LONGEST_COMMENT]
    if text:
        connection.execute(cases.update().where(cases.c.id == case_id).values(comment=text))
        _record(connection, clock, case_id, EventKind.COMMENTED, "")


def _record(connection: Connection, clock: Clock, case_id: int, kind: EventKind, text: str) -> None:
    connection.execute(
        case_events.insert().values(case_id=case_id, at=clock.now(), actor=BUYER, kind=kind.value, text=text)
    )
