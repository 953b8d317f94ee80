"""What happened at the desk since a cursor, with what was numbered before it but committed after it."""

from __future__ import annotations

import datetime as dt
import threading
import time

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.desk.tables import case_events
from bot.desk.values.history import Changes

#: Between two looks for what came late, in seconds.
EVERY = 1.0
#: So many numbers back, and so long, something may come late: no unit of work lasts longer.
BACK, LONGEST = 1_000, dt.timedelta(seconds=120)
#: So many of the newest changes are kept for readers that come later.
KEPT = 10_000


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


class SharedChanges:
    """What one reader noticed, for any number of others, who each go on from a cursor of their own.

    Their cursors are places in what was noticed here, so that what is committed late has a place behind what
    was noticed before it. Any thread may use it.
    """

    def __init__(self) -> None:
        self._reader = ChangeReader()
        self._read_to: int | None = None
        self._reading = threading.Lock()
        #: The place before the oldest change that is kept, and the cases of those kept, oldest first.
        self._noticed: tuple[int, tuple[int, ...]] = (0, ())

    @property
    def cursor(self) -> int:
        """The place of the newest change."""
        before, kept = self._noticed
        return before + len(kept)

    def look(self, connection: Connection, now: dt.datetime) -> None:
        """Notice what is new in the database."""
        # Whoever asked may have gone while their thread still looks.
        with self._reading:
            if self._read_to is None:
                # Nobody has a cursor yet: what is there already is news to none. Places begin where a cursor
                # of another process, or of one before, is none of this one's as a rule.
                newest = self._reader.read(connection, None, now).cursor
                self._read_to = self._reader.read(connection, newest, now).cursor
                self._noticed = (self._read_to, ())
                return
            found = self._reader.read(connection, self._read_to, now)
            self._read_to = found.cursor
            before, kept = self._noticed
            kept += found.case_ids
            over = max(0, len(kept) - KEPT)
            self._noticed = (before + over, kept[over:])

    def since(self, cursor: int) -> Changes | None:
        """What was noticed after a cursor; ``None``: it is none of ours, or too old to tell."""
        before, kept = self._noticed
        newest = before + len(kept)
        if not before <= cursor <= newest:
            return None
        return Changes(newest, tuple(dict.fromkeys(kept[cursor - before :])))
