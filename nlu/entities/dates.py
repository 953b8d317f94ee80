"""Days in the calendar, written out or in figures; those counted from now come along."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator
from functools import lru_cache

from dateutil.relativedelta import relativedelta

from nlu.entities import numerals
from nlu.entities.letters import CLOSES, OPENS, fold
from nlu.entities.relative_days import find_relative
from nlu.entities.spans import Kind, Span, Utterance

#: Babel's locales whose names of months are in use beside a language's own.
_LOCALES = {"ar": ("ar", "ar_LB", "ar_MA", "ar_DZ"), "de": ("de", "de_AT"), "pt": ("pt", "pt_PT")}
_LANGUAGES = ("en", "es", "fr", "de", "pt", "ru", "ar")
#: Short names of months that are common words elsewhere: known in their own language only.
_LEAST_EVERYWHERE = 4
_NOT_A_MONTH = frozenset({"mas", "out", "set"})
_ALSO = {"en": {"sept": 9, "sep": 9}, "es": {"set": 9, "setiembre": 9}, "de": {"jänner": 1, "maerz": 3}}

_HAN = numerals.HAN_NUMBER
_WIDE = re.compile(
    r"(?:(?:(?<!\d)(?P<year>\d{4})|令和(?P<reiwa>\d{1,2}|元)|平成(?P<heisei>\d{1,2}|元))[年년]の?\s?"
    r"|(?P<word>去年|今年|昨年|明年|来年|작년|올해|지난해|내년)の?\s?)?(?<!\d)"
    rf"(?P<month>\d{{1,2}}|{_HAN}{{1,2}})[月월]\s?(?P<day>\d{{1,2}}|{_HAN}{{1,3}})\s?(?:[日号號일](?![間间]))"
)
_YEAR_WORDS = {
    "去年": -1,
    "昨年": -1,
    "작년": -1,
    "지난해": -1,
    "今年": 0,
    "올해": 0,
    "明年": 1,
    "来年": 1,
    "내년": 1,
}
_FIGURES = re.compile(
    rf"(?<![\d/\-A-Za-z])(?<!\d[.,])(?:(?P<y>\d{{4}})(?P<s1>[-/.])\s?(?P<m>\d{{1,2}})(?P=s1)\s?(?P<d>\d{{1,2}})"
    rf"|(?P<a>\d{{1,2}})(?P<s2>[-/.])\s?(?P<b>\d{{1,2}})(?P=s2)\s?(?P<c>\d{{4}}|\d{{2}}))(?![\d/\-]|"
    rf"[.,]\d){CLOSES}"
    r"|(?<![\d/\-])(?<!\d[.,])(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.(?!\d|\s?\d)"
)
#: Two figures may be half of anything, so something must say that they are a day.
_SHORT_FIGURES = re.compile(
    rf"{OPENS}(?:on|by|since|until|till|before|after|from|am|vom|bis|seit|ab|zum|le|du|au|depuis|el|"
    rf"del|al|desde|"
    r"hasta|dia|em|ate|no|do|от|с|со|до|на|к|после|يوم|بتاريخ|تاريخ|من|قبل|حتي)\s+"
    r"(?P<day>\d{1,2}[/.]\d{1,2})(?![\d/]|[.,]\d|\s?(?:%|€|\$))"
    r"|(?<![\d/.])(?P<wide>\d{1,2}/\d{1,2})(?=に|の|から|まで|日|号|號|에|까지|부터|下|买|到|\s?\()"
)
_NO_DAY = (
    r"(?!\s+(?:of|month|floor|time|order|try|street|avenue|birthday|attempt|email|message|item|one|parcel|"
    r"pair))"
)
#: A day of some month, by its number alone.
_DAY_ONLY = {
    "en": re.compile(
        r"(?:on|by|until|till|since|from|before|after|around|for)\s+the\s+"
        rf"(?P<span>(?P<day>\d{{1,2}})(?:st|nd|rd|th)){CLOSES}{_NO_DAY}"
    ),
    "de": re.compile(
        r"(?:am|bis|ab|vom|zum|seit|vor|nach|dem)\s+(?P<span>(?P<day>\d{1,2})\.)(?!\s?\d|\w)"
        r"(?!\s+(?:stock|mal|tag|etage|versuch|bestellung|woche|monat))"
    ),
    "fr": re.compile(
        rf"{OPENS}(?:le|au|du)\s+(?P<span>(?P<day>\d{{1,2}})(?:er)?)(?=\s*(?:[;!?)]|[.,](?!\d)|$)|"
        rf"\s+(?:et|a|au|mais|"
        r"je|j'|il|elle|vous|pour|car|ou|on|nous|c'|matin|soir|dernier|prochain|svp)(?![a-z]))"
    ),
    "es": re.compile(rf"{OPENS}(?P<span>dia\s+(?P<day>\d{{1,2}}))(?![\d/]|[.,]\d){CLOSES}"),
    "pt": re.compile(rf"{OPENS}(?P<span>dia\s+(?P<day>\d{{1,2}}))(?![\d/]|[.,]\d){CLOSES}"),
    "ru": re.compile(
        rf"{OPENS}(?P<span>(?P<day>\d{{1,2}})(?:\s?-?\s?(?:ого|го|е|ое|му))?\s+числ[аоу]){CLOSES}"
        r"|(?:с|до|после|от|к)\s+(?P<span2>(?P<day2>\d{1,2})\s?-?(?:ого|го|му)(?:\s+числ[аоу])?)(?![а-я])"
        r"(?!\s+(?:этаж|раз|размер|заказ))"
    ),
    "ar": re.compile(r"يوم\s+(?P<span>(?P<day>\d{1,2}))(?!\d|[/.]\d|\s*[:ص])"),
    "zh": re.compile(
        rf"(?<![月\d穿第#大小加换換])(?<!\d[.,])(?<![{numerals.HAN_NUMBER[1:]})"
        rf"(?P<span>(?P<day>\d{{1,2}}|{_HAN}{{1,3}}(?!日))[号號日])"
        r"(?![楼樓门門店线線码碼院元间間尺机色人本仓])"
    ),
    "ja": re.compile(
        r"(?<![月\d])(?<!\d[.,])(?P<span>(?P<day>\d{1,2})日)(?=に(?!\d)|まで|から|の(?!間|うち)|着|頃|"
        r"ごろ|以降|発|必着|、|。|$)"
    ),
    "ko": re.compile(
        r"(?<![월\d])(?<!\d[.,])(?<!월 )(?P<span>(?P<day>\d{1,2})일)(?=에|까지|부터|날|자|\s?이후|\s?도착)"
    ),
}


@lru_cache(maxsize=64)
def _months(languages: tuple[str, ...]) -> dict[str, int]:
    from babel import Locale

    months: dict[str, int] = {}
    for language in dict.fromkeys((*languages, *_LANGUAGES)):
        for name in _LOCALES.get(language, (language,)) if language in _LANGUAGES else ():
            locale = Locale.parse(name)
            for context in ("format", "stand-alone"):
                for width in ("wide", "abbreviated"):
                    for number, month in locale.months[context][width].items():
                        short = month.strip(".").lower()
                        if language in languages or len(short) > _LEAST_EVERYWHERE:
                            months.setdefault(fold(short), number)
        for word, number in _ALSO.get(language, {}).items():
            months.setdefault(fold(word), number)
    keep_short = {"pt": {"out", "set"}}.get(languages[0], set())
    return {
        month: number
        for month, number in months.items()
        if not month[0].isdigit() and len(month) > 2 and (month not in _NOT_A_MONTH or month in keep_short)
    }


@lru_cache(maxsize=64)
def _named(languages: tuple[str, ...]) -> re.Pattern[str]:
    month = "|".join(map(re.escape, sorted(_months(languages), key=len, reverse=True)))
    year = r"(?:(?:\s+(?:de|del|of|do)\s+|\s*[,.\-/]?\s*)(?P<{}>(?:19|20)\d{{2}})(?!\d))?"
    return re.compile(
        rf"(?:{OPENS}(?:dia\s+(?=\d))?|(?<=[ل])(?=\d))(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|o|a|\s?-?ого|"
        rf"-?го|-?е)?"
        r"(?:\s+(?:of|de|del|do|من|من شهر|شهر)\s+|\s*[.,\-/]?\s*)"
        rf"(?P<month>{month}){CLOSES}{year.format('year')}"
        rf"|{OPENS}(?P<month2>{month})\.?\s+(?:the\s+)?(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:.,]*\d)"
        rf"(?!\s?(?:%|€|\$|eur|usd)){CLOSES}{year.format('year2')}"
    )


def find_dates(utterance: Utterance) -> Iterator[Span]:
    """Find days; their normal form is ISO 8601 (``2026-03-12``).

    A day without a year, or without a month, is the one nearest to today; a weekday is the last one unless
    the words point ahead.
    """
    for start, end, found in (*find_relative(utterance), *_in_calendar(utterance)):
        yield Span(Kind.DATE, start, end, found.isoformat())


def _in_calendar(utterance: Utterance) -> Iterator[tuple[int, int, dt.date]]:
    text, today = utterance.folded, utterance.today
    if "月" in text or "월" in text:
        for match in _WIDE.finditer(text):
            found = _wide(match, today)
            if found is not None:
                yield match.start(), match.end(), found
    for language in utterance.languages:
        if language in _DAY_ONLY and (utterance.has_digits or language == "zh"):
            for match in _DAY_ONLY[language].finditer(text):
                groups = match.groupdict()
                name = "span" if groups["span"] else "span2"
                day = numerals.read(groups["day"] or groups.get("day2") or "", ("zh",))
                found = _nearest_day(day or 0, today)
                if found is not None:
                    yield match.start(name), match.end(name), found
    if not utterance.has_digits:
        return
    months = _months(utterance.languages)
    for match in _named(utterance.languages).finditer(text):
        month = months[match["month"] or match["month2"]]
        year = match["year"] or match["year2"]
        found = _date(int(year) if year else None, month, int(match["day"] or match["day2"]), today)
        if found is not None:
            yield match.start(), match.end(), found
    yield from _in_figures(utterance)


def _in_figures(utterance: Utterance) -> Iterator[tuple[int, int, dt.date]]:
    text, today = utterance.plain, utterance.today
    big_first = utterance.language in ("zh", "ja", "ko")
    month_first = big_first or (utterance.region == "US" and utterance.language == "en")
    for match in _FIGURES.finditer(text):
        if match["day"]:
            found = _ordered(None, int(match["day"]), int(match["month"]), today, month_first=False)
        elif match["y"]:
            found = _date(int(match["y"]), int(match["m"]), int(match["d"]), today)
        else:
            first, second, third = int(match["a"]), int(match["b"]), int(match["c"])
            if big_first and len(match["c"]) == 2:
                found = _date(2000 + first, second, third, today)
            else:
                year = third + 2000 if third < 100 else third
                found = _ordered(year, first, second, today, month_first=month_first and not big_first)
        if found is not None:
            yield match.start(), match.end(), found
    for match in _SHORT_FIGURES.finditer(utterance.folded):
        name = "day" if match["day"] else "wide"
        first, second = (int(part) for part in re.split(r"[/.]", match[name]))
        found = _ordered(None, first, second, today, month_first=name == "wide" or month_first)
        if found is not None:
            yield match.start(name), match.end(name), found


def _ordered(
    year: int | None, first: int, second: int, today: dt.date, *, month_first: bool
) -> dt.date | None:
    month, day = (first, second) if month_first else (second, first)
    if month > 12:
        month, day = day, month
    return _date(year, month, day, today)


def _wide(match: re.Match[str], today: dt.date) -> dt.date | None:
    month, day = numerals.read(match["month"], ("zh",)), numerals.read(match["day"], ("zh",))
    year: int | None = None
    if match["reiwa"] or match["heisei"]:
        begun, typed = (2018, match["reiwa"]) if match["reiwa"] else (1988, match["heisei"])
        year = begun + (1 if typed == "元" else int(typed))
    elif match["word"]:
        year = today.year + _YEAR_WORDS[match["word"]]
    elif match["year"]:
        year = int(match["year"])
    return _date(year, month or 0, day or 0, today)


def _date(year: int | None, month: int, day: int, today: dt.date) -> dt.date | None:
    """Return the day, that of the nearest year where none is told; None where there is no such day."""
    days = []
    for candidate in (today.year - 1, today.year, today.year + 1) if year is None else (year,):
        with contextlib.suppress(ValueError):
            days.append(dt.date(candidate, month, day))
    return min(days, key=lambda near: abs(near - today), default=None)


def _nearest_day(day: int, today: dt.date) -> dt.date | None:
    days = []
    for months in (-1, 0, 1):
        with contextlib.suppress(ValueError):
            days.append((today + relativedelta(months=months)).replace(day=day))
    return min(days, key=lambda near: abs(near - today), default=None)
