"""Leases: one holder at a time, by the database's clock, and a fence against who has lost it."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database, shared_now
from bot.errors import LostLeaseError
from bot.sharing.leases import LONGEST, Lease, extend, extend_all, release, take
from bot.sharing.tables import leases
from tests.conftest import BACKENDS

LENGTH = dt.timedelta(seconds=30)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


def taken(database: Database, holder: str, name: str = "delivery") -> Lease | None:
    with database.begin() as connection:
        return take(connection, name, holder, length=LENGTH)


def ends(database: Database, when: dt.timedelta) -> None:
    """Have the lease end so long after now, as the database sees it."""
    with database.begin() as connection:
        connection.execute(leases.update().values(until=shared_now(connection) + when))


def test_of_two_one_holds_it_and_the_other_only_when_it_is_let_go(database: Database) -> None:
    first = taken(database, "a")
    assert first == Lease("delivery", "a", 1)
    assert taken(database, "b") is None
    assert taken(database, "b", "timers") == Lease("timers", "b", 1)
    with database.begin() as connection:
        release(connection, first)
        release(connection, first)
    assert taken(database, "b") == Lease("delivery", "b", 2)


def test_who_takes_what_it_holds_holds_the_same(database: Database) -> None:
    assert taken(database, "a") == taken(database, "a")


def test_what_nobody_extends_is_anothers(database: Database) -> None:
    first = taken(database, "a")
    assert first is not None
    ends(database, -dt.timedelta(milliseconds=1))
    assert taken(database, "b") == Lease("delivery", "b", 2)
    with pytest.raises(LostLeaseError), database.begin() as connection:
        extend(connection, first, length=LENGTH)
    with database.begin() as connection:
        release(connection, first)
    assert taken(database, "c") is None


def test_what_is_extended_lasts(database: Database) -> None:
    first = taken(database, "a")
    assert first is not None
    ends(database, dt.timedelta(seconds=1))
    with database.begin() as connection:
        extend(connection, first, length=LENGTH)
        until = connection.execute(sa.select(leases.c.until)).scalar_one()
        assert until - shared_now(connection) > LENGTH / 2


def test_several_are_extended_together_and_who_lost_one_keeps_the_others(database: Database) -> None:
    names = ("delivery", "timers", "shadow")
    mine = {name: taken(database, "a", name) for name in names}
    held = [lease for lease in mine.values() if lease is not None]
    assert len(held) == 3
    with database.begin() as connection:
        assert extend_all(connection, held, length=LENGTH) == set(held)
    ends(database, -dt.timedelta(milliseconds=1))
    assert taken(database, "b", "timers") is not None
    with database.begin() as connection:
        kept = extend_all(connection, held, length=LENGTH)
        until = connection.execute(sa.select(leases.c.until).where(leases.c.name == "delivery")).scalar_one()
        assert until - shared_now(connection) > LENGTH / 2
    assert {one.name for one in kept} == {"delivery", "shadow"}
    assert taken(database, "a", "timers") is None


def test_the_hosts_clock_does_not_matter(database: Database, clock: SetClock) -> None:
    # The tests' clock is far from the machine's: no lease may be measured by it.
    assert taken(database, "a") is not None
    with database.begin() as connection:
        now = shared_now(connection)
    assert abs(now - clock.now()) > LENGTH


def test_a_database_whose_clock_was_set_back_does_not_lock_everybody_out(database: Database) -> None:
    assert taken(database, "dead") is not None
    ends(database, LONGEST + dt.timedelta(hours=1))
    assert taken(database, "b") == Lease("delivery", "b", 2)


def test_many_at_once_are_one(database: Database) -> None:
    together = Barrier(8)

    def attempt(number: int) -> Lease | None:
        together.wait()
        return taken(database, f"p{number}")

    with ThreadPoolExecutor(8) as pool:
        found = [one for one in pool.map(attempt, range(8)) if one is not None]
    assert len(found) == 1
