"""A small store whose orders live elsewhere, and the real server that is told of them."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa

from bot.database import Database
from bot.settings import FeedRules, ShopRules
from bot.shop.feed import entries
from bot.shop.feed.tables import feed
from bot.shop.seed import seed
from bot.shop.tables import orders
from tests.conftest import NOON

#: Due by every clock.
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
SECRET = "a secret that nobody can guess, of many letters"


@dataclass
class Receiver:
    """The store's own system: what it was told, and what it answers."""

    server: ThreadingHTTPServer
    #: What is answered, by the request's body.
    answer: Callable[[dict[str, Any]], int] = lambda _: 204
    headers: dict[str, str] = field(default_factory=dict)
    #: Every request that came: its headers and its body as it was sent.
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    #: What it was told and said yes to.
    kept: list[dict[str, Any]] = field(default_factory=list)
    on_request: Callable[[], None] = lambda: None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    @property
    def keys(self) -> list[str]:
        """The keys that it said yes to, in order."""
        return [one["key"] for one in self.kept]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.came.append((dict(self.headers.items()), body))
            status = told.answer(json.loads(body))
            if 200 <= status < 300:
                told.kept.append(json.loads(body))
            told.on_request()
            self.send_response(status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told = Receiver(server)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def elsewhere(rules: ShopRules) -> ShopRules:
    """The rules of a store whose orders live elsewhere, in a file's eyes."""
    return living_in(rules, file="changes.jsonl")


def living_in(rules: ShopRules, **values: Any) -> ShopRules:
    """Rules by which orders live in another system."""
    told = FeedRules(**{**rules.feed.dict(), **values})
    return rules.copy(update={"feed": told})


@pytest.fixture
def numbers(database: Database) -> list[tuple[int, str]]:
    """The ids and numbers of the store's orders."""
    with database.begin() as connection:
        seed(connection, 3, NOON.date(), customers=20, orders=20)
        rows = connection.execute(sa.select(orders.c.id, orders.c.number).order_by(orders.c.id)).all()
    return [(row.id, row.number) for row in rows]


def enter(database: Database, order_id: int | None, *keys: str) -> None:
    """Entries of one order, each in a unit of work of its own."""
    for key in keys:
        with database.begin() as connection:
            entries.enter(
                connection, key, "record_wish", order_id, {}, LONG_AGO, conversation_id=None, turn_id=None
            )


def states(database: Database) -> dict[str, str]:
    """The state of each entry by its key."""
    with database.begin() as connection:
        return {row.key: row.state for row in connection.execute(sa.select(feed.c.key, feed.c.state))}
