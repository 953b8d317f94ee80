"""Sums of money with their currency."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from nlu.entities import numerals
from nlu.entities.letters import OPENS
from nlu.entities.money_words import (
    AMBIGUOUS,
    CURRENCIES,
    NAMES,
    TIMES,
    WIDE_TIMES,
)
from nlu.entities.phrases import Phrases
from nlu.entities.spans import Kind, Span, Utterance

_NUMBER = re.compile(
    r"(?<!\d)(?<!\d[.,])(?:\d{1,3}(?:[ ']\d{3})+(?!\d)(?:[.,]\d{1,2}(?!\d))?"
    r"|\d+(?:[.,]\d{3})*(?:[.,]\d{1,2}(?!\d))?(?!\d))"
)
_WIDE_PIECE = r"\d[\d,]*(?:\.\d+)?\s?[十百千万萬億亿만천백억]{1,2}"
#: 1万2千, 2만 5천, 3千
_WIDE_AMOUNT = re.compile(rf"(?<!\d)(?<!\d[.,])(?:{_WIDE_PIECE}\s?)+(?:\d{{1,4}}(?!\d))?")
_PIECE = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s?([十百千万萬億亿만천백억]*)")
_HAN_AMOUNT = re.compile(rf"{numerals.HAN_NUMBER}{{1,8}}|(?<![가-힣]){numerals.HANGUL_NUMBER}{{1,6}}")
#: 49,- and 49.-- in German and Dutch hands.
_NO_CENTS = re.compile(r"[,.]-{1,2}")
_TIMES = re.compile(rf"\s?({'|'.join(sorted(map(re.escape, TIMES), key=len, reverse=True))})(?![^\W\d_])\.?")
_CENTS_BEHIND = re.compile(r"\d{2}(?!\d)")
#: The point of "руб." where no sentence ends.
_ABBREVIATED = re.compile(r"(?<=[бр])\.(?=\s*[а-яa-z,])")
_PIECES = 3
#: Names of currencies that stand before a number, too.
_LEADING_NAMES = frozenset({"euro", "rs", "dh", "dhs", "sr", "fr", "rmb"})
#: 3块5
_TENTH_BEHIND = re.compile(r"\d(?![\d.,])")
#: A message of numbers would take half a second.
_MOST = 60


def find_money(utterance: Utterance, languages: tuple[str, ...], currency: str) -> Iterator[Span]:
    """Find sums that tell their currency.

    A sign that several currencies have (a bare dollar) is the store's own currency if that is among them,
    else the region's, else the best known. The value holds integer minor units.
    """
    names = _names(languages)
    past = 0
    for start, end, amount in _amounts(utterance):
        if start < past:
            continue
        found = _with_currency(utterance, names, start, end, amount)
        if found is None:
            continue
        start, end, amount, sign = found
        if _is_piece(utterance.folded, end, amount):
            continue
        past = end
        code = _code(sign, utterance, currency)
        yield Span(Kind.MONEY, start, end, {"amount_minor": _minor(amount, code), "currency": code})


def _is_piece(folded: str, end: int, amount: Decimal) -> bool:
    """Whether a few "块" are pieces of what is named behind them, not money."""
    return (
        folded[end - 1] in "块塊"
        and amount <= _PIECES
        and re.match(r"[\u4e00-\u9fff]", folded[end:]) is not None
    )


@lru_cache(maxsize=8)
def _names(languages: tuple[str, ...]) -> Phrases[str]:
    """The names and signs of currencies; what they mean may still hang on who writes."""
    from babel import Locale, UnknownLocaleError
    from babel.numbers import get_currency_name

    names: dict[str, str] = dict(NAMES)
    for code in CURRENCIES:
        names.setdefault(code.lower(), code)
    for language in languages:
        try:
            locale = Locale.parse(language)
        except (UnknownLocaleError, ValueError):
            continue
        for code in CURRENCIES:
            for count in (None, 1, 2, 5):
                names.setdefault(get_currency_name(code, count, locale).lower(), code)
    return Phrases(names)


def _amounts(utterance: Utterance) -> Iterator[tuple[int, int, Decimal]]:
    """Find numbers, those in the form that takes in most first."""
    found: list[tuple[int, int, Decimal]] = []
    text = utterance.plain
    if utterance.has_digits:
        for match in itertools.islice(_WIDE_AMOUNT.finditer(text), _MOST):
            amount = _wide(match.group())
            if amount is not None:
                found.append((match.start(), len(match.group().rstrip()) + match.start(), amount))
        for match in itertools.islice(_NUMBER.finditer(text), _MOST):
            amount = _figure(match.group())
            if amount is not None:
                found.append((match.start(), match.end(), amount))
    if not text.isascii():
        for match in itertools.islice(_HAN_AMOUNT.finditer(text), _MOST):
            value = numerals.han(match.group())
            if value:
                found.append((match.start(), match.end(), Decimal(value)))
    for match in itertools.islice(_spoken(utterance.languages).finditer(utterance.folded), _MOST):
        value = numerals.read(match.group(), utterance.languages)
        if value:
            found.append((match.start(), match.end(), Decimal(value)))
    return iter(sorted(found, key=lambda one: (one[0], -one[1])))


@lru_cache(maxsize=64)
def _spoken(languages: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"{OPENS}(?:{numerals.pattern(languages)})(?=\s)")


def _figure(typed: str) -> Decimal | None:
    if typed.isdecimal():
        return Decimal(typed)
    from price_parser import Price

    amount: Decimal | None = Price.fromstring(typed.replace("'", "")).amount
    return amount


def _wide(typed: str) -> Decimal | None:
    total = Decimal(0)
    for number, times in _PIECE.findall(typed):
        value = Decimal(number.replace(",", ""))
        for sign in times:
            value *= WIDE_TIMES[sign]
        total += value
    return total


def _with_currency(
    utterance: Utterance, names: Phrases[str], start: int, end: int, amount: Decimal
) -> tuple[int, int, Decimal, str] | None:
    """Return the whole sum's place, its amount and the name of its currency, None where none is told."""
    text = utterance.folded
    no_cents = _NO_CENTS.match(text, end)
    number_end = no_cents.end() if no_cents else end
    times = _TIMES.match(text, number_end)
    if times is not None:
        amount, number_end = amount * TIMES[times[1]], times.end()
    place = number_end + (text[number_end : number_end + 1] == " ")
    after = names.at(text, place, anywhere=True)
    before = _before(text, names, start)
    if after is None:
        if before is None:
            return None
        return before[0], number_end, amount, before[1]
    if before is None and start and text[start - 1].isalpha() and text[start - 1].isascii():
        # Part of a code: "CD104 €".
        return None
    end, sign = after
    if sign == "rouble" and _ABBREVIATED.match(utterance.plain, end):
        end += 1
    tenth = _TENTH_BEHIND.match(text, end) if text[end - 1 : end] in "块塊" else None
    if tenth is not None:
        return start, tenth.end(), amount + Decimal(tenth.group()) / 10, sign
    cents = _CENTS_BEHIND.match(text, end) if text[end - 1 : end] == "€" else None
    if cents is not None and amount == amount.to_integral_value() and "." not in text[start:number_end]:
        amount, end = amount + Decimal(cents.group()) / 100, cents.end()
    return (before[0] if before else start), end, amount, sign


