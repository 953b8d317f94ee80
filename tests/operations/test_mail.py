"""What an operator does with single rows: retried and buried whole, what is under way is left alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.values.cases import Case
from bot.dialogue.recovery import Recovery, load_replies
from bot.errors import MailError
from bot.mailroom import handover, inbox, outbox, overview
from bot.mailroom.inbox import Claim
from bot.mailroom.outbox import OutboxState
from bot.mailroom.overview import Box, MailRow, MailState
from bot.messages import Weight
from bot.operations.dead_letters import bury, retry
from bot.settings import Settings
from tests.mailroom.letters import letter


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@dataclasses.dataclass
class Office:
    """The mailroom with an operator in it."""

    settings: Settings
    database: Database
    clock: SetClock

    def write(self, text: str = "PAPAYA", sender: str = "ana") -> int:
        """A buyer's message; its row."""
        with self.database.begin() as connection:
            one = letter(text, sender)
            inbox.accept(connection, one, language="en", now=self.clock.now())
            return int(connection.execute(sa.select(sa.func.max(inbox.inbox.c.id))).scalar_one())

    def say(self, state: OutboxState, weight: Weight = Weight.TALK, error: str | None = None) -> int:
        """A message of ours in some state; its row."""
        self.write()
        with self.database.begin() as connection:
            talk = connection.execute(sa.select(sa.func.max(inbox.inbox.c.conversation_id))).scalar_one()
            connection.execute(inbox.inbox.update().values(state="done", note="answered"))
            row = outbox.post(connection, talk, "Dear PAPAYA", now=self.clock.now(), weight=weight)
            if state is not OutboxState.QUEUED:
                outbox.settle(connection, row, state, now=self.clock.now(), error=error, attempts=2)
            return row

    def row(self, box: Box, number: int) -> MailRow:
        with self.database.begin() as connection:
            found = overview.one(connection, box, number, now=self.clock.now())
        assert found is not None
        return found

    def claim(self, worker: str = "w1") -> Claim | None:
        with self.database.begin() as connection:
            return inbox.claim(
                connection,
                worker,
                now=self.clock.now(),
                lease=self.clock.at - self.clock.at.replace(year=2025),
            )

    def fail_for_good(self, row: int) -> None:
        held = self.claim()
        assert held is not None
        assert held.row.id == row
        recovery = Recovery(self.database, self.settings.rules, load_replies(self.settings), self.clock)
        recovery.bury(held, KeyError("PAPAYA"))

    def case(self, conversation_id: int) -> Case | None:
        with self.database.begin() as connection:
            return Cases(connection, self.settings.rules, self.clock).open_case_of(conversation_id)

    def said(self) -> list[str]:
        with self.database.begin() as connection:
            return list(connection.execute(sa.select(outbox.outbox.c.text)).scalars())

    def retry(self, box: Box, number: int) -> Any:
        return retry(self.database, self.clock, box, number)

    def bury(self, box: Box, number: int, why: str = "spam") -> int:
        return bury(self.settings, self.database, self.clock, box, number, why)

    def everything(self) -> list[str]:
        with self.database.begin() as connection:
            tables = (inbox.inbox, outbox.outbox, inbox.conversations)
            return [
                repr(row) for table in tables for row in connection.execute(sa.select(table).order_by("id"))
            ]


@pytest.fixture
def office(settings: Settings, database: Database, clock: SetClock) -> Office:
    return Office(settings, database, clock)


# --- What lies there ---


def test_a_row_is_told_by_where_it_stands(office: Office) -> None:
    waiting = office.write(sender="ana")
    later = office.write(sender="ana")
    assert office.row(Box.INBOX, waiting).state is MailState.WAITING
    assert office.claim() is not None
    assert office.row(Box.INBOX, waiting).state is MailState.UNDER_WAY
    assert office.row(Box.INBOX, later).state is MailState.WAITING
    for state, told in (
        (OutboxState.QUEUED, MailState.WAITING),
        (OutboxState.SENDING, MailState.UNDER_WAY),
        (OutboxState.SENT, MailState.DONE),
        (OutboxState.FAILED, MailState.FAILED),
        (OutboxState.UNKNOWN, MailState.UNKNOWN),
    ):
        assert office.row(Box.OUTBOX, office.say(state)).state is told


