"""What the review inbox shows: groups, their messages, and how many wait."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ErasedError
from bot.training import marks
from bot.training.labels import verdict_of, votes
from bot.training.tables import review_groups, review_items, review_labels
from bot.training.values import Actor, Group, Item, ItemState, Made, Verdict, Why

#: Intents that a group shows first.
LIKELY = 3


class View(str, enum.Enum):
    """Which groups a list shows."""

    WAITING = "waiting"
    #: Those that wait for a second person, and not those of whoever asks.
    SECOND = "second"
    DISPUTED = "disputed"


def groups(
    connection: Connection, view: View, *, actor: Actor | None, language: str | None, limit: int
) -> list[Group]:
    """Those with the most to learn from first; an actor does not see what waits for somebody else."""
    own = review_groups.c
    # As literals: only so does the database know that its index of just these will do.
    query = sa.select(review_groups).where(sa.text(f"review_groups.{view.value} > 0"))
    if language is not None:
        query = query.where(own.language == language)
    if view is View.SECOND and actor is not None:
        query = query.where(_others_open(actor))
    rows = connection.execute(query.order_by(own.worth.desc(), own.id).limit(limit)).all()
    return _groups(connection, rows, view)


def group(connection: Connection, number: int) -> Group:
    """One group.

    Raises:
        ErasedError: it is not there.
    """
    row = connection.execute(sa.select(review_groups).where(review_groups.c.id == number)).one_or_none()
    found = [] if row is None else _groups(connection, [row], None)
    if not found:
        raise ErasedError
    return found[0]


def counts(connection: Connection) -> dict[View, tuple[int, int]]:
    """By view, how many groups there are, and how many messages in them."""
    # Both are counted in an index alone: a group's row is large.
    found = {
        view: connection.execute(
            sa.select(sa.func.count())
            .select_from(review_groups)
            .where(sa.text(f"review_groups.{view.value} > 0"))
        ).scalar_one()
        for view in View
    }
    state = review_items.c.state
    items = {
        row.state: int(row.number)
        for row in connection.execute(
            sa.select(state, sa.func.count().label("number")).group_by(review_items.c.state)
        )
    }
    return {view: (int(found[view]), items.get(view.value, 0)) for view in View}


def items(connection: Connection, number: int, limit: int) -> list[Item]:
    """A group's messages: the open ones first, and of those the newest."""
    own = review_items.c
    settled: Any = sa.case((own.state == ItemState.SETTLED.value, 1), else_=0)
    rows = connection.execute(
        sa.select(review_items).where(own.group_id == number).order_by(settled, own.id.desc()).limit(limit)
    ).all()
    disputed = [row.id for row in rows if row.state == ItemState.DISPUTED.value]
    said = votes(connection, disputed) if disputed else {}
    made = marks.made(connection, [row.id for row in rows])
    return [item(row, said.get(row.id, {}), made.get(row.id, ())) for row in rows]


def item(row: Any, said: Mapping[str, Verdict], made: Sequence[Made] = ()) -> Item:
    """A message as its row tells it, with what people say of it."""
    return Item(
        row.id,
        row.at,
        row.language,
        row.text,
        tuple((name, float(sure)) for name, sure in row.ranking),
        tuple(Why(why) for why in row.reasons),
        ItemState(row.state),
        verdict_of(row, marks.loaded(row.marks)) if row.meaning else None,
        said,
        tuple(made),
        None if row.named is None else marks.loaded(row.named),
    )


def _others_open(actor: Actor) -> Any:
    """That a group has a message which waits for a second person and was not labelled by this one."""
    mine = sa.exists().where(
        sa.and_(review_labels.c.item_id == review_items.c.id, review_labels.c.actor == actor.login)
    )
    return sa.exists().where(
        sa.and_(
            review_items.c.group_id == review_groups.c.id,
            review_items.c.state == ItemState.SECOND.value,
            ~mine,
        )
    )


def _groups(connection: Connection, rows: Sequence[Any], view: View | None) -> list[Group]:
    """Groups with a message of each; those that have none any more are left out."""
    own = review_items.c
    wanted = sa.true() if view is None else own.state == view.value
    first = (
        sa.select(sa.func.min(own.id))
        .where(own.group_id.in_([row.id for row in rows]), wanted)
        .group_by(own.group_id)
    )
    samples = {
        row.group_id: row.text
        for row in connection.execute(sa.select(own.group_id, own.text).where(own.id.in_(first)))
    }
    return [
        Group(
            row.id,
            row.language,
            samples[row.id],
            _likely(row.likely),
            row.waiting,
            row.second,
            row.disputed,
            row.worth,
            row.newest_at,
            row.fence,
        )
        for row in rows
        if row.id in samples
    ]


def _likely(sums: dict[str, float]) -> tuple[tuple[str, float], ...]:
    whole = sum(sums.values()) or 1.0
    first = sorted(sums.items(), key=lambda pair: -pair[1])[:LIKELY]
    return tuple((name, round(weight / whole, 4)) for name, weight in first)
