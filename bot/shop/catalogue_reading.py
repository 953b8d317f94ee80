"""Products out of the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from rapidfuzz import fuzz, process, utils
from sqlalchemy.engine import Connection, Row

from bot.shop.tables import products, variants
from bot.shop.values import Certificate, Money, Product, SizeRow, Variant

#: Below this likeness (0 to 100) words are not taken for a product's name.
LIKE_ENOUGH = 72
#: A word of a name has so many letters at least; of so many it may be mistyped and still as like as this.
SHORTEST_HINT, LONG_WORD, LIKE_A_WORD = 4, 6, 88
#: Words of a message that are looked at.
MOST_HINTS = 30


def read_products(connection: Connection, condition: Any) -> list[Product]:
    """The products that meet a condition on the table ``products``, in the catalogue's order."""
    found = connection.execute(sa.select(products).where(condition).order_by(products.c.id)).all()
    if not found:
        return []
    parts = connection.execute(
        sa.select(variants)
        .where(variants.c.product_id.in_([row.id for row in found]))
        .order_by(variants.c.id)
    )
    by_product = defaultdict(list)
    for row in parts:
        by_product[row.product_id].append(row)
    return [_product(row, by_product[row.id]) for row in found]


def product_of(connection: Connection, code: str) -> Product | None:
    """The product of this code or of this SKU; case does not matter."""
    wanted = code.strip().casefold()
    if not wanted:
        return None
    of_sku = sa.select(variants.c.product_id).where(sa.func.lower(variants.c.sku) == wanted)
    found = read_products(connection, (sa.func.lower(products.c.code) == wanted) | products.c.id.in_(of_sku))
    return found[0] if found else None


def products_like(connection: Connection, words: str, limit: int) -> list[Product]:
    """The products whose name or alias is meant by these words, likeliest first."""
    exact = product_of(connection, words)
    if exact is not None:
        return [exact][:limit]
    named = _names(connection)
    scored = process.extract(
        words,
        [name for _, name in named],
        scorer=fuzz.token_set_ratio,
        processor=utils.default_process,
        score_cutoff=LIKE_ENOUGH,
        limit=None,
    )

    # All the words of a name in a long message score 100; among equals the name with more words is meant.
    def closeness(name: str) -> float:
        return float(fuzz.token_sort_ratio(words, name, processor=utils.default_process))

    ranked = sorted(scored, key=lambda hit: (-hit[1], -closeness(hit[0]), hit[2]))
    return _in_order(connection, list(dict.fromkeys(named[hit[2]][0] for hit in ranked))[:limit])


def products_hinted(
    connection: Connection, words: str, limit: int, tell_nothing: Collection[str] = ()
) -> list[Product]:
    """Products of whose names a message holds a word, the rarest words first: to be asked about."""
    said = [word for word in dict.fromkeys(utils.default_process(words).split()) if word not in tell_nothing]
    holders: defaultdict[str, set[str]] = defaultdict(set)
    # Not of aliases: they hold what goods are called everywhere.
    for code, name in connection.execute(sa.select(products.c.code, products.c.name)):
        for word in utils.default_process(name).split():
            holders[word].add(code)
    rareness: defaultdict[str, float] = defaultdict(float)
    for word in said[:MOST_HINTS]:
        meant = word if word in holders else None
        if meant is None and len(word) >= LONG_WORD:
            hit = process.extractOne(word, list(holders), scorer=fuzz.ratio, score_cutoff=LIKE_A_WORD)
            meant = hit and hit[0]
        if meant is not None and len(meant) >= SHORTEST_HINT:
            for code in holders[meant]:
                rareness[code] += 1 / len(holders[meant])
    ranked = sorted(rareness, key=lambda code: (-rareness[code], code))
    return _in_order(connection, ranked[:limit])


def _names(connection: Connection) -> list[tuple[str, str]]:
    """Each name and alias with its product's code."""
    found = connection.execute(sa.select(products.c.code, products.c.name, products.c.aliases))
    return [(row.code, name) for row in found for name in (row.name, *row.aliases)]


def _in_order(connection: Connection, codes: Sequence[str]) -> list[Product]:
    found = {one.code: one for one in read_products(connection, products.c.code.in_(codes))}
    return [found[code] for code in codes]


def _product(row: Row, parts: Sequence[Row]) -> Product:
    made = tuple(_variant(part, row.code) for part in parts)
    return Product(
        code=row.code,
        name=row.name,
        category=row.category,
        description=row.description,
        facts=row.facts,
        variants=made,
        rating=None if row.rating_tenths is None else row.rating_tenths / 10,
        review_count=row.review_count,
        price=min(
            (variant.price for variant in made), key=lambda price: price.minor, default=Money(0, "XXX")
        ),
        certificates=tuple(Certificate(one["name"], tuple(one["countries"])) for one in row.certificates),
        size_chart=tuple(_size(one) for one in row.size_chart),
        aliases=tuple(row.aliases),
        goes_with=tuple(row.goes_with),
    )


def _variant(row: Row, product_code: str) -> Variant:
    return Variant(
        sku=row.sku,
        product_code=product_code,
        colour=row.colour,
        size=row.size,
        price=Money(row.price_minor, row.currency),
        floor=Money(row.floor_minor, row.currency),
        stock=row.stock,
        restock_on=row.restock_on,
    )


def _size(stored: Mapping[str, Any]) -> SizeRow:
    body = {part: (low, high) for part, (low, high) in stored["body"].items()}
    return SizeRow(stored["size"], body, stored["equivalents"])
