"""What happened at the desk since a cursor, with what was numbered before it but committed after it."""

from __future__ import annotations

import datetime as dt
import time

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.desk.tables import case_events
from bot.desk.values.history import Changes

#: Between two looks for what came late, in seconds.
EVERY = 1.0
#: So many numbers back, and so long, something may come late: no unit of work lasts longer.
BACK, LONGEST = 1_000, dt.timedelta(seconds=120)


class ChangeReader:
    """Reads changes for one reader.

    A server numbers events when they are written, and shows them when their unit of work is committed: of two
    acts at once, the one with the higher number may be seen first. SQLite has one writer, and no such gap.
    """

    def __init__(self) -> None:
        #: Numbers up to the cursor that were told.
        self._told: set[int] = set()
        self._looked_back = -EVERY

    def read(self, connection: Connection, since: int | None, now: dt.datetime) -> Changes:
        """What happened since the cursor ``since``; ``None`` asks for the newest one."""
        if since is None:
            newest = connection.execute(sa.select(sa.func.max(case_events.c.id))).scalar_one()
            return Changes(newest or 0, ())
        wanted = case_events.c.id > since
        if connection.dialect.name == "postgresql" and time.monotonic() - self._looked_back >= EVERY:
            self._looked_back = time.monotonic()
            late = sa.and_(case_events.c.id > since - BACK, case_events.c.at > now - LONGEST)
            wanted = sa.or_(wanted, late)
        rows = connection.execute(
            sa.select(case_events.c.id, case_events.c.case_id).where(wanted).order_by(case_events.c.id)
        ).all()
        fresh = [row for row in rows if row.id > since or row.id not in self._told]
        cursor = max([since, *(row.id for row in fresh)])
        self._told |= {row.id for row in rows}
        self._told = {one for one in self._told if one > cursor - BACK}
        return Changes(cursor, tuple(dict.fromkeys(row.case_id for row in fresh)))
