"""A backlog costs no more than a few rows: whatever waits, only what may be sent now is looked at."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import SetClock
from bot.database import Database
from bot.mailroom import handover
from bot.mailroom.tables import conversations, outbox
from tests.conftest import BACKENDS
from tests.mailroom.office import Office

FEW, MANY = 100, 10_000
SLOW = ("slip", "slow")
LATER = dt.timedelta(minutes=5)


def _talks(count: int, now: dt.datetime, mail_at: dt.datetime, account: str, first: int = 1) -> list[Any]:
    return [
        {
            "id": number,
            "channel": "slip",
            "account": account,
            "sender": f"b{number}",
            "language": "en",
            "owner": "bot",
            "next_position": 9,
            "created_at": now,
            "last_at": now,
            "claim_number": 0,
            "mail_at": mail_at,
        }
        for number in range(first, first + count)
    ]


def _rows(talks: list[Any], now: dt.datetime, not_before: dt.datetime, copies: int = 1) -> list[Any]:
    return [
        {
            "key": f"{talk['id']}-{copy}",
            "conversation_id": talk["id"],
            "position": copy,
            "text": "Hello",
            "buttons": [],
            "author": "bot",
            "language": "en",
            "weight": "talk",
            "state": "queued",
            "attempts": 0,
            # Only the first of a conversation is put off; those behind it wait for it.
            "not_before": now if copy else not_before,
            "created_at": now,
        }
        for talk in talks
        for copy in range(copies)
    ]


def _all_may_go(count: int, now: dt.datetime) -> tuple[list[Any], list[Any]]:
    talks = _talks(count, now, now, "shop")
    return talks, _rows(talks, now, now)


def _all_are_put_off(count: int, now: dt.datetime) -> tuple[list[Any], list[Any]]:
    talks = _talks(count // 2, now, now + LATER, "shop")
    return talks, _rows(talks, now, now + LATER, copies=2)


def _an_account_is_slow(count: int, now: dt.datetime) -> tuple[list[Any], list[Any]]:
    talks = _talks(count, now, now, SLOW[1])
    return talks, _rows(talks, now, now)


def _all_are_for_one(count: int, now: dt.datetime) -> tuple[list[Any], list[Any]]:
    talks = _talks(1, now, now, "shop")
    return talks, _rows(talks, now, now, copies=count)


@contextmanager
def _work_of(connection: Connection) -> Iterator[Callable[[], int]]:
    """Counts what the database does: on SQLite its machine's steps, on PostgreSQL the pages that it reads."""
    raw: Any = connection.connection.dbapi_connection
    seen: list[tuple[str, Any]] = []
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        seen.append((statement, parameters))

    def work() -> int:
        if connection.dialect.name == "sqlite":
            return steps
        pages = 0
        with raw.cursor() as cursor:
            for statement, parameters in seen:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
                (told,) = cursor.fetchone()
                plan = (told if isinstance(told, list) else json.loads(told))[0]["Plan"]
                pages += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        return pages

    if connection.dialect.name == "sqlite":
        raw.set_progress_handler(step, 1)
    sa.event.listen(connection, "before_cursor_execute", note)
    try:
        yield work
    finally:
        sa.event.remove(connection, "before_cursor_execute", note)
        if connection.dialect.name == "sqlite":
            raw.set_progress_handler(None, 0)


def _fill(database: Database, now: dt.datetime, filled: tuple[list[Any], list[Any]]) -> None:
    talks, rows = filled
    other = _talks(1, now, now, "another", first=MANY + 1)
    with database.begin() as connection:
        connection.execute(outbox.delete())
        connection.execute(conversations.delete())
        connection.execute(conversations.insert(), talks + other)
        connection.execute(outbox.insert(), rows + _rows(other, now, now))
    # As the server does by itself now and then.
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("fill", [_all_may_go, _all_are_put_off, _all_are_for_one])
def test_a_hundred_times_the_backlog_is_no_more_work(
    database: Database, clock: SetClock, fill: Callable[[int, dt.datetime], Any]
) -> None:
    now = clock.now()

    def work(count: int) -> int:
        _fill(database, now, fill(count, now))
        with database.begin() as connection, _work_of(connection) as done:
            found = handover.due(connection, now=now)
            assert found
            handover.due(connection, now=now, without=[row.conversation_id for row in found])
            assert handover.next_due(connection) == now
            return done()

    assert work(MANY) < 2.5 * work(FEW)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_waits_for_a_slow_account_is_not_looked_at(database: Database, clock: SetClock) -> None:
    now = clock.now()

    def work(count: int) -> int:
        _fill(database, now, _an_account_is_slow(count, now))
        with database.begin() as connection, _work_of(connection) as done:
            (row,) = handover.due(connection, now=now, without_accounts=[SLOW])
            assert row.message.account == "another"
            return done()

    assert work(MANY) < 2 * work(FEW)


async def test_a_long_queue_of_one_buyer_is_sent_in_order_to_its_end(office: Office) -> None:
    texts = [f"a{number}" for number in range(250)]
    office.post(*texts)
    office.post("b1", to="ben")
    looks = 0
    more = asyncio.Event()
    delivery = office.another(on_more=more.set)
    more.set()
    while more.is_set():
        more.clear()
        looks += 1
        await delivery.deliver_due()
        await delivery.finish()
    assert office.shelf.texts("ana") == texts
    assert office.shelf.texts("ben") == ["b1"]
    assert looks < 20
