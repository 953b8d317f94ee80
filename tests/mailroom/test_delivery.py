"""Delivery: in order for each conversation, and nothing twice that could harm."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bot import database as database_module
from bot.database import Database, lock_now
from bot.desk.values.cases import Reason
from bot.errors import NeverError, OperatorError, TryLaterError, UnknownOutcomeError
from bot.mailroom import delivery as module
from bot.mailroom import handover, outbox
from bot.mailroom.delivery import LEASE, Delivery
from bot.mailroom.outbox import OutboxState
from bot.messages import Author, Button, Correction, Outbound, Weight
from tests.mailroom.office import Office
from tests.mailroom.shelf import Shelf

rows = outbox.outbox


# --- In order ---


async def test_each_conversation_gets_its_messages_in_order(office: Office) -> None:
    for number in range(10):
        office.post(f"a{number}", to="ana")
        office.post(f"b{number}", to="ben")
    await office.deliver()
    assert office.shelf.texts("ana") == [f"a{number}" for number in range(10)]
    assert office.shelf.texts("ben") == [f"b{number}" for number in range(10)]
    assert set(office.states().values()) == {OutboxState.SENT.value}


async def test_a_message_arrives_whole(office: Office) -> None:
    buttons = (Button("Yes", '/inform{"return_confirmed": "yes"}'), Button("No", "/service_deny"))
    with office.database.begin() as connection:
        outbox.post(
            connection,
            office.talks["ana"],
            "Shall I?",
            now=office.clock.now(),
            buttons=buttons,
            author_name="Ana",
            language="de",
            key="k1",
        )
    await office.deliver()
    (message,) = office.shelf.sent
    assert (message.key, message.sender, message.account) == ("k1", "ana", "store")
    assert (message.author, message.author_name, message.language) == (Author.AGENT, "Ana", "de")
    assert message.buttons == buttons
    with office.database.begin() as connection:
        row = connection.execute(sa.select(rows).where(rows.c.key == "k1")).one()
    assert (row.channel_message_id, row.sent_at) == ("id-1", office.clock.now())


async def test_a_message_that_waits_holds_back_its_own_conversation_only(office: Office) -> None:
    office.shelf.fails["a1"] = [TryLaterError("busy", retry_after=30)]
    office.post("a1", "a2")
    office.post("b1", "b2", to="ben")
    await office.deliver()
    assert office.shelf.texts() == ["b1", "b2"]
    office.clock.advance(seconds=29)
    await office.deliver()
    assert office.shelf.tries.count("a1") == 1
    office.clock.advance(seconds=1)
    await office.deliver()
    assert office.shelf.texts("ana") == ["a1", "a2"]


async def test_a_channel_that_hangs_holds_back_its_own_conversation_only(office: Office) -> None:
    office.shelf.hangs["a1"] = asyncio.Event()
    office.post("a1", "a2")
    office.post("b1", "b2", "b3", to="ben")
    await office.delivery.deliver_due()
    while office.shelf.texts() != ["b1", "b2", "b3"]:
        office.shelf.filled.clear()
        await asyncio.wait_for(office.shelf.filled.wait(), 5)
    office.shelf.hangs["a1"].set()
    await office.delivery.finish()
    assert office.shelf.texts("ana") == ["a1", "a2"]
    assert office.shelf.tries.count("a1") == 1


async def test_what_comes_while_its_conversation_is_under_way_is_not_forgotten(office: Office) -> None:
    more = asyncio.Event()
    delivery = Delivery(
        office.database, {"web": office.shelf}, office.clock, lambda *_: None, on_more=more.set
    )
    office.shelf.hangs["a1"] = asyncio.Event()
    office.post("a1")
    await delivery.deliver_due()
    await asyncio.wait_for(office.shelf.asked.wait(), 5)
    office.post("a2")
    assert await delivery.deliver_due() == 0
    assert not more.is_set()
    office.shelf.hangs["a1"].set()
    await asyncio.wait_for(more.wait(), 5)
    await delivery.deliver_due()
    await delivery.finish()
    assert office.shelf.texts() == ["a1", "a2"]


async def test_nobody_is_told_to_look_again_once_everything_is_sent(office: Office) -> None:
    told: list[None] = []
    delivery = Delivery(
        office.database, {"web": office.shelf}, office.clock, lambda *_: None, lambda: told.append(None)
    )
    office.post("a1", "a2")
    await delivery.deliver_due()
    await delivery.finish()
    assert (office.shelf.texts(), told) == (["a1", "a2"], [])


# --- By a channel whose other side shows a message once ---


async def test_it_may_rest_until_something_waits_and_no_longer_than_that(office: Office) -> None:
    assert office.delivery.quiet_for(60) == 0
    await office.delivery.deliver_due()
    assert office.delivery.quiet_for(60) == 60
    # A look for what is new does not ask what becomes due by time alone.
    await office.delivery.deliver_due(news=True)
    assert office.delivery.quiet_for(60) == 0
    office.shelf.fails["a"] = [TryLaterError("too much", retry_after=7)]
    office.post("a", to="ana")
    assert await office.delivery.deliver_due() == 1
    assert office.delivery.quiet_for(60) == 0
    await office.delivery.finish()
    await office.delivery.deliver_due()
    assert office.delivery.quiet_for(5) == 5
    assert office.delivery.quiet_for(60) == 7
    office.wait(7)
    assert office.delivery.quiet_for(60) == 0
    await office.deliver()
    assert office.shelf.texts("ana") == ["a"]
    assert office.delivery.quiet_for(60) == 60


@pytest.fixture
def screen(office: Office) -> Shelf:
    """The office's channel is such a one."""
    office.shelf.idempotent = True
    return office.shelf


