"""The made-up catalogue."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.shop.seeding.book import Book
from bot.shop.seeding.data import categories, kinds, names, read, texts
from bot.shop.tables import coupons, exchange_rates, product_names, products, variants
from bot.shop.values import CouponKind, Money


@dataclass(frozen=True)
class Item:
    """A variant as orders need it."""

    sku: str
    title: str
    price: Money
    stock: int


def write_goods(book: Book, rng: random.Random, today: dt.date) -> list[Item]:
    """Note all products and variants; gives back what can be ordered."""
    store = read("store")
    of_kind: dict[str, list[str]] = defaultdict(list)
    planned: list[tuple[str, Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]] = []
    for name in categories():
        sheet = read(name)
        number = 100
        for group in sheet["groups"]:
            for product in group["products"]:
                number += 1
                code = f"{sheet['prefix']}-{number}"
                of_kind[group["kind"]].append(code)
                planned.append((code, sheet, group, product))
    items: list[Item] = []
    for code, page, group, product in planned:
        place = of_kind[group["kind"]].index(code)
        # The first of a kind goes with the first of the other: a jacket with the trousers of its line.
        goes_with = [of_kind[kind][place % len(of_kind[kind])] for kind in group.get("goes_with", [])]
        product_id = book.add(
            products,
            code=code,
            name=product["name"],
            category=page["category"],
            description=product["text"],
            facts=_facts(group, product),
            certificates=[
                {"name": mark, "countries": store["certificates"][mark]}
                for mark in product.get("certificates", group.get("certificates", []))
            ],
            size_chart=_chart(page, group),
            aliases=_aliases(product["name"], group["kind"]),
            goes_with=goes_with,
            kinds=kinds()["en"].get(group["kind"], []),
            rating_tenths=rng.choice([None, *range(38, 50), *range(43, 50)]),
            review_count=0,
        )
        row = book.rows[products.name][-1]
        row["review_count"] = 0 if row["rating_tenths"] is None else int(rng.lognormvariate(4.2, 1.1)) + 3
        for language, called in names().items():
            name, *aliases = called[product["name"]]
            told = texts().get(language, {})
            book.add(
                product_names,
                product_id=product_id,
                language=language,
                name=name,
                aliases=aliases,
                kinds=kinds()[language].get(group["kind"], []),
                description=told.get(product["text"], ""),
                facts={fact: told[text] for fact, text in row["facts"].items() if text in told},
            )
        items.extend(_variants(book, rng, today, product_id, code, group, product))
    return items


def write_terms(book: Book, rng: random.Random, today: dt.date, customer_count: int) -> None:
    """Note exchange rates and coupons."""
    store = read("store")
    currency = store["currency"]
    for code, rate in store["rates"].items():
        book.add(exchange_rates, currency=code, rate=rate, as_of=today)

    def add(code: str, terms: Mapping[str, Any], customer_id: int | None, uses_left: int | None) -> None:
        kind = CouponKind.PERCENT if "percent" in terms else CouponKind.AMOUNT
        if terms.get("free_freight"):
            kind = CouponKind.FREE_FREIGHT
        first, last = terms["days"]
        book.add(
            coupons,
            code=code,
            kind=kind.value,
            percent=terms.get("percent", 0),
            amount_minor=Money.of(terms.get("amount", "0"), currency).minor,
            minimum_minor=Money.of(terms["minimum"], currency).minor,
            currency=currency,
            valid_from=today + dt.timedelta(days=first),
            valid_until=today + dt.timedelta(days=last),
            customer_id=customer_id,
            uses_left=uses_left,
        )

    for terms in store["coupons"]:
        add(terms["code"], terms, None, None)
    for customer_id in sorted(rng.sample(range(1, customer_count + 1), customer_count // 10)):
        days = [-rng.randrange(1, 60), rng.randrange(-10, 60)]
        terms = {"amount": "5.00", "minimum": "30.00", "days": days}
        add(f"THANKS-{rng.randrange(16**6):06X}-{customer_id}", terms, customer_id, 1)


def _facts(group: Mapping[str, Any], product: Mapping[str, Any]) -> dict[str, str]:
    facts = dict(group.get("facts", {}))
    facts.update({key: product[key] for key in ("material", "weight", "dimensions") if key in product})
    facts.update(product.get("facts", {}))
    return facts


def _chart(sheet: Mapping[str, Any], group: Mapping[str, Any]) -> list[dict[str, Any]]:
    chart = sheet.get("charts", {}).get(group.get("chart"), {})
    return [{"size": size, **row} for size, row in chart.items()]


def _aliases(name: str, kind: str) -> list[str]:
    """The line's own word with the kind, as people shorten names: "Tindra jacket"."""
    line, last = name.split()[0], kind.split()[-1]
    short = f"{line} {last}"
    return [] if short.casefold() == name.casefold() else [short]


def _variants(
    book: Book,
    rng: random.Random,
    today: dt.date,
    product_id: int,
    code: str,
    group: Mapping[str, Any],
    product: Mapping[str, Any],
) -> list[Item]:
    sizes = product.get("sizes", group.get("sizes", [""]))
    extra = sizes if isinstance(sizes, dict) else dict.fromkeys(sizes, 0)
    colours = product.get("colours") or [""]
    if "colours" in group and "colours" not in product:
        pool = group["colours"]
        colours = sorted(rng.sample(pool, min(group["colours_each"], len(pool))), key=pool.index)
    made = []
    currency = read("store")["currency"]
    for colour in colours:
        for size, add in extra.items():
            price = Money.of(Decimal(str(product["price"])) + Decimal(str(add)), currency)
            sku = "-".join(filter(None, [code, _short(colour), _short(size)]))
            stock, restock_on = _stock(rng, today)
            book.add(
                variants,
                product_id=product_id,
                sku=sku,
                colour=colour,
                size=size,
                price_minor=price.minor,
                floor_minor=price.minor * rng.randrange(72, 92) // 100,
                currency=currency,
                stock=stock,
                restock_on=restock_on,
            )
            details = ", ".join(filter(None, [colour, size]))
            made.append(Item(sku, product["name"] + (f" ({details})" if details else ""), price, stock))
    return made


def _short(words: str) -> str:
    """A colour or size as a part of an SKU."""
    return "".join(character for character in words.upper() if character.isalnum())[:12]


def _stock(rng: random.Random, today: dt.date) -> tuple[int, dt.date | None]:
    luck = rng.random()
    if luck < 0.09:
        return 0, today + dt.timedelta(days=rng.randrange(3, 35)) if rng.random() < 0.75 else None
    if luck < 0.22:
        return rng.randrange(1, 6), None
    return rng.randrange(6, 180), None
