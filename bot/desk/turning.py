"""What turns by itself: clocks that run out, owners who are gone, and the watchdog."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bot.clock import Clock
from bot.database import Database, lock_now
from bot.desk.cases import Cases
from bot.desk.health import health, is_in_order
from bot.desk.requests import Requests
from bot.settings import ShopRules

log = logging.getLogger(__name__)


def turn_clocks(database: Database, rules: ShopRules, clock: Clock) -> Sequence[int]:
    """Move every case whose clock has run out or whose owner has gone, each in a unit of work of its own.

    To be called every few seconds, by any number of processes.

    Returns:
        The ids of the cases that were moved; if there are some, the inbox may have something new.
    """
    with database.begin() as connection:
        known = Cases(connection, rules, clock)
        due = [(case_id, Cases.expire) for case_id in known.due()]
        due += [(case_id, Cases.desert) for case_id in known.deserted()]
    moved = []
    for case_id, move in due:
        try:
            with database.begin() as connection:
                move(Cases(connection, rules, clock), case_id)
            moved.append(case_id)
        except Exception as error:
            # One case that cannot be moved must not stop the clocks of the others. Its kind only: the
            # words of a database error hold buyers' data.
            log.error("the clock of case %d could not be turned: %s", case_id, type(error).__name__)
    return tuple(dict.fromkeys(moved))


def turn_request_clocks(database: Database, rules: ShopRules, clock: Clock) -> Sequence[int]:
    """Ask again, or end, every request whose clock has run out, each in a unit of work of its own.

    Returns:
        The ids of the requests that were moved; if there are some, the inbox has something new.
    """
    with database.begin() as connection:
        due = Requests(connection, rules, clock).due()
    moved = []
    for request_id in due:
        try:
            with database.begin() as connection:
                Requests(connection, rules, clock).expire(request_id)
            moved.append(request_id)
        except Exception as error:
            # As with cases: one must not stop the others.
            log.error("the clock of request %d could not be turned: %s", request_id, type(error).__name__)
    return tuple(moved)


def watch(database: Database, clock: Clock) -> Sequence[str]:
    """Run the watchdog once, in a unit of work of its own; to be called every minute."""
    with database.begin() as connection:
        if is_in_order(connection, clock):
            return ()
    with database.begin() as connection:
        # On SQLite nobody may write between what is read there and what is mended by it.
        lock_now(connection)
        return tuple(health(connection, clock))
