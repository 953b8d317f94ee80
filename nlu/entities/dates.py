"""Days: written out, in figures, and counted from now."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from nlu.entities.spans import Kind, Span, Utterance

#: Days from today, in the languages that buyers write.
_DAYS_FROM_NOW = {
    0: "today tonight hoy heute aujourd'hui hoje сегодня اليوم 今天 今日 きょう 오늘 今晚",
    1: "tomorrow tmrw tmr mañana demain amanhã amanha завтра غدا غداً 明天 明日 あした 내일",
    -1: "yesterday ayer hier gestern ontem вчера أمس امس 昨天 昨日 きのう 어제",
    2: "overmorrow übermorgen послезавтра 后天 後天 明後日 あさって 모레",
    -2: "anteayer vorgestern avant-hier anteontem позавчера 前天 一昨日 おととい 그저께",
}
#: A word that is a day in one language only, and something common in others ("morgen" is also the morning).
_BY_LANGUAGE = {"de": {"morgen": 1}, "fr": {"hier": -1}}
_ONLY = {"hier": "fr", "demain": "fr", "hoje": "pt", "ontem": "pt"}

_FIGURES = re.compile(
    r"(?<![\d.,/\-])(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2(?:\d{4}|\d{2}))(?![\d/\-]|[.,]\d)"
    r"|(?:\d{4}[年년]\s?)?\d{1,2}[月월]\s?\d{1,2}[日号號일]"
    r"|(?<![\d.,/\-])\d{1,2}\.\d{1,2}\.(?!\d)"
)
#: Two figures may be half of anything, so something must say that they are a day.
_SHORT_FIGURES = re.compile(
    r"(?:\b(?:on|by|since|until|till|before|after|from|am|vom|bis|seit|le|du|depuis|el|del|desde|dia|dès)\s+)"
    r"(?P<day>\d{1,2}/\d{1,2})(?![\d/])",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\b(?:\d{1,3}|an?|one|two|three|four|five|six|seven|ten)\s+(?:day|week|month)s?\s+ago\b"
    r"|\bin\s+(?:\d{1,3}|an?|one|two|three|four|five|six|seven|ten)\s+(?:day|week|month)s?\b"
    r"|\bhace\s+\d{1,3}\s+(?:días?|dias?|semanas?|mes(?:es)?)\b"
    r"|\bil y a\s+\d{1,3}\s+(?:jours?|semaines?|mois)\b"
    r"|\bvor\s+\d{1,3}\s+(?:tag(?:en)?|wochen?|monat(?:en)?)\b|\bhá\s+\d{1,3}\s+(?:dias?|semanas?|mes(?:es)?)\b"
    r"|\d{1,3}\s+(?:дн(?:я|ей)|день|недел[юиь]|месяца?(?:ев)?)\s+назад"
    r"|\d{1,3}\s?(?:天|日|周|週間|か月|个月)前|\d{1,3}\s?(?:일|주|개월)\s?전"
    r"|(?:منذ|قبل)\s+\d{1,3}\s+(?:أيام|يوم|أسابيع)",
    re.IGNORECASE,
)
_FUTURE = (
    r"next|coming|by|until|till|before|this|kommende[nr]?|nächste[nr]?|bis|próximo|prochain|"
    r"следующ\w+|下|来|다음"
)
_PAST = r"last|past|since|letzte[nr]?|pasado|dernier|último|passad[oa]|прошл\w+|上|先|지난|seit|desde|depuis"
_CJK = "日号號일"
_NUMERIC = re.compile(rf"[\d./\-]+|(?:\d{{4}}[年년]\s?)?\d{{1,2}}[月월]\s?\d{{1,2}}[{_CJK}]")
_ORDINAL = r"(?:st|nd|rd|th|er|º|ª|\.|-?го|-?е)?"
_JOINER = r"(?:\s+(?:of|de|del|do)\s+|\s*[.,\-]?\s*)"


@dataclass(frozen=True)
class _Names:
    days: dict[str, int]
    weekdays: dict[str, int]
    pattern: re.Pattern[str]
    relative: re.Pattern[str]
    weekday: re.Pattern[str]


@lru_cache(maxsize=16)
def _names(language: str) -> _Names:
    from babel import Locale, UnknownLocaleError

    months: set[str] = set()
    weekdays: dict[str, int] = {}
    for name in dict.fromkeys((language, "en")):
        try:
            locale = Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                months |= {month.strip(".").lower() for month in locale.months[context][width].values()}
                for number, day in locale.days[context][width].items():
                    weekdays.setdefault(day.strip(".").lower(), number)
    # "may", "mar", "sun" are words, "1月" is in figures: a month needs a day beside it, a weekday its full
    # name.
    months = {month for month in months if not month[0].isdigit() and len(month) > 2}
    weekdays = {day: number for day, number in weekdays.items() if len(day) > 3 or not day.isascii()}
    weekdays = {day: number for day, number in weekdays.items() if len(day) > 1}
    days = {
        word: offset
        for offset, words in _DAYS_FROM_NOW.items()
        for word in words.split()
        if _ONLY.get(word, language) == language
    }
    days |= _BY_LANGUAGE.get(language, {})
    month = "|".join(map(re.escape, sorted(months, key=len, reverse=True)))
    return _Names(
        days,
        weekdays,
        re.compile(
            rf"(?<!\w)(?:\d{{1,2}}{_ORDINAL}{_JOINER}(?:{month})(?!\w)\.?(?:{_JOINER}\d{{4}}(?!\d))?"
            rf"|(?:{month})\.?\s+\d{{1,2}}{_ORDINAL}(?!\d)(?:,?\s+\d{{4}}(?!\d))?)",
            re.IGNORECASE,
        ),
        _words(days),
        re.compile(
            rf"(?:(?<!\w)(?P<when>{_FUTURE}|{_PAST})\s*)?{_words(weekdays).pattern}",
            re.IGNORECASE,
        ),
    )


def _words(words: dict[str, int]) -> re.Pattern[str]:
    spaced = sorted((word for word in words if word[0] < "\u2e80"), key=len, reverse=True)
    joined = sorted((word for word in words if word[0] >= "\u2e80"), key=len, reverse=True)
    choices = []
    if spaced:
        choices.append(rf"(?<!\w)(?:{'|'.join(map(re.escape, spaced))})(?!\w)")
    if joined:
        choices.append("|".join(map(re.escape, joined)))
    return re.compile(f"(?P<word>{'|'.join(choices) or '(?!)'})", re.IGNORECASE)


def find_dates(utterance: Utterance) -> Iterator[Span]:
    """Find days; their normal form is ISO 8601 (``2026-03-12``).

    A day without a year is the one nearest to now, a weekday the last one unless the words point ahead.
    """
    text = utterance.plain
    names = _names(utterance.language)
    today = utterance.now.date()
    for match in names.relative.finditer(text):
        day = today + dt.timedelta(days=names.days[match["word"].lower()])
        yield Span(Kind.DATE, match.start(), match.end(), day.isoformat())
    for match in names.weekday.finditer(text):
        day = _weekday(names.weekdays[match["word"].lower()], match["when"], today)
        yield Span(Kind.DATE, match.start("word"), match.end("word"), day.isoformat())
    if not any(character.isdigit() for character in text) and " ago" not in text and "in " not in text:
        return
    patterns = (_FIGURES, _COUNTED, names.pattern)
    places = [match.span() for pattern in patterns for match in pattern.finditer(text)]
    places += [match.span("day") for match in _SHORT_FIGURES.finditer(text)]
    for start, end in places:
        found = _read(text[start:end].strip(), utterance.language, utterance.region, today)
        if found is not None:
            yield Span(Kind.DATE, start, end, found.isoformat())


def _weekday(weekday: int, when: str | None, today: dt.date) -> dt.date:
    ahead = when is not None and re.fullmatch(_FUTURE, when, re.IGNORECASE) is not None
    difference = (weekday - today.weekday()) % 7
    if ahead:
        return today + dt.timedelta(days=difference or 7)
    return today - dt.timedelta(days=(7 - difference) % 7 or 7)


@lru_cache(maxsize=2048)
def _read(phrase: str, language: str, region: str, today: dt.date) -> dt.date | None:
    figures = _figures(phrase, "MDY" if region == "US" and language == "en" else "DMY", today)
    if figures is not None or _NUMERIC.fullmatch(phrase):
        return figures
    # dateparser takes 0.3 s to import, and guesses wildly on free text: it only sees what looks like a day.
    import dateparser

    settings = {
        "DATE_ORDER": "DMY",
        "RELATIVE_BASE": dt.datetime.combine(today, dt.time(12)),
        "PREFER_LOCALE_DATE_ORDER": False,
        "REQUIRE_PARTS": ["day", "month"],
    }
    cleaned = re.sub(r"(?<=\d)(?:-?го|-?е|º|ª)", "", phrase)
    try:
        found = dateparser.parse(cleaned, languages=list(dict.fromkeys((language, "en"))), settings=settings)
    except (ValueError, OverflowError, TypeError):
        return None
    if found is None:
        return None
    day: dt.date = found.date()
    if re.search(r"\d{4}", phrase) or _COUNTED.fullmatch(phrase) or re.search(r"[./-]\d{2}$", phrase):
        return day
    return _nearest(day.month, day.day, today)


def _figures(phrase: str, order: str, today: dt.date) -> dt.date | None:
    """Read a day in figures; None where it is none, or no day of any year."""
    parts = [int(part) for part in re.findall(r"\d+", phrase)]
    if not _NUMERIC.fullmatch(phrase) or len(parts) not in (2, 3):
        return None
    if len(parts) == 2:
        month, day = parts if order == "MDY" or phrase[-1] in _CJK else reversed(parts)
        if month > 12:
            month, day = day, month
        return _nearest(month, day, today)
    if parts[0] > 31:
        year, month, day = parts
    else:
        month, day, year = parts if order == "MDY" else (parts[1], parts[0], parts[2])
        year += 2000 if year < 100 else 0
    if month > 12:
        month, day = day, month
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _nearest(month: int, day: int, today: dt.date) -> dt.date | None:
    days = []
    for year in (today.year - 1, today.year, today.year + 1):
        with contextlib.suppress(ValueError):
            days.append(dt.date(year, month, day))
    return min(days, key=lambda near: abs(near - today), default=None)
