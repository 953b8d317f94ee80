"""What is kept of a candidate that runs in shadow: how many turns it would take otherwise, and which."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.dialogue.tables import turns
from bot.training.outcomes import outcome_from
from bot.training.rollout import Rollout
from bot.training.tables import model_shadow_changes, model_shadows
from bot.training.values import Difference

#: So many differences are listed; more are only counted.
MOST = 500
#: Characters of why a candidate does not run.
_LONGEST = 300


@dataclass(frozen=True)
class Shadow:
    """How a shadow run stands."""

    id: int
    at: dt.datetime
    #: Who wanted it, a login.
    actor: str
    version: str
    against: str
    #: Of typed messages: how many it has read, how many would have gone otherwise, and how many of those
    #: asked for what was not read then, so that what was said after it is not known for sure.
    seen: int
    differing: int
    unsure: int
    #: None: it goes on.
    ended_at: dt.datetime | None
    #: Why the candidate does not run; empty: it does.
    trouble: str = ""


@dataclass(frozen=True)
class Parting:
    """A turn that would have gone otherwise; personal data masked."""

    at: dt.datetime
    difference: Difference


def begin(connection: Connection, tried: Rollout, now: dt.datetime) -> None:
    """Note that a shadow run begins: with the next turn that anybody takes."""
    end(connection, now)
    newest = connection.execute(sa.select(sa.func.max(turns.c.id))).scalar_one() or 0
    connection.execute(
        model_shadows.insert().values(
            at=now,
            actor=tried.by,
            version=tried.version,
            against=tried.against,
            place=newest,
            seen=0,
            differing=0,
            unsure=0,
            trouble="",
        )
    )


def end(connection: Connection, now: dt.datetime) -> None:
    """Note that no version runs in shadow any more. Idempotent."""
    connection.execute(model_shadows.update().where(model_shadows.c.ended_at.is_(None)).values(ended_at=now))


def in_trouble(connection: Connection, version: str, why: str) -> None:
    """Note why the candidate does not run; empty: it runs."""
    connection.execute(
        model_shadows.update()
        .where(model_shadows.c.version == version, model_shadows.c.ended_at.is_(None))
        .values(trouble=why[:_LONGEST])
    )


def latest(connection: Connection) -> Shadow | None:
    """The latest shadow run, whether it goes on or not; None where there was none."""
    row = connection.execute(
        sa.select(model_shadows).order_by(model_shadows.c.id.desc()).limit(1)
    ).one_or_none()
    return None if row is None else _shadow(row)


def listed(connection: Connection, shadow: int, limit: int = MOST) -> list[Parting]:
    """What would have gone otherwise, the latest first."""
    own = model_shadow_changes.c
    rows = connection.execute(
        sa.select(model_shadow_changes).where(own.shadow_id == shadow).order_by(own.id.desc()).limit(limit)
    )
    return [
        Parting(
            row.at,
            Difference(
                row.conversation_id, row.turn_id, row.text, outcome_from(row.before), outcome_from(row.after)
            ),
        )
        for row in rows
    ]


def shifts(partings: Sequence[Parting]) -> list[tuple[str, str, int]]:
    """From which meaning to which, and how often: the most frequent first."""
    found = Counter(
        (one.difference.before.intent or "nothing", one.difference.after.intent or "nothing")
        for one in partings
    )
    return [(before, after, count) for (before, after), count in found.most_common()]


def _shadow(row: Any) -> Shadow:
    return Shadow(
        row.id,
        row.at,
        row.actor,
        row.version,
        row.against,
        row.seen,
        row.differing,
        row.unsure,
        row.ended_at,
        row.trouble,
    )
