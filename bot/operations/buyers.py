"""Who a buyer is, and which rows and files are theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from bot import schema
from bot.errors import BuyerError
from bot.mailroom.overview import LARGEST_ID
from bot.operations.holdings import HOLDINGS

#: What a conversation remembers of the identity check.
CHECKED = "verified_at"
#: Values in one statement: SQLite takes no more than so many.
_BATCH = 500


@dataclass(frozen=True)
class Buyer:
    """A buyer: a customer with all their conversations, or a stranger's conversation."""

    #: None for a stranger.
    customer_id: int | None
    customer_number: str | None
    conversations: tuple[int, ...]

    def __str__(self) -> str:
        talks = ", ".join(map(str, self.conversations)) or "none"
        who = "a stranger" if self.customer_number is None else f"customer {self.customer_number}"
        return f"{who}; conversations: {talks}"


def find(connection: Connection, named: str) -> Buyer:
    """The buyer of whom a customer's number or a conversation's is given.

    ``customer:`` or ``conversation:`` before it says which is meant. A conversation whose sender is known to
    be a customer stands for that customer with all their conversations.

    Raises:
        BuyerError: there is none, or it could be either.
    """
    kind, _, value = named.strip().rpartition(":")
    if kind not in ("", "customer", "conversation"):
        kind, value = "", named.strip()
    customer_id = _customer(connection, value) if kind != "conversation" else None
    talk = _conversation(connection, value) if kind != "customer" else None
    if customer_id is not None and talk is not None:
        raise BuyerError(
            f"{value} is a customer and a conversation: say customer:{value} or conversation:{value}"
        )
    if customer_id is None and talk is None:
        raise BuyerError(
            f"there is no customer and no conversation {value[:60]!r}: give a customer's number, or a "
            "conversation's as `crossdesk mail list` and the desk show it"
        )
    if talk is not None:
        customer_id = _customer_of(connection, talk)
        if customer_id is None:
            return Buyer(None, None, (talk.id,))
    tables = schema.every_table().tables
    customers = tables["customers"]
    number = connection.execute(
        sa.select(customers.c.number).where(customers.c.id == customer_id)
    ).scalar_one()
    return Buyer(customer_id, number, _conversations_of(connection, customer_id))


def unlink(connection: Connection, number: str) -> str:
    """Part a conversation from the customer that its sender was found to be; returns the customer's number.

    What was said stays where it was said; who goes on writing there must be identified again.

    Raises:
        BuyerError: there is no such conversation, or it belongs to no customer.
    """
    number = number.strip().removeprefix("conversation:")
    talk = _conversation(connection, number)
    customer_id = None if talk is None else _customer_of(connection, talk)
    if talk is None or customer_id is None:
        raise BuyerError(
            f"there is no conversation {number[:60]!r}"
            if talk is None
            else f"conversation {number} is a stranger's: there is nothing to part"
        )
    tables = schema.every_table().tables
    talks, trackers = tables["conversations"], tables["trackers"]
    connection.execute(talks.update().where(talks.c.id == talk.id).values(customer_id=None))
    remembers = trackers.c.conversation_id == talk.id
    memory = connection.execute(sa.select(trackers.c.memory).where(remembers)).scalar_one_or_none()
    if memory:
        kept = {name: value for name, value in memory.items() if name != CHECKED}
        connection.execute(trackers.update().where(remembers).values(memory=kept))
    customers = tables["customers"]
    found: str = connection.execute(
        sa.select(customers.c.number).where(customers.c.id == customer_id)
    ).scalar_one()
    return found


def _customer(connection: Connection, number: str) -> int | None:
    customers = schema.every_table().tables["customers"]
    found: int | None = connection.execute(
        sa.select(customers.c.id).where(customers.c.number == number)
    ).scalar_one_or_none()
    return found


def _conversation(connection: Connection, number: str) -> Any:
    if not (number.isascii() and number.isdigit() and len(number) < 12 and int(number) <= LARGEST_ID):
        return None
    conversations = schema.every_table().tables["conversations"]
    return connection.execute(sa.select(conversations).where(conversations.c.id == int(number))).one_or_none()


