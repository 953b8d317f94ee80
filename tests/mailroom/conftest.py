"""Shorthands for a buyer who writes and a worker who takes turns."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.channels import Receipt
from bot.clock import SetClock
from bot.database import Database
from bot.mailroom import inbox
from bot.mailroom.inbox import Claim
from bot.settings import Settings
from tests.conftest import BACKENDS
from tests.mailroom.letters import letter
from tests.mailroom.office import Office
from tests.mailroom.shelf import Shelf

LEASE = dt.timedelta(seconds=60)

Write = Callable[..., Receipt]
Take = Callable[..., "Claim | None"]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The mailroom holds over both."""
    return str(request.param)


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


@pytest.fixture
async def office(
    database: Database, clock: SetClock, settings: Settings, write: Write
) -> AsyncIterator[Office]:
    talks = {sender: write(sender=sender).conversation_id for sender in ("ana", "ben")}
    made = Office(database, clock, settings, Shelf(), talks)
    yield made
    await made.delivery.stop(grace=0)
