"""Telling what is due, in order, and noting what came of it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database
from bot.errors import TryLaterError
from bot.shop.feed import entries
from bot.shop.feed.entries import Entry
from bot.shop.feed.outlets import Outlet, RefusedError

log = logging.getLogger(__name__)

#: Told in the unit of work that settles an entry: (connection, entry, now).
OnSettled = Callable[[Connection, Entry], None]


class Feed:
    """Takes what is due to its outlet. One at a time does so, with one database."""

    def __init__(
        self, database: Database, clock: Clock, outlet: Outlet, on_settled: OnSettled = lambda *_: None
    ) -> None:
        self._database = database
        self._clock = clock
        self._outlet = outlet
        self._on_settled = on_settled

    def tell_due(self) -> int:
        """Tell what is due, each in units of work of its own; returns how many were settled.

        Raises:
            TryLaterError: the database is away; nothing is lost, at most one entry is told again.
        """
        settled = 0
        while True:
            with self._database.begin() as connection:
                due = entries.due(connection, self._clock.now())
            done = 0
            for entry in due:
                outcome = self._tell(entry)
                if outcome is None:
                    # Nobody is there: the others wait as well.
                    return settled + done
                done += outcome
            settled += done
            if not done:
                return settled

    def _tell(self, entry: Entry) -> bool | None:
        """Tell one; True if it is settled, None if the other side does not answer."""
        try:
            self._outlet.tell(entry)
        except RefusedError as refusal:
            log.error("feed entry %d (%s) was refused: %s", entry.id, entry.kind, refusal)
            with self._database.begin() as connection:
                if entries.refuse(connection, entry, str(refusal), self._clock.now()):
                    self._on_settled(connection, entry)
            return True
        except TryLaterError as error:
            log.warning("feed entry %d (%s) waits: %s", entry.id, entry.kind, error)
            with self._database.begin() as connection:
                entries.put_off(connection, entry, str(error), self._clock.now(), error.retry_after)
            return None
        with self._database.begin() as connection:
            if entries.acknowledge(connection, entry, self._clock.now()):
                self._on_settled(connection, entry)
        return True
