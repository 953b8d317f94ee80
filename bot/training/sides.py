"""How a candidate with a share does beside the released version, counted from the turns of both."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.dialogue.tables import turns
from bot.mailroom.tables import inbox
from bot.training.finding import FALLBACK
from bot.training.rollout import Rollout


@dataclass(frozen=True)
class Side:
    """What one of the two versions did since the share began; buttons and answers to forms do not count."""

    version: str
    conversations: int
    messages: int
    #: Of the messages, those that were not understood, and others that went to a person.
    missed: int
    handed: int


def of(connection: Connection, tried: Rollout) -> tuple[Side, Side]:
    """The released version's side, and the candidate's."""
    rows = connection.execute(
        sa.select(turns.c.conversation_id, turns.c.model, turns.c.intent, turns.c.reading, inbox.c.note)
        .join(inbox, inbox.c.id == turns.c.inbox_id)
        .where(turns.c.at >= tried.begins_at, turns.c.model.in_((tried.against, tried.version)))
    ).all()
    found = [row for row in rows if row.reading and not row.reading.get("form")]
    released, candidate = (
        Side(
            version,
            conversations=len({row.conversation_id for row in found if row.model == version}),
            messages=sum(row.model == version for row in found),
            missed=sum(row.model == version and row.intent == FALLBACK for row in found),
            handed=sum(
                row.model == version and row.intent != FALLBACK and (row.note or "").startswith("case ")
                for row in found
            ),
        )
        for version in (tried.against, tried.version)
    )
    return released, candidate
