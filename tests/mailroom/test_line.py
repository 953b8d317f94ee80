"""The line: in the order of arrival, and a flood from one buyer delays everybody else by one turn."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.mailroom import inbox
from bot.mailroom.tables import conversations
from tests.mailroom.conftest import LEASE, Take, Write


def _serve(database: Database, clock: SetClock, take: Take, most: int = 1000) -> list[str]:
    """Take and finish turns; returns their texts."""
    served: list[str] = []
    while len(served) < most and (held := take()) is not None:
        served.append(held.row.text)
        with database.begin() as connection:
            inbox.finish(connection, held, "answered", now=clock.now())
    return served


def _places(database: Database) -> list[int | None]:
    with database.begin() as connection:
        found = sa.select(conversations.c.turn_order).order_by(conversations.c.id)
        return list(connection.execute(found).scalars())


def test_a_flood_from_one_buyer_delays_everybody_else_by_one_turn(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    for number in range(30):
        write(f"f{number}", sender="flood")
    assert _serve(database, clock, take, 3) == ["f0", "f1", "f2"]
    write("a0", sender="ana")
    write("b0", sender="ben")
    write("a1", sender="ana")
    # Who is in line goes before the rest of the flood; of two with more to say, each has a turn in turn.
    assert _serve(database, clock, take, 6) == ["f3", "a0", "b0", "f4", "a1", "f5"]
    assert _serve(database, clock, take) == [f"f{number}" for number in range(6, 30)]
    assert _places(database) == [None, None, None]


def test_buyers_who_wrote_much_take_turns(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    """Also where nothing new comes in, and the clock stands still."""
    for sender, count in (("ana", 4), ("ben", 2), ("cem", 3)):
        for number in range(count):
            write(f"{sender[0]}{number}", sender=sender)
    assert _serve(database, clock, take) == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "c2", "a3"]


def test_a_clock_that_jumps_back_reorders_and_delays_nothing(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("a0", sender="ana")
    clock.at -= dt.timedelta(days=1)
    write("b0", sender="ben")
    write("a1", sender="ana")
    assert _serve(database, clock, take) == ["a0", "b0", "a1"]


def test_a_retry_keeps_its_place_in_the_line(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("a0", sender="ana")
    write("b0", sender="ben")
    held = take()
    assert held is not None
    with database.begin() as connection:
        inbox.retry(connection, held, "KeyError", not_before=clock.now() + dt.timedelta(seconds=3))
    write("c0", sender="cem")
    assert _serve(database, clock, take, 1) == ["b0"]
    clock.advance(seconds=3)
    assert _serve(database, clock, take) == ["a0", "c0"]


def test_what_comes_while_the_last_turn_ends_is_not_left_without_a_place(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    """A message and the end of a turn of the same conversation, from two threads, time and again."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    for number in range(30):
        write(f"first {number}")
        held = take()
        assert held is not None
        together = Barrier(2)

        def finish(held: inbox.Claim = held, together: Barrier = together) -> None:
            together.wait()
            with database.begin() as connection:
                inbox.finish(connection, held, "answered", now=clock.now())

        def send(number: int = number, together: Barrier = together) -> None:
            together.wait()
            write(f"second {number}")

        with ThreadPoolExecutor(2) as threads:
            for done in [threads.submit(finish), threads.submit(send)]:
                done.result()
        assert _serve(database, clock, take) == [f"second {number}"]


def test_a_place_without_a_message_is_cleared_away(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    """Another program's hand may have been in the tables."""
    write("a0", sender="ana")
    write("b0", sender="ben")
    with database.begin() as connection:
        connection.execute(inbox.inbox.update().where(inbox.inbox.c.text == "a0").values(state="done"))
    assert _serve(database, clock, take) == ["b0"]
    assert _places(database) == [None, None]


def test_a_worker_passes_over_a_conversation_that_somebody_else_writes(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    """Two workers must never wait for each other; SQLite has one writer, so there nobody is passed over."""
    write("a0", sender="ana")
    write("b0", sender="ben")
    with database.begin() as first:
        held = inbox.claim(first, "w1", now=clock.now(), lease=LEASE)
        assert held is not None
        assert held.row.text == "a0"
        if not database.is_sqlite:
            other = take("w2")
            assert other is not None
            assert other.row.text == "b0"
