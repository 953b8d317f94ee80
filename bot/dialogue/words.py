"""Money, dates and lists in the buyer's language, money's own currency and the buyer's time zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, get_currency_precision

from bot.shop.values import Money

#: A date further away than this is told with its year.
FAR_DAYS = 120


class Words:
    """Formats values for one buyer."""

    def __init__(self, language: str, timezone: str, today: dt.date, *, zone_is_theirs: bool) -> None:
        self.language = language
        #: Dates far from it are told with their year.
        self.today = today
        self.locale = Locale.parse(language)
        self.zone = ZoneInfo(timezone)
        #: Whether the zone is the buyer's own; a foreign zone is named beside each time.
        self.zone_is_theirs = zone_is_theirs

    def money(self, value: Money) -> str:
        """``Money(1299, 'EUR')`` as €12.99."""
        amount = value.minor / 10 ** get_currency_precision(value.currency)
        return str(format_currency(amount, value.currency, locale=self.locale))

    def number(self, value: float) -> str:
        """A number with the language's own separators."""
        return str(format_decimal(value, locale=self.locale))

    def for_zone(self, timezone: str) -> Words:
        """The same language with the buyer's own zone."""
        return Words(self.language, timezone, self.today, zone_is_theirs=True)

    def day(self, value: dt.date) -> str:
        """A date with its weekday (Fri, Dec 4), or with its year where that isn't plain."""
        if abs((value - self.today).days) > FAR_DAYS:
            return self.date(value)
        return str(format_skeleton("MMMMEEEEd", value, locale=self.locale))

    def date(self, value: dt.date) -> str:
        """A full date: 4 December 2026."""
        return str(format_date(value, format="long", locale=self.locale))

    def day_of(self, moment: dt.datetime) -> str:
        """The day of a moment in the buyer's zone."""
        return self.day(moment.astimezone(self.zone).date())

    def moment(self, value: dt.datetime) -> str:
        """A day and time in the buyer's zone; the zone is named unless it is their own."""
        local = value.astimezone(self.zone)
        zone = (
            "" if self.zone_is_theirs else f" ({get_timezone_name(local, width='long', locale=self.locale)})"
        )
        time = format_time(local.time(), format="short", locale=self.locale)
        return f"{self.day(local.date())}, {time}{zone}"

    def any_of(self, items: Sequence[str]) -> str:
        """A, B or C."""
        return str(format_list(list(items), style="or", locale=self.locale)) if items else ""

    def all_of(self, items: Sequence[str]) -> str:
        """A, B and C."""
        return str(format_list(list(items), locale=self.locale)) if items else ""

    def country(self, code: str) -> str:
        """A country's name: DE as Germany."""
        return str(self.locale.territories.get(code, code))