def _before(text: str, names: Phrases[str], start: int) -> tuple[int, str] | None:
    gap = text[start - 1 : start] == " "
    found = names.ending(text, start - gap)
    if found is None:
        return None
    word = text[found[0] : start - gap]
    if word.isalpha() and word.upper() not in CURRENCIES and word not in _LEADING_NAMES:
        # "peso 50 kg", "I won 3 times".
        return None
    # "30 € 20": the sign was another number's.
    left = text[: found[0]].rstrip(" ")[-1:]
    if left.isdigit() and (gap or left == text[found[0] - 1 : found[0]]):
        return None
    return found


def _code(sign: str, utterance: Utterance, currency: str) -> str:
    if sign not in AMBIGUOUS:
        return sign
    choices = AMBIGUOUS[sign]
    if sign == "yen or yuan":
        return "CNY" if utterance.language == "zh" or currency == "CNY" else "JPY"
    if currency in choices:
        return currency
    from babel.numbers import get_territory_currencies

    own = set(get_territory_currencies(utterance.region)) if utterance.region.isalpha() else set()
    return next((choice for choice in choices if choice in own), choices[0])


def _minor(amount: Decimal, code: str) -> int:
    from babel.numbers import get_currency_precision

    minor = amount.scaleb(get_currency_precision(code))
    return int(minor.quantize(Decimal(1), ROUND_HALF_EVEN)) if minor < Decimal(10) ** 20 else int(minor)
