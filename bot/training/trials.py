"""Trying the model from a process that has none: a worker is asked through the database, and answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from bot.clock import Clock
from bot.database import Database
from bot.errors import ReviewError
from bot.training.tables import model_trials
from bot.wake import Topic, notify

#: Characters of a message that is tried: more than any encoder reads.
LONGEST = 2_000
#: Trials that wait at once.
MOST = 20
#: After this nobody waits for the answer any more.
LATE = dt.timedelta(seconds=60)


class Trials:
    """Asks workers what the model makes of a message.

    Args:
        database: where workers look.
        clock: the time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def ask(self, text: str, actor: str) -> int:
        """Ask what the model makes of a text; returns the trial's number.

        A worker that has no turn to take begins within a second; buyers come first.

        Raises:
            ReviewError: there is nothing to read, too much of it, or too many ask.
        """
        if not text.strip():
            raise ReviewError("type a message to try")
        if len(text) > LONGEST:
            raise ReviewError(f"a message that is tried may have {LONGEST:,} characters: this one is longer")
        now, own = self._clock.now(), model_trials.c
        with self._database.begin() as connection:
            connection.execute(model_trials.delete().where(own.at < now - LATE))
            waiting = sa.select(sa.func.count()).select_from(model_trials).where(own.taken_at.is_(None))
            if connection.execute(waiting).scalar_one() >= MOST:
                raise ReviewError("many are trying the model just now: try again in a minute")
            asked = connection.execute(
                model_trials.insert().values(at=now, actor=actor, text=text.replace("\0", " "))
            )
            notify(connection, Topic.INBOX)
            (number,) = asked.inserted_primary_key
        return int(number)

    def answer(self, number: int) -> Mapping[str, Any] | None:
        """What a worker answered, taken away with it; None: not yet."""
        with self._database.begin() as connection:
            found = connection.execute(
                sa.select(model_trials.c.answer).where(model_trials.c.id == number)
            ).scalar_one_or_none()
        if found is None:
            return None
        self.forget(number)
        return dict(found)

    def forget(self, number: int) -> None:
        """Wait no longer for an answer. Idempotent."""
        with self._database.begin() as connection:
            connection.execute(model_trials.delete().where(model_trials.c.id == number))
