"""The made-up customers. Names are combined by chance; addresses are of streets that every town has."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.shop.seeding.book import Book, fill, weighted
from bot.shop.seeding.data import read
from bot.shop.tables import customers


@dataclass(frozen=True)
class Buyer:
    """A customer as orders need it."""

    id: int
    row: Mapping[str, Any]
    currency: str


def write_people(book: Book, rng: random.Random, count: int) -> list[Buyer]:
    """Note the customers."""
    countries = read("countries")
    shares = {code: country["share"] for code, country in countries.items()}
    phones: set[str] = set()
    mails: set[str] = set()
    made = []
    for number in range(1, count + 1):
        # Everybody's country once at the start, so that a small store has all of them too.
        code = list(countries)[number - 1] if number <= len(countries) else weighted(rng, shares)
        country = countries[code]
        given, family = rng.choice(country["given"]), rng.choice(country["family"])
        city, region, postcode = rng.choice(country["cities"])
        row = {
            "number": f"CU-{10000 + number}",
            "name": _name(given, family, country),
            "email": _new(mails, partial(_email, given, family, rng)),
            "phone": _new(phones, partial(_phone, country, rng)),
            "language": country["languages"][0 if rng.random() < 0.75 else -1],
            "country": code,
            "timezone": country["timezone"],
            "street": rng.choice(country["streets"]).format(n=rng.randrange(1, 90)),
            "city": city,
            "region": region,
            "postcode": fill(postcode, rng),
            "consents_to_notices": rng.random() < 0.8,
            "consents_to_marketing": rng.random() < 0.35,
            "points": rng.randrange(0, 900) if rng.random() < 0.6 else 0,
        }
        made.append(Buyer(book.add(customers, **row), row, country["currency"]))
    return made


def _name(given: str, family: str, country: Mapping[str, Any]) -> str:
    if not country.get("family_first"):
        return f"{given} {family}"
    return f"{family}{given}" if country.get("joined") else f"{family} {given}"


def _phone(country: Mapping[str, Any], rng: random.Random) -> str:
    return fill(rng.choice([country["phone"], *country.get("more_phones", [])]), rng)


def _email(given: str, family: str, rng: random.Random) -> str:
    store = read("store")
    first, last = _latin(given), _latin(family)
    if not first or not last:
        first, last = (rng.choice(words) for words in store["nicknames"])
    ending = rng.choice(["", "", str(rng.randrange(70, 99)), str(rng.randrange(1, 10))])
    return f"{first}.{last}{ending}@{rng.choice(store['mail_domains'])}"


def _latin(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("ø", "o")).encode("ascii", "ignore")
    return "".join(character for character in plain.decode().lower() if character.isalpha())


def _new(seen: set[str], draw: Callable[[], str]) -> str:
    """Draw until it is one that nobody has."""
    for attempt in range(1000):
        value = draw()
        if "@" in value and attempt > 5:
            value = value.replace("@", f"{attempt}@")
        if value not in seen:
            seen.add(value)
            return value
    raise RuntimeError("the lists are too short for so many customers")
