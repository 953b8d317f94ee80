"""An approval decided while the process is killed: the flow goes on once, and money moves once."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.desk.people import People
from bot.desk.requests import REQUEST_ANSWERED
from bot.desk.tables import requests
from bot.desk.values.people import Rank
from bot.desk.values.requests import RequestState
from bot.dialogue.actions.approvals import REPLACE
from bot.dialogue.engine import Engine
from bot.dialogue.rehearsal import Rehearsal
from bot.dialogue.replies import Replies
from bot.mailroom.tables import inbox, outbox
from bot.settings import ROOT, Settings, ShopRules
from bot.shop import policy
from bot.shop.exchange import read_rates
from bot.shop.order_reading import read_orders
from bot.shop.seed import seed
from bot.shop.tables import orders, shop_actions, variants
from bot.shop.values import ApprovalState, Order, OrderState, RefundState
from tests.conftest import BACKENDS
from tests.conversations.deciding import in_no_hurry

pytestmark = pytest.mark.model

NOON = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.timezone.utc)
#: A killed worker's claim has run out after it.
LATER = dt.timedelta(minutes=10)
#: How many are asked about at a time, and the longest that the process lives, in seconds.
BATCH, LIFE = 4, 0.15
#: Enough orders above the authority, quickly made.
CUSTOMERS, ORDERS = 400, 900
#: Pieces on hand of what may be sent again.
ENOUGH = 5
PHOTO = {"name": "photo.jpg", "media_type": "image/jpeg", "size": 90_000, "path": "photo.jpg"}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Victim:
    """The process that decides and goes on; killed at a random moment, and begun anew."""

    def __init__(self, model: Path) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.conversations.deciding", str(model)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._told() == "ready"

    def run(self, url: str, now: dt.datetime, within: float | None) -> int:
        """Have it work from a moment on, killed after so many seconds; returns its exit code."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{now.isoformat()} {url}\n")
        self._parent.stdin.flush()
        pid = int(self._told())
        if within is not None:
            # Whatever it is at then: nothing is waited for.
            time.sleep(within)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return int(self._told())

    def end(self) -> None:
        self._parent.kill()
        self._parent.communicate()

    def _told(self) -> str:
        assert self._parent.stdout is not None
        return self._parent.stdout.readline().strip()


@pytest.fixture(scope="module")
def victim(model_path: Path) -> Iterator[Victim]:
    """One for all: its model takes seconds to load."""
    made = Victim(model_path)
    yield made
    made.end()


@pytest.fixture
def store(database: Database, settings: Settings) -> list[Order]:
    """Orders of goods that may go back and are worth more than the bot may grant, and somebody to decide."""
    with database.begin() as connection:
        seed(connection, 1, NOON.date(), customers=CUSTOMERS, orders=ORDERS)
        People(connection, settings.rules, SetClock(NOON)).add(
            "sue", "Sue", Rank.SUPERVISOR, uuid.uuid4().hex
        )
        limit, rates = policy.authority_limit(settings.rules), read_rates(connection)
        plenty = sa.select(variants.c.sku).where(variants.c.stock > ENOUGH)
        there = set(connection.execute(plenty).scalars())
        return [
            order
            for order in read_orders(connection, orders.c.state == OrderState.DELIVERED.value)
            if _is_asked_for(order, settings.rules)
            and order.lines[0].sku in there
            and rates.convert(policy.goods_value(order, _lines(order)), limit.currency) > limit
        ]


def _lines(order: Order) -> list[int]:
    return [line.id for line in order.lines]


def _is_asked_for(order: Order, rules: ShopRules) -> bool:
    if len(order.lines) != 1 or order.returns or order.refunds:
        return False
    # Also at the end of a long row of kills.
    return policy.return_refusal(order, _lines(order), rules, NOON + dt.timedelta(days=1)) is None


def ask(rehearsal: Rehearsal, order: Order, *, again: bool) -> None:
    """Have the bot ask a supervisor: for the money, or for goods to be sent again."""
    sender = {"channel": "web", "sender": order.number, "language_hint": "en"}
    words, title = "I want to return order", "Doesn't fit"
    photo: dict[str, Any] = {}
    if again:
        words, title, photo = "it arrived in pieces, order", "Send it again", {"attachments": [PHOTO]}
    said = rehearsal.play({**sender, "text": f"{words} {order.number}, {order.email}", **photo})
    said = rehearsal.play({**sender, "button": _button(said, title)})
    asked = rehearsal.play({**sender, "button": _button(said, "Yes, please")})
    assert "supervisor's yes" in asked["replies"][-1]["text"], asked
    assert asked["status"] == "bot"


