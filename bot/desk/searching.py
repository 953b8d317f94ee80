"""Looking for cases, and the day's figures."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot.desk.case_records import case_of
from bot.desk.cases import Cases
from bot.desk.masking import mask_card
from bot.desk.tables import case_events, cases, people
from bot.desk.values.cases import Case, CaseState
from bot.desk.values.figures import Today
from bot.desk.values.history import EventKind
from bot.desk.values.views import OtherTalk
from bot.errors import DeskError
from bot.mailroom import conversations as talks
from bot.mailroom.tables import conversations
from bot.privacy import without_nul

#: The most other conversations of a customer that a case shows.
OTHERS = 20
#: Events of a clock that ran out.
_LATE = (EventKind.ASKED_AGAIN, EventKind.ESCALATED, EventKind.LAPSED, EventKind.OPERATOR_TOLD)


def find(known: Cases, text: str, limit: int) -> Sequence[Case]:
    """Cases by the order's number or a part of the buyer's name, open ones first, then the newest.

    Raises:
        DeskError: the text has less than two characters.
    """
    text = " ".join(without_nul(text).split())[:200]
    if len(text) < 2:
        raise DeskError("Give two characters at least of an order's number or of a name.")
    number = "".join(sign for sign in text.upper() if sign.isalnum())
    stored = sa.func.replace(sa.func.upper(cases.c.card["order_number"].as_string()), "-", "")
    found = sa.or_(
        stored == number,
        _holds(cases.c.card["name"].as_string(), text),
        _holds(conversations.c.sender_name, text),
    )
    rows = known.connection.execute(
        sa.select(cases)
        .join(conversations, conversations.c.id == cases.c.conversation_id)
        .where(found)
        .order_by(sa.case((cases.c.state == CaseState.CLOSED.value, 1), else_=0), cases.c.id.desc())
        .limit(limit)
    )
    return tuple(case_of(row) for row in rows)


def others(known: Cases, case: Case) -> Sequence[OtherTalk]:
    """Other conversations of the case's customer, newest first; of one whose identity was checked."""
    own = talks.get(known.connection, case.conversation_id).customer_id
    if own is None:
        return ()
    newest = (
        sa.select(sa.func.max(cases.c.id))
        .where(cases.c.conversation_id == conversations.c.id)
        .correlate(conversations)
        .scalar_subquery()
    )
    rows = known.connection.execute(
        sa.select(
            conversations.c.id.label("talk"),
            conversations.c.channel,
            conversations.c.last_at,
            people.c.name.label("owner"),
            *cases.c,
        )
        .outerjoin(cases, cases.c.id == newest)
        .outerjoin(people, people.c.id == cases.c.owner_id)
        .where(conversations.c.customer_id == own, conversations.c.id != case.conversation_id)
        .order_by(conversations.c.last_at.desc(), conversations.c.id.desc())
        .limit(OTHERS)
    ).all()
    return tuple(
        OtherTalk(
            conversation_id=row.talk,
            channel=row.channel,
            last_at=row.last_at,
            case_id=row.id,
            state=None if row.id is None else CaseState(row.state),
            queue=row.queue,
            owner=row.owner,
            wants="" if row.id is None else " ".join(mask_card(case_of(row).card).wants.split()),
        )
        for row in rows
    )


def today(known: Cases) -> Today:
    """The desk's figures since midnight in the store's zone."""
    zone = ZoneInfo(known.rules.store.timezone)
    midnight = dt.datetime.combine(known.clock.now().astimezone(zone).date(), dt.time(), zone)
    since = midnight.astimezone(dt.timezone.utc)

    def count(column: Any) -> int:
        query = sa.select(sa.func.count()).select_from(cases).where(column >= since)
        return int(known.connection.execute(query).scalar_one())

    waits = [
        (row.first_answer_at - row.opened_at).total_seconds()
        for row in known.connection.execute(
            sa.select(cases.c.first_answer_at, cases.c.opened_at).where(cases.c.first_answer_at >= since)
        )
    ]
    events = known.connection.execute(
        sa.select(case_events.c.kind, case_events.c.case_id, cases.c.satisfaction)
        .join(cases, cases.c.id == case_events.c.case_id)
        .where(
            case_events.c.at >= since,
            case_events.c.kind.in_([EventKind.RATED.value, *(kind.value for kind in _LATE)]),
        )
    ).all()
    rated = {
        row.case_id: row.satisfaction
        for row in events
        if row.kind == EventKind.RATED.value and row.satisfaction is not None
    }
    return Today(
        opened=count(cases.c.opened_at),
        closed=count(cases.c.closed_at),
        answered=len(waits),
        first_answer_seconds=statistics.median(waits) if waits else None,
        late=sum(1 for row in events if row.kind != EventKind.RATED.value),
        satisfaction=statistics.fmean(rated.values()) if rated else None,
        ratings=len(rated),
    )


def _holds(column: Any, text: str) -> Any:
    """Whether a text is part of another, as it is typed: its wildcards stand for themselves."""
    return sa.func.lower(column).contains(text.lower(), autoescape=True)
