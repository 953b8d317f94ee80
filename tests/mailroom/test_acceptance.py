"""Accepting under load: together in one transaction, each for itself where one cannot be taken."""

from __future__ import annotations

import asyncio
import threading

import pytest
import sqlalchemy as sa

from bot import database as database_module
from bot.channels import Receipt
from bot.clock import SetClock
from bot.database import Database
from bot.errors import NeverError, TryLaterError
from bot.mailroom import acceptance, conversations, inbox
from bot.mailroom.acceptance import Acceptance
from bot.messages import Inbound
from tests.mailroom.conftest import Write
from tests.mailroom.letters import letter

rows = inbox.inbox


@pytest.fixture
def door(database: Database, clock: SetClock) -> Acceptance:
    return Acceptance(database, clock, lambda message: message.language_hint or "en")


@pytest.fixture
def commits(database: Database) -> list[int]:
    """One entry for each commit, with the number of messages that lie in the inbox then."""
    seen: list[int] = []

    def count(connection: sa.engine.Connection) -> None:
        seen.append(connection.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one())

    sa.event.listen(database.engine, "commit", count)
    return seen


async def _all(door: Acceptance, messages: list[Inbound]) -> list[Receipt | BaseException]:
    return await asyncio.gather(*(door.accept(one) for one in messages), return_exceptions=True)


def _texts(database: Database, sender: str | None = None) -> list[str]:
    query = sa.select(rows.c.text).join(conversations.conversations).order_by(rows.c.id)
    if sender is not None:
        query = query.where(conversations.conversations.c.sender == sender)
    with database.begin() as connection:
        return list(connection.execute(query).scalars())


async def test_what_comes_at_once_shares_few_commits_and_each_is_told_of_its_own(
    database: Database, door: Acceptance, commits: list[int]
) -> None:
    messages = [letter(f"{number}", sender=f"buyer {number % 7}") for number in range(150)]
    receipts = await _all(door, messages)
    assert all(isinstance(one, Receipt) and one.fresh for one in receipts)
    # The first one that came is committed at once, or with those of the same moment.
    assert len(commits) <= 3
    assert commits[-1] == 150
    assert [one.line.text for one in receipts if isinstance(one, Receipt) and one.line] == [
        f"{number}" for number in range(150)
    ]
    assert _texts(database, "buyer 3") == [f"{number}" for number in range(150) if number % 7 == 3]


async def test_nobody_is_told_before_the_commit(database: Database, door: Acceptance) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def wait(_: sa.engine.Connection) -> None:
        reached.set()
        assert go_on.wait(20)

    sa.event.listen(database.engine, "commit", wait)
    telling = [asyncio.create_task(door.accept(letter(sender=name))) for name in ("ana", "ben")]
    assert await asyncio.to_thread(reached.wait, 20)
    assert not any(task.done() for task in telling)
    go_on.set()
    assert all(receipt.fresh for receipt in await asyncio.gather(*telling))
    sa.event.remove(database.engine, "commit", wait)


async def test_one_that_cannot_be_taken_does_not_fail_its_neighbours(
    database: Database, door: Acceptance
) -> None:
    bad = letter("bad", sender="x" * 1000)
    odd = letter("odd")
    object.__setattr__(odd, "sent_at", odd.sent_at.replace(tzinfo=None))
    told = await _all(door, [letter("a", sender="ana"), bad, letter("b", sender="ben"), odd, letter("c")])
    assert isinstance(told[1], NeverError)
    assert isinstance(told[3], sa.exc.StatementError)
    assert [one.fresh for one in told if isinstance(one, Receipt)] == [True, True, True]
    assert sorted(_texts(database)) == ["a", "b", "c"]


async def test_the_same_message_twice_at_once_is_one_row(database: Database, door: Acceptance) -> None:
    told = await _all(door, [letter("same", message_id="7")] * 5)
    assert [one.fresh for one in told if isinstance(one, Receipt)] == [True, False, False, False, False]
    assert _texts(database) == ["same"]


async def test_a_database_that_is_away_tells_each_to_come_later(database: Database, door: Acceptance) -> None:
    def fail(*_: object) -> None:
        raise sa.exc.OperationalError("x", {}, database.engine.dialect.dbapi.OperationalError("disk is full"))

    sa.event.listen(database.engine, "before_cursor_execute", fail)
    told = await _all(door, [letter("a"), letter("b")])
    sa.event.remove(database.engine, "before_cursor_execute", fail)
    assert [type(one) for one in told] == [TryLaterError, TryLaterError]
    assert told[0] is not told[1]
    assert _texts(database) == []
    # It comes back, and nothing stands in the way.
    assert (await door.accept(letter("c"))).fresh


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_full_disk_refuses_rather_than_loses(database: Database, door: Acceptance) -> None:
    with database.begin() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 3}")
    told = await _all(door, [letter("x" * 50_000, sender=f"b{number}") for number in range(5)])
    assert all(isinstance(one, TryLaterError) for one in told)
    assert _texts(database) == []


async def test_a_caller_who_gave_up_does_not_hold_up_the_others(database: Database, door: Acceptance) -> None:
    first = asyncio.create_task(door.accept(letter("a")))
    second = asyncio.create_task(door.accept(letter("b", sender="ben")))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).fresh
    assert (await door.accept(letter("c"))).fresh
    assert "b" in _texts(database)


async def test_many_more_than_one_transaction_takes_are_taken_by_several(
    database: Database, door: Acceptance, monkeypatch: pytest.MonkeyPatch, commits: list[int]
) -> None:
    monkeypatch.setattr(acceptance, "MOST", 10)
    told = await _all(door, [letter(f"{number}", sender=f"b{number % 3}") for number in range(35)])
    assert all(isinstance(one, Receipt) for one in told)
    assert commits[-1] == 35
    assert len(commits) >= 4


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_a_conversation_that_somebody_holds_delays_its_neighbours_briefly(
    database: Database, clock: SetClock, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = write("first", sender="ana").conversation_id
    monkeypatch.setitem(database_module.SERVER_LIMITS, "lock_timeout", "500ms")
    own = Database(str(database.url))
    door = Acceptance(own, clock, lambda _: "en")
    with database.begin() as connection:
        conversations.hold(connection, held)
        told = await _all(
            door, [letter("a", sender="ana"), letter("b", sender="ben"), letter("c", sender="cem")]
        )
        assert isinstance(told[0], TryLaterError)
        assert [one.fresh for one in told if isinstance(one, Receipt)] == [True, True]
    assert (await door.accept(letter("d", sender="ana"))).fresh
    own.close()