def test_what_ended_well_is_listed_only_if_asked_for(office: Office, clock: SetClock) -> None:
    sent, failed = office.say(OutboxState.SENT), office.say(OutboxState.FAILED)
    waiting = office.write(sender="ben")
    with office.database.begin() as connection:
        rows = overview.listed(connection, now=clock.now())
        done = overview.listed(connection, now=clock.now(), state=MailState.DONE, box=Box.OUTBOX)
        none = overview.listed(connection, now=clock.now(), channel="nowhere")
        theirs = overview.listed(
            connection, now=clock.now(), conversation_id=office.row(Box.INBOX, waiting).conversation_id
        )
    assert {(row.box, row.id) for row in rows} == {(Box.OUTBOX, failed), (Box.INBOX, waiting)}
    assert [row.id for row in done] == [sent]
    assert list(none) == []
    assert [row.id for row in theirs] == [waiting]


def test_rows_are_counted_by_where_they_stand(office: Office, clock: SetClock) -> None:
    office.say(OutboxState.FAILED)
    office.say(OutboxState.FAILED)
    row = office.write()
    office.fail_for_good(row)
    with office.database.begin() as connection:
        found = {
            (one.box, one.channel, one.state): one.count
            for one in overview.standing(connection, now=clock.now())
        }
    assert found == {
        (Box.INBOX, "web", MailState.BURIED): 1,
        (Box.OUTBOX, "web", MailState.FAILED): 2,
        # The apology to the buyer.
        (Box.OUTBOX, "web", MailState.WAITING): 1,
    }


@pytest.mark.parametrize("number", [0, -1, 99, 2**31, 2**63, 2**64, 10**400])
@pytest.mark.parametrize("box", Box)
def test_an_unknown_row_is_refused(office: Office, box: Box, number: int) -> None:
    for act in (office.retry, office.bury):
        with pytest.raises(MailError, match="there is no row"):
            act(box, number)


# --- Messages of buyers ---


def test_a_message_that_waits_for_its_next_try_is_tried_at_once(office: Office, clock: SetClock) -> None:
    row = office.write()
    held = office.claim()
    assert held is not None
    with office.database.begin() as connection:
        inbox.retry(connection, held, "KeyError", not_before=clock.now().replace(year=2030))
    assert office.claim() is None
    assert office.retry(Box.INBOX, row).row.state is MailState.WAITING
    again = office.claim()
    assert again is not None
    assert (again.row.id, again.row.attempts) == (row, 1)


def test_a_buried_message_gets_all_its_tries_anew_and_may_be_buried_again(office: Office) -> None:
    row = office.write()
    office.fail_for_good(row)
    assert office.claim() is None
    with pytest.raises(MailError, match=r"the buyer is being told that inbox:\d+ failed"):
        office.retry(Box.INBOX, row)
    with office.database.begin() as connection:
        connection.execute(outbox.outbox.update().values(state="sent"))
    done = office.retry(Box.INBOX, row)
    assert done.row.state is MailState.BURIED
    # The case that its burial opened has the conversation: the turn will hand the message to it.
    assert done.with_agent
    assert office.row(Box.INBOX, row).attempts == 0
    office.fail_for_good(row)
    assert office.row(Box.INBOX, row).state is MailState.BURIED
    assert len(office.said()) == 2


def test_a_buried_message_opens_a_case_and_tells_the_buyer(office: Office) -> None:
    row = office.write()
    number = office.bury(Box.INBOX, row, "spam, twice")
    told = office.row(Box.INBOX, row)
    case = office.case(told.conversation_id)
    assert case is not None
    assert case.id == number
    assert (told.state, told.note) == (MailState.BURIED, "buried by the operator: spam, twice")
    assert len(office.said()) == 1
    assert office.claim() is None


def test_what_comes_after_a_buried_message_is_taken_next(office: Office) -> None:
    first, second = office.write(), office.write()
    office.bury(Box.INBOX, first)
    held = office.claim()
    assert held is not None
    assert held.row.id == second


def test_messages_of_a_conversation_are_buried_in_their_order(office: Office) -> None:
    first, second = office.write(), office.write()
    before = office.everything()
    with pytest.raises(MailError, match=f"inbox:{first} of the same conversation comes first"):
        office.bury(Box.INBOX, second)
    assert office.everything() == before


def _refused(office: Office, act: Callable[[Box, int], Any], box: Box, number: int, why: str) -> None:
    before = office.everything()
    with pytest.raises(MailError, match=why):
        act(box, number)
    assert office.everything() == before


def test_a_message_whose_turn_is_taken_is_left_to_its_worker(office: Office, clock: SetClock) -> None:
    first, second = office.write(), office.write()
    held = office.claim()
    assert held is not None
    for act in (office.retry, office.bury):
        _refused(office, act, Box.INBOX, first, f"inbox:{first} is under way: try again")
        _refused(office, act, Box.INBOX, second, r"a turn of conversation \d+ is under way")
    # And the worker's turn still counts.
    with office.database.begin() as connection:
        inbox.finish(connection, held, "answered", now=clock.now())


