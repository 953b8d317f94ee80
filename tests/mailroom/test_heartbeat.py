"""Heartbeats: a claim lives as long as its worker, and comes back soon after it died unseen."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.errors import LostClaimError
from bot.mailroom import inbox
from bot.mailroom.heartbeat import EVERY, LEASE, Heartbeat
from bot.mailroom.inbox import Claim
from tests.mailroom.conftest import Take, Write

#: How long a beat may take to come, in seconds, on a machine with much else to do.
PATIENCE = 20


@pytest.fixture
def beats(database: Database) -> Iterator[list[threading.Event]]:
    """Set at the next sign of life that is committed."""
    waiting: list[threading.Event] = []

    def note(connection: sa.engine.Connection) -> None:
        if threading.current_thread().name == "heartbeat":
            while waiting:
                waiting.pop().set()

    # Heard when the commit is about to be made; the next beat proves that it was.
    sa.event.listen(database.engine, "commit", note)
    yield waiting
    sa.event.remove(database.engine, "commit", note)


@pytest.fixture
def heart(database: Database, clock: SetClock) -> Iterator[Heartbeat]:
    made = Heartbeat(database, clock, every=0.02)
    yield made
    made.stop()


def _next_beats(beats: list[threading.Event], count: int = 2) -> None:
    for _ in range(count):
        one = threading.Event()
        beats.append(one)
        assert one.wait(PATIENCE)


def _claimed(database: Database, clock: SetClock, worker: str = "w1") -> Claim:
    with database.begin() as connection:
        held = inbox.claim(connection, worker, now=clock.now(), lease=LEASE)
    assert held is not None
    return held


def test_a_lease_is_short_and_outlasts_two_missed_beats() -> None:
    assert dt.timedelta(seconds=3 * EVERY) < LEASE <= dt.timedelta(seconds=15)


def test_a_long_turn_keeps_its_claim_and_a_silent_worker_loses_it(
    database: Database,
    clock: SetClock,
    write: Write,
    take: Take,
    heart: Heartbeat,
    beats: list[threading.Event],
) -> None:
    write("Hello")
    held = _claimed(database, clock)
    with heart.over(held):
        for _ in range(3):
            clock.advance(seconds=LEASE.total_seconds() - 1)
            _next_beats(beats)
            assert take("w2") is None
    # From here on nothing is heard of it, and nobody saw it die.
    clock.advance(seconds=LEASE.total_seconds())
    other = take("w2")
    assert other is not None
    assert (other.row.id, other.row.attempts) == (held.row.id, 1)


def test_a_worker_that_wakes_after_its_lease_prolongs_and_writes_nothing(
    database: Database,
    clock: SetClock,
    write: Write,
    take: Take,
    heart: Heartbeat,
) -> None:
    write("Hello")
    held = _claimed(database, clock)
    clock.advance(seconds=LEASE.total_seconds())
    other = take("w2")
    assert other is not None
    with heart.over(held):
        # A beat that finds the claim lost leaves it, and goes on.
        heart._beat(held)
    with pytest.raises(LostClaimError), database.begin() as connection:
        inbox.finish(connection, held, "answered", now=clock.now())
    with database.begin() as connection:
        inbox.finish(connection, other, "answered", now=clock.now())


def test_a_database_that_is_away_does_not_stop_the_heart(
    database: Database,
    clock: SetClock,
    write: Write,
    heart: Heartbeat,
    beats: list[threading.Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    write("Hello")
    held = _claimed(database, clock)
    failed = threading.Event()

    def fail(*_: object) -> None:
        failed.set()
        raise sa.exc.OperationalError(
            "UPDATE", {}, database.engine.dialect.dbapi.OperationalError("disk is full")
        )

    sa.event.listen(database.engine, "before_cursor_execute", fail)
    try:
        with heart.over(held):
            assert failed.wait(PATIENCE)
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", fail)
    with heart.over(held):
        _next_beats(beats)


def test_nothing_is_written_while_nothing_is_held(
    database: Database, heart: Heartbeat, beats: list[threading.Event]
) -> None:
    one = threading.Event()
    beats.append(one)
    assert not one.wait(0.2)
