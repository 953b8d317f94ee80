from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.desk import hours
from bot.errors import ConfigurationError
from bot.settings import ClockRules, QueueRules

CLOCKS = ClockRules(claim_minutes=3, first_answer_minutes=5, open_question_hours=24)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")


def queue(**values: Any) -> QueueRules:
    return QueueRules.parse_obj(
        {"timezone": "Europe/Berlin", "days": WEEKDAYS, "from": "09:00", "to": "18:00", **values}
    )


def berlin(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        ("2026-06-10T08:59", False),
        ("2026-06-10T09:00", True),
        ("2026-06-10T17:59", True),
        ("2026-06-10T18:00", False),
        ("2026-06-13T12:00", False),  # a Saturday
    ],
)
def test_a_queue_is_open_in_its_own_hours(at: str, open_: bool) -> None:
    assert hours.is_open(queue(), berlin(at)) is open_


def test_a_public_holiday_is_no_working_day() -> None:
    german_unity = berlin("2025-10-03T12:00")
    assert hours.is_open(queue(), german_unity)
    assert not hours.is_open(queue(holidays="DE"), german_unity)
    assert hours.next_open(queue(holidays="DE"), german_unity) == berlin("2025-10-06T09:00")


def test_holidays_of_next_year_are_known_in_this_one() -> None:
    new_years_eve = berlin("2026-12-31T18:30")
    assert hours.next_open(queue(holidays="DE"), new_years_eve) == berlin("2027-01-04T09:00")


def test_a_night_shift_goes_on_after_midnight() -> None:
    night = queue(**{"days": ["fri"], "from": "22:00", "to": "06:00"})
    assert hours.is_open(night, berlin("2026-06-13T05:59"))
    assert not hours.is_open(night, berlin("2026-06-13T06:00"))
    assert not hours.is_open(night, berlin("2026-06-12T05:59"))


def test_a_queue_can_work_to_the_very_end_of_the_day() -> None:
    late = queue(to="24:00")
    assert hours.is_open(late, berlin("2026-06-10T23:59"))
    assert not hours.is_open(late, berlin("2026-06-11T00:00"))


def test_the_hours_keep_to_the_wall_clock_when_summer_time_begins() -> None:
    daily = queue(days=["sun"])
    assert hours.next_open(daily, berlin("2026-03-29T00:00")).hour == 7  # 09:00 at UTC+2
    assert hours.next_open(daily, berlin("2026-03-22T00:00")).hour == 8  # 09:00 at UTC+1


def test_a_working_day_has_an_hour_less_when_summer_time_begins_in_it() -> None:
    always = queue(**{"days": ["sun"], "from": "00:00", "to": "24:00"})
    start = berlin("2026-03-29T00:00")
    assert hours.after(always, start, dt.timedelta(hours=23)) == berlin("2026-03-30T00:00")


def test_working_time_stops_at_closing_and_goes_on_at_the_next_opening() -> None:
    friday = berlin("2026-06-12T17:58")
    assert hours.promise(queue(), CLOCKS, friday) == berlin("2026-06-15T09:03")


def test_a_question_asked_at_night_is_promised_for_after_opening() -> None:
    assert hours.promise(queue(), CLOCKS, berlin("2026-06-10T23:00")) == berlin("2026-06-11T09:05")


def test_a_wait_that_goes_on_through_the_night_is_told_from_one_that_ends_before() -> None:
    def waits(begun: str) -> bool:
        start = berlin(begun)
        return hours.waits_shut(queue(), start, hours.promise(queue(), CLOCKS, start))

    assert [waits(f"2026-06-10T{time}") for time in ("12:00", "17:54", "17:58", "23:00")] == [
        False,
        False,
        True,
        True,
    ]


def test_next_open_is_now_where_the_queue_is_open() -> None:
    now = berlin("2026-06-10T12:00")
    assert hours.next_open(queue(), now) == now


def test_a_queue_that_never_opens_counts_as_always_open_so_that_clocks_run_out() -> None:
    never = queue().copy(update={"days": ()})
    now = berlin("2026-06-10T12:00")
    assert hours.next_open(never, now) == now
    assert hours.promise(never, CLOCKS, now) == now + dt.timedelta(minutes=5)


def test_an_unknown_country_of_holidays_is_named() -> None:
    with pytest.raises(ConfigurationError, match="'XX'"):
        hours.is_open(queue().copy(update={"holidays": "XX"}), berlin("2026-06-10T12:00"))