async def test_what_may_be_sent_again_is_sent_without_a_note_before(office: Office, screen: Shelf) -> None:
    screen.hangs["a2"] = asyncio.Event()
    office.post("a1", "a2", "a3")
    await office.delivery.deliver_due()
    await screen.reached("a2")
    assert set(office.states().values()) == {"queued"}
    screen.hangs["a2"].set()
    await office.delivery.finish()
    assert screen.texts() == ["a1", "a2", "a3"]
    assert set(office.states().values()) == {"sent"}


async def test_what_may_be_sent_again_is_after_a_death_and_opens_no_case(
    office: Office, screen: Shelf
) -> None:
    screen.hangs["Refunded."] = asyncio.Event()
    office.post("a1", "Refunded.", weight=Weight.CONFIRMATION)
    await office.delivery.deliver_due()
    await screen.reached("Refunded.")
    await office.delivery.stop(grace=0)
    screen.hangs.clear()
    following = office.another()
    await following.deliver_due()
    await following.finish()
    assert screen.texts() == ["a1", "a1", "Refunded."]
    assert set(office.states().values()) == {"sent"}
    assert office.cases() == []


async def test_what_may_be_sent_again_waits_in_its_order_too(office: Office, screen: Shelf) -> None:
    screen.fails["a2"] = [TryLaterError("away"), TryLaterError("away")]
    office.post("a1", "a2", "a3")
    for wait in (1, 4):
        await office.deliver()
        assert screen.texts() == ["a1"]
        assert office.states() == {"a1": "sent", "a2": "queued", "a3": "queued"}
        office.clock.advance(seconds=wait)
    await office.deliver()
    assert screen.texts() == ["a1", "a2", "a3"]


async def test_two_deliverers_send_nothing_twice(office: Office) -> None:
    other = Delivery(office.database, {"web": office.shelf}, office.clock, lambda *_: None)
    office.post(*(f"a{number}" for number in range(5)))
    office.post(*(f"b{number}" for number in range(5)), to="ben")
    while any(await asyncio.gather(office.delivery.deliver_due(), other.deliver_due())):
        await asyncio.gather(office.delivery.finish(), other.finish())
    assert sorted(office.shelf.tries) == sorted(office.states())
    assert office.shelf.texts("ana") == [f"a{number}" for number in range(5)]


# --- Failing ---


async def test_without_a_word_from_the_channel_the_waits_grow_up_to_a_cap(office: Office) -> None:
    office.shelf.fails["a1"] = [TryLaterError("away") for _ in range(7)]
    office.post("a1")
    waited = []
    while not office.shelf.sent:
        await office.deliver()
        with office.database.begin() as connection:
            due = connection.execute(sa.select(rows.c.not_before)).scalar_one()
        if not office.shelf.sent:
            waited.append((due - office.clock.now()).total_seconds())
            office.clock.at = due
    assert waited == [1, 4, 16, 64, 256, 600, 600]
    assert office.cases() == []


@pytest.mark.parametrize("asked", [1e300, float("inf"), 10.0**12])
async def test_a_channel_cannot_have_a_message_wait_for_ever(office: Office, asked: float) -> None:
    office.shelf.fails["a1"] = [TryLaterError("flood", retry_after=asked)]
    office.post("a1")
    await office.deliver()
    office.clock.advance(days=1)
    await office.deliver()
    assert office.shelf.texts() == ["a1"]


