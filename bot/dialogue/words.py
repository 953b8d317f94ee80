"""Money, dates and lists in the buyer's language, money's own currency and the buyer's time zone."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, get_datetime_format, get_timezone_name
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, get_currency_precision
from babel.units import format_unit

from bot.dialogue.filling import isolated
from bot.dialogue.traditional import TAG, traditional
from bot.shop.order_changes import titled
from bot.shop.values import Money, OrderLine, Product, Variant

#: A date further away than this is told with its year.
FAR_DAYS = 120
#: How the catalogue tells for how long: 24 months.
_SPAN = re.compile(r"(\d{1,3}) (hour|day|week|month|year)s?", re.IGNORECASE)
#: Times of day in a language whose half-days Babel tells in English.
_TIMES = {"ko": "aaaa h:mm"}


class Words:
    """Formats values for one buyer."""

    def __init__(
        self,
        language: str,
        timezone: str,
        today: dt.date,
        *,
        zone_is_theirs: bool,
        country: str | None = None,
    ) -> None:
        #: BCP 47: the language, with its script where that isn't the usual one.
        self.language = language
        #: ISO 3166 of the buyer, once known: their way of writing sums and dates.
        self.region = country
        #: Dates far from it are told with their year.
        self.today = today
        self.locale = _locale(language, country)
        self.zone = ZoneInfo(timezone)
        #: Whether the zone is the buyer's own; a foreign zone is named beside each time.
        self.zone_is_theirs = zone_is_theirs

    @classmethod
    def of_store(cls, language: str, timezone: str, now: dt.datetime) -> Words:
        """For a buyer whose own time zone nobody knows: the store's, named beside each time."""
        return cls(language, timezone, now.date(), zone_is_theirs=False)

    def money(self, value: Money) -> str:
        """``Money(1299, 'EUR')`` as €12.99."""
        amount = value.minor / 10 ** get_currency_precision(value.currency)
        return str(format_currency(amount, value.currency, locale=self.locale))

    def product(self, product: Product) -> str:
        """What a product is called in the buyer's language, else as the store calls it."""
        return self.written(product.name_in(self.language))

    def variant(self, product: Product, variant: Variant) -> str:
        """A variant as an order's line names it."""
        return titled(self.product(product), variant)

    def line(self, line: OrderLine) -> str:
        """What was bought, in the buyer's language, else as it was bought."""
        return self.written(line.title_in(self.language))

    def number(self, value: float) -> str:
        """A number with the language's own separators."""
        return str(format_decimal(value, locale=self.locale))

    def for_buyer(self, timezone: str, country: str | None = None) -> Words:
        """The same language with the buyer's own zone, and as it is written in their country."""
        return Words(self.language, timezone, self.today, zone_is_theirs=True, country=country)

    def in_language(self, language: str) -> Words:
        """Another language for the same buyer."""
        return Words(
            language, self.zone.key, self.today, zone_is_theirs=self.zone_is_theirs, country=self.region
        )

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
        time = format_time(local.time(), format=_TIMES.get(self.locale.language, "short"), locale=self.locale)
        joined = get_datetime_format("medium", locale=self.locale).format(time, self.day(local.date()))
        return f"{joined}{zone}"

    def any_of(self, items: Sequence[str]) -> str:
        """A, B or C."""
        return self._list(items, "or")

    def all_of(self, items: Sequence[str]) -> str:
        """A, B and C."""
        return self._list(items, "standard")

    def beside(self, items: Sequence[str]) -> str:
        """A · B · C: what no word joins."""
        return " · ".join(isolated(item, self.locale) for item in items)

    def centimetres(self, low: float, high: float) -> str:
        """From and to: 86–91 cm."""
        span = f"{self.number(low)}–{self.number(high)}"
        return str(format_unit(span, "length-centimeter", length="short", locale=self.locale))

    def centimetre(self, value: float) -> str:
        """One length: 95 cm."""
        return str(format_unit(value, "length-centimeter", length="short", locale=self.locale))

    def measures(self, values: Sequence[float], unit: str) -> str:
        """One or more measures in one unit, by CLDR's name of it: 0.95 pounds, 14.2 × 6.7 inches."""
        last = str(format_unit(values[-1], unit, locale=self.locale))
        if unit in last:
            # Babel lacks some long forms, and tells the name of the unit for them.
            last = str(format_unit(values[-1], unit, "short", locale=self.locale))
        return " × ".join([*map(self.number, values[:-1]), last])

    def fact(self, told: str) -> str:
        """A fact of the catalogue: a span of time in the buyer's language, all else as it stands there."""
        told = told.rstrip(".")
        span = _SPAN.fullmatch(told)
        if span is None:
            return told
        unit = f"duration-{span[2].lower()}"
        long = str(format_unit(int(span[1]), unit, locale=self.locale))
        # Where a language has one form only, Babel knows it as the short one.
        return str(format_unit(int(span[1]), unit, "short", locale=self.locale)) if unit in long else long

    def country(self, code: str) -> str:
        """A country's name: DE as Germany."""
        return str(self.locale.territories.get(code, code))

    def tongue(self, language: str) -> str:
        """A language's name: en as English."""
        return str(self.locale.languages.get(language.partition("-")[0], language))

    def written(self, name: str) -> str:
        """A text of the buyer's language in the script that they write it in."""
        return traditional(name) if self.language == TAG else name

    def _list(self, items: Sequence[str], style: str) -> str:
        told = [isolated(item, self.locale) for item in items]
        return str(format_list(told, style=style, locale=self.locale)) if told else ""


@lru_cache(maxsize=256)
def _locale(language: str, country: str | None) -> Locale:
    """The language as it is written in the country, where it is spoken there."""
    plain = Locale.parse(language, sep="-")
    try:
        local = Locale.parse(f"{language}-{country}", sep="-") if country else plain
    except (UnknownLocaleError, ValueError):
        return plain
    # A country's name alone would change the script: Chinese in Taiwan.
    if local == plain or local.script not in (None, plain.script):
        return plain
    # What Babel reads of a country depends on what it has looked up of the language before: always all of it.
    _look_up(Words(language, "UTC", dt.date(2000, 1, 1), zone_is_theirs=False))
    return local


def _look_up(words: Words) -> None:
    moment = dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)
    words.moment(moment)
    words.date(moment.date())
    words.money(Money(1, "USD"))
    words.any_of(("A", "B", "C"))
    words.all_of(("A", "B", "C"))
    words.centimetres(1, 2)
    words.country("US")
