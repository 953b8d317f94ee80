"""The change feed: in order of each order, until acknowledged, through outages, refusals and kills."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.errors import ConfigurationError, NotAcceptedError
from bot.serving.feeding import outlet_of
from bot.settings import ROOT, FeedRules, Settings, ShopRules
from bot.shop.database_shop import DatabaseShop
from bot.shop.feed import entries
from bot.shop.feed.outlets import JsonLines, Outlet, Webhook
from bot.shop.feed.tables import feed
from bot.shop.feed.telling import Feed
from bot.shop.tables import remarks
from bot.shop.values import RemarkColour
from tests.conftest import BACKENDS, NOON
from tests.feed.conftest import SECRET, Receiver, enter, living_in, states

both = pytest.mark.parametrize("backend", BACKENDS)
Numbers = list[tuple[int, str]]


@pytest.fixture
def webhook(receiver: Receiver) -> Webhook:
    return Webhook(receiver.address, SECRET, 5.0, clock=lambda: NOON.timestamp())


@both
def test_what_was_done_is_told_in_the_order_of_each_order(
    database: Database, clock: SetClock, numbers: Numbers, receiver: Receiver, webhook: Webhook
) -> None:
    (first, one), (second, two), *_ = numbers
    enter(database, first, "a1", "a2")
    enter(database, second, "b1")
    enter(database, first, "a3")
    enter(database, None, "c1")
    assert Feed(database, clock, webhook).tell_due() == 5
    assert sorted(receiver.keys) == ["a1", "a2", "a3", "b1", "c1"]
    assert [key for key in receiver.keys if key.startswith("a")] == ["a1", "a2", "a3"]
    assert {told["order"] for told in receiver.kept} == {one, two, None}
    assert Feed(database, clock, webhook).tell_due() == 0


def test_each_is_signed_with_its_moment_and_named_by_its_key(
    database: Database, clock: SetClock, numbers: Numbers, receiver: Receiver, webhook: Webhook
) -> None:
    enter(database, numbers[0][0], "one:Ü")
    Feed(database, clock, webhook).tell_due()
    headers, body = receiver.came[0]
    stamp = str(int(NOON.timestamp()))
    expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Crossdesk-Timestamp"] == stamp
    assert headers["X-Crossdesk-Signature"] == f"v1={expected}"
    assert headers["Idempotency-Key"] == "one:%C3%9C"
    assert json.loads(body)["key"] == "one:Ü"


@both
def test_through_an_outage_nothing_is_lost_or_overtaken_and_waits_grow(
    database: Database, clock: SetClock, numbers: Numbers, receiver: Receiver
) -> None:
    first = numbers[0][0]
    enter(database, first, "a1", "a2")
    nobody = Webhook("http://127.0.0.1:9/", SECRET, 1.0)
    waits = []
    for _ in range(9):
        # Each time anew, as after a restart: what is known of the waits lies in the database.
        assert Feed(database, clock, nobody).tell_due() == 0
        with database.begin() as connection:
            after = connection.execute(sa.select(feed.c.not_before).where(feed.c.key == "a1")).scalar_one()
        waits.append((after - clock.at).total_seconds())
        assert Feed(database, clock, nobody).tell_due() == 0
        clock.at = after
    assert waits == [*entries.WAITS, entries.WAITS[-1], entries.WAITS[-1]]
    assert states(database) == {"a1": "waiting", "a2": "waiting"}
    assert Feed(database, clock, Webhook(receiver.address, SECRET, 5.0)).tell_due() == 2
    assert receiver.keys == ["a1", "a2"]


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_an_answer_that_is_no_yes_and_no_refusal_is_tried_again(
    database: Database,
    clock: SetClock,
    numbers: Numbers,
    receiver: Receiver,
    webhook: Webhook,
    status: int,
) -> None:
    enter(database, numbers[0][0], "a1")
    receiver.answer, receiver.headers = lambda _: status, {"Retry-After": "77", "Location": "/elsewhere"}
    assert Feed(database, clock, webhook).tell_due() == 0
    assert len(receiver.came) == 1
    clock.at += dt.timedelta(seconds=76)
    assert Feed(database, clock, webhook).tell_due() == 0
    clock.at += dt.timedelta(seconds=2)
    receiver.answer = lambda _: 200
    assert Feed(database, clock, webhook).tell_due() == 1
    assert states(database) == {"a1": "acknowledged"}


@both
def test_a_refusal_stops_that_order_and_no_other_until_somebody_tries_again(
    database: Database, clock: SetClock, numbers: Numbers, receiver: Receiver, webhook: Webhook
) -> None:
    enter(database, numbers[0][0], "a1", "a2")
    enter(database, numbers[1][0], "b1")
    receiver.answer = lambda told: 409 if told["key"] == "a1" else 200
    settled: list[str] = []
    telling = Feed(database, clock, webhook, lambda _, entry: settled.append(entry.key))
    telling.tell_due()
    assert states(database) == {"a1": "refused", "a2": "waiting", "b1": "acknowledged"}
    assert sorted(settled) == ["a1", "b1"]
    receiver.answer = lambda _: 200
    assert telling.tell_due() == 0
    with database.begin() as connection:
        assert entries.retry(connection, clock.now()) == 2
    telling.tell_due()
    assert receiver.keys == ["b1", "a1", "a2"]


@both
def test_the_feed_is_written_with_the_action_once_or_not_at_all(
    database: Database, clock: SetClock, numbers: Numbers, elsewhere: ShopRules
) -> None:
    number = numbers[0][1]

    def remark(connection: sa.engine.Connection) -> DatabaseShop:
        shop = DatabaseShop(connection, elsewhere, clock, conversation_id=7, turn_id=8)
        shop.add_remark(number, RemarkColour.RED, "Meri", "Hello", key="k1")
        return shop

    undone = RuntimeError("undone")
    with contextlib.suppress(RuntimeError), database.begin() as connection:
        remark(connection)
        raise undone
    assert states(database) == {}
    for _ in range(2):
        with database.begin() as connection:
            # What only people read waits for nobody.
            assert remark(connection).requested() == ()
    assert states(database) == {"k1": "waiting"}
    with database.begin() as connection:
        (entry,) = entries.of_turn(connection, 8)
        told = entry.message
        assert (told["action"], told["order"]) == ("add_remark", number)
        assert told["arguments"]["text"] == "Hello"


def test_what_the_other_system_does_not_do_is_not_done_here_either(
    database: Database, clock: SetClock, numbers: Numbers, rules: ShopRules
) -> None:
    narrow = living_in(rules, file="x", accepts=["record_wish"])
    with database.begin() as connection:
        before = connection.execute(sa.select(sa.func.count()).select_from(remarks)).scalar_one()
        shop = DatabaseShop(connection, narrow, clock)
        with pytest.raises(NotAcceptedError):
            shop.add_remark(numbers[0][1], RemarkColour.RED, "Meri", "Hello", key="k1")
        assert connection.execute(sa.select(sa.func.count()).select_from(remarks)).scalar_one() == before
    assert states(database) == {}


def test_where_orders_live_here_nothing_is_told_to_anybody(
    database: Database, clock: SetClock, numbers: Numbers, rules: ShopRules
) -> None:
    with database.begin() as connection:
        shop = DatabaseShop(connection, rules, clock)
        shop.add_remark(numbers[0][1], RemarkColour.RED, "Meri", "Hello", key="k1")
        assert shop.requested() == shop.unconfirmed(numbers[0][1]) == ()
        assert shop.stale_since() is None
    assert states(database) == {}


def test_facts_are_stale_after_so_many_minutes(
    database: Database, clock: SetClock, elsewhere: ShopRules
) -> None:
    with database.begin() as connection:
        shop = DatabaseShop(connection, elsewhere, clock)
        assert shop.stale_since() is None
        entries.note_read(connection, clock.now())
        clock.at += dt.timedelta(minutes=elsewhere.feed.fresh_minutes)
        assert shop.stale_since() is None
        clock.at += dt.timedelta(seconds=1)
        assert shop.stale_since() == NOON
        entries.note_read(connection, clock.now())
        assert shop.stale_since() is None


# --- The file ---


def test_a_line_is_written_once_however_often_it_is_told_and_what_was_torn_is_mended(
    database: Database, clock: SetClock, numbers: Numbers, tmp_path: Path
) -> None:
    path = tmp_path / "deep" / "changes.jsonl"
    enter(database, numbers[0][0], "a1", "a2")
    out = JsonLines(path)
    with database.begin() as connection:
        (one,) = entries.due(connection, clock.now())
    out.tell(one)
    out.tell(one)
    with path.open("ab") as file:
        file.write(b'{"id":2,"ke')
    assert Feed(database, clock, out).tell_due() == 2
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["a1", "a2"]


def test_a_disk_that_takes_nothing_is_tried_again(
    database: Database, clock: SetClock, numbers: Numbers, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    enter(database, numbers[0][0], "a1")
    assert Feed(database, clock, JsonLines(tmp_path / "folder")).tell_due() == 0
    assert states(database) == {"a1": "waiting"}


# --- Settings ---


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"webhook": "http://shop.example/hook"}, "https://"),
        ({"webhook": "ftp://shop.example"}, "https://"),
        ({"webhook": "https://me:word@shop.example/"}, "without a password"),
        ({"webhook": "https://shop.example/", "file": "x"}, "either"),
        ({"accepts": ["cancel_ordre"]}, "unexpected value"),
    ],
)
def test_a_feed_that_cannot_be_is_refused_with_what_to_do(
    rules: ShopRules, values: dict[str, object], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        FeedRules(**{**rules.feed.dict(), **values})


@pytest.mark.parametrize("secret", [None, "", "short"])
def test_a_webhook_without_a_good_secret_does_not_start(settings: Settings, secret: str | None) -> None:
    rules = living_in(settings.rules, webhook="https://shop.example/hook")
    with pytest.raises(ConfigurationError, match="CROSSDESK_FEED_SECRET"):
        outlet_of(dataclasses.replace(settings, rules=rules, feed_secret=secret))
    known = dataclasses.replace(settings, rules=rules, feed_secret=SECRET)
    assert SECRET not in repr(known)
    assert outlet_of(known) is not None


# --- Whoever is killed ---


def _wait(what: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.02)


@pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgresql", marks=pytest.mark.proof)])
@pytest.mark.parametrize("way", ["webhook", "file"])
def test_a_teller_that_is_killed_time_and_again_loses_nothing_and_keeps_the_order(
    database: Database, database_url: str, numbers: Numbers, receiver: Receiver, tmp_path: Path, way: str
) -> None:
    told = {order_id: [f"{order_id}:{count}" for count in range(6)] for order_id, _ in numbers[:5]}
    for count in range(6):
        for order_id, keys in told.items():
            enter(database, order_id, keys[count])
    path = tmp_path / "changes.jsonl"

    def lines() -> list[str]:
        if way == "webhook":
            return receiver.keys
        whole = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        return [json.loads(line)["key"] for line in whole if line.endswith(b"\n")]

    def all_known() -> bool:
        return set(states(database).values()) == {"acknowledged"}

    for kills in range(3):
        target = receiver.address if way == "webhook" else str(path)
        command = [sys.executable, "-m", "tests.feed.teller", database_url, target]
        with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ)) as process:
            try:
                if way == "webhook":
                    # While it waits for the answer that it will never note.
                    due = len(receiver.came) + 4 + kills
                    receiver.on_request = lambda p=process, n=due: (  # type: ignore[misc]
                        p.kill() if len(receiver.came) == n else None
                    )
                    process.wait(60)
                else:
                    count = len(lines())
                    _wait(lambda n=count: len(lines()) > n + 2 or all_known())  # type: ignore[misc]
            finally:
                process.kill()
    receiver.on_request = lambda: None
    outlet: Outlet = Webhook(receiver.address, SECRET, 5.0) if way == "webhook" else JsonLines(path)
    later = SetClock(dt.datetime.now(dt.timezone.utc) + dt.timedelta(days=1))
    Feed(database, later, outlet).tell_due()
    assert all_known()
    came = lines()
    for keys in told.values():
        own = [key for key in came if key in keys]
        assert list(dict.fromkeys(own)) == keys
        # Told again at most as often as somebody was killed, and always before the next one.
        assert [key for key, after in zip(own, [*own[1:], None], strict=True) if key != after] == keys
    assert len(came) - 30 <= (3 if way == "webhook" else 0)