def test_a_worker_that_wakes_after_the_operators_act_can_no_longer_write(
    office: Office, clock: SetClock
) -> None:
    row = office.write()
    held = office.claim()
    assert held is not None
    clock.advance(days=3000)
    office.bury(Box.INBOX, row)
    with pytest.raises(inbox.LostClaimError), office.database.begin() as connection:
        inbox.finish(connection, held, "answered", now=clock.now())
    assert office.row(Box.INBOX, row).state is MailState.BURIED


def test_what_has_ended_is_not_tried_again_or_buried(office: Office, clock: SetClock) -> None:
    row = office.write()
    held = office.claim()
    assert held is not None
    with office.database.begin() as connection:
        inbox.finish(connection, held, "answered", now=clock.now())
    _refused(office, office.retry, Box.INBOX, row, r"is done \(answered\): nothing is to be tried")
    _refused(office, office.bury, Box.INBOX, row, "only what waits can be buried")
    buried = office.write(sender="ben")
    office.bury(Box.INBOX, buried)
    _refused(office, office.bury, Box.INBOX, buried, "only what waits can be buried")
    sent = office.say(OutboxState.SENT)
    _refused(office, office.retry, Box.OUTBOX, sent, "is delivered: nothing is to be tried")
    _refused(office, office.bury, Box.OUTBOX, sent, "is delivered")


# --- Messages of ours ---


@pytest.mark.parametrize(("state", "doubts"), [(OutboxState.FAILED, 0), (OutboxState.UNKNOWN, 1)])
def test_a_message_that_did_not_arrive_is_sent_again_on_demand(
    office: Office, clock: SetClock, state: OutboxState, doubts: int
) -> None:
    row = office.say(state, error="the buyer blocked the bot")
    office.retry(Box.OUTBOX, row)
    with office.database.begin() as connection:
        due = [one for one in handover.due(connection, now=clock.now()) if one.id == row]
    # What may have arrived is repeated this once.
    assert [(one.attempts, one.doubts) for one in due] == [(0, doubts)]


def test_a_message_that_waits_is_sent_at_once(office: Office, clock: SetClock) -> None:
    row = office.say(OutboxState.QUEUED)
    with office.database.begin() as connection:
        outbox.settle(
            connection, row, OutboxState.QUEUED, now=clock.now(), not_before=clock.now().replace(year=2030)
        )
        assert handover.due(connection, now=clock.now()) == []
    office.retry(Box.OUTBOX, row)
    with office.database.begin() as connection:
        assert [one.id for one in handover.due(connection, now=clock.now())] == [row]


def test_a_confirmation_that_may_have_arrived_is_never_repeated(office: Office) -> None:
    row = office.say(OutboxState.UNKNOWN, Weight.CONFIRMATION)
    _refused(office, office.retry, Box.OUTBOX, row, "confirms money or an order and may have arrived")
    office.bury(Box.OUTBOX, row)
    # Not by way of giving it up, either.
    _refused(office, office.retry, Box.OUTBOX, row, "confirms money or an order and may have arrived")


def test_a_confirmation_that_surely_did_not_arrive_may_be_sent_again(office: Office) -> None:
    row = office.say(OutboxState.FAILED, Weight.CONFIRMATION)
    assert office.retry(Box.OUTBOX, row).row.state is MailState.FAILED


def test_a_message_that_is_being_sent_is_left_to_its_channel(office: Office) -> None:
    row = office.say(OutboxState.SENDING)
    for act in (office.retry, office.bury):
        _refused(office, act, Box.OUTBOX, row, f"outbox:{row} is under way: try again")


@pytest.mark.parametrize("state", [OutboxState.QUEUED, OutboxState.FAILED, OutboxState.UNKNOWN])
def test_a_message_that_is_given_up_opens_a_case_and_keeps_its_truth(
    office: Office, clock: SetClock, state: OutboxState
) -> None:
    row = office.say(state, error="timed out")
    number = office.bury(Box.OUTBOX, row, "w" * 500)
    told = office.row(Box.OUTBOX, row)
    case = office.case(told.conversation_id)
    assert case is not None
    assert case.id == number
    assert told.state is MailState.BURIED
    assert (told.note or "").startswith("buried by the operator: www")
    with office.database.begin() as connection:
        stored = connection.execute(
            sa.select(outbox.outbox.c.state).where(outbox.outbox.c.id == row)
        ).scalar_one()
        assert handover.due(connection, now=clock.now()) == []
    assert stored == ("unknown" if state is OutboxState.UNKNOWN else "failed")
    _refused(office, office.bury, Box.OUTBOX, row, "is given up already")
