"""Who is at work: shifts by weekday, each in a time zone of its own."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.desk.hours import DAYS
from bot.desk.values.people import Person, Shift
from bot.errors import DeskError

_PART = re.compile(
    r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?\s+"
    r"(?P<opens>(?:[01][0-9]|2[0-3]):[0-5][0-9])-(?P<closes>(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
)


def is_at_work(person: Person, now: dt.datetime) -> bool:
    """Whether a person can be expected to answer now: active, not away, within their shift."""
    return person.active and not person.away and (person.shift is None or in_shift(person.shift, now))


def in_shift(shift: Shift, now: dt.datetime) -> bool:
    """Whether a moment lies within the shift; one that ends after midnight belongs to the day it began on."""
    zone = ZoneInfo(shift.timezone)
    today = now.astimezone(zone).date()
    return any(_covers(shift, day, now, zone) for day in (today - dt.timedelta(days=1), today))


def parse_shift(parts: Sequence[str], timezone: str) -> Shift | None:
    """A shift as it is typed: ``mon-fri 09:00-17:00``, ``sat 22:00-02:00``; none at all means no shift.

    Raises:
        DeskError: a part is no days with hours, or nobody knows the time zone.
    """
    hours: dict[str, tuple[str, str]] = {}
    for part in parts:
        found = _PART.fullmatch(part.strip().lower())
        first = found["first"] if found else ""
        last = (found["last"] or first) if found else ""
        if found is None or first not in DAYS or last not in DAYS:
            raise DeskError(f"'{part}' is no shift (such as 'mon-fri 09:00-17:00' or 'sat 22:00-02:00').")
        begin, end = DAYS.index(first), DAYS.index(last)
        # A week has no end: fri-mon is four days.
        for ahead in range((end - begin) % len(DAYS) + 1):
            hours[DAYS[(begin + ahead) % len(DAYS)]] = (found["opens"], found["closes"])
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise DeskError(f"'{timezone}' is no time zone (such as Europe/Berlin).") from error
    return Shift(timezone, hours) if hours else None


def told(shift: Shift | None) -> str:
    """A shift as it is listed."""
    if shift is None:
        return "always"
    days = [f"{day} {'-'.join(shift.hours[day])}" for day in DAYS if day in shift.hours]
    return f"{', '.join(days)} ({shift.timezone})"


def _covers(shift: Shift, day: dt.date, now: dt.datetime, zone: ZoneInfo) -> bool:
    hours = shift.hours.get(DAYS[day.weekday()])
    if hours is None:
        return False
    opens, closes = (_since_midnight(text) for text in hours)
    if closes <= opens:
        closes += dt.timedelta(days=1)
    midnight = dt.datetime.combine(day, dt.time())
    # As in a queue's hours: a wall clock's time, whatever summer time does in between.
    begin, end = ((midnight + at).replace(tzinfo=zone) for at in (opens, closes))
    return begin.astimezone(dt.timezone.utc) <= now < end.astimezone(dt.timezone.utc)


def _since_midnight(text: str) -> dt.timedelta:
    hours, minutes = text.split(":")
    return dt.timedelta(hours=int(hours), minutes=int(minutes))
