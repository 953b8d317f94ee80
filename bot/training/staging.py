"""A stage for scripted conversations: a seeded store to copy, and the real bot on each copy."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import SetClock
from bot.database import Database
from bot.dialogue.engine import Engine
from bot.dialogue.rehearsal import Rehearsal
from bot.dialogue.replies import Replies
from bot.settings import ShopRules
from bot.shop.lexicon import write_lexicon
from bot.shop.seed import seed
from bot.shop.situations import situations
from bot.shop.tables import orders, payments
from bot.shop.values import OrderSample, OrderState, PaymentState

#: Gives an empty database its tables; ``bot.schema.upgrade``, which knows of more than this does.
Migrate = Callable[[Database], None]
#: When every script begins: a Monday noon in the queues' time zone, every queue is open.
NOON = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.timezone.utc)
#: Of the store that is seeded: the same one each time.
SEED = 1


@dataclass(frozen=True)
class Stage:
    """A seeded store, and an order for each situation that buyers write about."""

    #: Its database, which nobody writes to: each conversation has a copy.
    path: Path
    samples: Mapping[str, OrderSample]

    @classmethod
    def build(cls, folder: Path, rules: ShopRules, lexicon: Path, migrate: Migrate) -> Stage:
        """Seed a store.

        Args:
            folder: where its database lies.
            rules: the store's.
            lexicon: the file in which the model under trial looks for product names; written here.
            migrate: gives an empty database its tables.
        """
        path = folder / "seeded.sqlite"
        database = Database(f"sqlite:///{path}")
        try:
            migrate(database)
            with database.begin() as connection:
                seed(connection, SEED, NOON.date())
                found = situations(connection, rules, SetClock(NOON)) | _declined(connection)
                write_lexicon(connection, rules, lexicon)
        finally:
            database.close()
        return cls(path, found)

    @contextmanager
    def set_up(
        self, folder: Path, rules: ShopRules, replies: Replies, engine: Engine
    ) -> Iterator[Callable[[], Rehearsal]]:
        """Have the real bot play on copies of the store, one after the other.

        Args:
            folder: where the copy lies.
            rules: the store's.
            replies: what is said.
            engine: the model.

        Yields:
            Gives a rehearsal on a fresh copy, at noon; the one before must not be used any more.
        """
        own = folder / "store.sqlite"
        # One for all copies: it remembers how statements are put, a quarter of what a conversation takes.
        database = Database(f"sqlite:///{own}")

        def fresh() -> Rehearsal:
            database.close()
            for left in folder.glob("store.sqlite*"):
                left.unlink()
            shutil.copy(self.path, own)
            return Rehearsal(database, rules, replies, engine, SetClock(NOON))

        try:
            yield fresh
        finally:
            database.close()


def _declined(connection: Connection) -> dict[str, OrderSample]:
    """An unpaid order for each reason of which its card was declined last, as ``declined_expired_card``."""
    last = sa.select(sa.func.max(payments.c.id)).group_by(payments.c.order_id)
    rows = connection.execute(
        sa.select(orders, payments.c.decline_reason)
        .join(payments, payments.c.order_id == orders.c.id)
        .where(
            orders.c.state == OrderState.UNPAID.value,
            payments.c.id.in_(last),
            payments.c.state == PaymentState.DECLINED.value,
            payments.c.method == "card",
        )
        .order_by(orders.c.id)
    )
    return {
        f"declined_{row.decline_reason}": OrderSample(
            number=row.number,
            email=row.email,
            phone=row.ship_phone,
            customer_id=row.customer_id,
            name="",
            language="en",
            country=row.ship_country,
            details={},
        )
        for row in rows
    }