def _customer_of(connection: Connection, talk: Any) -> int | None:
    customers = schema.every_table().tables["customers"]
    known = customers.c.id == talk.customer_id
    # An import may have taken the customer away.
    found: int | None = connection.execute(sa.select(customers.c.id).where(known)).scalar_one_or_none()
    return found


def _conversations_of(connection: Connection, customer_id: int | None) -> tuple[int, ...]:
    talks = schema.every_table().tables["conversations"]
    theirs = sa.select(talks.c.id).where(talks.c.customer_id == customer_id).order_by(talks.c.id)
    return tuple(connection.execute(theirs).scalars())


class Belongings:
    """A buyer's rows, table by table."""

    def __init__(
        self, connection: Connection, buyer: Buyer, *, but_orders: Collection[int] = frozenset()
    ) -> None:
        self._connection = connection
        self._tables = schema.every_table().tables
        own = () if buyer.customer_id is None else (buyer.customer_id,)
        #: The ids of the buyer's rows in those tables that others belong to.
        self._ids: dict[str, tuple[int, ...]] = {"customers": own, "conversations": buyer.conversations}
        for name, holding in HOLDINGS.items():
            if name not in self._ids and any(one.through[1] == name for one in HOLDINGS.values()):
                found = self._find(name, *holding.through)
                self._ids[name] = tuple(one for one in found if name != "orders" or one not in but_orders)

    def ids(self, table: str) -> tuple[int, ...]:
        """The buyer's rows of a table that other tables belong to."""
        return self._ids[table]

    def conditions(self, table: str) -> Iterator[Any]:
        """Conditions that together find the buyer's rows of a table."""
        column, ids = ("id", self._ids[table]) if table in self._ids else self._by_parent(table)
        for start in range(0, len(ids), _BATCH):
            yield self._tables[table].c[column].in_(ids[start : start + _BATCH])

    def rows(self, table: str) -> Iterator[Row]:
        """The buyer's rows, in the table's own order."""
        own = self._tables[table]
        for condition in self.conditions(table):
            yield from self._connection.execute(
                sa.select(own).where(condition).order_by(*own.primary_key.columns)
            )

    def count(self, table: str) -> int:
        """How many rows they are."""
        own = self._tables[table]
        return sum(
            self._connection.execute(
                sa.select(sa.func.count()).select_from(own).where(condition)
            ).scalar_one()
            for condition in self.conditions(table)
        )

    def attachments(self, files: Path) -> Sequence[tuple[str, Path]]:
        """The files of the buyer's messages and of ours: their names below ``CROSSDESK_FILES``, and where."""
        found = {}
        for table in WITH_FILES:
            for row in self.rows(table):
                for name in file_names(table, row):
                    path = below(files, name)
                    if path is not None:
                        found[path] = str(path.relative_to(files.resolve()))
        return [(name, path) for path, name in sorted(found.items())]

    def _by_parent(self, table: str) -> tuple[str, tuple[int, ...]]:
        column, parent = HOLDINGS[table].through
        return column, self._ids[parent]

    def _find(self, name: str, column: str, parent: str) -> Iterator[int]:
        own, ids = self._tables[name], self._ids[parent]
        for start in range(0, len(ids), _BATCH):
            part = own.c[column].in_(ids[start : start + _BATCH])
            yield from self._connection.execute(sa.select(own.c.id).where(part).order_by(own.c.id)).scalars()


#: Tables whose rows name files.
WITH_FILES = ("inbox", "outbox")


def file_names(table: str, row: Row) -> list[str]:
    """What a row of one of these tables, or of ``unclaimed_files``, calls its files."""
    if table == "unclaimed_files":
        return [str(row.path)]
    data = {"attachments": row.attachments} if table == "outbox" else row.data
    held = data.get("attachments", ()) if isinstance(data, dict) else ()
    return [str(one.get("path", "")) for one in held]


def below(files: Path, name: str) -> Path | None:
    """The plain file of this name below a folder; None if there is none, or it would lie elsewhere."""
    root = files.resolve()
    try:
        path = (root / name).resolve()
        return path if name and root in path.parents and path.is_file() else None
    except (OSError, ValueError):
        return None
