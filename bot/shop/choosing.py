"""Which goods fit a wish in the buyer's words: found in the catalogue, the best rated first."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from rapidfuzz import fuzz, process
from sqlalchemy.engine import Connection, Row

from bot.errors import ShopError
from bot.shop.catalogue_reading import read_products
from bot.shop.finding import inflected, pieces_of
from bot.shop.tables import product_names, products
from bot.shop.values import Money, Product

#: From this likeness on (0 to 100) a typed word is a word of the catalogue; shorter ones must be typed right.
LIKE_A_WORD, SHORT = 88, 5
#: A word in more of the catalogue than this share tells nothing.
COMMON = 0.25
#: What holds less than this share of the best one's words does not fit.
FITS = 0.6
#: Words of a message that are looked at, and products of which all is read.
MOST_WORDS, MOST_READ = 60, 40
#: A word of the name or the category counts so much more than one of the description.
NAMED = 2.0


@dataclass(frozen=True)
class Wish:
    """What a buyer looks for."""

    #: In their own words, as much as they have said.
    words: str = ""
    #: One of the catalogue's categories, if they have chosen it.
    category: str | None = None
    #: The most that it may cost.
    most: Money | None = None
    #: Whether anything will do that costs no more.
    anything: bool = False
    #: The code of what it is to take the place of.
    instead_of: str | None = None
    #: The codes of the goods that the words name, where they name a kind: who wants a jacket for hiking wants
    #: no boots. Empty: any goods.
    of_kind: Collection[str] = ()


@dataclass(frozen=True)
class Fitting:
    """What fits a wish."""

    #: In stock, the best first.
    products: Sequence[Product]
    #: Whether they cost more than the buyer wanted to pay: nothing else fits.
    is_over: bool = False


def fitting(
    connection: Connection,
    wish: Wish,
    convert: Callable[[Money, str], Money],
    limit: int,
    tell_nothing: Collection[str] = (),
    language: str = "",
) -> Fitting:
    """Look in the whole catalogue; nothing is found for words that none of it holds, and no category."""
    condition = products.c.code != (wish.instead_of or "")
    if wish.category:
        condition &= products.c.category == wish.category
    if wish.of_kind:
        condition &= products.c.code.in_(tuple(wish.of_kind))
    rows = connection.execute(
        sa.select(
            products.c.code,
            products.c.name,
            products.c.aliases,
            products.c.category,
            products.c.description,
            products.c.rating_tenths,
            products.c.review_count,
        ).where(condition)
    ).all()
    scores = _scores(wish.words, rows, _called(connection, language), tell_nothing)
    if not scores and (wish.category or wish.anything or wish.of_kind):
        scores = {row.code: 1.0 for row in rows}
    if not scores:
        return Fitting(())
    best = max(scores.values())
    fits = [row for row in rows if scores.get(row.code, 0.0) >= FITS * best]
    there = _there(connection, fits, language)
    if wish.most is None:
        return Fitting(there[:limit])
    affordable = [one for one in there if _costs_at_most(one, wish.most, convert)]
    if not affordable and wish.of_kind:
        # Of that kind, what fits less well and costs no more, before what costs too much.
        others = _there(connection, rows, language)
        affordable = [one for one in others if _costs_at_most(one, wish.most, convert)]
    if affordable:
        return Fitting(affordable[:limit])
    cheapest = sorted(there, key=lambda one: one.price.minor)
    return Fitting(cheapest[:limit], is_over=bool(cheapest))


def _there(connection: Connection, rows: Sequence[Row], language: str) -> list[Product]:
    """Those in stock, the best rated first."""
    best = sorted(rows, key=lambda row: (-(row.rating_tenths or 0), -row.review_count, row.code))
    codes = [row.code for row in best[:MOST_READ]]
    read = {one.code: one for one in read_products(connection, products.c.code.in_(codes), language)}
    return [read[code] for code in codes if any(variant.stock > 0 for variant in read[code].variants)]


def preferred(products: Sequence[Product]) -> Product | None:
    """The one to recommend of several: rated best, or of those rated alike the only cheapest.

    None where nothing true can be said for one of them: without ratings, at the same price, or because
    the one that buyers rate best is sold out.
    """
    if not all(one.rating is not None and one.review_count for one in products):
        return None
    best = max(one.rating or 0.0 for one in products)
    first = [one for one in products if one.rating == best]
    if len(first) > 1:
        least = min(one.price.minor for one in first)
        of_one_currency = len({one.price.currency for one in first}) == 1
        first = [one for one in first if of_one_currency and one.price.minor == least]
    if len(first) != 1:
        return None
    return first[0] if any(variant.stock > 0 for variant in first[0].variants) else None


def categories(connection: Connection) -> Sequence[str]:
    """The catalogue's categories, those with most products first."""
    count = sa.func.count().label("count")
    rows = connection.execute(
        sa.select(products.c.category, count)
        .where(products.c.category != "")
        .group_by(products.c.category)
        .order_by(count.desc(), products.c.category)
    )
    return [row.category for row in rows]


def _called(connection: Connection, language: str) -> Mapping[str, Sequence[str]]:
    """What the products are called in the buyer's language, by code."""
    rows = connection.execute(
        sa.select(products.c.code, product_names.c.name, product_names.c.aliases)
        .join(products, products.c.id == product_names.c.product_id)
        .where(product_names.c.language == language.partition("-")[0])
        .order_by(product_names.c.id)
    )
    return {row.code: (row.name, *row.aliases) for row in rows}


def _scores(
    words: str, rows: Sequence[Row], called: Mapping[str, Sequence[str]], tell_nothing: Collection[str]
) -> dict[str, float]:
    named = {
        row.code: _words(" ".join((row.name, *row.aliases, row.category, *called.get(row.code, ()))))
        for row in rows
    }
    told = {row.code: named[row.code] | _words(row.description) for row in rows}
    spread = Counter(word for held in told.values() for word in held)
    vocabulary = list(spread)
    scores: defaultdict[str, float] = defaultdict(float)
    said = dict.fromkeys(pieces_of(words)[:MOST_WORDS])
    for word in said.keys() - set(tell_nothing):
        meant = _meant(word, spread, vocabulary)
        if meant is None or spread[meant] > max(1.0, COMMON * len(rows)):
            continue
        weight = math.log(1 + len(rows) / spread[meant])
        for one, held in told.items():
            if meant in held:
                scores[one] += weight * (NAMED if meant in named[one] else 1.0)
    return dict(scores)


def _meant(word: str, spread: Counter[str], vocabulary: Sequence[str]) -> str | None:
    """The catalogue's word for a typed one, whatever its number and with typing errors."""
    for form in (word, word.removesuffix("s"), f"{word}s", word.removesuffix("es")):
        if len(form) > (2 if form.isascii() else 1) and form in spread:
            return form
    if len(word) < SHORT:
        return None
    same = next((held for held in vocabulary if held[0] == word[0] and inflected(word, held)), None)
    if same is not None:
        return same
    hit = process.extractOne(word, vocabulary, scorer=fuzz.ratio, score_cutoff=LIKE_A_WORD)
    return str(hit[0]) if hit else None


def _words(text: str) -> set[str]:
    return set(pieces_of(text.replace("_", " ")))


def _costs_at_most(product: Product, most: Money, convert: Callable[[Money, str], Money]) -> bool:
    try:
        return convert(most, product.price.currency).minor >= product.price.minor
    except ShopError:
        # A currency without a rate: it cannot be told, and is not held against the product.
        return True
