"""The time, injected everywhere so that tests and replays can set it."""

from __future__ import annotations

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """Tells the time; nothing in crossdesk asks the machine for it directly."""

    def now(self) -> dt.datetime:
        """The current moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> dt.datetime:
        """The current moment, aware, in UTC."""
        return dt.datetime.now(dt.timezone.utc)


class SetClock:
    """A clock that stands where it was put: for tests, ``converse`` and ``replay``."""

    def __init__(self, at: dt.datetime) -> None:
        self.at = at.astimezone(dt.timezone.utc)

    def now(self) -> dt.datetime:
        """The moment that was set, aware, in UTC."""
        return self.at

    def advance(self, **by: float) -> None:
        """Move on by ``timedelta(**by)``."""
        self.at += dt.timedelta(**by)
