"""Words: money in its own currency, days and times as the buyer reads them."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest

from bot.dialogue.words import Words
from bot.settings import ROOT
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
    theirs = _words().for_buyer("America/New_York").moment(moment)
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


@pytest.mark.parametrize(
    ("language", "country", "told"),
    [
        ("en", "US", "Fri, Dec 4 $1,299.50"),
        ("en", "GB", "Friday 4 December US$1,299.50"),
        ("es", "MX", "vie, 4 de diciembre USD1,299.50"),
        ("es", "ES", "vie, 4 de diciembre 1.299,50\xa0US$"),
        ("pt", "BR", "sex., 4 de dezembro US$\xa01.299,50"),
        # Nobody has said how Russian is written in Brazil.
        ("ru", "BR", "пт, 4 дек. 1\xa0299,50\xa0$"),
        # A country alone does not change the script.
        ("zh", "TW", "12月4日周五 US$1,299.50"),
        ("zh-Hant", "TW", "12月4日 週五 US$1,299.50"),
        ("zh-Hant", "US", "12月4日 週五 US$1,299.50"),
    ],
)
def test_sums_and_days_are_written_as_in_the_buyers_country(language: str, country: str, told: str) -> None:
    words = _words(language).for_buyer("UTC", country)
    assert f"{words.day(dt.date(2026, 12, 4))} {words.money(Money(129_950, 'USD'))}" == told


@pytest.mark.parametrize("before", ["", "Words('pt', 'UTC', day, zone_is_theirs=False).day(day);"])
def test_what_a_country_reads_does_not_depend_on_what_was_told_before(before: str) -> None:
    told = (
        "import datetime as dt; from bot.dialogue.words import Words; day = dt.date(2026, 12, 4);"
        f"{before} print(Words('pt', 'UTC', day, zone_is_theirs=True, country='PT').day(day))"
    )
    ran = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "sex., 4 de dezembro"


def test_another_language_keeps_the_buyers_zone_and_country() -> None:
    words = _words("de").for_buyer("Europe/London", "GB").in_language("en")
    assert (words.zone.key, words.zone_is_theirs, words.day(TODAY)) == (
        "Europe/London",
        True,
        "Monday 23 November",
    )


def test_koreans_read_their_own_half_of_the_day() -> None:
    assert (
        _words("ko")
        .moment(dt.datetime(2026, 11, 23, 7, 5, tzinfo=dt.timezone.utc))
        .startswith("11월 23일 월요일 오후 3:05")
    )


def test_each_item_of_a_list_keeps_its_direction_in_arabic() -> None:
    assert _words("ar").all_of(["CD-1", "أسود"]) == "\u2068CD-1\u2069 وأسود"
    assert _words("ar").any_of([]) == ""


def test_centimetres_are_called_as_the_language_does() -> None:
    assert _words().centimetres(86, 91.5) == "86–91.5 cm"
    assert _words("ru").centimetres(86, 91.5) == "86–91,5 см"


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "24 months"), ("de", "24 Monate"), ("ru", "24 месяца"), ("ja", "24 か月"), ("ar", "24 شهرًا")],
)
def test_a_span_of_time_in_the_catalogue_is_told_in_the_language(language: str, told: str) -> None:
    assert _words(language).fact("24 months.") == told


def test_other_facts_stay_as_the_catalogue_tells_them() -> None:
    assert _words("de").fact("430 g in size M.") == "430 g in size M"
    assert _words("de").fact("about 24 months") == "about 24 months"
