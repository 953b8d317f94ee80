"""Words: money in its own currency, days and times as the buyer reads them."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.dialogue.words import Words
from bot.shop.values import Money

TODAY = dt.date(2026, 11, 23)


def _words(language: str = "en", zone: str = "Asia/Shanghai", *, theirs: bool = False) -> Words:
    return Words(language, zone, TODAY, zone_is_theirs=theirs)


@pytest.mark.parametrize(
    ("language", "money", "told"),
    [
        ("en", Money(1299, "EUR"), "€12.99"),
        ("en", Money(1299, "JPY"), "¥1,299"),
        ("en", Money(0, "EUR"), "€0.00"),
        ("en", Money(-500, "USD"), "-$5.00"),
        ("en", Money(5, "USD"), "$0.05"),
        ("en", Money(123_456_789, "USD"), "$1,234,567.89"),
        # Three decimals, where the currency has them.
        ("en", Money(1500, "KWD"), "KWD1.500"),
        ("de", Money(1299, "EUR"), "12,99\xa0€"),
        ("ja", Money(1299, "JPY"), "￥1,299"),
        ("fr", Money(123_456, "EUR"), "1\u202f234,56\xa0€"),
    ],
)
def test_money_is_told_in_its_own_currency_with_its_own_decimals(
    language: str, money: Money, told: str
) -> None:
    assert _words(language).money(money) == told


@pytest.mark.parametrize("minor", [999_999_999_999_999, 100_000_000_000_001, 29, 57, 115])
def test_no_cent_is_lost_in_telling(minor: int) -> None:
    digits = "".join(sign for sign in _words().money(Money(minor, "USD")) if sign.isdigit())
    assert int(digits) == minor


def test_a_near_day_has_its_weekday_and_a_far_one_its_year() -> None:
    words = _words()
    assert words.day(dt.date(2026, 12, 4)) == "Fri, Dec 4"
    assert words.day(dt.date(2026, 8, 1)) == "Sat, Aug 1"
    assert words.day(dt.date(2027, 6, 4)) == "June 4, 2027"
    assert words.day(dt.date(2025, 11, 30)) == "November 30, 2025"


@pytest.mark.parametrize("language", ["en", "zh", "es", "fr", "de", "pt", "ru", "ar", "ja", "ko"])
def test_every_language_of_the_store_tells_days_times_money_and_lists(language: str) -> None:
    words = _words(language)
    moment = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.timezone.utc)
    for told in (words.moment(moment), words.day(TODAY), words.date(TODAY), words.number(1234.5)):
        assert told.strip()
    assert words.any_of(["A", "B", "C"]) != words.all_of(["A", "B", "C"])
    assert words.country("DE") != "DE"


def test_a_moment_is_told_in_the_buyers_zone_and_a_foreign_zone_is_named() -> None:
    moment = dt.datetime(2026, 11, 23, 23, 30, tzinfo=dt.timezone.utc)
    store = _words().moment(moment)
    assert store.startswith("Tue, Nov 24, 7:30")
    assert store.endswith("(China Standard Time)")
    theirs = _words().for_zone("America/New_York").moment(moment)
    assert theirs.startswith("Mon, Nov 23, 6:30")
    assert "(" not in theirs


def test_the_day_of_a_moment_is_the_buyers_day() -> None:
    moment = dt.datetime(2026, 11, 23, 23, 30, tzinfo=dt.timezone.utc)
    assert _words().day_of(moment) == "Tue, Nov 24"
    assert _words(zone="America/New_York").day_of(moment) == "Mon, Nov 23"


def test_lists_are_said_as_people_say_them() -> None:
    words = _words()
    assert words.any_of([]) == words.all_of([]) == ""
    assert words.any_of(["A"]) == "A"
    assert words.any_of(["A", "B", "C"]) == "A, B, or C"
    assert words.all_of(["A", "B", "C"]) == "A, B, and C"


def test_an_unknown_country_is_told_by_its_code() -> None:
    assert _words().country("XX") == "XX"
    assert _words("de").country("GB") == "Vereinigtes Königreich"
