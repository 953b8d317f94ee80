"""What buyers asked is counted by week: every turn once, whoever counts, and nobody's words are kept."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from bot.mailroom.inbox import inbox
from bot.training import weeks
from bot.training.tables import turn_weeks
from bot.training.weeks import Week
from tests.conftest import BACKENDS
from tests.training.talks import LOST, SURE, Talks


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def count(talks: Talks) -> None:
    # On a server the latest turns are left until no earlier one can come.
    talks.pass_time(minutes=2)
    while weeks.count(talks.database, talks.settings, talks.clock):
        pass


def covered(talks: Talks, language: str | None = None) -> list[Week]:
    with talks.database.begin() as connection:
        return weeks.coverage(connection, dt.date(2020, 1, 6), language)


def noted(talks: Talks, number: int, note: str) -> None:
    with talks.database.begin() as connection:
        connection.execute(inbox.update().where(inbox.c.id == number).values(note=note))


def test_messages_are_counted_by_what_became_of_them(talks: Talks) -> None:
    talks.say("where is it", SURE)
    noted(talks, talks.say("my lamp is broken", SURE, buyer="ben"), "case 12")
    # What was not understood and went to a person is not understood.
    noted(talks, talks.say("asdf", LOST, buyer="eva"), "case 13")
    talks.say("wo ist es", SURE, buyer="ida", language="de")
    talks.say("Yes", None)
    talks.say("Hauptstr. 5", SURE, form="change_form")
    count(talks)
    (week,) = covered(talks)
    assert (week.messages, week.missed, week.handed) == (4, 1, 1)
    assert week.coverage == 0.5
    assert [one.messages for one in covered(talks, "de")] == [1]
    assert covered(talks, "fr") == []


def test_a_turn_counts_in_the_week_of_the_stores_own_calendar(talks: Talks) -> None:
    # Sunday 22 November, 17:30 in Greenwich, is Monday in Shanghai.
    assert talks.settings.rules.store.timezone == "Asia/Shanghai"
    talks.clock.at = dt.datetime(2026, 11, 22, 15, 29, tzinfo=dt.timezone.utc)
    talks.say("where is it", SURE)
    talks.clock.at = dt.datetime(2026, 11, 22, 17, 29, tzinfo=dt.timezone.utc)
    talks.say("where is it", SURE, buyer="ben")
    count(talks)
    assert [one.begins for one in covered(talks)] == [dt.date(2026, 11, 16), dt.date(2026, 11, 23)]


def test_the_most_frequent_intents_are_told_week_by_week(talks: Talks) -> None:
    for number in range(3):
        talks.say("where", SURE, buyer=f"b{number}")
    talks.say("how", SURE, buyer="eva", intent="payment_methods")
    talks.pass_time(days=7)
    talks.say("how", SURE, buyer="ben", intent="payment_methods")
    talks.say("asdf", LOST, buyer="ida")
    count(talks)
    with talks.database.begin() as connection:
        found, asked = weeks.asked(connection, dt.date(2020, 1, 6), most=2)
        assert weeks.asked(connection, dt.date(2030, 1, 7), most=2) == ([], [])
    assert found == covered(talks)
    assert asked == [("logistics_where_is_parcel", (3, 0)), ("payment_methods", (1, 1))]


def test_every_turn_is_counted_once_whoever_counts(talks: Talks) -> None:
    for number in range(40):
        talks.say("where is it", SURE, buyer=f"b{number}", later=1)
    talks.pass_time(minutes=2)

    def counting() -> int:
        done = 0
        while looked := weeks.count(talks.database, talks.settings, talks.clock, batch=3):
            done += looked
        return done

    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(counting) for _ in range(4)]
    assert sum(run.result() for run in runs) == 40
    (week,) = covered(talks)
    assert week.messages == 40


def test_nothing_that_somebody_wrote_is_kept(talks: Talks) -> None:
    talks.say("my name is Lindqvist, call +46 8 123456", SURE)
    count(talks)
    with talks.database.begin() as connection:
        rows = connection.execute(sa.select(turn_weeks)).all()
    assert "Lindqvist" not in repr(rows)
    assert "123456" not in repr(rows)
