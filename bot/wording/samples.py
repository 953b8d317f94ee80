"""Sample facts: what stands in a reply's places where it is only looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bot.dialogue.words import Words
from bot.settings import ShopRules
from bot.shop.values import Money

#: A Monday noon: what is told of days stays the same from one look to the next.
NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.timezone.utc)
_NAME, _NUMBER = "Lena Fischer", "CD-104233"
#: Days after today, sums in minor units, and counts, by the places that tell of them.
_DAYS = {
    "day": -3,
    "expected": 4,
    "until": 14,
    "arrival": 6,
    "dispatch": 1,
    "leaves": 1,
    "answer_by": 2,
    "send_by": 10,
    "last_day": -2,
    "start": 7,
}
_SUMS = {
    "amount": 4990,
    "price": 12900,
    "total": 17890,
    "off": 645,
    "list": 13545,
    "cost": 990,
    "free": 8000,
    "taken": 17890,
    "each": 1150,
    "goods": 115000,
    "least": 10000,
    "minimum": 5000,
    "worth": 1000,
    "spent": 100,
    "missing": 420,
    "freight": 2350,
}
_COUNTS = {
    "days": 7,
    "minutes": 10,
    "hours": 24,
    "longest": 200,
    "points": 120,
    "count": 3,
    "earned": 5,
    "check": 2,
    "quantity": 100,
    "megabytes": 20,
    "parts": 3,
}
_TEXTS = {
    "number": _NUMBER,
    "name": _NAME,
    "product": "Tindra Rain Jacket",
    "ordered": "Osier Trekking Pack 45 L",
    "what": "Tindra Rain Jacket",
    "item": "Tindra Rain Jacket, M",
    "old": "Tindra Rain Jacket, M",
    "new": "Tindra Rain Jacket, L",
    "carrier": "DHL",
    "place": "Leipzig",
    "address": "Lindenweg 5, 10115 Berlin",
    "code": "SAVE-1042",
    "tracking": "https://track.example.com/JD014600",
    "agent": "Ada",
    "label": "Visa ···· 4242",
    "method": "Visa ···· 4242",
    "file": "photo.heic",
    "material": "100% nylon",
    "size": "M",
    "wish": "2 × M",
    "percent": "20",
    "rating": "4.7",
    "balance": "120",
    # Words of a turn around them: nothing by itself.
    "variants": "",
    "hello": "",
}
_LISTS: Mapping[str, Sequence[str]] = {
    "items": ("Tindra Rain Jacket, M", "Alma Mug"),
    "numbers": (_NUMBER, "CD-104240"),
    "methods": ("Visa", "PayPal"),
    "carriers": ("DHL", "UPS"),
    "providers": ("Klarna",),
    "currencies": ("EUR", "USD"),
    "sizes": ("S", "M", "L"),
    "certificates": ("CE",),
    "cards": ("Visa", "Mastercard"),
    "wallets": ("PayPal", "Apple Pay"),
}
#: Places that name countries and units, each in its own way of telling it.
_COUNTRY, _COUNTRIES = "DE", ("DE", "FR", "JP")


def words_in(language: str, rules: ShopRules) -> Words:
    """What tells sample facts in a language, on a day that stays the same."""
    return Words.of_store(language, rules.store.timezone, NOON)


def samples(words: Words, rules: ShopRules, places: Collection[str], count: int | None) -> dict[str, Any]:
    """A value for each place.

    Args:
        words: tells sums and days in the language.
        rules: the store's name, its assistant, its currency.
        places: the names; of one that nobody knows the value shows the name.
        count: stands for each count; None: its usual one.
    """
    return {place: _sample(words, rules, place, count) for place in places}


def _sample(words: Words, rules: ShopRules, place: str, count: int | None) -> Any:
    known = {
        "store": rules.store.name,
        "assistant": rules.store.assistant,
        "country": words.country(_COUNTRY),
        "countries": words.all_of([words.country(code) for code in _COUNTRIES]),
        "by": words.moment(NOON),
        "moment": words.moment(NOON),
        **_TEXTS,
    }
    if place in known:
        return known[place]
    if place in _DAYS:
        return words.day(NOON.date() + dt.timedelta(days=_DAYS[place]))
    if place in _SUMS:
        return words.money(Money(_SUMS[place], rules.store.currency))
    if place in _COUNTS:
        return _COUNTS[place] if count is None else count
    if place in _LISTS:
        return words.all_of(_LISTS[place])
    return f"‹{place}›" if count is None else count
