"""The review inbox as rows: groups that grow, and the messages that joined them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.training.finding import Candidate
from bot.training.grouping import Cluster
from bot.training.marks import stored
from bot.training.tables import review_groups, review_items
from bot.training.values import ItemState, Mark, Why

#: Open groups that new messages are compared with: the most recent ones.
MOST_GROUPS = 4_000


def open_groups(connection: Connection, encoder: str) -> list[Cluster]:
    """The latest groups of which a message is not decided, of one encoder's vectors."""
    # Each list has an index of its own groups alone: those that are decided are never read.
    still = sa.union(
        *(
            sa.select(review_groups.c.id).where(sa.text(f"review_groups.{view.value} > 0"))
            for view in (ItemState.WAITING, ItemState.SECOND, ItemState.DISPUTED)
        )
    ).subquery()
    recent = sa.select(still.c.id).order_by(still.c.id.desc()).limit(MOST_GROUPS).subquery()
    rows = connection.execute(
        sa.select(review_groups)
        .join(recent, recent.c.id == review_groups.c.id)
        .where(review_groups.c.encoder == encoder)
    )
    return [
        Cluster(
            row.id,
            row.language,
            row.intent,
            np.frombuffer(row.centre, dtype=np.float32),
            row.members,
            dict(row.likely),
        )
        for row in rows
    ]


def add_reasons(connection: Connection, row: Any, one: Candidate) -> None:
    """Tell of a message that is there already what else speaks for looking at it."""
    reasons = one.reasons | {Why(name) for name in row.reasons}
    if len(reasons) == len(row.reasons):
        return
    doubt = max(row.doubt, one.doubt)
    connection.execute(
        review_items.update()
        .where(review_items.c.id == row.id)
        .values(reasons=_in_order(reasons), doubt=doubt)
    )
    if row.state == ItemState.WAITING.value:
        worth = review_groups.c.worth + (doubt - row.doubt)
        connection.execute(
            review_groups.update().where(review_groups.c.id == row.group_id).values(worth=worth)
        )


def _in_order(reasons: Iterable[Why]) -> list[str]:
    return [why.value for why in Why if why in set(reasons)]


def store_group(connection: Connection, cluster: Cluster, members: list[Candidate], encoder: str) -> int:
    """Store a group with its new members; returns its number."""
    worth = sum(one.doubt for one in members)
    values = {
        "centre": cluster.centre.astype(np.float32).tobytes(),
        "members": cluster.members,
        "likely": cluster.likely,
        "newest_at": max(one.turn.at for one in members),
    }
    if cluster.id is not None:
        grown = connection.execute(
            review_groups.update()
            .where(review_groups.c.id == cluster.id)
            .values(
                **values,
                waiting=review_groups.c.waiting + len(members),
                worth=review_groups.c.worth + worth,
            )
        )
        # One whose messages were erased meanwhile is gone: it begins anew.
        if grown.rowcount == 1:
            return cluster.id
    added = connection.execute(
        review_groups.insert().values(
            **values,
            language=cluster.language,
            encoder=encoder,
            intent=cluster.intent,
            waiting=len(members),
            second=0,
            disputed=0,
            worth=worth,
            fence=0,
        )
    )
    cluster.id = int(added.inserted_primary_key[0])
    return cluster.id


def item(one: Candidate, group: int, text: str, named: Sequence[Mark] | None) -> dict[str, Any]:
    """A message's row.

    Args:
        one: its turn, and why to look at it.
        group: the group's number.
        text: what was written, masked.
        named: what the bot found named in that; None: nobody looked.
    """
    return {
        "group_id": group,
        "conversation_id": one.turn.conversation_id,
        "inbox_id": one.turn.inbox_id,
        "at": one.turn.at,
        "language": one.turn.language,
        "text": text,
        "model": one.turn.model,
        "ranking": [list(pair) for pair in one.ranking],
        # An empty list says that somebody looked.
        "named": None if named is None else stored(named) or [],
        "reasons": _in_order(one.reasons),
        "doubt": one.doubt,
        "state": ItemState.WAITING.value,
    }
