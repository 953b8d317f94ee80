"""What buyers asked week by week, and how much of it was understood: counted once, turn by turn."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database, lock_now
from bot.dialogue.tables import turns
from bot.mailroom.tables import inbox
from bot.settings import Settings
from bot.training.finding import FALLBACK
from bot.training.places import SETTLING, move, place_of
from bot.training.tables import turn_weeks

#: Turns counted in one unit of work.
BATCH = 500
_NAME = "weeks"


@dataclass(frozen=True)
class Week:
    """How much of what buyers said of their own was understood; buttons and answers to forms do not count."""

    #: Its Monday, in the store's time zone.
    begins: dt.date
    messages: int
    #: Of these, what was not understood, and what was understood and went to a person all the same.
    missed: int
    handed: int

    @property
    def coverage(self) -> float:
        """The share that the bot understood and answered itself; 0 to 1."""
        return (self.messages - self.missed - self.handed) / self.messages if self.messages else 0.0


def count(database: Database, settings: Settings, clock: Clock, batch: int = BATCH) -> int:
    """Count the next turns that nobody has counted; returns how many they were.

    Every turn is counted once, whoever does it: several processes may try.

    Raises:
        TryLaterError: the database is away; nothing is lost.
    """
    with database.look() as connection:
        newest = connection.execute(sa.select(sa.func.max(turns.c.id))).scalar_one() or 0
        if newest <= place_of(connection, _NAME)[0]:
            return 0
    now = clock.now()
    until = now if database.is_sqlite else now - SETTLING
    with database.begin() as connection:
        lock_now(connection, _NAME)
        place, _ = place_of(connection, _NAME)
        new = connection.execute(
            sa.select(turns.c.id, turns.c.at, turns.c.language, turns.c.intent, turns.c.reading, inbox.c.note)
            .join(inbox, inbox.c.id == turns.c.inbox_id)
            .where(turns.c.id > place, turns.c.at <= until)
            .order_by(turns.c.id)
            .limit(batch)
        ).all()
        if not new:
            return 0
        zone = ZoneInfo(settings.rules.store.timezone)
        messages: Counter[tuple[dt.date, str, str]] = Counter()
        handed: Counter[tuple[dt.date, str, str]] = Counter()
        for turn in new:
            if not turn.reading or turn.reading.get("form"):
                continue
            key = (monday(turn.at.astimezone(zone).date()), turn.language, turn.intent or FALLBACK)
            messages[key] += 1
            # As whoever took the turn noted it down.
            handed[key] += (turn.note or "").startswith("case ")
        for key, number in messages.items():
            _add(connection, key, number, handed[key])
        move(connection, _NAME, new[-1].id, now)
        return len(new)


def monday(day: dt.date) -> dt.date:
    """The first day of a day's week."""
    return day - dt.timedelta(days=day.weekday())


def coverage(connection: Connection, since: dt.date, language: str | None = None) -> list[Week]:
    """The weeks from one on in which anybody wrote, in order."""
    return _weeks(_counted(connection, since, language))


def asked(
    connection: Connection, since: dt.date, most: int, language: str | None = None
) -> tuple[list[Week], list[tuple[str, tuple[int, ...]]]]:
    """The same weeks, and how often the most frequent intents were asked for in each, in order.

    What was not understood is among them where it is frequent enough.
    """
    counted = _counted(connection, since, language)
    weeks = _weeks(counted)
    place = {week.begins: number for number, week in enumerate(weeks)}
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(weeks))
    for row in counted:
        found[row.intent][place[row.week]] = int(row.messages)
    ordered = sorted(found.items(), key=lambda pair: (-sum(pair[1]), pair[0]))
    return weeks, [(intent, tuple(numbers)) for intent, numbers in ordered[:most]]


def _counted(connection: Connection, since: dt.date, language: str | None) -> Sequence[Any]:
    """By week and intent, in all languages or in one."""
    own = turn_weeks.c
    query = (
        sa.select(
            own.week,
            own.intent,
            sa.func.sum(own.messages).label("messages"),
            sa.func.sum(own.handed).label("handed"),
        )
        .where(own.week >= since)
        .group_by(own.week, own.intent)
        .order_by(own.week)
    )
    if language is not None:
        query = query.where(own.language == language)
    return connection.execute(query).all()


def _weeks(counted: Sequence[Any]) -> list[Week]:
    found: defaultdict[dt.date, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in counted:
        week, missed = found[row.week], row.intent == FALLBACK
        week[0] += int(row.messages)
        week[1] += int(row.messages) if missed else 0
        # What was not understood and went to a person is not understood.
        week[2] += 0 if missed else int(row.handed)
    return [Week(begins, *counts) for begins, counts in found.items()]


def _add(connection: Connection, key: tuple[dt.date, str, str], messages: int, handed: int) -> None:
    week, language, intent = key
    own = turn_weeks.c
    changed = connection.execute(
        turn_weeks.update()
        .where(own.week == week, own.language == language, own.intent == intent)
        .values(messages=own.messages + messages, handed=own.handed + handed)
    )
    if changed.rowcount == 0:
        connection.execute(
            turn_weeks.insert().values(
                week=week, language=language, intent=intent, messages=messages, handed=handed
            )
        )
