"""Sums of money with their currency."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from nlu.entities.spans import Kind, Span, Utterance

#: The currencies whose names are known, in the languages given to the finder.
_CURRENCIES = (
    *("EUR", "USD", "GBP", "JPY", "CNY", "KRW", "BRL", "AED", "SAR", "RUB", "CHF", "CAD", "AUD", "NZD"),
    *("MXN", "INR", "PLN", "SEK", "NOK", "DKK", "CZK", "HUF", "TRY", "HKD", "TWD", "SGD", "THB", "VND"),
    *("IDR", "ZAR"),
    *("ARS", "CLP", "COP", "PEN", "EGP", "MAD", "KWD", "QAR", "ILS", "UAH", "MYR", "PHP"),
)
#: What Babel does not know: signs, and what people call their money.
_NAMES = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "eu€": "EUR", "евро": "EUR", "يورو": "EUR",
    "us$": "USD", "$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "bucks": "USD",
    "buck": "USD", "dólar": "USD", "dólares": "USD", "dolares": "USD", "доллар": "USD",
    "долларов": "USD", "доллара": "USD", "دولار": "USD", "美元": "USD", "美金": "USD", "ドル": "USD",
    "달러": "USD", "欧元": "EUR", "歐元": "EUR", "ユーロ": "EUR", "유로": "EUR", "£": "GBP", "quid": "GBP",
    "pound": "GBP", "pounds": "GBP", "英镑": "GBP", "libras": "GBP", "pfund": "GBP", "円": "JPY",
    "yen": "JPY", "jp¥": "JPY", "元": "CNY", "块": "CNY", "塊": "CNY", "人民币": "CNY", "人民幣": "CNY",
    "rmb": "CNY", "yuan": "CNY", "cn¥": "CNY", "원": "KRW", "won": "KRW", "₩": "KRW", "r$": "BRL",
    "reais": "BRL", "₽": "RUB", "руб": "RUB", "рублей": "RUB", "рубля": "RUB", "рубль": "RUB",
    "р": "RUB", "dirham": "AED", "dirhams": "AED", "درهم": "AED", "ريال": "SAR", "riyal": "SAR",
    "riyals": "SAR", "₹": "INR", "rupees": "INR", "zł": "PLN", "₺": "TRY", "₫": "VND", "₪": "ILS",
    "₴": "UAH", "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD", "hk$": "HKD", "nt$": "TWD",
    "s$": "SGD", "mx$": "MXN", "fr.": "CHF", "franken": "CHF", "kr": "SEK", "¥": "JPY", "￥": "JPY",
}  # fmt: skip
#: The yen's and the yuan's sign is one; the buyer's language tells which.
_YUAN_LANGUAGES = frozenset({"zh"})
#: What multiplies the number before it.
_TIMES = {
    "k": 1000,
    "千": 1000,
    "万": 10_000,
    "萬": 10_000,
    "만": 10_000,
    "천": 1000,
    "тыс": 1000,
    "mil": 1000,
}

_NUMBER = r"\d{1,3}(?:[ '\u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{3})*(?:[.,]\d{1,2})?(?!\d)"
_AMOUNT = re.compile(rf"(?<![\w.,])(?:{_NUMBER})|(?<=[A-Za-z])(?:{_NUMBER})(?![\w%])")
_TIMES_PATTERN = "|".join(map(re.escape, _TIMES))
_MORE = re.compile(rf"({_TIMES_PATTERN})(?!\w)", re.IGNORECASE)
#: A message of numbers would take half a second.
_MOST = 60
#: No sign or name of a currency before a number is longer.
_SIGN_REACH = 24


@lru_cache(maxsize=8)
def _names(languages: tuple[str, ...]) -> dict[str, str]:
    from babel import Locale, UnknownLocaleError
    from babel.numbers import get_currency_name

    names = {code.lower(): code for code in _CURRENCIES}
    for language in languages:
        try:
            locale = Locale.parse(language)
        except (UnknownLocaleError, ValueError):
            continue
        for code in _CURRENCIES:
            for count in (None, 1, 2, 5):
                names.setdefault(get_currency_name(code, count, locale).lower(), code)
    return names | _NAMES


@lru_cache(maxsize=8)
def _patterns(languages: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what a sign before a number looks like, and one after it."""
    names = sorted(_names(languages), key=len, reverse=True)
    before = "|".join(re.escape(name) for name in names)
    after = "|".join(
        # A name made of letters must not go on: "1 won" is a sum, "1 wonder" is not.
        re.escape(name) + ("" if _wide(name[-1]) or not name[-1].isalpha() else r"(?!\w)")
        for name in names
    )
    return (
        re.compile(rf"(?<![A-Za-zÀ-ɏЀ-ӿ])(?P<sign>{before})\s?$", re.IGNORECASE),
        re.compile(rf"\s?(?P<times>{_TIMES_PATTERN})?\s?(?P<sign>{after})", re.IGNORECASE),
    )


def _wide(letter: str) -> bool:
    return "\u2e80" <= letter <= "\ud7ff" or "\u0600" <= letter <= "\u06ff"


def find_money(utterance: Utterance, languages: tuple[str, ...], currency: str) -> Iterator[Span]:
    """Find sums that tell their currency; a bare dollar is the store's, if that counts in some dollar.

    The value holds integer minor units.
    """
    if not any(character.isdigit() for character in utterance.plain):
        return
    from babel.numbers import get_currency_precision
    from price_parser import Price

    names = _names(languages)
    before, after = _patterns(languages)
    text = utterance.plain
    for number in itertools.islice(_AMOUNT.finditer(text), _MOST):
        typed, start, end = number.group(), number.start(), number.end()
        found = after.match(text, end)
        if found is not None:
            end, times = found.end(), _TIMES.get((found["times"] or "").lower(), 1)
        else:
            reach = max(0, start - _SIGN_REACH)
            found = before.search(text[reach:start])
            if found is None:
                continue
            start = reach + found.start()
            more = _MORE.match(text, end)
            times = _TIMES[more[1].lower()] if more else 1
            end = more.end() if more else end
        sign = found["sign"].lower()
        amount = Price.fromstring(typed.replace("'", "").replace("\u202f", " ")).amount
        if amount is None:
            continue
        code = names[sign]
        if sign == "$" and currency.endswith("D") and currency in _CURRENCIES:
            code = currency
        if sign in ("¥", "￥") and (utterance.language in _YUAN_LANGUAGES or currency == "CNY"):
            code = "CNY"
        minor = (amount * times).scaleb(get_currency_precision(code)).quantize(Decimal(1), ROUND_HALF_EVEN)
        value = {"amount_minor": int(minor), "currency": code}
        yield Span(Kind.MONEY, start, end, value)
