"""A host whose clock is wrong is told so."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.clock import SetClock
from bot.database import Database, shared_now
from bot.sharing.skew import skew


def _clock(database: Database, seconds: float) -> SetClock:
    with database.begin() as connection:
        return SetClock(shared_now(connection) + dt.timedelta(seconds=seconds))


@pytest.mark.parametrize("backend", ["postgresql"])
@pytest.mark.parametrize(("seconds", "told"), [(3600, "ahead of"), (-3600, "behind")])
def test_a_clock_that_differs_from_the_databases_is_told(
    database: Database, seconds: float, told: str
) -> None:
    wrong = skew(database, _clock(database, seconds))
    assert wrong is not None
    # The database's goes on meanwhile.
    assert wrong.startswith(("this machine is 3,5", "this machine is 3,6"))
    assert f"s {told} the database's" in wrong


@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_clock_like_the_databases_is_right(database: Database) -> None:
    class Servers:
        def now(self) -> dt.datetime:
            with database.begin() as connection:
                return shared_now(connection)

    assert skew(database, Servers()) is None


def test_on_one_machine_there_is_nothing_to_compare(database: Database, clock: SetClock) -> None:
    assert skew(database, clock) is None