def _button(said: Mapping[str, Any], title: str) -> str:
    offered = {one["title"]: one["payload"] for reply in said["replies"] for one in reply["buttons"]}
    return str(next(payload for name, payload in offered.items() if name.startswith(title)))


def stock(database: Database, order: Order) -> int:
    with database.begin() as connection:
        held = sa.select(variants.c.stock).where(variants.c.sku == order.lines[0].sku)
        return int(connection.execute(held).scalar_one())


# Some ten seconds each, on a machine with nothing else to do.
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("count", "kills"), [(4, 6), pytest.param(16, 100, marks=pytest.mark.proof)], ids=["some", "100 kills"]
)
def test_an_approval_counts_once_however_often_it_is_killed(
    database: Database,
    database_url: str,
    settings: Settings,
    replies: Replies,
    engine: Engine,
    victim: Victim,
    store: list[Order],
    count: int,
    kills: int,
) -> None:
    rehearsal = Rehearsal(database, in_no_hurry(settings.rules), replies, engine, SetClock(NOON))
    chance = random.Random("approvals")
    asked, now, killed = store[:count], NOON, 0
    held = {order.number: stock(database, order) for order in asked}
    # A few at a time, so that each kill meets one of them at another point.
    for first in range(0, len(asked), BATCH):
        for number, order in enumerate(asked[first : first + BATCH]):
            rehearsal.clock.at = now
            ask(rehearsal, order, again=number == 0)
        while killed < kills * (first + BATCH) / count and is_open(database):
            now += LATER
            killed += victim.run(database_url, now, chance.uniform(0, LIFE)) == -signal.SIGKILL
        now += LATER
        assert victim.run(database_url, now, None) == 0
    # Otherwise it would prove nothing.
    assert killed >= kills / 3
    assert len(asked) == count
    for order in asked:
        is_settled_once(database, order, held[order.number])


def is_open(database: Database) -> bool:
    """Whether something waits for a decision, or for a turn on one."""
    pending = sa.select(sa.func.count()).where(requests.c.state == RequestState.PENDING.value)
    untaken = sa.select(sa.func.count()).where(inbox.c.kind == REQUEST_ANSWERED, inbox.c.state != "done")
    with database.begin() as connection:
        return any(connection.execute(one).scalar_one() for one in (pending, untaken))


def is_settled_once(database: Database, order: Order, held: int) -> None:
    """What was asked about the order was decided, done and told once."""
    with database.begin() as connection:
        asked = connection.execute(sa.select(requests).where(requests.c.order_number == order.number)).one()
        told = connection.execute(sa.select(inbox).where(_talk(inbox, asked), _answers)).all()
        after = sa.and_(_talk(outbox, asked), outbox.c.key.like(f"turn:{told[0].id}:%"))
        said = connection.execute(sa.select(outbox.c.text).where(after)).scalars().all()
        last = connection.execute(
            sa.select(outbox.c.text).where(_talk(outbox, asked)).order_by(outbox.c.id.desc()).limit(len(said))
        )
        made = Counter(
            connection.execute(
                sa.select(shop_actions.c.kind).where(shop_actions.c.order_id == order.id)
            ).scalars()
        )
        (now,) = read_orders(connection, orders.c.id == order.id)
        assert last.scalars().all()[::-1] == said
    assert asked.state in (RequestState.APPROVED.value, RequestState.COUNTERED.value)
    assert [row.state for row in told] == ["done"]
    if asked.purpose == REPLACE:
        assert made == {"settle": 1}
        assert stock(database, order) == held - order.lines[0].quantity
        assert ["again" in text for text in said] == [True]
        return
    assert made == {"request_return": 1, "request_refund": 1, "decide_refund": 1}
    assert [one.amount.minor for one in now.refunds] == [asked.granted_minor]
    assert now.refunds[0].state is RefundState.REQUESTED
    assert [one.state for one in now.approvals] != [ApprovalState.PENDING]
    assert sum("granted by Sue" in remark.text for remark in now.remarks) == 1
    assert sum("Please send the goods by" in text for text in said) == 1
    assert sum("was approved on" in text for text in said) == 1
    countered = asked.state == RequestState.COUNTERED.value
    assert len(said) == 2 + countered


_answers = inbox.c.kind == REQUEST_ANSWERED


def _talk(table: sa.Table, asked: Any) -> Any:
    return table.c.conversation_id == asked.conversation_id
