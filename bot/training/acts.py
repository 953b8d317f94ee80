"""What was done with models: trained, released, taken back, by whom and why; nothing in it is changed."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.training.tables import model_acts


class Act(str, enum.Enum):
    """What was done."""

    TRAIN = "train"
    STOP = "stop"
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
    reason: str = ""
    gates: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def note(connection: Connection, entry: Entry) -> None:
    """Add a line."""
    connection.execute(
        model_acts.insert().values(
            at=entry.at,
            actor=entry.actor,
            act=entry.act.value,
            version=entry.version,
            before=entry.before,
            reason=entry.reason,
            gates=[dict(gate) for gate in entry.gates],
        )
    )


def latest(connection: Connection, limit: int = 50) -> list[Entry]:
    """The latest lines, the newest first."""
    rows = connection.execute(sa.select(model_acts).order_by(model_acts.c.id.desc()).limit(limit))
    return [
        Entry(row.at, row.actor, Act(row.act), row.version, row.before, row.reason, tuple(row.gates))
        for row in rows
    ]
