"""What was done with words: edited, released, taken back, by whom and what for."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.wording.tables import word_acts


class Act(str, enum.Enum):
    """What was done."""

    EDIT = "edit"
    DROP = "drop"
    RELEASE = "release"
    ROLL_BACK = "roll back"


@dataclass(frozen=True)
class Entry:
    """One line of the log."""

    at: dt.datetime
    actor: str
    act: Act
    version: str = ""
    before: str | None = None
    note: str = ""
    #: As ``key language``.
    changed: Sequence[str] = ()


def note(connection: Connection, entry: Entry) -> None:
    """Add a line."""
    connection.execute(
        word_acts.insert().values(
            at=entry.at,
            actor=entry.actor,
            act=entry.act.value,
            version=entry.version,
            before=entry.before,
            note=entry.note,
            changed=list(entry.changed),
        )
    )


def latest(connection: Connection, limit: int = 50) -> list[Entry]:
    """The latest lines, the newest first."""
    rows = connection.execute(sa.select(word_acts).order_by(word_acts.c.id.desc()).limit(limit))
    return [
        Entry(row.at, row.actor, Act(row.act), row.version, row.before, row.note, tuple(row.changed))
        for row in rows
    ]
