from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.desk.health import health
from bot.desk.tables import cases, people
from bot.desk.turning import turn_clocks, watch
from bot.desk.values.cases import Case, CaseState, ClockKind, Reason
from bot.desk.values.people import Person
from bot.mailroom import conversations
from bot.mailroom.conversations import Owner
from tests.desk.acting import Acting


def break_it(database: Database, case: Case, **values: Any) -> None:
    """Write what the database's own constraints would refuse, as a fault in the disk or by hand could."""
    with database.begin() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        connection.execute(cases.update().where(cases.c.id == case.id).values(**values))
        connection.exec_driver_sql("PRAGMA ignore_check_constraints=OFF")


def test_a_desk_in_order_has_nothing_to_mend(desk: Acting, ana: Person, clock: SetClock) -> None:
    desk.open(), desk.claimed(ana), desk.answered(ana)
    before = desk.act(lambda known: known.list())
    assert watch(desk.database, clock) == ()
    assert desk.act(lambda known: known.list()) == before


def test_a_case_without_owner_and_clock_is_put_on_its_way(desk: Acting, clock: SetClock) -> None:
    case = desk.open()
    break_it(desk.database, case, clock=None, due_at=None)
    (line,) = watch(desk.database, clock)
    assert line == f"case {case.id}: it had no owner and no running clock"
    mended = desk.get(case)
    assert (mended.state, mended.clock, mended.due_at) == (CaseState.OPEN, ClockKind.CLAIM, clock.now())
    assert desk.events(case)[-1].actor == "the watchdog"
    assert turn_clocks(desk.database, desk.rules, clock) == (case.id,)
    assert watch(desk.database, clock) == ()


@pytest.mark.parametrize(
    ("values", "state", "owned"),
    [
        ({"state": "claimed", "owner_id": None}, CaseState.OPEN, False),
        ({"state": "open"}, CaseState.OPEN, False),
        ({"state": "claimed", "clock": None, "due_at": None}, CaseState.CLAIMED, True),
        ({"state": "waiting_us", "clock": None, "due_at": None}, CaseState.WAITING_US, True),
        ({"state": "waiting_buyer", "owner_id": None, "clock": None, "due_at": None}, CaseState.OPEN, False),
        ({"state": "waiting_buyer", "clock": None, "due_at": None}, CaseState.WAITING_US, True),
        ({"state": "snoozed", "clock": None, "due_at": None}, CaseState.SNOOZED, True),
        ({"state": "open", "owner_id": None, "direct": True}, CaseState.OPEN, False),
    ],
)
def test_every_kind_of_muddle_is_mended_once(
    desk: Acting, ana: Person, clock: SetClock, values: dict[str, Any], state: CaseState, owned: bool
) -> None:
    case = desk.claimed(ana)
    break_it(desk.database, case, **values)
    assert len(watch(desk.database, clock)) == 1
    mended = desk.get(case)
    assert (mended.state, mended.owner_id is not None) == (state, owned)
    assert mended.due_at is not None
    assert watch(desk.database, clock) == ()


def test_a_late_text_of_who_lost_a_case_to_the_watchdog_is_fenced(
    desk: Acting, ana: Person, clock: SetClock
) -> None:
    case = desk.claimed(ana)
    break_it(desk.database, case, state="open")
    watch(desk.database, clock)
    assert desk.get(case).fence > case.fence


def test_the_case_of_somebody_who_left_goes_back_to_the_queue(
    desk: Acting, ana: Person, clock: SetClock
) -> None:
    case = desk.answered(ana)
    with desk.database.begin() as connection:
        connection.execute(people.update().values(active=False))
    (line,) = watch(desk.database, clock)
    assert line == f"case {case.id}: its owner no longer works here"
    assert desk.get(case).owner_id is None


def test_a_conversation_that_the_bot_thinks_is_its_own_is_given_to_the_desk(
    desk: Acting, clock: SetClock
) -> None:
    case = desk.open()
    with desk.database.begin() as connection:
        conversations.set_owner(connection, case.conversation_id, Owner.BOT)
    assert watch(desk.database, clock) == (f"case {case.id}: its conversation belonged to the bot",)
    assert desk.owner_of(case.conversation_id) is Owner.AGENT
    assert desk.get(case) == case


def test_a_buyer_whom_nobody_answers_gets_a_case(desk: Acting, clock: SetClock) -> None:
    talk = desk.conversation()
    with desk.database.begin() as connection:
        conversations.set_owner(connection, talk, Owner.AGENT)
    assert len(watch(desk.database, clock)) == 1
    (case,) = desk.act(lambda known: known.list())
    assert (case.conversation_id, case.queue, case.reason) == (talk, "supervisor", Reason.ORPHANED)
    assert case.due_at == clock.now()
    assert watch(desk.database, clock) == ()


def test_clocks_that_nobody_turns_are_reported(desk: Acting, clock: SetClock) -> None:
    case = desk.open()
    clock.advance(minutes=7)
    assert watch(desk.database, clock) == ()
    clock.advance(minutes=2)
    (line,) = watch(desk.database, clock)
    assert line == f"case {case.id}: its clock ran out at 2026-06-10 02:03 UTC and nobody moved it"
    assert desk.get(case) == case


def test_looking_at_a_desk_in_order_takes_no_lock(desk: Acting, clock: SetClock) -> None:
    desk.open()
    with desk.database.begin() as writer:
        writer.execute(sa.update(people).values(away=False))
        with desk.database.begin() as reader:
            assert health(reader, clock) == []


def test_one_case_that_cannot_be_moved_does_not_stop_the_others(
    desk: Acting, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = desk.open(), desk.open()
    break_it(desk.database, bad, state="no such state")
    clock.advance(minutes=3)
    assert turn_clocks(desk.database, desk.rules, clock) == (good.id,)
    assert f"the clock of case {bad.id} could not be turned" in caplog.text
