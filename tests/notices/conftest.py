"""A small store in which nothing gives reason to write, and one buyer whose order a test may change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.mailroom import conversations, inbox
from bot.mailroom.tables import inbox as inbox_rows
from bot.mailroom.timers import TimerRoom
from bot.notices.kinds import NOTICE
from bot.notices.telling import Notices
from bot.settings import ShopRules
from bot.shop.seed import seed
from bot.shop.tables import customers, order_lines, orders, payments, returns, shipments, traces
from tests.conftest import NOON
from tests.mailroom.letters import letter

#: Long enough ago for nobody to be written to about it.
LONG_AGO = NOON - dt.timedelta(days=200)


@dataclass
class Store:
    """One buyer with one order, and what the store's clocks do."""

    database: Database
    rules: ShopRules
    clock: SetClock
    number: str
    order_id: int
    customer_id: int
    talk: int

    def tick(self, **later: float) -> list[dict[str, Any]]:
        """Let time pass, look and fire; returns the events that turns are to be taken on since the last."""
        self.clock.at += dt.timedelta(**later)
        notices = Notices(self.database, self.rules)
        notices.look(self.clock.now())
        needs = {NOTICE: notices.needed}
        TimerRoom(self.database, self.clock, {NOTICE: notices.fire}, needs=needs).fire_due()
        with self.database.begin() as connection:
            found = sa.select(inbox_rows.c.data).where(
                inbox_rows.c.kind == NOTICE, inbox_rows.c.note.is_(None)
            )
            told = [row.data["event"] for row in connection.execute(found.order_by(inbox_rows.c.id))]
            connection.execute(inbox_rows.update().where(inbox_rows.c.kind == NOTICE).values(note="seen"))
        return told

    def change(self, table: sa.Table, **values: Any) -> None:
        """Change the order, what belongs to it, or its buyer."""
        column = {"orders": "id", "customers": "id"}.get(table.name, "order_id")
        about = self.customer_id if table is customers else self.order_id
        with self.database.begin() as connection:
            connection.execute(table.update().where(table.c[column] == about).values(**values))

    def another_talk(self, sender: str, customer_id: int | None = None) -> int:
        """A conversation of the same buyer, or of another, under another name."""
        with self.database.begin() as connection:
            return talk_of(connection, sender, customer_id or self.customer_id)


def talk_of(connection: Any, sender: str, customer_id: int | None) -> int:
    """A conversation of this sender, an hour old."""
    hour_ago = NOON - dt.timedelta(hours=1)
    inbox.accept(connection, letter(sender=sender), language="en", now=hour_ago)
    found = conversations.find(connection, "web", "store", sender)
    assert found is not None
    conversations.set_customer(connection, found.id, customer_id)
    return found.id


@pytest.fixture
def store(database: Database, rules: ShopRules, clock: SetClock) -> Store:
    with database.begin() as connection:
        seed(connection, 3, NOON.date(), customers=30, orders=40)
        for table, columns in (
            (orders, ("placed_at", "paid_at")),
            (shipments, ("delivered_at",)),
        ):
            connection.execute(table.update().values(**dict.fromkeys(columns, LONG_AGO)))
        connection.execute(order_lines.update().values(state="ordered"))
        connection.execute(customers.update().values(consents_to_notices=True, timezone="Europe/Berlin"))
        without = sa.select(returns.c.order_id)
        searched = sa.select(shipments.c.order_id).join(traces, traces.c.shipment_id == shipments.c.id)
        order = connection.execute(
            sa.select(orders)
            .join(shipments, shipments.c.order_id == orders.c.id)
            .where(orders.c.id.not_in(without), orders.c.id.not_in(searched))
            .order_by(orders.c.id)
            .limit(1)
        ).one()
        for table in (payments,):
            connection.execute(table.update().where(table.c.order_id == order.id).values(state="declined"))
        talk = talk_of(connection, "ana", order.customer_id)
    # A Monday noon where the buyer lives.
    clock.at = NOON + dt.timedelta(hours=7)
    return Store(database, rules, clock, order.number, order.id, order.customer_id, talk)


def kinds(told: Sequence[dict[str, Any]]) -> list[str]:
    """The kinds of what was told."""
    return [one["kind"] for one in told]
