"""Several deliverers: each message is in the hands of one; what a dead one held is found out about."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
import sqlalchemy as sa

from bot.channels import Found, LooksUp, Sighting
from bot.database import is_write
from bot.desk.values.cases import Reason
from bot.errors import NeverError, TryLaterError, UnknownOutcomeError
from bot.mailroom import handover, mending, outbox, overview, transcript
from bot.mailroom.delivery import LEASE
from bot.mailroom.handover import Hold, OutboxRow
from bot.mailroom.outbox import OutboxState
from bot.mailroom.overview import Box
from bot.messages import Weight
from tests.mailroom.office import STARTED, Office
from tests.mailroom.shelf import Register, Shelf

SECOND = dt.timedelta(seconds=1)
#: When nobody looks who is alive.
UNTIL = STARTED + LEASE


async def _hang(office: Office, text: str, weight: Weight = Weight.TALK) -> None:
    """The office's deliverer has handed a message to its channel, which says nothing."""
    office.shelf.hangs[text] = asyncio.Event()
    office.post(text, weight=weight)
    await office.delivery.deliver_due()
    await office.shelf.reached(text)


def _held(office: Office, name: str) -> OutboxRow:
    with office.database.begin() as connection:
        (row,) = handover.due(connection, now=office.clock.now())
        assert handover.begin_sending(
            connection, row, name, now=office.clock.now(), until=office.moment() + LEASE
        )
    return row


# --- Who is alive ---


async def test_what_a_living_deliverer_sends_is_nobody_elses(office: Office) -> None:
    await _hang(office, "a1", Weight.CONFIRMATION)
    other = office.another()
    for _ in range(60):
        office.wait(1)
        # The front calls it every second: a sign of life.
        await office.delivery.deliver_due()
        assert await other.deliver_due() == 0
    office.shelf.hangs["a1"].set()
    await office.delivery.finish()
    assert office.shelf.texts() == ["a1"]
    assert office.states() == {"a1": "sent"}
    assert office.cases() == []


async def test_what_a_silent_deliverer_was_sending_is_taken_over_after_its_lease(office: Office) -> None:
    await _hang(office, "a1")
    other = office.another()
    assert await office.look_for(other, 14) == 0
    office.shelf.hangs.clear()
    office.wait(1)
    await office.deliver(other)
    assert office.shelf.texts() == ["a1"]
    assert office.states() == {"a1": "sent"}


async def test_a_deliverer_never_takes_over_from_itself(office: Office) -> None:
    await _hang(office, "a1", Weight.CONFIRMATION)
    assert await office.look_for(office.delivery, 60) == 0
    office.shelf.hangs["a1"].set()
    await office.delivery.finish()
    assert office.states() == {"a1": "sent"}


@pytest.mark.parametrize("hours", [-3, 3])
async def test_a_clock_that_jumps_takes_nothing_from_the_living(office: Office, hours: int) -> None:
    await _hang(office, "a1", Weight.CONFIRMATION)
    other = office.another()
    for _ in range(30):
        office.wait(1)
        office.clock.advance(hours=hours)
        assert await other.deliver_due() == 0
        await office.delivery.deliver_due()
    office.shelf.hangs["a1"].set()
    await office.delivery.finish()
    assert office.states() == {"a1": "sent"}


@pytest.mark.parametrize("hours", [-3, 3])
async def test_what_the_dead_held_does_not_wait_for_a_clock_that_jumped(office: Office, hours: int) -> None:
    office.post("a1", weight=Weight.CONFIRMATION)
    _held(office, "dead")
    office.clock.advance(hours=hours)
    await office.outlast_the_dead()
    assert office.states() == {"a1": "unknown"}


async def test_nobody_is_taken_for_dead_because_the_database_was_away(office: Office) -> None:
    """Then the living could give no sign."""
    await _hang(office, "a1", Weight.CONFIRMATION)
    other = office.another()
    assert await other.deliver_due() == 0
    office.wait(600)
    assert await other.deliver_due() == 0
    await office.delivery.deliver_due()
    assert await other.deliver_due() == 0


@pytest.mark.parametrize("hours", [-3, 3])
async def test_the_dead_keep_nothing_though_the_shared_clock_jumped(office: Office, hours: int) -> None:
    """As when the machine was started anew, or the database has another host."""
    office.post("a1", weight=Weight.CONFIRMATION)
    _held(office, "dead")
    office.elapsed += hours * 3600
    assert await office.another().deliver_due() == 1


async def test_who_sends_one_message_after_another_needs_no_other_sign(office: Office) -> None:
    other = office.another()
    for number in range(10):
        await _hang(office, f"a{number}", Weight.CONFIRMATION)
        assert await office.look_for(other, 2) == 0
        office.shelf.hangs[f"a{number}"].set()
        await office.delivery.finish()
    assert set(office.states().values()) == {"sent"}