async def test_what_waits_for_a_person_goes_on_waiting(office: Office) -> None:
    office.shelf.fails["a1"] = [OperatorError("the token was revoked")]
    office.post("a1")
    await office.deliver()
    assert office.states() == {"a1": "queued"}
    office.clock.advance(hours=1)
    await office.deliver()
    assert office.shelf.texts() == ["a1"]


async def test_a_message_for_a_closed_channel_waits_until_it_opens(office: Office) -> None:
    closed = Delivery(office.database, {}, office.clock, lambda *_: None)
    office.post("a1")
    assert await closed.deliver_due() == 1
    await closed.finish()
    assert office.states() == {"a1": "queued"}
    office.clock.advance(hours=1)
    await office.deliver()
    assert office.shelf.texts() == ["a1"]


async def test_what_never_works_is_given_up_and_a_person_is_told(office: Office) -> None:
    office.shelf.fails["a1"] = [NeverError("the buyer blocked the bot")]
    office.post("a1", "a2")
    await office.deliver()
    assert office.states() == {"a1": "failed", "a2": "sent"}
    assert office.cases() == [Reason.UNDELIVERED]
    assert office.shelf.tries == ["a1", "a2"]


async def test_talk_of_unknown_outcome_is_repeated_once(office: Office) -> None:
    office.shelf.deaf = {"a1"}
    office.shelf.fails["a1"] = [UnknownOutcomeError("timed out"), UnknownOutcomeError("timed out")]
    office.post("a1", "a2")
    await office.deliver()
    assert office.shelf.texts() == ["a1", "a1", "a2"]
    assert office.states() == {"a1": "unknown", "a2": "sent"}
    assert office.cases() == [Reason.UNDELIVERED]


async def test_talk_whose_repetition_works_needs_nobody(office: Office) -> None:
    office.shelf.fails["a1"] = [UnknownOutcomeError("timed out")]
    office.post("a1")
    await office.deliver()
    assert office.states() == {"a1": "sent"}
    assert office.cases() == []


async def test_a_confirmation_of_unknown_outcome_is_never_repeated(office: Office) -> None:
    office.shelf.deaf = {"Refunded."}
    office.shelf.fails["Refunded."] = [UnknownOutcomeError("timed out")]
    office.post("Refunded.", weight=Weight.CONFIRMATION)
    await office.deliver()
    office.clock.advance(days=3)
    await office.deliver()
    assert office.shelf.texts() == ["Refunded."]
    assert office.states() == {"Refunded.": "unknown"}
    assert office.cases() == [Reason.UNDELIVERED]


@pytest.mark.parametrize("error", [ValueError("a1 for Ana Silva"), TimeoutError(), asyncio.TimeoutError()])
@pytest.mark.parametrize("weight", list(Weight))
async def test_what_a_channel_raises_against_its_promise_counts_as_unknown(
    office: Office, caplog: pytest.LogCaptureFixture, error: Exception, weight: Weight
) -> None:
    office.shelf.deaf = {"a1"}
    office.shelf.fails["a1"] = [error]
    office.post("a1", weight=weight)
    office.post("b1", to="ben")
    with caplog.at_level(logging.DEBUG):
        await office.deliver()
    talk = weight is Weight.TALK
    assert office.states() == {"a1": "sent" if talk else "unknown", "b1": "sent"}
    assert office.shelf.texts("ana") == (["a1", "a1"] if talk else ["a1"])
    assert office.cases() == ([] if talk else [Reason.UNDELIVERED])
    assert "Silva" not in caplog.text


