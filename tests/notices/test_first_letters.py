"""Buyers who agreed to be written to and never wrote: a first letter to the address on the order."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import Database
from bot.mailroom import conversations as talks
from bot.mailroom import timers
from bot.mailroom.conversations import Conversation
from bot.mailroom.tables import conversations
from bot.mailroom.tables import timers as timer_table
from bot.mailroom.timers import Timer, TimerRoom
from bot.notices import consent
from bot.notices.kinds import NOTICE, Notice, NoticeKind
from bot.notices.tables import notices
from bot.notices.telling import Notices
from bot.settings import FirstLetterRules
from bot.shop.tables import customers, orders, payments
from tests.conftest import BACKENDS
from tests.notices.conftest import Store, kinds
from tests.service.running import until

MAILBOX = "help@meridian.example"
ADDRESS = "Ana.Costa@inbox.example"
HOUR = dt.timedelta(hours=1)

#: What reads and writes in its own way on each kind of database is tried on both.
pytestmark = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def silent(store: Store) -> Store:
    """A store that writes first letters, and a buyer with an unpaid order who never wrote."""
    letters = FirstLetterRules(channel="mail", account=MAILBOX)
    told = store.rules.notices.copy(update={"first_letters": letters})
    store.rules = store.rules.copy(update={"channels": ("web", "mail"), "notices": told})
    with store.database.begin() as connection:
        talks.set_customer(connection, store.talk, None)
    store.change(orders, email=ADDRESS, state="unpaid", placed_at=store.clock.now() - 25 * HOUR, paid_at=None)
    store.change(customers, language="de")
    return store


def by_mail(store: Store) -> list[Conversation]:
    """The conversations that letters are written in."""
    with store.database.begin() as connection:
        ids = connection.execute(
            sa.select(conversations.c.id)
            .where(conversations.c.channel == "mail")
            .order_by(conversations.c.id)
        ).scalars()
        return [talks.get(connection, one) for one in ids]


def mail_talk(store: Store, customer_id: int | None, sender: str = ADDRESS.lower()) -> int:
    """Have somebody write from an address, a day ago."""
    with store.database.begin() as connection:
        address: dict[str, Any] = {"channel": "mail", "account": MAILBOX, "sender": sender}
        day_ago = store.clock.now() - 24 * HOUR
        held = talks.open_for(connection, **address, sender_name="Ana", language="fr", now=day_ago)
        talks.set_customer(connection, held.conversation.id, customer_id)
        return held.conversation.id


def test_the_letter_goes_once_to_the_address_on_the_order_in_the_buyers_language(silent: Store) -> None:
    assert [(one["kind"], one["number"]) for one in silent.tick()] == [("unpaid", silent.number)]
    (talk,) = by_mail(silent)
    assert (talk.account, talk.sender, talk.language) == (MAILBOX, ADDRESS.lower(), "de")
    # Nobody has proved to be that buyer: they are not greeted by a name, and nothing is shown to them.
    assert (talk.customer_id, talk.sender_name) == (silent.customer_id, None)
    assert silent.tick(minutes=1) == []


def test_the_second_reminder_goes_to_the_same_conversation(silent: Store) -> None:
    assert kinds(silent.tick()) == ["unpaid"]
    assert [one["key"] for one in silent.tick(hours=49)] == [f"notice:unpaid:{silent.number}:2"]
    assert len(by_mail(silent)) == 1


def test_a_store_that_names_no_account_writes_no_first_letter(silent: Store) -> None:
    told = silent.rules.notices.copy(update={"first_letters": None})
    silent.rules = silent.rules.copy(update={"notices": told})
    assert silent.tick() == []
    assert by_mail(silent) == []


def test_a_channel_that_is_off_takes_no_first_letter(silent: Store) -> None:
    silent.rules = silent.rules.copy(update={"channels": ("web",)})
    assert silent.tick() == []
    assert by_mail(silent) == []


def test_nobody_who_did_not_agree_is_written_to(silent: Store) -> None:
    silent.change(customers, consents_to_notices=False)
    assert silent.tick() == []
    assert by_mail(silent) == []


def test_quiet_hours_are_kept_and_leave_no_empty_conversation(silent: Store) -> None:
    # 12:00 in Berlin is 20:00 in Tokyo; an hour and a half later it is night there.
    silent.change(customers, timezone="Asia/Tokyo")
    silent.clock.at += 1.5 * HOUR
    assert silent.tick() == []
    with silent.database.begin() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(timer_table)).scalar_one() == 1
    assert by_mail(silent) == []
    assert kinds(silent.tick(hours=11.6)) == ["unpaid"]


def test_a_consent_taken_back_in_the_quiet_hours_holds(silent: Store) -> None:
    silent.clock.at += 12 * HOUR
    assert silent.tick() == []
    silent.change(customers, consents_to_notices=False)
    assert silent.tick(hours=12) == []
    assert by_mail(silent) == []


def test_first_letters_count_for_the_cap(silent: Store) -> None:
    with silent.database.begin() as connection:
        for number in range(silent.rules.notices.per_week):
            row = {"key": f"before:{number}", "kind": "late", "customer_id": silent.customer_id}
            at = silent.clock.now() - dt.timedelta(days=number + 1)
            connection.execute(notices.insert().values(**row, conversation_id=silent.talk, at=at))
    assert silent.tick() == []
    assert by_mail(silent) == []


def test_an_order_without_an_address_is_left_alone(silent: Store) -> None:
    silent.change(orders, email="")
    assert silent.tick() == []


def test_who_proved_who_they_are_meanwhile_is_written_to_there(silent: Store) -> None:
    silent.clock.at += 12 * HOUR
    assert silent.tick() == []
    with silent.database.begin() as connection:
        talks.set_customer(connection, silent.talk, silent.customer_id)
    assert kinds(silent.tick(hours=12)) == ["unpaid"]
    assert by_mail(silent) == []
    with silent.database.begin() as connection:
        told = connection.execute(sa.select(notices.c.conversation_id)).scalars().all()
    assert told == [silent.talk]


def test_who_wrote_from_the_address_is_written_to_in_that_conversation(silent: Store) -> None:
    known = mail_talk(silent, None)
    assert kinds(silent.tick()) == ["unpaid"]
    (talk,) = by_mail(silent)
    assert (talk.id, talk.language, talk.customer_id) == (known, "fr", silent.customer_id)


def test_a_stop_from_the_address_holds_although_nobody_knew_whose_it_is(silent: Store) -> None:
    known = mail_talk(silent, None)
    with silent.database.begin() as connection:
        consent.stop(connection, known, silent.clock.now())
    assert silent.tick() == []


def test_an_address_behind_which_another_buyer_is_gets_nothing(silent: Store) -> None:
    with silent.database.begin() as connection:
        other = connection.execute(
            sa.select(customers.c.id).where(customers.c.id != silent.customer_id).limit(1)
        ).scalar_one()
    known = mail_talk(silent, other)
    assert silent.tick() == []
    assert [(one.id, one.customer_id) for one in by_mail(silent)] == [(known, other)]


def test_what_is_paid_in_the_quiet_hours_is_not_written_about(silent: Store) -> None:
    silent.clock.at += 12 * HOUR
    assert silent.tick() == []
    silent.change(orders, state="paid", paid_at=silent.clock.now())
    silent.change(payments, state="captured")
    assert silent.tick(hours=12) == []
    assert by_mail(silent) == []


def one_waits(database: Database) -> bool:
    """Whether somebody waits for what another holds in a PostgreSQL database."""
    asked = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with database.begin() as connection:
        return bool(connection.execute(asked).scalar_one())


def test_whoever_writes_while_the_letter_is_due_and_moves_it_is_not_waited_for_in_a_circle(
    silent: Store,
) -> None:
    """The turn holds the conversation and moves the timer; the firing needs both, in the same order."""
    talk = mail_talk(silent, silent.customer_id)
    key = f"notice:unpaid:{silent.number}:1"
    notices, now = Notices(silent.database, silent.rules), silent.clock.now()
    # Found before they proved who they are.
    notice = Notice(NoticeKind.UNPAID, key, None, order_number=silent.number)
    with silent.database.begin() as connection:
        waits = {"kind": NOTICE, "subject": notice.subject, "due": now, "now": now, "data": notice.data}
        timers.schedule(connection, key, **waits)
    room = TimerRoom(silent.database, silent.clock, {NOTICE: notices.fire}, needs={NOTICE: notices.needed})
    with ThreadPoolExecutor(1) as thread:
        with silent.database.begin() as turn:
            talks.hold(turn, talk)
            firing = thread.submit(room.fire_due)
            if not silent.database.is_sqlite:
                until(lambda: one_waits(silent.database), "the firing waits for the turn")
            later = waits | {"due": now + HOUR, "conversation_id": talk}
            assert timers.schedule(turn, key, **later)
        assert firing.result(20) == 0
    with silent.database.begin() as connection:
        moved = timers.find(connection, key)
        assert moved is not None
        assert (moved.due_at, moved.conversation_id) == (now + HOUR, talk)
    silent.clock.at += HOUR
    assert kinds(silent.tick()) == ["unpaid"]


def test_a_conversation_that_begins_while_the_letter_is_due_is_not_waited_for(silent: Store) -> None:
    """What a turn is about to write to it could be the timer itself: the letter goes the next time."""
    silent.clock.at += 12 * HOUR
    assert silent.tick() == []
    silent.clock.at += 12 * HOUR
    notices = Notices(silent.database, silent.rules)

    def needed(connection: Connection, timer: Timer) -> int | None:
        found = notices.needed(connection, timer)
        assert found is None
        # Between the look for the conversation and the letter somebody writes from that address.
        mail_talk(silent, None)
        return found

    room = TimerRoom(silent.database, silent.clock, {NOTICE: notices.fire}, needs={NOTICE: needed})
    assert room.fire_due() == 0
    assert kinds(silent.tick()) == ["unpaid"]
    assert len(by_mail(silent)) == 1