async def test_what_a_deliverer_lets_go_of_at_its_end_is_taken_over_at_once(office: Office) -> None:
    await _hang(office, "a1", Weight.CONFIRMATION)
    await office.delivery.stop(grace=0)
    other = office.another()
    assert await other.deliver_due() == 1
    await other.finish()
    assert office.states() == {"a1": "unknown"}


async def test_of_two_that_take_over_one_does(office: Office) -> None:
    office.post("a1", weight=Weight.CONFIRMATION)
    _held(office, "dead")
    one, two = office.another(), office.another()
    for _ in range(15):
        assert await one.deliver_due() + await two.deliver_due() == 0
        office.wait(1)
    assert sum(await asyncio.gather(one.deliver_due(), two.deliver_due())) == 1
    await asyncio.gather(one.finish(), two.finish())
    assert office.cases() == [Reason.UNDELIVERED]


def test_who_gives_a_sign_between_the_look_and_the_taking_is_left_alone(office: Office) -> None:
    office.post("a1")
    _held(office, "slow")
    with office.database.begin() as connection:
        seen = handover.held_by_others(connection, "next")
        handover.prolong(connection, "slow", until=office.moment() + 2 * LEASE)
        assert handover.take_over(connection, "next", seen, until=UNTIL) == []


# --- The fence ---


async def test_what_a_late_deliverer_knows_to_be_sent_counts_and_is_not_repeated(office: Office) -> None:
    office.post("a1")
    row = _held(office, "late")
    other = office.another()
    await office.look_for(other, 15)
    await other.finish()
    assert office.states() == {"a1": "queued"}
    with office.database.begin() as connection:
        held = Hold(row, "late")
        assert handover.conclude(connection, held, OutboxState.SENT, now=office.clock.now())
    await office.deliver(other)
    assert office.shelf.tries == []
    assert office.states() == {"a1": "sent"}


@pytest.mark.parametrize("state", [OutboxState.QUEUED, OutboxState.FAILED, OutboxState.UNKNOWN])
def test_whatever_else_a_late_deliverer_says_is_not_heard(office: Office, state: OutboxState) -> None:
    office.post("a1")
    row, now = _held(office, "late"), office.clock.now()
    with office.database.begin() as connection:
        seen = handover.held_by_others(connection, "next")
        (taken,) = handover.take_over(connection, "next", seen, until=UNTIL)
        assert (taken.attempts, taken.id) == (row.attempts, row.id)
        assert not handover.conclude(connection, Hold(row, "late"), state, now=now)
        handover.put_back(connection, Hold(row, "late"))
    assert office.states() == {"a1": "sending"}
    with office.database.begin() as connection:
        assert handover.conclude(connection, Hold(taken, "next"), state, now=now)
    assert office.states() == {"a1": state.value}


def test_a_late_word_is_not_heard_once_the_message_is_tried_anew(office: Office) -> None:
    office.post("a1")
    row, now = _held(office, "late"), office.clock.now()
    with office.database.begin() as connection:
        seen = handover.held_by_others(connection, "next")
        (taken,) = handover.take_over(connection, "next", seen, until=UNTIL)
        assert handover.conclude(connection, Hold(taken, "next"), OutboxState.QUEUED, now=now, doubts=1)
    _held(office, "third")
    with office.database.begin() as connection:
        assert not handover.conclude(connection, Hold(row, "late"), OutboxState.SENT, now=now)
    assert office.states() == {"a1": "sending"}


def test_what_was_read_before_another_tried_it_cannot_be_begun(office: Office) -> None:
    """Its wait, its tries and its doubts have changed since."""
    office.post("a1", "a2")
    now = office.clock.now()
    with office.database.begin() as connection:
        first, second = handover.due(connection, now=now)
        assert handover.begin_sending(connection, first, "one", now=now, until=UNTIL)
        held = Hold(first, "one")
        assert not handover.begin_sending(connection, second, "two", now=now, until=UNTIL)
        assert handover.conclude(
            connection, held, OutboxState.QUEUED, now=now, not_before=now + 5 * SECOND, error="busy"
        )
        assert not handover.begin_sending(connection, first, "two", now=now, until=UNTIL)
        assert not handover.begin_sending(connection, first, "two", now=now + 9 * SECOND, until=UNTIL)
        assert not handover.begin_sending(connection, second, "two", now=now, until=UNTIL)


async def test_what_an_operator_gave_up_meanwhile_stays_given_up(office: Office) -> None:
    office.post("a1")
    now = office.clock.now()
    with office.database.begin() as connection:
        (row,) = handover.due(connection, now=now)
        mending.write_off(connection, row.id, "spam", now=now)
        assert not handover.conclude(connection, Hold(row, None), OutboxState.SENT, now=now)
        assert not handover.begin_sending(connection, row, "one", now=now, until=UNTIL)
    assert office.states() == {"a1": "failed"}


# --- Asking the channel ---


@pytest.fixture
def register(office: Office) -> Register:
    """The office's channel can be asked."""
    office.shelf = Register()
    office.delivery = office.another()
    return office.shelf


