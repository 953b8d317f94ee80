"""The outbox and the transcript: what is said is said once, and shown as both sides saw it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bot.clock import SetClock
from bot.database import Database
from bot.mailroom import conversations, handover, outbox, transcript
from bot.mailroom.conversations import Owner
from bot.mailroom.outbox import STALE_AFTER, OutboxState
from bot.messages import Attachment, Author, Button, TranscriptLine
from tests.mailroom.conftest import LEASE, Write

rows = outbox.outbox


class Desk:
    """One conversation to post to."""

    def __init__(self, database: Database, clock: SetClock, talk: int) -> None:
        self.database, self.clock, self.talk = database, clock, talk

    def post(self, text: str = "Hello", **more: Any) -> int:
        with self.database.begin() as connection:
            return outbox.post(connection, self.talk, text, now=self.clock.now(), **more)

    def lines(self, **more: Any) -> list[TranscriptLine]:
        with self.database.begin() as connection:
            return transcript.lines(connection, self.talk, **more)

    def offered(self, payload: str) -> bool:
        with self.database.begin() as connection:
            return outbox.offered_button(connection, self.talk, payload) is not None


@pytest.fixture
def desk(database: Database, clock: SetClock, write: Write) -> Desk:
    return Desk(database, clock, write("Hi").conversation_id)


# --- Posting ---


def test_the_same_key_is_posted_once_for_ever(database: Database, desk: Desk) -> None:
    first = desk.post("Refunded.", key="turn:1:0")
    with pytest.raises(IntegrityError):
        desk.post("Refunded.", key="turn:1:0")
    with database.begin() as connection:
        outbox.settle(connection, first, OutboxState.SENT, now=desk.clock.now())
    with pytest.raises(IntegrityError):
        desk.post("Refunded again.", key="turn:1:0")
    assert [line.text for line in desk.lines()] == ["Hi", "Refunded."]


def test_without_a_key_each_message_is_its_own(desk: Desk) -> None:
    assert desk.post("Same") != desk.post("Same")


def test_only_one_deliverer_gets_a_message(database: Database, desk: Desk) -> None:
    desk.post()
    now = desk.clock.now()
    with database.begin() as connection:
        (row,) = handover.due(connection, now=now)
        assert handover.begin_sending(connection, row, "one", now=now, until=now + LEASE)
    with database.begin() as connection:
        assert not handover.begin_sending(connection, row, "two", now=now, until=now + LEASE)


def test_a_message_is_due_once_its_time_has_come(database: Database, desk: Desk) -> None:
    number = desk.post()
    later = desk.clock.now() + dt.timedelta(seconds=5)
    with database.begin() as connection:
        outbox.settle(
            connection, number, OutboxState.QUEUED, now=desk.clock.now(), error="x" * 999, not_before=later
        )
        assert handover.due(connection, now=desk.clock.now()) == []
        assert [row.id for row in handover.due(connection, now=later)] == [number]
        assert outbox.waiting_count(connection) == 1


def test_rows_behind_one_that_waits_or_is_being_sent_are_not_due(
    database: Database, clock: SetClock, desk: Desk, write: Write
) -> None:
    other = Desk(database, clock, write(sender="ben").conversation_id)
    first, second, third = desk.post(), desk.post(), desk.post()
    fourth = other.post()
    now = clock.now()
    with database.begin() as connection:
        assert [row.id for row in handover.due(connection, now=now)] == [first, second, third, fourth]
        assert [row.id for row in handover.due(connection, now=now, limit=2)] == [first, second]
        second_row = handover.due(connection, now=now)[1]
        later = now + dt.timedelta(seconds=5)
        outbox.settle(connection, second, OutboxState.QUEUED, now=now, not_before=later)
        assert [row.id for row in handover.due(connection, now=now)] == [first, fourth]
        rows_now = handover.due(connection, now=now)
        assert not handover.begin_sending(connection, second_row, "one", now=now, until=now + LEASE)
        assert handover.begin_sending(connection, rows_now[0], "one", now=now, until=now + LEASE)
        assert [row.id for row in handover.due(connection, now=later)] == [fourth]
        outbox.settle(connection, first, OutboxState.SENT, now=now)
        assert [row.id for row in handover.due(connection, now=later)] == [second, third, fourth]


# --- Buttons ---


@pytest.mark.parametrize("attached", [(), (Attachment("a.png", "image/png", 9, "a/a.png"),)])
def test_a_receipt_shows_the_message_as_the_transcript_does(
    desk: Desk, write: Write, attached: tuple[Attachment, ...]
) -> None:
    desk.post(buttons=[Button("Yes, please", "/service_affirm")])
    receipts = [
        write("my card is 4111 1111 1111 1111", attachments=attached),
        write("", button="/service_affirm"),
        write("", button="/never_offered"),
    ]
    assert [receipt.line for receipt in receipts] == desk.lines()[2:]
    assert [receipt.line.text for receipt in receipts[1:] if receipt.line] == ["Yes, please", ""]


def test_a_button_was_offered_only_if_its_very_payload_was(desk: Desk) -> None:
    desk.post(buttons=[Button("Yes", '/inform{"return_confirmed": "yes"}')])
    assert desk.offered('/inform{"return_confirmed": "yes"}')
    for forged in ('/inform{"return_confirmed": "no"}', '/inform{"return_confirmed":"yes"}', "/inform", ""):
        assert not desk.offered(forged)


def test_a_button_of_another_conversation_was_not_offered_in_this_one(
    database: Database, clock: SetClock, desk: Desk, write: Write
) -> None:
    other = Desk(database, clock, write(sender="ben").conversation_id)
    other.post(buttons=[Button("Order CD-100001", '/inform{"order_number": "CD-100001"}')])
    assert not desk.offered('/inform{"order_number": "CD-100001"}')


def test_a_button_goes_stale(desk: Desk) -> None:
    desk.post(buttons=[Button("Yes", "/service_affirm")])
    for _ in range(STALE_AFTER - 1):
        desk.post()
    assert desk.offered("/service_affirm")
    desk.post()
    assert not desk.offered("/service_affirm")


def test_the_newest_messages_buttons_are_the_last_ones(database: Database, desk: Desk) -> None:
    with database.begin() as connection:
        assert outbox.last_buttons(connection, desk.talk) == []
    desk.post(buttons=[Button("Yes", "/service_affirm")])
    with database.begin() as connection:
        assert outbox.last_buttons(connection, desk.talk) == [Button("Yes", "/service_affirm")]
    desk.post()
    with database.begin() as connection:
        assert outbox.last_buttons(connection, desk.talk) == []


# --- The transcript ---


def test_both_directions_stand_in_the_order_in_which_they_came(desk: Desk, write: Write) -> None:
    desk.post("Good morning", author=Author.BOT)
    photo = Attachment("cup.jpg", "image/jpeg", 5, "attachments/1")
    write("It's broken", attachments=(photo,))
    desk.post("Sorry!", author=Author.AGENT, author_name="Ana")
    lines = desk.lines()
    assert [(line.author, line.text) for line in lines] == [
        (Author.BUYER, "Hi"),
        (Author.BOT, "Good morning"),
        (Author.BUYER, "It's broken"),
        (Author.AGENT, "Sorry!"),
    ]
    assert [line.position for line in lines] == [1, 2, 3, 4]
    assert lines[2].attachments == (photo,)
    assert (lines[3].author_name, lines[3].state) == ("Ana", "queued")
    assert lines[0].state == "received"


def test_a_page_asks_for_what_it_has_not_seen(desk: Desk) -> None:
    for number in range(5):
        desk.post(f"{number}")
    assert [line.text for line in desk.lines(after=4)] == ["3", "4"]
    assert desk.lines(after=6) == []


def test_of_a_long_conversation_the_newest_lines_are_shown(desk: Desk, write: Write) -> None:
    for number in range(30):
        write(f"q{number}")
        desk.post(f"a{number}")
    assert [line.text for line in desk.lines(limit=4)] == ["q28", "a28", "q29", "a29"]


def test_a_pressed_button_is_shown_by_its_title(desk: Desk, write: Write) -> None:
    desk.post(buttons=[Button("Yes, all solved", "/service_goodbye")])
    write("", button="/service_goodbye")
    write("", button="/forged")
    assert [line.text for line in desk.lines()] == ["Hi", "Hello", "Yes, all solved", ""]


def test_a_message_that_did_not_arrive_is_shown_as_that(database: Database, desk: Desk) -> None:
    number = desk.post()
    with database.begin() as connection:
        outbox.settle(connection, number, OutboxState.FAILED, now=desk.clock.now(), error="blocked")
    assert desk.lines()[-1].state == "failed"


# --- Conversations ---


def test_a_conversation_remembers_owner_language_and_customer(
    database: Database, clock: SetClock, write: Write
) -> None:
    talk = write(sender_name="Ana").conversation_id
    clock.advance(minutes=5)
    write()
    with database.begin() as connection:
        conversations.set_owner(connection, talk, Owner.AGENT)
        conversations.set_language(connection, talk, "de")
        conversations.set_customer(connection, talk, 42)
        found = conversations.get(connection, talk)
        assert conversations.find(connection, "web", "store", "ana") == found
        assert conversations.find(connection, "web", "outlet", "ana") is None
    assert (found.owner, found.language, found.customer_id) == (Owner.AGENT, "de", 42)
    assert found.sender_name == "Ana"
    assert found.last_at - found.created_at == dt.timedelta(minutes=5)


def test_an_unknown_conversation_is_an_error(database: Database) -> None:
    with database.begin() as connection, pytest.raises(LookupError, match="no conversation 99"):
        conversations.get(connection, 99)


def test_nothing_is_posted_to_an_unknown_conversation(database: Database, clock: SetClock) -> None:
    with pytest.raises((IntegrityError, sa.exc.NoResultFound)), database.begin() as connection:
        outbox.post(connection, 99, "Hello", now=clock.now())
