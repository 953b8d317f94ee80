"""Writes what understanding must know of the store to a file that it reads anew when it changes."""

from __future__ import annotations

import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.settings import ShopRules
from bot.shop.tables import customers, product_names, products, variants

#: Asked for by buyers even where no product comes in them.
_PLAIN_COLOURS = (
    *("black", "white", "grey", "red", "blue", "green", "yellow", "orange", "pink", "purple", "brown"),
    *("beige", "navy", "turquoise", "silver", "gold"),
)


def write_lexicon(
    connection: Connection, rules: ShopRules, path: Path, names: Iterable[tuple[str, str]] = ()
) -> bool:
    """Write the lexicon; says whether the file changed.

    Whoever reads the file at the same time sees the old one or the new one, never a part. Nothing is written
    where nothing has changed, so that nobody reads it anew for nothing.

    Raises:
        OSError: the folder cannot be written.
    """
    text = json.dumps(lexicon(connection, rules, names), ensure_ascii=False, indent=1) + "\n"
    if path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True


def lexicon(
    connection: Connection, rules: ShopRules, names: Iterable[tuple[str, str]] = ()
) -> dict[str, Any]:
    """The lexicon as it stands now.

    Args:
        connection: the caller's unit of work.
        rules: the store's.
        names: what else buyers call products: the words, and the product's code.
    """
    also: defaultdict[str, list[str]] = defaultdict(list)
    for words, code in names:
        also[code].append(words)
    named = connection.execute(
        sa.select(products.c.id, products.c.code, products.c.name, products.c.aliases).order_by(products.c.id)
    )
    translated: defaultdict[int, list[str]] = defaultdict(list)
    for row in connection.execute(sa.select(product_names).order_by(product_names.c.id)):
        translated[row.product_id] += [row.name, *row.aliases]
    made: dict[str, Any] = {
        "languages": list(rules.languages),
        "fallback_language": rules.fallback_language,
        "currency": rules.store.currency,
        "timezone": rules.store.timezone,
        "patterns": {
            "order_number": [
                {"regex": pattern.regex, "normal": pattern.normal} for pattern in rules.patterns.order_number
            ],
            "tracking_number": list(rules.patterns.tracking_number),
        },
        "products": [
            {
                "code": row.code,
                "names": [row.name, *row.aliases, *also[row.code]],
                "translated": translated[row.id],
            }
            for row in named
        ],
        "sizes": _distinct(connection, variants.c.size),
        "colours": sorted({*map(str.lower, _distinct(connection, variants.c.colour)), *_PLAIN_COLOURS}),
    }
    region = _commonest_country(connection)
    if region is not None:
        # How a phone number without a country's code is read: as most buyers would mean it.
        made["default_region"] = region
    return made


def _distinct(connection: Connection, column: Any) -> list[str]:
    return sorted(connection.execute(sa.select(column).where(column != "").distinct()).scalars())


def _commonest_country(connection: Connection) -> str | None:
    count = sa.func.count()
    country = customers.c.country
    by_count = sa.select(country).group_by(country).order_by(count.desc(), country).limit(1)
    found = connection.execute(by_count).scalar()
    return None if found is None else str(found)
