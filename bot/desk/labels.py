"""What messages really meant, as agents say on closing: the rows that those who train the model read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.desk.tables import cases, intent_labels, people
from bot.desk.values.cases import Case
from bot.desk.values.people import Person
from bot.errors import DeskError
from bot.mailroom.inbox import MESSAGE
from bot.mailroom.tables import inbox

_INTENT = re.compile(r"[a-z][a-z0-9_]{1,119}")


@dataclass(frozen=True)
class IntentLabel:
    """What a message really meant, as an agent said on closing its case; for those who train the model."""

    id: int
    case_id: int
    conversation_id: int
    #: The buyer's message after which the bot handed over; ``None`` if there was none, or it went by age.
    inbox_id: int | None
    #: Its words; unmasked.
    text: str
    #: ISO 639-1.
    language: str
    #: What the bot had understood.
    predicted: str
    intent: str
    #: The login of who said so.
    by: str
    at: dt.datetime


def proper(intent: str | None) -> str | None:
    """An intent as it may be stored; nothing chosen is ``None``.

    Raises:
        DeskError: it is no intent's name.
    """
    intent = (intent or "").strip()
    if intent and not _INTENT.fullmatch(intent):
        raise DeskError(f"'{intent[:80]}' is no intent.")
    return intent or None


def put(connection: Connection, case: Case, intent: str, person: Person, now: dt.datetime) -> None:
    """Write down what a case was really about; a case that is closed again has its newest label only."""
    # Words are learnt from, a pressed button is not.
    typed = sa.and_(inbox.c.kind == MESSAGE, inbox.c.button.is_(None), inbox.c.text != "")
    message = connection.execute(
        sa.select(sa.func.max(inbox.c.id)).where(
            inbox.c.conversation_id == case.conversation_id, typed, inbox.c.received_at <= case.opened_at
        )
    ).scalar_one()
    connection.execute(intent_labels.delete().where(intent_labels.c.case_id == case.id))
    connection.execute(
        intent_labels.insert().values(
            case_id=case.id,
            inbox_id=message,
            predicted=case.intent,
            intent=intent,
            person_id=person.id,
            at=now,
        )
    )


def labels(connection: Connection, *, after: int = 0, limit: int = 500) -> Sequence[IntentLabel]:
    """The labels with an id above ``after``, in order; their texts are unmasked."""
    rows = connection.execute(
        sa.select(intent_labels, cases.c.conversation_id, cases.c.language, people.c.login, inbox.c.text)
        .join(cases, cases.c.id == intent_labels.c.case_id)
        .join(people, people.c.id == intent_labels.c.person_id)
        .outerjoin(inbox, inbox.c.id == intent_labels.c.inbox_id)
        .where(intent_labels.c.id > after)
        .order_by(intent_labels.c.id)
        .limit(limit)
    )
    return tuple(
        IntentLabel(
            id=row.id,
            case_id=row.case_id,
            conversation_id=row.conversation_id,
            inbox_id=row.inbox_id if row.text is not None else None,
            text=row.text or "",
            language=row.language,
            predicted=row.predicted,
            intent=row.intent,
            by=row.login,
            at=row.at,
        )
        for row in rows
    )
