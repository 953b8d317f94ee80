"""A buyer is forgotten: what is personal goes, what the law makes the store keep stays without it."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot import schema
from bot.database import Database, lock_now
from bot.desk.values.cases import CaseState
from bot.desk.values.requests import RequestState
from bot.errors import BuyerError
from bot.mailroom.inbox import InboxState
from bot.mailroom.outbox import OutboxState
from bot.operations.buyers import Belongings, Buyer
from bot.operations.holdings import ERASED, HOLDINGS, Fate
from bot.shop.feed.entries import FeedState
from bot.shop.states import OrderState, RefundState, ReturnState
from bot.training.counting import recount

#: Whoever is owed goods or money must still be reached: what of an order counts as its end.
_ENDED = {
    "orders": (OrderState.DELIVERED, OrderState.RETURNED, OrderState.CANCELLED),
    "returns": (ReturnState.CLOSED, ReturnState.REFUSED),
    "refunds": (RefundState.SENT, RefundState.ARRIVED, RefundState.DECLINED),
}


@dataclass(frozen=True)
class Erased:
    """What became of a buyer."""

    #: Rows by table, of those tables in which there were some.
    rows: Mapping[str, int]
    #: Numbers of orders that are not at their end: they and the customer keep where to go and whom to reach.
    whole: tuple[str, ...]
    #: Files that came with messages: deleted once the rows are.
    files: tuple[Path, ...]


def erase(connection: Connection, buyer: Buyer, files: Path, now: dt.datetime) -> Erased:
    """Forget a buyer in the caller's unit of work; idempotent.

    The files that are returned are the caller's to delete once all is committed.

    Raises:
        BuyerError: a message is under way or a case is open; nothing was changed.
    """
    lock_now(connection)
    everything = Belongings(connection, buyer)
    _require_quiet(connection, everything, now)
    rows = {table: count for table in HOLDINGS if (count := everything.count(table))}
    attached = tuple(path for _, path in everything.attachments(files))
    open_orders = _open_orders(connection, everything)
    own = Belongings(connection, buyer, but_orders=open_orders.keys())
    grouped = _review_groups(connection, own)
    # The other way round: first what belongs to others.
    for table in reversed(tuple(HOLDINGS)):
        if not (open_orders and table == "customers"):
            _erase_table(connection, table, own)
    recount(connection, grouped)
    _rename(connection, buyer)
    return Erased(rows, tuple(sorted(open_orders.values())), attached)


@contextmanager
def overwriting(database: Database) -> Iterator[Connection]:
    """A unit of work whose deleted words do not stay behind in the database's file."""
    with database.begin() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
        yield connection
    if database.is_sqlite:
        # The former pages go out of the write-ahead file, too, as soon as nobody reads them.
        with database.begin() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()


def _erase_table(connection: Connection, table: str, own: Belongings) -> None:
    holding, columns = HOLDINGS[table], schema.every_table().tables[table]
    values = dict(holding.empty)
    if table == "inbox":
        # Unique, and the channel's name for a message may name the buyer.
        number = sa.cast(columns.c.id, sa.String)
        renamed = sa.literal(f"{ERASED}-") + number
        values["message_id"] = sa.case((columns.c.message_id.is_(None), None), else_=renamed)
    for condition in own.conditions(table):
        if holding.fate is Fate.REMOVED:
            connection.execute(columns.delete().where(condition))
        elif values:
            connection.execute(columns.update().where(condition).values(**values))


def _review_groups(connection: Connection, own: Belongings) -> set[int]:
    """The groups of the review inbox that lose a message."""
    items = schema.every_table().tables["review_items"]
    return {
        number
        for condition in own.conditions("review_items")
        for number in connection.execute(sa.select(items.c.group_id).where(condition)).scalars()
    }


def _rename(connection: Connection, buyer: Buyer) -> None:
    """Give each conversation a sender that is nobody's: the buyer, when they write again, is a stranger."""
    talks = schema.every_table().tables["conversations"]
    for talk in buyer.conversations:
        known = sa.and_(talks.c.id == talk, sa.not_(talks.c.sender.startswith(f"{ERASED}-")))
        connection.execute(talks.update().where(known).values(sender=f"{ERASED}-{secrets.token_hex(16)}"))


def _require_quiet(connection: Connection, own: Belongings, now: dt.datetime) -> None:
    tables = schema.every_table().tables
    talks = tables["conversations"]
    for condition in own.conditions("conversations"):
        # Held until the end of this unit of work: no turn begins meanwhile.
        for talk in connection.execute(sa.select(talks).where(condition).with_for_update()).all():
            if talk.claim_until is not None and talk.claim_until > now:
                raise BuyerError(f"a turn of conversation {talk.id} is under way: try again in a moment")
    for table, states, what in (
        ("inbox", [InboxState.NEW.value], "a message waits for its answer"),
        ("outbox", [OutboxState.QUEUED.value, OutboxState.SENDING.value], "a message is not delivered yet"),
        (
            "cases",
            [state.value for state in CaseState if state is not CaseState.CLOSED],
            "a case is open: close it at the desk",
        ),
        ("requests", [RequestState.PENDING.value], "a request waits at the desk: answer it"),
        (
            "feed",
            [FeedState.WAITING.value, FeedState.REFUSED.value],
            "a change is not acknowledged: see `crossdesk feed status`",
        ),
    ):
        for condition in own.conditions(table):
            rows = tables[table]
            found: Any = connection.execute(
                sa.select(rows.c.id, rows.c.conversation_id)
                .where(condition, rows.c.state.in_(states))
                .limit(1)
            ).first()
            if found is not None:
                number = f"case {found.id}" if table == "cases" else f"{table}:{found.id}"
                raise BuyerError(f"in conversation {found.conversation_id} {what} ({number})")


def _open_orders(connection: Connection, own: Belongings) -> dict[int, str]:
    """The ids and numbers of orders that are not at their end."""
    tables = schema.every_table().tables
    orders = tables["orders"]
    still: dict[int, str] = {}
    for table, ended in _ENDED.items():
        rows = tables[table]
        order_id = rows.c.id if table == "orders" else rows.c.order_id
        not_ended = rows.c.state.notin_([state.value for state in ended])
        for condition in own.conditions(table):
            found = connection.execute(
                sa.select(orders.c.id, orders.c.number)
                .select_from(rows if table == "orders" else rows.join(orders, orders.c.id == order_id))
                .where(condition, not_ended)
            )
            still.update({row.id: row.number for row in found})
    return still