@pytest.fixture
def impatient(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The same database for somebody who waits a twentieth of a second for a lock."""
    monkeypatch.setattr(database_module, "SQLITE_BUSY_SECONDS", 0.05)
    monkeypatch.setitem(database_module.SERVER_LIMITS, "lock_timeout", "50ms")
    made = Database(str(office.database.url))
    yield made
    made.close()


def _lock(connection: sa.engine.Connection) -> None:
    """Have nobody else write to the outbox."""
    lock_now(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE outbox IN EXCLUSIVE MODE"))


async def test_a_database_that_is_locked_after_the_sending_sends_nothing_twice(
    office: Office, impatient: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.05)
    told = asyncio.Event()

    def listen(record: logging.LogRecord) -> bool:
        if "cannot be taken down yet" in record.getMessage():
            told.set()
        return True

    caplog.handler.addFilter(listen)
    delivery = Delivery(impatient, {"web": office.shelf}, office.clock, lambda *_: None)
    office.shelf.hangs["a1"] = asyncio.Event()
    office.post("a1", "a2", weight=Weight.CONFIRMATION)
    await delivery.deliver_due()
    await asyncio.wait_for(office.shelf.asked.wait(), 5)
    with office.database.begin() as connection:
        _lock(connection)
        office.shelf.hangs["a1"].set()
        await asyncio.wait_for(told.wait(), 5)
        assert office.shelf.texts() == ["a1"]
        assert office.states()["a1"] == "sending"
    await asyncio.wait_for(delivery.finish(), 5)
    while await delivery.deliver_due():
        await delivery.finish()
    assert office.shelf.texts() == ["a1", "a2"]
    assert set(office.states().values()) == {"sent"}


async def test_a_database_that_is_locked_before_the_sending_only_delays(
    office: Office, impatient: Database
) -> None:
    delivery = Delivery(impatient, {"web": office.shelf}, office.clock, lambda *_: None)
    office.post("a1")
    with office.database.begin() as connection:
        _lock(connection)
        await delivery.deliver_due()
        await delivery.finish()
        assert office.shelf.tries == []
    await delivery.deliver_due()
    await delivery.finish()
    assert office.shelf.texts() == ["a1"]


async def test_an_error_that_nobody_foresaw_is_not_hidden(office: Office) -> None:
    """What is told of an undelivered message may break; then the front must not go on as if nothing was."""

    def break_down(*_: object) -> None:
        raise RuntimeError("no case can be opened")

    delivery = Delivery(office.database, {"web": office.shelf}, office.clock, break_down)
    office.shelf.fails["a1"] = [NeverError("blocked")]
    office.post("a1")
    await delivery.deliver_due()
    await delivery.finish()
    with pytest.raises(RuntimeError, match="no case"):
        await delivery.deliver_due()
    # Row and case belong together: neither was written without the other.
    assert office.states() == {"a1": "sending"}


# --- After a death ---


def _die_while_sending(office: Office) -> None:
    """Somebody begins to send the first message of each conversation, and is not heard of again."""
    now = office.clock.now()
    with office.database.begin() as connection:
        first = {row.conversation_id: row for row in reversed(handover.due(connection, now=now))}
        for row in first.values():
            assert handover.begin_sending(
                connection, row, f"dead-{row.attempts}", now=now, until=office.moment() + LEASE
            )


async def test_talk_that_was_being_sent_at_a_death_is_sent_once_more(office: Office) -> None:
    office.post("a1", "a2")
    _die_while_sending(office)
    await office.deliver()
    assert office.shelf.tries == []
    await office.outlast_the_dead()
    assert office.shelf.texts() == ["a1", "a2"]
    assert office.cases() == []


async def test_talk_is_not_repeated_at_each_of_several_deaths(office: Office) -> None:
    office.post("a1", "a2")
    office.shelf.fails["a1"] = [TryLaterError("away")]
    _die_while_sending(office)
    await office.outlast_the_dead()
    assert office.shelf.texts() == []
    office.clock.advance(minutes=1)
    _die_while_sending(office)
    await office.outlast_the_dead()
    assert office.shelf.texts() == ["a2"]
    assert office.states() == {"a1": "unknown", "a2": "sent"}
    assert office.cases() == [Reason.UNDELIVERED]


async def test_a_confirmation_that_was_being_sent_at_a_death_is_never_sent_again(office: Office) -> None:
    office.post("Refunded.", weight=Weight.CONFIRMATION)
    office.post("b1", to="ben")
    _die_while_sending(office)
    await office.outlast_the_dead()
    assert office.shelf.texts() == ["b1"]
    assert office.states() == {"Refunded.": "unknown", "b1": "sent"}
    assert office.cases() == [Reason.UNDELIVERED]
    before = office.states(), office.cases()
    office.clock.advance(hours=1)
    await office.deliver()
    assert (office.states(), office.cases()) == before


async def test_a_stop_in_the_middle_of_a_sending_is_settled_by_the_next_one_at_once(office: Office) -> None:
    office.shelf.hangs["a1"] = asyncio.Event()
    office.post("a1")
    await office.delivery.deliver_due()
    await asyncio.wait_for(office.shelf.asked.wait(), 5)
    await office.delivery.stop(grace=0)
    assert office.states() == {"a1": "sending"}
    office.shelf.hangs.clear()
    following = office.another()
    await following.deliver_due()
    await following.finish()
    await following.deliver_due()
    await following.finish()
    assert office.shelf.texts() == ["a1"]


async def test_a_stop_lets_a_channel_that_answers_finish(office: Office) -> None:
    office.shelf.hangs["a1"] = asyncio.Event()
    office.post("a1", weight=Weight.CONFIRMATION)
    await office.delivery.deliver_due()
    await asyncio.wait_for(office.shelf.asked.wait(), 5)
    stopping = asyncio.create_task(office.delivery.stop())
    office.shelf.hangs["a1"].set()
    await stopping
    assert office.states() == {"a1": "sent"}
    assert office.cases() == []


# --- Corrections ---


class Board(Shelf):
    """A shelf on which what was put can be changed."""

    def __init__(self) -> None:
        super().__init__()
        self.corrected: list[tuple[str, str, bool]] = []

    async def correct(self, message: Outbound, former: Correction) -> None:
        self.tries.append(message.text)
        if failures := self.fails[message.text]:
            raise failures.pop(0)
        self.corrected.append((former.message_id, message.text, former.deletes))


def _correct(office: Office, text: str, *, deletes: bool = False) -> None:
    with office.database.begin() as connection:
        first = connection.execute(sa.select(rows).order_by(rows.c.id).limit(1)).one()
        former = Correction(first.position, first.channel_message_id, first.text, deletes)
        outbox.post(connection, first.conversation_id, text, now=office.clock.now(), corrects=former)


@pytest.fixture
def board(office: Office) -> Board:
    board = Board()
    office.delivery = office.another(board)
    return board


async def test_corrections_go_in_their_order_and_say_what_they_change(office: Office, board: Board) -> None:
    office.post("a1")
    await office.deliver()
    _correct(office, "a1, but right")
    office.post("a2")
    _correct(office, "", deletes=True)
    await office.deliver()
    assert board.tries == ["a1", "a1, but right", "a2", ""]
    assert board.corrected == [("id-1", "a1, but right", False), ("id-1", "", True)]
    assert set(office.states().values()) == {OutboxState.SENT.value}


async def test_a_correction_that_waits_holds_back_what_comes_after_it(office: Office, board: Board) -> None:
    office.post("a1")
    await office.deliver()
    board.fails["better"] = [TryLaterError("busy", retry_after=30)]
    _correct(office, "better")
    office.post("a2")
    await office.deliver()
    assert board.texts() == ["a1"]
    office.clock.advance(seconds=30)
    await office.deliver()
    assert (board.texts(), board.corrected) == (["a1", "a2"], [("id-1", "better", False)])


@pytest.mark.parametrize("error", [UnknownOutcomeError("no answer"), RuntimeError("?")])
async def test_a_correction_of_unknown_outcome_is_made_once_more(
    office: Office, board: Board, error: Exception
) -> None:
    office.post("a1")
    await office.deliver()
    board.fails["better"] = [error]
    _correct(office, "better")
    await office.deliver()
    await office.deliver()
    assert board.tries == ["a1", "better", "better"]
    assert board.corrected == [("id-1", "better", False)]


@pytest.mark.parametrize("errors", [[NeverError("too late")], [UnknownOutcomeError("no answer")] * 2])
async def test_a_correction_that_fails_opens_no_case(
    office: Office, board: Board, errors: list[BaseException]
) -> None:
    office.post("a1")
    await office.deliver()
    board.fails["better"] = [*errors]
    _correct(office, "better")
    await office.deliver()
    await office.deliver()
    office.post("a2")
    await office.deliver()
    assert (board.texts(), board.corrected) == (["a1", "a2"], [])
    assert office.cases() == []


async def test_a_channel_that_can_change_nothing_fails_a_correction_at_once(office: Office) -> None:
    office.post("a1")
    await office.deliver()
    _correct(office, "better")
    office.post("a2")
    await office.deliver()
    assert office.shelf.texts() == ["a1", "a2"]
    with office.database.begin() as connection:
        (failed,) = connection.execute(sa.select(rows).where(rows.c.corrects.is_not(None))).all()
    assert (failed.state, failed.error) == ("failed", "on web nothing can be changed that was sent")
    assert office.cases() == []


def test_a_correction_takes_no_offered_choice_away(office: Office) -> None:
    buttons = (Button("Yes", "/affirm"),)
    with office.database.begin() as connection:
        talk = office.talks["ana"]
        outbox.post(connection, talk, "Shall I?", now=office.clock.now(), buttons=buttons)
    _correct(office, "Shall I now?")
    with office.database.begin() as connection:
        assert outbox.last_buttons(connection, talk) == list(buttons)
