"""When a queue is at work: opening hours in its own time zone, with the public holidays it keeps."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import holidays

from bot.errors import ConfigurationError
from bot.settings import ClockRules, QueueRules

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: How far ahead we look for an opening. A queue that stays shut longer counts as always open: a
#: clock must run out some day, or its cases would wait for ever.
DAYS_AHEAD = 400


@functools.lru_cache(maxsize=256)
def holidays_of(country: str, year: int) -> frozenset[dt.date]:
    """The public holidays of a country (ISO 3166) in a year.

    Raises:
        ConfigurationError: nobody knows that country's holidays.
    """
    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError as error:
        raise ConfigurationError(
            f"shop.yml: a queue keeps the holidays of '{country}': give a country code (such as DE)"
        ) from error


def is_open(queue: QueueRules, now: dt.datetime) -> bool:
    """Whether the queue is at work at this moment."""
    window = next(_windows(queue, now), None)
    return window is None or window[0] <= now


def next_open(queue: QueueRules, now: dt.datetime) -> dt.datetime:
    """The first moment from now on at which the queue is at work; aware, UTC."""
    now = now.astimezone(dt.timezone.utc)
    window = next(_windows(queue, now), None)
    return now if window is None else max(now, window[0])


def after(queue: QueueRules, start: dt.datetime, working: dt.timedelta) -> dt.datetime:
    """The moment at which so much working time has passed since ``start``; aware, UTC."""
    # In UTC: sums in a zone of its own would not see the hour that summer time takes.
    start = start.astimezone(dt.timezone.utc)
    left = working
    for opens, closes in _windows(queue, start):
        begin = max(start, opens)
        if begin + left <= closes:
            return begin + left
        left -= closes - begin
    return start + working


def promise(queue: QueueRules, clocks: ClockRules, now: dt.datetime) -> dt.datetime:
    """The moment by which a person will have answered a question asked now; aware, UTC."""
    return after(queue, now, dt.timedelta(minutes=clocks.first_answer_minutes))


def waits_shut(queue: QueueRules, start: dt.datetime, end: dt.datetime) -> bool:
    """Whether the queue rests for a while between two moments."""
    return after(queue, start, end - start) > end


def _windows(queue: QueueRules, now: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Working hours that have not ended by now, in order of time."""
    zone = ZoneInfo(queue.timezone)
    opens, closes = _since_midnight(queue.opens), _since_midnight(queue.closes)
    if closes <= opens:
        closes += dt.timedelta(days=1)
    today = now.astimezone(zone).date()
    # From yesterday on: last night's shift may still be going.
    for ahead in range(-1, DAYS_AHEAD):
        day = today + dt.timedelta(days=ahead)
        if DAYS[day.weekday()] not in queue.days:
            continue
        if queue.holidays and day in holidays_of(queue.holidays, day.year):
            continue
        midnight = dt.datetime.combine(day, dt.time())
        begin, end = (
            (midnight + at).replace(tzinfo=zone).astimezone(dt.timezone.utc) for at in (opens, closes)
        )
        if end > now:
            yield begin, end


def _since_midnight(text: str) -> dt.timedelta:
    hours, minutes = text.split(":")
    return dt.timedelta(hours=int(hours), minutes=int(minutes))
