"""A group of the review inbox is changed by one at a time, who saw it as it stands."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ErasedError, StaleReviewError
from bot.training.tables import review_groups


def hold(connection: Connection, group_id: int, fence: int | None) -> None:
    """Have a group to oneself until the unit of work ends; whoever looked before is refused from now on.

    Args:
        connection: the caller's unit of work.
        group_id: the group.
        fence: as the caller saw it; None: whatever state it is in.

    Raises:
        ErasedError: it is not there.
        StaleReviewError: somebody else decided meanwhile.
    """
    seen = sa.true() if fence is None else review_groups.c.fence == fence
    held = connection.execute(
        review_groups.update()
        .where(review_groups.c.id == group_id, seen)
        .values(fence=review_groups.c.fence + 1)
    )
    if held.rowcount == 1:
        return
    there = connection.execute(
        sa.select(review_groups.c.id).where(review_groups.c.id == group_id)
    ).one_or_none()
    raise ErasedError if there is None else StaleReviewError
