"""Whose outcome another model would change, kept until somebody has approved or turned down each."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.dialogue.tables import turns
from bot.errors import ErasedError, ReviewError, StaleReviewError
from bot.training.masking import masked, names_of
from bot.training.tables import model_changes, model_comparisons
from bot.training.values import Difference, Outcome


class Ruling(str, enum.Enum):
    """What somebody says of a changed outcome."""

    APPROVED = "approved"
    TURNED_DOWN = "turned down"


@dataclass(frozen=True)
class Tally:
    """How a comparison stands."""

    #: Its number.
    id: int
    at: dt.datetime
    #: Who compared, a login.
    actor: str
    #: How many conversations were taken again with both.
    conversations: int
    approved: int
    turned_down: int
    #: How many changes nobody has looked at yet.
    waiting: int

    @property
    def changes(self) -> int:
        """How many outcomes would have changed."""
        return self.approved + self.turned_down + self.waiting


@dataclass(frozen=True)
class Changed:
    """A buyer whose outcome would have changed, and what somebody says of it; personal data masked."""

    id: int
    difference: Difference
    ruling: Ruling | None = None
    #: A login.
    ruled_by: str | None = None
    ruled_at: dt.datetime | None = None


def keep(
    connection: Connection,
    version: str,
    against: str,
    found: Sequence[Difference],
    *,
    conversations: int,
    by: str,
    at: dt.datetime,
) -> None:
    """Keep what a comparison found, in the place of an earlier one of the same two models.

    What was said of a change holds on where it is found again just as it was.

    Args:
        connection: the caller's unit of work.
        version: the candidate.
        against: the released model.
        found: the differences, one a conversation.
        conversations: how many were taken again.
        by: who compared, a login.
        at: when.
    """
    hidden = masked_together(connection, found)
    said = {one.difference: one for one in _forget(connection, version, against)}
    number = connection.execute(
        model_comparisons.insert().values(
            at=at, actor=by, version=version, against=against, conversations=conversations
        )
    ).inserted_primary_key[0]
    rows = [_row(int(number), one, said.get(one)) for one in hidden]
    if rows:
        connection.execute(model_changes.insert(), rows)


def tally(connection: Connection, version: str, against: str) -> Tally | None:
    """How the comparison of a version with another stands; None where there was none."""
    row = connection.execute(sa.select(model_comparisons).where(*_of(version, against))).one_or_none()
    if row is None:
        return None
    rows = connection.execute(
        sa.select(model_changes.c.ruling, sa.func.count().label("changes"))
        .where(model_changes.c.comparison_id == row.id)
        .group_by(model_changes.c.ruling)
    )
    counts = {one.ruling: int(one.changes) for one in rows.all()}
    return Tally(
        row.id,
        row.at,
        row.actor,
        row.conversations,
        approved=counts.get(Ruling.APPROVED.value, 0),
        turned_down=counts.get(Ruling.TURNED_DOWN.value, 0),
        waiting=counts.get(None, 0),
    )


def listed(connection: Connection, comparison: int) -> list[Changed]:
    """Every changed outcome of a comparison, the latest conversation first."""
    rows = connection.execute(
        sa.select(model_changes)
        .where(model_changes.c.comparison_id == comparison)
        .order_by(model_changes.c.id)
    )
    return [_changed(row) for row in rows]


def rule(connection: Connection, change: int, ruling: Ruling, *, by: str, at: dt.datetime) -> None:
    """Approve a changed outcome or turn it down.

    Raises:
        StaleReviewError: somebody has said so already.
        ErasedError: it is no longer there.
    """
    done = connection.execute(
        model_changes.update()
        .where(model_changes.c.id == change, model_changes.c.ruling.is_(None))
        .values(ruling=ruling.value, ruled_by=by, ruled_at=at)
    )
    if done.rowcount == 1:
        return
    there = connection.execute(sa.select(model_changes.c.id).where(model_changes.c.id == change))
    raise ErasedError if there.one_or_none() is None else StaleReviewError


def undo(connection: Connection, comparison: int, *, by: str) -> int:
    """Take back one's own last ruling of a comparison; returns the change's number.

    Raises:
        ReviewError: there is none.
    """
    row = connection.execute(
        sa.select(model_changes.c.id)
        .where(model_changes.c.comparison_id == comparison, model_changes.c.ruled_by == by)
        .order_by(model_changes.c.ruled_at.desc(), model_changes.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise ReviewError("there is nothing of yours to undo")
    connection.execute(
        model_changes.update()
        .where(model_changes.c.id == row.id)
        .values(ruling=None, ruled_by=None, ruled_at=None)
    )
    return int(row.id)


def is_anything_stored(connection: Connection) -> bool:
    """Whether there is any conversation to take again."""
    found = connection.execute(sa.select(turns.c.id).where(turns.c.tape.is_not(None)).limit(1))
    return found.one_or_none() is not None


def _of(version: str, against: str) -> tuple[Any, Any]:
    return model_comparisons.c.version == version, model_comparisons.c.against == against


def _forget(connection: Connection, version: str, against: str) -> list[Changed]:
    """Remove a comparison; returns what was said of its changes."""
    number = connection.execute(
        sa.select(model_comparisons.c.id).where(*_of(version, against))
    ).scalar_one_or_none()
    if number is None:
        return []
    before = [one for one in listed(connection, number) if one.ruling is not None]
    connection.execute(model_changes.delete().where(model_changes.c.comparison_id == number))
    connection.execute(model_comparisons.delete().where(model_comparisons.c.id == number))
    return before


def masked_together(connection: Connection, found: Sequence[Difference]) -> list[Difference]:
    """The same without personal data: what may be kept."""
    names = names_of(connection, {one.conversation_id for one in found})
    return [_masked(one, names.get(one.conversation_id, ())) for one in found]


def _masked(difference: Difference, names: Sequence[str]) -> Difference:
    def hidden(outcome: Outcome) -> Outcome:
        return replace(
            outcome,
            said=tuple(masked(text, names) for text in outcome.said),
            buttons=tuple(masked(title, names) for title in outcome.buttons),
        )

    before, after = hidden(difference.before), hidden(difference.after)
    return replace(difference, text=masked(difference.text, names), before=before, after=after)


def _row(comparison: int, one: Difference, said: Changed | None) -> dict[str, Any]:
    return {
        "comparison_id": comparison,
        "conversation_id": one.conversation_id,
        "turn_id": one.turn_id,
        "text": one.text,
        "before": asdict(one.before),
        "after": asdict(one.after),
        "ruling": said.ruling.value if said and said.ruling else None,
        "ruled_by": said.ruled_by if said else None,
        "ruled_at": said.ruled_at if said else None,
    }


def _changed(row: Any) -> Changed:
    difference = Difference(
        row.conversation_id, row.turn_id, row.text, outcome_from(row.before), outcome_from(row.after)
    )
    ruling = None if row.ruling is None else Ruling(row.ruling)
    return Changed(row.id, difference, ruling, row.ruled_by, row.ruled_at)


def outcome_from(kept: dict[str, Any]) -> Outcome:
    """An outcome as it was kept."""
    lists = {name: tuple(kept[name]) for name in ("said", "buttons", "actions")}
    return Outcome(**{**kept, **lists})
