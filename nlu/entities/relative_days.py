"""Days counted from now: yesterday, three days ago, next Tuesday."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from dateutil.relativedelta import relativedelta

from nlu.entities import numerals
from nlu.entities.day_words import (
    COUNTED,
    DUALS,
    EVERYWHERE,
    NOT_AFTER,
    PLACING,
    RELATIVE,
    SHORT_NOT_BEFORE,
    SHORT_WEEKDAYS,
    WEEKDAYS,
    Counted,
)
from nlu.entities.letters import CLOSES, OPENS, fold
from nlu.entities.phrases import Phrases
from nlu.entities.spans import Utterance

Found = tuple[int, int, dt.date]

_REACH = 32
_HAN_DAYS = (
    {day: place for place, day in enumerate("一二三四五六日")}
    | {"天": 6}
    | {str(place + 1): place for place in range(6)}
)
_ZH_WEEKDAY = re.compile(
    r"(?<![一二两兩三四五六七八九十每\d])(?P<when>上上|下下|上|下|这|這|本)?[个個]?"
    r"(?:周|週|星期|礼拜|禮拜)(?P<day>[一二三四五六日天1-6])(?![年月天\d]|次|周)"
)
_JA_WEEKDAY = re.compile(
    r"(?:(?P<when>先々週|先週|今週|来週|再来週|この前|前|次|今度)の?)?(?P<day>[月火水木金土日])曜日?"
)
_KO_WEEKDAY = re.compile(
    r"(?:(?P<when>지지난|저저번|지난|저번|이번|다다음|다음|담|돌아오는|오는)\s?(?P<week>주)?\s?)?"
    r"(?P<day>[월화수목금토일])(?:요일|욜)"
)
_WEEKS = {
    "上上": -2, "上": -1, "这": 0, "這": 0, "本": 0, "下": 1, "下下": 2,
    "先々週": -2, "先週": -1, "今週": 0, "来週": 1, "再来週": 2,
    "지지난": -2, "저저번": -2, "지난": -1, "저번": -1, "이번": 0, "다음": 1, "담": 1, "다다음": 2,
}  # fmt: skip
_WIDE_AHEAD = re.compile(
    r"\s?(?:之前|以前|前|到|能|会|會|可以|送|までに?|に?届|に?着|까지|전|에?\s?(?:올|오나|도착|받을|배송))"
)
_NEXT_ONES = ("次", "今度", "돌아오는", "오는", "다음")
_LAST_ONES = ("この前", "前", "지난", "저번")


def find_relative(utterance: Utterance) -> Iterator[Found]:
    """Find days that are told by their distance from the day of writing."""
    yield from _words(utterance)
    yield from _weekdays(utterance)
    for language in utterance.languages:
        if language in ("zh", "ja", "ko"):
            yield from _wide_weekdays(utterance, language)
        if language in COUNTED:
            yield from _counted(utterance, language)


@lru_cache(maxsize=64)
def _relative(languages: tuple[str, ...]) -> Phrases[int]:
    days: dict[str, int] = {}
    for language in languages:
        for offset, phrases in RELATIVE.get(language, {}).items():
            for phrase in phrases:
                days.setdefault(phrase, offset)
    for table in RELATIVE.values():
        for offset, phrases in table.items():
            for phrase in EVERYWHERE.intersection(phrases):
                days.setdefault(phrase, offset)
    return Phrases(days)


def _words(utterance: Utterance) -> Iterator[Found]:
    text = utterance.folded
    for start, end, offset in _relative(utterance.languages).find(text):
        word = text[start:end]
        bar = NOT_AFTER.get(word)
        if bar is None or re.search(bar, text[max(0, start - 16) : start]) is None:
            yield start, end, utterance.today + dt.timedelta(days=offset)


@dataclass(frozen=True)
class _Rules:
    counted: tuple[tuple[re.Pattern[str], int], ...]
    languages: tuple[str, ...]


@lru_cache(maxsize=16)
def _rules(language: str) -> _Rules:
    counted: Counted = COUNTED[language]
    wide = language in ("zh", "ja")
    number = r"(?P<n>\d{1,3}" + ("|" + numerals.HAN_NUMBER + "{1,3}" if wide else "")
    spoken = numerals.pattern((language,), with_one=True)
    number += (f"|{spoken}" if spoken != "(?!)" else "") + ")"
    unit = f"(?:(?P<d>{counted.days})|(?P<w>{counted.weeks})|(?P<m>{counted.months})|(?P<y>{counted.years}))"
    dual = f"(?P<dual>{'|'.join(map(fold, DUALS.get(language, ('(?!)',))))})"
    compiled = []
    for forms, sign in ((counted.past, -1), (counted.ahead, 1)):
        for form in forms:
            body = form.replace("{n2}", number).replace("{n}", number).replace("{dual}", dual)
            body = body.replace("{u}", unit)
            edges = (r"(?<!\d)(?<!\d[.,])", "") if language in ("zh", "ja", "ko") else (OPENS, CLOSES)
            compiled.append((re.compile(edges[0] + body + edges[1]), sign))
    return _Rules(tuple(compiled), (language,))


#: What every way of counting days from now holds.
_COUNTED_CUE = re.compile(
    r"ago|back|in |from|hace|atras|dentro|y ?a |dans|vor |ha |daqui|faz|назад|через|قبل|منذ|من|بعد|"
    r"خلال|前|[后後]|전|후|뒤"
)


#: "nothing moved in 6 days" tells how long, not when.
_SPENT = re.compile(
    r"(?:n't|\bnot|\bnothing|\bnever|\bno)\b[^.,;!?]*$|\b(?:arrived|came|delivered|received|moved|updated)\s$"
)


def _counted(utterance: Utterance, language: str) -> Iterator[Found]:
    if _COUNTED_CUE.search(utterance.folded) is None:
        return
    rules = _rules(language)
    for pattern, sign in rules.counted:
        for match in pattern.finditer(utterance.folded):
            groups = match.groupdict()
            spent = sign > 0 and _SPENT.search(utterance.folded[max(0, match.start() - 40) : match.start()])
            if spent:
                continue
            if groups.get("dual"):
                count = next(days for word, days in DUALS[language].items() if fold(word) == groups["dual"])
                step = relativedelta(days=count)
            else:
                number = groups.get("n")
                read = 1 if number is None else numerals.read(number, rules.languages)
                if read is None:
                    continue
                unit = next(name for name in ("d", "w", "m", "y") if groups.get(name))
                name = {"d": "days", "w": "weeks", "m": "months", "y": "years"}[unit]
                step = relativedelta(**{name: read})  # type: ignore[arg-type]
            with contextlib.suppress(OverflowError, ValueError):
                yield match.start(), match.end(), utterance.today + step * sign


@lru_cache(maxsize=64)
def _weekday_names(languages: tuple[str, ...]) -> Phrases[int]:
    names: dict[str, int] = {}
    for language in (*languages, *WEEKDAYS):
        for number, forms in enumerate(WEEKDAYS.get(language, ())):
            for form in forms:
                names.setdefault(form, number)
    return Phrases(names)


@lru_cache(maxsize=16)
def _short(language: str) -> re.Pattern[str]:
    cue, names = SHORT_WEEKDAYS[language]
    return re.compile(
        rf"{OPENS}{cue}(?P<day>{'|'.join(names)}){CLOSES}(?!-){SHORT_NOT_BEFORE if language == 'pt' else ''}"
    )


@lru_cache(maxsize=16)
def _placing(language: str) -> tuple[dict[str, re.Pattern[str]], dict[str, re.Pattern[str]], re.Pattern[str]]:
    placing = PLACING[language]
    before = {
        name: re.compile(rf"{OPENS}(?P<word>{pattern})\s+(?:(?:el|a|o|dem|den|on|am|na|no|le|в|во|يوم)\s+)?$")
        for name, pattern in (
            ("last", placing.last), ("next", placing.next), ("this", placing.this), ("ahead", placing.ahead),
        )
    }  # fmt: skip
    after = {
        name: re.compile(rf"\s+(?:{pattern}){CLOSES}")
        for name, pattern in (("last", placing.last_after), ("next", placing.next_after))
    }
    return before, after, re.compile(rf"{OPENS}(?:{placing.wish}){CLOSES}")


_SALE = re.compile(r"(?:black|white|черн[а-я]{2})\s$")


def _weekdays(utterance: Utterance) -> Iterator[Found]:
    text = utterance.folded
    for start, end, number in _weekday_names(utterance.languages).find(text):
        if text[end : end + 10].startswith((" البيضا", " negro")) or _SALE.search(
            text[max(0, start - 9) : start]
        ):
            # The days of sales are no days of a parcel's.
            continue
        yield _placed(utterance, start, end, number)
    for language in utterance.languages:
        if language in SHORT_WEEKDAYS:
            for match in _short(language).finditer(text):
                number = SHORT_WEEKDAYS[language][1].index(match["day"])
                yield _placed(utterance, match.start("day"), match.end("day"), number)


_WISH_BEHIND = re.compile(
    r"\s(?:auch\s)?(?:moglich|possible|posible|possivel|zustellen|liefern|возможно|ممكن)"
)
_PAST = re.compile(
    rf"{OPENS}(?:ordered|bought|paid|received|came|arrived|was|were|got|sent|placed|gekauft|bestellt|bezahlt|kam|"
    r"erhalten|compr(?:e|o|ei|ad[ao]s?)|pag(?:ue|uei|ado)|ped(?:i|id[ao]s?)|lleg(?:o|aron)|recibi|recebi|cheg(?:ou|aram)|"
    r"achete\w*|command(?:e|ee|es|ees)|recue?s?|paye\w*|arrivee?s?|куп(?:ил|лен)\w*|заказ(?:ал|ан)\w*|получ(?:ил|ен)\w*|"
    rf"пришл\w*|оплатил\w*|(?:و|ال)?وصلت?|وصلني|طلبته?|اشتريته?|دفعت|وعدتوني){CLOSES}"
)
_WEEK = re.compile(r"week|woche|sema|недел|اسبوع")
_IS_TODAY = re.compile(
    r"(?:today(?: is|'s)|hoy es|hoy|heute ist|on est|nous sommes|hoje e|сегодня|اليوم)\s(?:a\s|ja\s|"
    r"schon\s|ya\s|уже\s)?$"
)


def _placed(utterance: Utterance, start: int, end: int, weekday: int) -> Found:
    text, today = utterance.folded, utterance.today
    for language in utterance.languages:
        if language not in PLACING:
            continue
        before, after, wish = _placing(language)
        ahead_of_it = text[max(0, start - _REACH) : start]
        for name, pattern in after.items():
            match = pattern.match(text, end)
            if match is not None:
                if _WEEK.search(match.group()):
                    return start, match.end(), _in_week(today, weekday, -1 if name == "last" else 1)
                return start, match.end(), _next(today, weekday) if name == "next" else _last(today, weekday)
        for name, pattern in before.items():
            match = pattern.search(ahead_of_it)
            if match is None:
                continue
            if name == "ahead":
                return start, end, _next(today, weekday)
            start -= len(ahead_of_it) - match.start("word")
            if _WEEK.search(match["word"]):
                return start, end, _in_week(today, weekday, 1 if name == "next" else -1)
            if name == "this":
                return start, end, _in_week(today, weekday, 0)
            return start, end, _next(today, weekday) if name == "next" else _last(today, weekday)
        if _IS_TODAY.search(ahead_of_it) and weekday == today.weekday():
            return start, end, today
        clause = re.split(r"[.!?;,:]", text[max(0, start - 60) : start])[-1]
        wishes = list(wish.finditer(clause))
        # "I want to return what I bought on Monday": the nearer verb tells.
        if (wishes and not _PAST.search(clause, wishes[-1].end())) or _WISH_BEHIND.match(text, end):
            return start, end, _next(today, weekday)
    return start, end, _last(today, weekday)


def _wide_weekdays(utterance: Utterance, language: str) -> Iterator[Found]:
    pattern = {"zh": _ZH_WEEKDAY, "ja": _JA_WEEKDAY, "ko": _KO_WEEKDAY}[language]
    today = utterance.today
    for match in pattern.finditer(utterance.folded):
        day = match["day"]
        if language == "zh":
            number = _HAN_DAYS[day]
        else:
            number = ("月火水木金土日" if language == "ja" else "월화수목금토일").index(day)
        when = match["when"]
        if when in _WEEKS and (language != "ko" or match["week"] or when in ("이번", "다다음")):
            found = _in_week(today, number, _WEEKS[when])
        elif when in _LAST_ONES:
            found = _last(today, number)
        elif when in _NEXT_ONES or _WIDE_AHEAD.match(utterance.folded, match.end()):
            found = _next(today, number)
        else:
            found = _last(today, number)
        yield match.start(), match.end(), found


def _in_week(today: dt.date, weekday: int, weeks: int) -> dt.date:
    return today + dt.timedelta(days=weekday - today.weekday() + 7 * weeks)


def _next(today: dt.date, weekday: int) -> dt.date:
    return today + dt.timedelta(days=(weekday - today.weekday()) % 7 or 7)


def _last(today: dt.date, weekday: int) -> dt.date:
    return today - dt.timedelta(days=(today.weekday() - weekday) % 7 or 7)