@pytest.mark.parametrize("weight", list(Weight))
async def test_what_was_sent_as_the_channel_says_is_not_repeated(
    office: Office, register: Register, weight: Weight
) -> None:
    register.deaf = {"a1"}
    register.fails["a1"] = [UnknownOutcomeError("timed out")]
    office.post("a1", "a2", weight=weight)
    await office.deliver()
    assert register.texts() == ["a1", "a2"]
    assert register.looked_up == ["a1"]
    assert office.states() == {"a1": "sent", "a2": "sent"}
    assert office.cases() == []


@pytest.mark.parametrize("weight", list(Weight))
async def test_what_was_not_sent_as_the_channel_says_is_sent_even_if_it_confirms(
    office: Office, register: Register, weight: Weight
) -> None:
    register.fails["a1"] = [UnknownOutcomeError("timed out"), UnknownOutcomeError("timed out")]
    office.post("a1", "a2", weight=weight)
    for _ in range(3):
        await office.deliver()
        office.clock.advance(minutes=10)
    assert register.texts() == ["a1", "a2"]
    assert office.states() == {"a1": "sent", "a2": "sent"}
    assert office.cases() == []


@pytest.mark.parametrize("answer", [Found(Sighting.UNKNOWN), KeyError("a1"), TryLaterError("away")])
async def test_a_channel_that_cannot_tell_leaves_it_unknown(
    office: Office, register: Register, answer: Found | Exception
) -> None:
    register.deaf = {"a1"}
    register.fails["a1"] = [UnknownOutcomeError("timed out")]
    register.says["a1"] = answer
    office.post("a1", weight=Weight.CONFIRMATION)
    await office.deliver()
    assert register.texts() == ["a1"]
    assert office.states() == {"a1": "unknown"}
    assert office.cases() == [Reason.UNDELIVERED]


@pytest.mark.parametrize("arrived", [True, False])
async def test_what_a_dead_deliverer_was_sending_is_looked_up(
    office: Office, register: Register, arrived: bool
) -> None:
    office.post("Refunded.", weight=Weight.CONFIRMATION)
    row = _held(office, "dead")
    if arrived:
        await register.send(row.message)
    await office.outlast_the_dead()
    for _ in range(2):
        await office.deliver()
        office.clock.advance(minutes=10)
    assert register.texts() == ["Refunded."]
    assert office.states() == {"Refunded.": "sent"}
    assert office.cases() == []


# --- What is seen of it ---


def _line(office: Office) -> tuple[str, str | None]:
    with office.database.begin() as connection:
        line = transcript.lines(connection, office.talks["ana"])[-1]
    return line.state, line.why


async def test_the_transcript_tells_where_a_message_stands_and_why(office: Office) -> None:
    office.shelf.fails["a1"] = [
        TryLaterError("flood", retry_after=30),
        NeverError("the buyer blocked the bot"),
    ]
    office.post("a1")
    assert _line(office) == ("queued", None)
    await office.deliver()
    assert _line(office) == ("queued", "flood")
    office.clock.advance(seconds=30)
    await office.deliver()
    assert _line(office) == ("failed", "the buyer blocked the bot")


async def test_a_message_that_arrived_is_told_as_that_once(office: Office) -> None:
    office.post("a1")
    await office.deliver()
    ana, ben = office.talks["ana"], office.talks["ben"]
    sent, then = office.clock.now(), office.clock.now() + SECOND
    with office.database.begin() as connection:
        assert not outbox.delivered(connection, ben, "id-1", now=then)
        assert not outbox.delivered(connection, ana, "id-2", now=then)
        assert outbox.delivered(connection, ana, "id-1", now=then)
        assert not outbox.delivered(connection, ana, "id-1", now=then + SECOND)
        (row,) = overview.listed(connection, now=then, box=Box.OUTBOX, state=overview.MailState.DONE)
    assert (row.ended_at, row.delivered_at) == (sent, then)
    assert _line(office) == ("delivered", None)


async def test_words_of_a_channel_that_no_database_holds_do_not_stop_delivery(office: Office) -> None:
    office.shelf.fails["a1"] = [NeverError("nul \x00 and half \ud800 " + "x" * 999)]
    office.post("a1", "a2")
    await office.deliver()
    assert office.states() == {"a1": "failed", "a2": "sent"}


def test_no_two_deliverers_have_one_name(office: Office) -> None:
    names = {office.another().name for _ in range(10)}
    assert len(names) == 10
    assert all(len(name) <= 100 for name in names)


def test_a_channel_says_of_itself_whether_it_can_be_asked() -> None:
    assert isinstance(Register(), LooksUp)
    assert not isinstance(Shelf(), LooksUp)


async def test_a_deliverer_without_anything_under_way_writes_nothing(office: Office) -> None:
    written = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if is_write(statement):
            written.append(statement)

    sa.event.listen(office.database.engine, "before_cursor_execute", note)
    for _ in range(5):
        office.clock.advance(minutes=1)
        assert await office.delivery.deliver_due() == 0
    assert written == []
