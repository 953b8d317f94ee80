"""Products out of the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from bot.shop.finding import SHORTEST_HINT, Name, hinted, inflected, like, pieces_of, words_of
from bot.shop.heads import head_of
from bot.shop.tables import product_names, products, variants
from bot.shop.values import Certificate, Money, Product, SizeRow, Told, Variant


def read_products(connection: Connection, condition: Any, language: str = "") -> list[Product]:
    """The products that meet a condition on the table ``products``, in the catalogue's order.

    With their names in all languages, and what is said of them in this one (BCP 47) beside the store's own.
    """
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
    spoken, at = language.partition("-")[0], product_names.c
    # A turn keeps what it reads: texts of languages in which nobody is answered would fill it.
    texts: list[Any] = [
        sa.case((at.language == spoken, one)).label(one.name) for one in (at.description, at.facts)
    ]
    translated = connection.execute(
        sa.select(at.product_id, at.language, at.name, *texts).where(
            at.product_id.in_([row.id for row in found])
        )
    )
    names: defaultdict[int, dict[str, str]] = defaultdict(dict)
    told: defaultdict[int, dict[str, Told]] = defaultdict(dict)
    for row in translated:
        names[row.product_id][row.language] = row.name
        if row.description or row.facts:
            told[row.product_id][row.language] = Told(row.description or "", row.facts or {})
    return [_product(row, by_product[row.id], names[row.id], told[row.id]) for row in found]


def product_of(connection: Connection, code: str, language: str = "") -> Product | None:
    """The product of this code or of this SKU; case does not matter."""
    wanted = code.strip().casefold()
    if not wanted:
        return None
    of_sku = sa.select(variants.c.product_id).where(sa.func.lower(variants.c.sku) == wanted)
    meant = (sa.func.lower(products.c.code) == wanted) | products.c.id.in_(of_sku)
    found = read_products(connection, meant, language)
    return found[0] if found else None


def products_like(connection: Connection, words: str, limit: int, language: str = "") -> list[Product]:
    """The products whose name or alias is meant by these words, likeliest first.

    Names in the buyer's language come before the store's; those in other languages are looked at last.
    """
    exact = product_of(connection, words, language)
    if exact is not None:
        return [exact][:limit]
    for group in _names(connection, language):
        found = like(words, [*group.names, *group.aliases])
        if found:
            return _in_order(connection, found[:limit], language)
    return []


def products_hinted(
    connection: Connection,
    words: str,
    limit: int,
    tell_nothing: Collection[str] = (),
    language: str = "",
) -> list[Product]:
    """Products of whose names a message holds a word, the rarest words first: to be asked about."""
    for group in _names(connection, language):
        # Of other names only where none of these has it, and not of the store's: they hold what goods are
        # called everywhere.
        found = hinted(words, group.names, tell_nothing, as_written=group.is_foreign) or hinted(
            words, [one for one in group.aliases if one.language], tell_nothing, as_written=group.is_foreign
        )
        if found:
            return _in_order(connection, found[:limit], language)
    return []


def products_of_kind(
    connection: Connection, words: str, limit: int, store: str, language: str = ""
) -> list[Product]:
    """Products that are such goods, the rarest words first: a bicycle jacket is a jacket, and no bicycle.

    Args:
        connection: where the catalogue is.
        words: what goods are asked for.
        limit: the most that are wanted.
        store: the language of the store's own names (BCP 47).
        language: the buyer's.
    """
    for group in _names(connection, language):
        heads, kinds = _heads([*group.names, *group.aliases], store), group.kinds
        found = hinted(words, [*heads, *kinds], as_written=group.is_foreign)
        if not found and not group.is_foreign:
            found = _called_shortly(head_of(words, language or store), [*heads, *kinds])
        if found:
            return _in_order(connection, found[:limit], language)
    return []


def _called_shortly(words: str, names: Iterable[Name]) -> list[str]:
    """The codes of goods whose whole name is too short to be hinted at: "hats" are a hat."""
    said = {form for word in words_of(words) for form in (word, word.removesuffix("s"))}
    called = ((one.code, words_of(one.text)) for one in names)
    short = ((code, name) for code, name in called if name and max(map(len, name)) < SHORTEST_HINT)
    return list(dict.fromkeys(code for code, name in short if said.issuperset(name)))


def products_of_material(connection: Connection, words: str, limit: int, language: str = "") -> list[Product]:
    """Products that are made of what the words name, by the fact ``material``: "merino", "Baumwolle".

    Every word must be in it, in the buyer's language or the store's own, whole or as the beginning of one.
    """
    wanted = pieces_of(words)
    own = connection.execute(sa.select(products.c.code, products.c.facts).order_by(products.c.id))
    at = product_names.c
    theirs = connection.execute(
        sa.select(products.c.code, at.facts)
        .select_from(product_names.join(products, products.c.id == at.product_id))
        .where(at.language == language.partition("-")[0])
        .order_by(at.id)
    )
    told = ((row.code, pieces_of((row.facts or {}).get("material", ""))) for row in (*theirs, *own))
    made = (code for code, held in told if wanted and all(_is_in(piece, held) for piece in wanted))
    return _in_order(connection, list(dict.fromkeys(made))[:limit], language)


def _is_in(piece: str, held: Iterable[str]) -> bool:
    begins = len(piece) >= SHORTEST_HINT
    return any(piece == one or (begins and (one.startswith(piece) or inflected(piece, one))) for one in held)


def _heads(names: Iterable[Name], store: str) -> list[Name]:
    return [replace(one, text=head_of(one.text, one.language or store)) for one in names]


def names_of(connection: Connection, skus: Collection[str]) -> Mapping[str, Sequence[Row]]:
    """By SKU, its product's names in other languages: ``language``, ``name`` and the store's ``original``."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    if skus:
        for row in connection.execute(_names_of_skus(), {"skus": sorted(skus)}):
            found[row.sku].append(row)
    return found


