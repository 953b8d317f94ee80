"""Actions that happen at most once for a key."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Row

from bot.errors import ShopError
from bot.shop.tables import shop_actions
from bot.shop.values import Refusal

#: The ids of what an action made, by name: enough to read it again.
Made = Mapping[str, Any]

#: The kind of action that settles what is wrong with goods.
SETTLE = "settle"

#: As long as the column.
LONGEST_KEY = 200


def once(
    connection: Connection,
    key: str,
    kind: str,
    arguments: Mapping[str, Any],
    at: dt.datetime,
    act: Callable[[], tuple[int | None, Made]],
) -> Made:
    """Run ``act`` if the key is new, and say what it made; else say what was made when it was new.

    ``act`` returns the id of the order it is about and what it made. It runs after the key was taken: a
    second caller with the same key waits until the first one's transaction has ended, and on SQLite so does
    every other writer. It must read what it decides on itself. If it raises, all its writes and the key are
    undone, whether or not the caller's transaction goes on.

    Raises:
        ShopError: ``key_reused`` if the key was used for another kind of action or with other arguments.
    """
    fingerprint = _digest(kind, arguments)
    with connection.begin_nested():
        if _take(connection, key, kind, fingerprint, at):
            order_id, made = act()
            connection.execute(
                sa.update(shop_actions)
                .where(shop_actions.c.key == key)
                .values(order_id=order_id, result=dict(made))
            )
            return made
    stored = connection.execute(
        sa.select(shop_actions.c.fingerprint, shop_actions.c.result).where(shop_actions.c.key == key)
    ).one()
    if stored.fingerprint != fingerprint:
        raise ShopError("this key was used for another action", code=Refusal.KEY_REUSED.value)
    result: Made = stored.result
    return result


def actions_of(connection: Connection, order_id: int, kind: str) -> Iterator[Row]:
    """The once-only actions of a kind that were made on an order, oldest first."""
    table = shop_actions
    found = sa.select(table).where(
        table.c.order_id == order_id, table.c.kind == kind, table.c.result.is_not(None)
    )
    yield from connection.execute(found.order_by(table.c.id))


def settled_lines(connection: Connection, order_id: int) -> frozenset[int]:
    """The ids of lines of which it is settled what becomes of a fault: sent again, or kept for less."""
    made = actions_of(connection, order_id, SETTLE)
    return frozenset(line_id for action in made for line_id in action.result["lines"])


def _take(connection: Connection, key: str, kind: str, fingerprint: str, at: dt.datetime) -> bool:
    if not 0 < len(key) <= LONGEST_KEY:
        raise ValueError(f"a key has 1 to {LONGEST_KEY} characters")
    row = {"key": key, "kind": kind, "fingerprint": fingerprint, "at": at}
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(shop_actions).values(row).on_conflict_do_nothing(index_elements=["key"])
    return connection.execute(statement).rowcount == 1


def _digest(kind: str, arguments: Mapping[str, Any]) -> str:
    text = json.dumps([kind, dict(arguments)], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
