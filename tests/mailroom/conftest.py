"""Shorthands for a buyer who writes and a worker who takes turns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from bot.channels import Receipt
from bot.clock import SetClock
from bot.database import Database
from bot.mailroom import inbox
from bot.mailroom.inbox import Claim
from tests.mailroom.letters import letter

LEASE = dt.timedelta(seconds=60)

Write = Callable[..., Receipt]
Take = Callable[..., "Claim | None"]


@pytest.fixture
def write(database: Database, clock: SetClock) -> Write:
    """Has a buyer's message accepted, in a unit of work of its own."""

    def accept(*args: Any, **more: Any) -> Receipt:
        with database.begin() as connection:
            return inbox.accept(connection, letter(*args, **more), language="en", now=clock.now())

    return accept


@pytest.fixture
def take(database: Database, clock: SetClock) -> Take:
    """Claims the next turn, in a unit of work of its own."""

    def claim(worker: str = "w1") -> Claim | None:
        with database.begin() as connection:
            return inbox.claim(connection, worker, now=clock.now(), lease=LEASE)

    return claim