@lru_cache(maxsize=1)
def _names_of_skus() -> Any:
    """Built once: building such a statement costs more than running it does."""
    return (
        sa.select(
            variants.c.sku, product_names.c.language, product_names.c.name, products.c.name.label("original")
        )
        .join(products, products.c.id == variants.c.product_id)
        .join(product_names, product_names.c.product_id == products.c.id)
        .where(variants.c.sku.in_(sa.bindparam("skus", expanding=True)))
        .order_by(product_names.c.id)
    )


class _Names(NamedTuple):
    names: Sequence[Name]
    aliases: Sequence[Name]
    #: What buyers call such goods.
    kinds: Sequence[Name]
    is_foreign: bool


def _names(connection: Connection, language: str) -> Iterator[_Names]:
    """What the catalogue's goods are called: to the buyer and to the store, then to everybody else."""
    spoken = language.partition("-")[0]
    called = (products.c.code, products.c.name, products.c.aliases, products.c.kinds)
    own = connection.execute(sa.select(*called)).all()
    theirs = connection.execute(_translated().where(product_names.c.language == spoken)).all()
    yield _Names(
        [*_named(theirs), *_named(own, "")],
        [*_named_otherwise(theirs), *_named_otherwise(own, "")],
        [*_kinds(theirs), *_kinds(own, "")],
        is_foreign=False,
    )
    others = connection.execute(_translated().where(product_names.c.language != spoken)).all()
    yield _Names(_named(others), _named_otherwise(others), _kinds(others), is_foreign=True)


def _translated() -> Any:
    at = product_names.c
    columns = (products.c.code, at.language, at.name, at.aliases, at.kinds)
    joined = product_names.join(products, products.c.id == product_names.c.product_id)
    return sa.select(*columns).select_from(joined).order_by(product_names.c.id)


def _named(rows: Iterable[Row], language: str | None = None) -> list[Name]:
    return [Name(row.code, row.name, row.language if language is None else language) for row in rows]


def _named_otherwise(rows: Iterable[Row], language: str | None = None) -> list[Name]:
    return [
        Name(row.code, alias, row.language if language is None else language)
        for row in rows
        for alias in row.aliases
    ]


def _kinds(rows: Iterable[Row], language: str | None = None) -> list[Name]:
    return [
        Name(row.code, kind, row.language if language is None else language)
        for row in rows
        for kind in row.kinds or ()
    ]


def _in_order(connection: Connection, codes: Sequence[str], language: str) -> list[Product]:
    found = {one.code: one for one in read_products(connection, products.c.code.in_(codes), language)}
    return [found[code] for code in codes]


def _product(row: Row, parts: Sequence[Row], names: Mapping[str, str], told: Mapping[str, Told]) -> Product:
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
        names=names,
        told=told,
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
