"""Whether this host's clock agrees with the database's, by which the other hosts can be compared."""

from __future__ import annotations

import datetime as dt

from bot.clock import Clock
from bot.database import Database, shared_now

#: Clocks may differ by so much: claims of turns last ten seconds.
MOST = dt.timedelta(seconds=2)


def skew(database: Database, clock: Clock) -> str | None:
    """What is wrong with this host's clock, in a line for a person; None if it is right, or alone.

    Raises:
        TryLaterError: the database is away.
    """
    if database.is_sqlite:
        return None
    with database.begin() as connection:
        # The connection is made by now: what is measured is one round trip.
        before = clock.now()
        server = shared_now(connection)
        after = clock.now()
    if before - MOST <= server <= after + MOST:
        return None
    ahead = before + (after - before) / 2 - server
    direction = "ahead of" if ahead > dt.timedelta(0) else "behind"
    return (
        f"this machine is {abs(ahead).total_seconds():,.1f} s {direction} the database's: have both follow a "
        "time server (NTP), or turns are taken in vain and times told wrong"
    )
