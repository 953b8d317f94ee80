"""Timers: once, late rather than never, and not at all if they became needless in time."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from bot.clock import SetClock
from bot.database import Database, lock_now
from bot.desk.cases import Cases
from bot.desk.undelivered import open_undelivered
from bot.errors import TryLaterError
from bot.mailroom import inbox, outbox, timers
from bot.mailroom.timers import MOST, WAITS, Handler, Timer, TimerRoom, TimerState
from bot.settings import Settings
from tests.conftest import NOON
from tests.mailroom.conftest import Take, Write

HOUR = dt.timedelta(hours=1)


class Wall:
    """A place where timers hang, and a room that fires them by writing their keys down."""

    def __init__(self, database: Database, clock: SetClock) -> None:
        self.database, self.clock = database, clock
        self.fired: list[str] = []
        self.room = self.another()

    def another(self, handler: Handler | None = None, **more: Any) -> TimerRoom:
        return TimerRoom(self.database, self.clock, {"remind": handler or self._fire}, **more)

    def _fire(self, _connection: Connection, timer: Timer, _now: dt.datetime) -> None:
        self.fired.append(timer.key)

    def set(self, key: str = "unpaid:1", after: dt.timedelta = HOUR, **more: Any) -> bool:
        now = self.clock.now()
        known = {"kind": "remind", "subject": "order:CD-1"}
        with self.database.begin() as connection:
            return timers.schedule(connection, key, due=now + after, now=now, **{**known, **more})

    def find(self, key: str = "unpaid:1") -> Timer:
        with self.database.begin() as connection:
            found = timers.find(connection, key)
        assert found is not None
        return found

    def cancel(self, key: str = "unpaid:1") -> bool:
        with self.database.begin() as connection:
            return timers.cancel(connection, key, now=self.clock.now())


@pytest.fixture
def wall(database: Database, clock: SetClock) -> Wall:
    return Wall(database, clock)


# --- Its time ---


def test_a_timer_fires_once_at_its_time(wall: Wall) -> None:
    assert wall.set(data={"step": 1})
    wall.clock.advance(minutes=59, seconds=59)
    assert wall.room.fire_due() == 0
    wall.clock.advance(seconds=1)
    assert wall.room.fire_due() == 1
    assert wall.room.fire_due() == 0
    wall.clock.advance(days=9)
    assert wall.another().fire_due() == 0
    assert wall.fired == ["unpaid:1"]
    assert wall.find().state is TimerState.FIRED


def test_after_an_outage_what_is_late_fires_the_oldest_first_and_can_tell(wall: Wall) -> None:
    late: list[tuple[str, dt.timedelta]] = []

    def note(_: Connection, timer: Timer, now: dt.datetime) -> None:
        late.append((timer.key, timer.late(now)))

    wall.set("b", 2 * HOUR)
    wall.set("a", HOUR)
    wall.clock.advance(days=3)
    assert wall.another(note).fire_due() == 2
    assert late == [("a", dt.timedelta(days=3) - HOUR), ("b", dt.timedelta(days=3) - 2 * HOUR)]


def test_a_timer_for_a_moment_that_has_passed_fires_at_once(wall: Wall) -> None:
    wall.set(after=-HOUR)
    assert wall.room.fire_due() == 1


def test_many_that_are_due_fire_in_several_looks(wall: Wall) -> None:
    for number in range(MOST + 1):
        wall.set(f"t{number}")
    wall.clock.advance(hours=1)
    assert [wall.room.fire_due() for _ in range(3)] == [MOST, 1, 0]


def test_whoever_waits_can_ask_when_the_next_one_is_due(wall: Wall, database: Database) -> None:
    def due() -> dt.datetime | None:
        with database.begin() as connection:
            return timers.next_due(connection)

    assert due() is None
    wall.set("b", 2 * HOUR)
    wall.set("a", HOUR)
    assert due() == NOON + HOUR
    wall.cancel("a")
    assert due() == NOON + 2 * HOUR
    wall.clock.advance(hours=2)
    wall.room.fire_due()
    assert due() is None


# --- Set, moved, cancelled ---


def test_a_timer_with_the_same_key_is_moved(wall: Wall) -> None:
    wall.set(data={"step": 1})
    assert wall.set(after=3 * HOUR, data={"step": 2})
    wall.clock.advance(hours=2)
    assert wall.room.fire_due() == 0
    wall.clock.advance(hours=1)
    assert wall.room.fire_due() == 1
    assert wall.find().data == {"step": 2}


def test_what_has_happened_does_not_happen_again_unless_it_is_asked_for(wall: Wall) -> None:
    wall.set(after=-HOUR)
    wall.room.fire_due()
    assert not wall.set(after=-HOUR)
    assert wall.room.fire_due() == 0
    assert wall.set(after=-HOUR, again=True)
    assert wall.room.fire_due() == 1


def test_a_cancelled_timer_does_not_fire_and_can_be_set_anew(wall: Wall) -> None:
    wall.set()
    assert wall.cancel()
    assert not wall.cancel()
    wall.clock.advance(hours=2)
    assert wall.room.fire_due() == 0
    assert wall.find().state is TimerState.CANCELLED
    assert wall.set(after=-HOUR)
    assert wall.room.fire_due() == 1
    assert not wall.cancel()


def test_all_timers_about_a_thing_are_cancelled_together(wall: Wall, database: Database) -> None:
    wall.set("a")
    wall.set("b", kind="late")
    wall.set("c", subject="order:CD-2")
    with database.begin() as connection:
        assert [one.key for one in timers.pending_about(connection, "order:CD-1")] == ["a", "b"]
        assert timers.cancel_about(connection, "order:CD-1", kind="late", now=NOON) == 1
        assert timers.cancel_about(connection, "order:CD-1", now=NOON, why="it was paid") == 1
        assert timers.pending_about(connection, "order:CD-1") == []
    wall.clock.advance(hours=2)
    wall.room.fire_due()
    assert wall.fired == ["c"]


def test_what_is_taken_back_was_neither_set_nor_cancelled(wall: Wall, database: Database) -> None:
    wall.set("a")

    def turn() -> None:
        with database.begin() as connection:
            timers.cancel(connection, "a", now=NOON)
            timers.schedule(connection, "b", kind="remind", subject="s", due=NOON, now=NOON)
            raise KeyError("the turn failed")

    with pytest.raises(KeyError):
        turn()
    wall.clock.advance(hours=2)
    wall.room.fire_due()
    assert wall.fired == ["a"]


def test_a_cancelling_that_is_under_way_wins_or_comes_too_late_but_never_both(
    wall: Wall, database: Database, write: Write
) -> None:
    talk = write().conversation_id
    wall.set(after=-HOUR, conversation_id=talk)
    begun, go_on = threading.Event(), threading.Event()

    def turn() -> bool:
        with database.begin() as connection:
            cancelled = timers.cancel(connection, "unpaid:1", now=NOON)
            begun.set()
            assert go_on.wait(10)
            return cancelled

    with ThreadPoolExecutor(2) as threads:
        cancelling = threads.submit(turn)
        assert begun.wait(10)
        firing = threads.submit(wall.room.fire_due)
        go_on.set()
        assert cancelling.result(20)
        assert firing.result(20) == 0
    assert wall.fired == []


# --- What happens ---


def test_a_timer_of_a_conversation_becomes_an_event_on_which_it_takes_a_turn(
    wall: Wall, write: Write, take: Take, database: Database
) -> None:
    talk = write().conversation_id
    held = take()
    assert held is not None
    with database.begin() as connection:
        inbox.finish(connection, held, "answered", now=NOON)
    wall.set(kind="unpaid", conversation_id=talk, data={"order": "CD-1"})
    assert take() is None
    wall.clock.advance(hours=1)
    assert wall.room.fire_due() == 1
    held = take()
    assert held is not None
    assert (held.conversation.id, held.row.kind) == (talk, "unpaid")
    due = (NOON + HOUR).isoformat()
    assert held.row.data == {"key": "unpaid:1", "due": due, "data": {"order": "CD-1"}}


def test_what_a_timer_does_and_that_it_fired_are_one(wall: Wall, database: Database, write: Write) -> None:
    talk = write().conversation_id

    def post_and_die(connection: Connection, timer: Timer, now: dt.datetime) -> None:
        outbox.post(connection, talk, "Still interested?", now=now, key=timer.key)
        raise SystemExit("the process was killed")

    def post(connection: Connection, timer: Timer, now: dt.datetime) -> None:
        outbox.post(connection, talk, "Still interested?", now=now, key=timer.key)

    wall.set(after=-HOUR, conversation_id=talk)
    with pytest.raises(SystemExit):
        wall.another(post_and_die).fire_due()
    assert wall.find().state is TimerState.PENDING
    with database.begin() as connection:
        assert outbox.waiting_count(connection) == 0
    assert wall.another(post).fire_due() == 1
    with database.begin() as connection:
        assert outbox.waiting_count(connection) == 1


def test_a_handler_may_put_it_off_as_for_the_night(wall: Wall) -> None:
    morning = NOON + 9 * HOUR

    def by_day(connection: Connection, timer: Timer, now: dt.datetime) -> dt.datetime | None:
        if now < morning:
            return morning
        wall._fire(connection, timer, now)
        return None

    room = wall.another(by_day)
    wall.set()
    wall.clock.advance(hours=2)
    assert room.fire_due() == 0
    assert wall.find().due_at == NOON + HOUR
    wall.clock.advance(hours=6, minutes=59)
    assert room.fire_due() == 0
    wall.clock.advance(minutes=1)
    assert room.fire_due() == 1
    assert wall.fired == ["unpaid:1"]


def test_what_only_another_version_knows_is_left_to_it(wall: Wall, database: Database) -> None:
    wall.set(after=-HOUR)
    assert TimerRoom(database, wall.clock).fire_due() == 0
    assert wall.room.fire_due() == 1


@pytest.mark.parametrize("rooms", [2, 4])
def test_however_many_fire_at_once_each_timer_fires_once(wall: Wall, write: Write, rooms: int) -> None:
    talk = write().conversation_id
    keys = [f"t{number}" for number in range(12)]
    for key in keys:
        wall.set(key, -HOUR, conversation_id=talk if key > "t4" else None)
    with ThreadPoolExecutor(rooms) as threads:
        fired = list(threads.map(lambda _: wall.another().fire_due(), range(rooms)))
    assert sum(fired) == len(keys)
    assert sorted(wall.fired) == sorted(keys)


# --- Failing ---


def test_a_timer_that_fails_is_tried_again_and_then_given_up_with_a_case(
    wall: Wall, database: Database, settings: Settings, write: Write
) -> None:
    talk, tries = write().conversation_id, []

    def fail(*_: Any) -> None:
        tries.append(wall.clock.now() - NOON)
        raise ValueError("PAPAYA")

    def tell(connection: Connection, timer: Timer, why: str) -> None:
        assert timer.conversation_id is not None
        open_undelivered(connection, settings.rules, wall.clock, timer.conversation_id, why)

    room = wall.another(fail, on_failed=tell)
    wall.set(after=-HOUR, conversation_id=talk)
    wall.set("good", kind="unpaid", after=-HOUR, conversation_id=talk)
    assert room.fire_due() == 1
    for wait in WAITS:
        wall.clock.advance(seconds=wait - 1)
        assert room.fire_due() == 0
        wall.clock.advance(seconds=1)
        assert room.fire_due() == 0
    assert len(tries) == len(WAITS) + 1
    assert wall.find().state is TimerState.FAILED
    wall.clock.advance(days=1)
    assert room.fire_due() == 0
    with database.begin() as connection:
        assert Cases(connection, settings.rules, wall.clock).open_case_of(talk) is not None
        note = connection.execute(
            sa.select(timers.timers.c.note).where(timers.timers.c.key == "unpaid:1")
        ).scalar_one()
    assert note == "ValueError"


def test_a_database_that_is_away_costs_no_try(wall: Wall) -> None:
    def away(*_: Any) -> None:
        raise TryLaterError("the database is away")

    wall.set(after=-HOUR)
    with pytest.raises(TryLaterError):
        wall.another(away).fire_due()
    assert wall.find().attempts == 0
    assert wall.room.fire_due() == 1


@pytest.mark.parametrize("spoilt", [{"key": "k" * 300}, {"kind": "k" * 60}, {"subject": "s" * 300}])
def test_what_does_not_fit_is_refused_and_not_cut(wall: Wall, spoilt: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="at most"):
        wall.set(**spoilt)


# --- Any sequence of acts ---

_acts = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["set", "again", "cancel", "fire", "wait"])),
    max_size=25,
)


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=_acts)
def test_a_timer_fires_exactly_as_often_as_it_was_wanted(
    database: Database, clock: SetClock, acts: list[tuple[str, str]]
) -> None:
    with database.begin() as connection:
        lock_now(connection)
        connection.execute(timers.timers.delete())
    wall = Wall(database, clock)
    waits: dict[str, dt.datetime] = {}
    happened: list[str] = []
    for key, what in acts:
        if what in ("set", "again"):
            # One that waits is moved, also where it waits once more.
            wanted = what == "again" or key in waits or key not in happened
            assert wall.set(key, again=what == "again") == wanted
            if wanted:
                waits[key] = clock.now() + HOUR
        elif what == "cancel":
            assert wall.cancel(key) == (waits.pop(key, None) is not None)
        elif what == "wait":
            clock.advance(minutes=30)
        else:
            due = [one for one, at in waits.items() if at <= clock.now()]
            due.sort(key=lambda one: waits[one])
            assert wall.room.fire_due() == len(due)
            happened += due
            for one in due:
                del waits[one]
    assert sorted(wall.fired) == sorted(happened)
