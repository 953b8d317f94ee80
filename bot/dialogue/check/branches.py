"""A throw-away store whose changes can be taken back, and what each turn did to it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import Database, is_write, lock_now
from bot.dialogue.turn import current_turn
from bot.shop import codes, customers, identity
from bot.shop.tables import orders, shop_actions

#: Tables that hold facts of an order …
FACTS = (
    "orders",
    "order_lines",
    "payments",
    "shipments",
    "shipment_events",
    "traces",
    "returns",
    "return_lines",
    "refunds",
    "approvals",
    "remarks",
)
_READ = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE)\s+({'|'.join(FACTS)})\b")
#: Reading them there is the identity check itself, and the record of the customer whom it proved. A one-time
#: code to the address on file is the playbook's other way of it ("no number at hand"): whose address it is
#: stands on the order, and all that leaves that module is the letter and, for a right code, the customer.
_CHECKS = (identity.__file__, codes.__file__, customers.__file__)


class Branches(Database):
    """One unit of work that never ends; what a turn commits in it is a savepoint.

    Args:
        url: of a seeded SQLite database that nobody else uses.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.watch = Watch()
        sa.event.listen(self.engine, "before_cursor_execute", self.watch.statement)
        self._connection = self.engine.connect()
        self._whole = self._connection.begin()
        lock_now(self._connection)
        self._owners: dict[str, int | None] = {}

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A unit of work that can be taken back with the branch it is in."""
        with self._connection.begin_nested():
            yield self._connection

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Whatever happens in the block is taken back at its end."""
        point = self._connection.begin_nested()
        try:
            yield
        finally:
            point.rollback()

    def actions(self) -> dict[str, str]:
        """The once-only actions that were made: by key, the kind."""
        return {row.key: row.kind for row in self._connection.execute(_ACTIONS)}

    def owner(self, number: str) -> int | None:
        """The id of the customer whose order it is."""
        if number not in self._owners:
            wanted = sa.select(orders.c.customer_id).where(orders.c.number == number)
            self._owners[number] = self._connection.execute(wanted).scalar()
        return self._owners[number]

    def close(self) -> None:
        """Take everything back and let go of the file."""
        self._whole.rollback()
        self._connection.close()
        super().close()


_ACTIONS = sa.select(shop_actions.c.key, shop_actions.c.kind)


class Watch:
    """Sees every statement of a turn."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget what was seen: a turn begins."""
        #: Tables of order facts that were looked at while nobody was identified, and by which line of code.
        self.unidentified: list[tuple[str, str, int]] = []
        #: Tables that were written to, and by which line of code.
        self.written: list[tuple[str, str, int]] = []

    def statement(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        """Note what a statement is about."""
        found = _READ.search(statement)
        if found is None:
            return
        try:
            turn = current_turn()
        except LookupError:
            # Between turns: the walker itself.
            return
        if turn.customer is None and (place := _caller()) is not None:
            self.unidentified.append((found[1], *place))
        if is_write(statement):
            self.written.append((found[1], *(_caller() or ("", 1))))


def _caller() -> tuple[str, int] | None:
    """The action's line that the statement comes from; None where that is the identity check."""
    place: tuple[str, int] | None = ("", 1)
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name in _CHECKS:
            return None
        if "/bot/dialogue/actions/" in name:
            return name, frame.f_lineno
        frame = frame.f_back
    return place
