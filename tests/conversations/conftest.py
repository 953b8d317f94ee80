"""What conversations stand on: a seeded store to copy, and the real bot on the copy."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rasa.core.policies.rule_policy import RULES, RulePolicy
from sqlalchemy.engine import Connection

from bot import schema
from bot.clock import SetClock
from bot.database import Database
from bot.dialogue.engine import Engine
from bot.dialogue.recovery import load_replies
from bot.dialogue.rehearsal import Rehearsal
from bot.dialogue.replies import Replies
from bot.dialogue.rules import IndexedRulePolicy
from bot.settings import Settings
from bot.shop.lexicon import write_lexicon
from bot.shop.seed import seed
from bot.shop.situations import situations
from bot.shop.tables import orders, payments
from bot.shop.values import OrderSample, OrderState, PaymentState

#: A Monday noon in the queues' time zone: every queue is open.
NOON = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.timezone.utc)


@pytest.fixture(scope="session")
def seeded(
    tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> tuple[Path, dict[str, OrderSample]]:
    """A store to copy for each conversation, and its order for each situation."""
    path = tmp_path_factory.mktemp("store") / "seeded.sqlite"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    with database.begin() as connection:
        seed(connection, 1, NOON.date())
        found = situations(connection, settings.rules, SetClock(NOON)) | declined(connection)
        write_lexicon(connection, settings.rules, settings.files / "lexicon.json")
    database.close()
    return path, found


def declined(connection: Connection) -> dict[str, OrderSample]:
    """An unpaid order for each reason of which its card was declined last: ``declined_expired_card`` …"""
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


@pytest.fixture(scope="session")
def replies(settings: Settings) -> Replies:
    """The shipped words, read once: that takes longer than most conversations."""
    return load_replies(settings)


@pytest.fixture
def rehearsal(
    seeded: tuple[Path, dict[str, OrderSample]],
    tmp_path: Path,
    settings: Settings,
    replies: Replies,
    engine: Engine,
) -> Iterator[Rehearsal]:
    """The real bot on a copy of the store, at noon."""
    own = tmp_path / "store.sqlite"
    shutil.copy(seeded[0], own)
    database = Database(f"sqlite:///{own}")
    yield Rehearsal(database, settings.rules, replies, engine, SetClock(NOON))
    database.close()


@pytest.fixture(autouse=True)
def same_as_rasa(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every prediction in every conversation be what Rasa's own policy predicts."""
    rasa = engine._agent.processor.graph_runner.component(RulePolicy)
    ours = IndexedRulePolicy._predict

    def compared(policy: IndexedRulePolicy, tracker: Any, domain: Any) -> Any:
        prediction, why = ours(policy, tracker, domain)
        expected, reason = RulePolicy._predict(rasa, tracker, domain)
        # Without a rule the reason is the past that has none: ours looks no further back than any rule.
        assert why == reason or not {why, reason} & set(policy.lookup[RULES])
        assert vars(prediction) == vars(expected)
        return prediction, why

    monkeypatch.setattr(IndexedRulePolicy, "_predict", compared)
