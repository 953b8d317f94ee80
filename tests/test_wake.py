"""Waking up over PostgreSQL: told after the commit, never of what was taken back; a broken line is mended."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy.engine import Connection

from bot.clock import SetClock
from bot.database import Database
from bot.mailroom import inbox, outbox
from bot.wake import Listener, Topic, notify, tell
from tests.mailroom.letters import letter
from tests.peers.postgres import Server

#: How long news may take, in seconds, on a machine with much else to do.
PATIENCE = 20


@pytest.fixture
def backend() -> str:
    return "postgresql"


@pytest.fixture
def news() -> queue.Queue[Topic]:
    return queue.Queue()


@pytest.fixture
def listener(database: Database, news: queue.Queue[Topic]) -> Iterator[Listener]:
    made = Listener(database, news.put)
    made.start()
    # Connected: from here on nothing is missed.
    assert {news.get(timeout=PATIENCE) for _ in Topic} == set(Topic)
    yield made
    made.stop()


@pytest.mark.usefixtures("listener")
def test_what_is_accepted_and_posted_is_told_once_it_is_committed(
    database: Database, clock: SetClock, news: queue.Queue[Topic]
) -> None:
    with database.begin() as connection:
        talk = inbox.accept(connection, letter(), language="en", now=clock.now()).conversation_id
        inbox.accept(connection, letter(), language="en", now=clock.now())
        assert news.empty()
    assert news.get(timeout=PATIENCE) is Topic.INBOX
    with database.begin() as connection:
        outbox.post(connection, talk, "Hello", now=clock.now())
    assert news.get(timeout=PATIENCE) is Topic.OUTBOX
    with database.begin() as connection:
        inbox.accept_event(connection, talk, "handed_back", {}, now=clock.now())
    assert news.get(timeout=PATIENCE) is Topic.INBOX
    assert news.empty()


@pytest.mark.usefixtures("listener")
def test_what_was_taken_back_is_not_told(database: Database, news: queue.Queue[Topic]) -> None:
    def fail() -> None:
        with database.begin() as connection:
            notify(connection, Topic.INBOX)
            raise RuntimeError

    def fail_inside(connection: Connection) -> None:
        with connection.begin_nested():
            notify(connection, Topic.OUTBOX)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    # What follows on the same connection is told all the same.
    with database.begin() as connection:
        with pytest.raises(RuntimeError):
            fail_inside(connection)
        notify(connection, Topic.OUTBOX)
    assert news.get(timeout=PATIENCE) is Topic.OUTBOX
    assert news.empty()


@pytest.mark.usefixtures("listener")
def test_a_lost_connection_is_made_again_and_what_came_meanwhile_is_looked_for(
    database: Database, postgres: Server, news: queue.Queue[Topic]
) -> None:
    database.close()
    assert postgres.cut(str(database.url.database)) == 1
    # Connected again: both may have something new.
    assert {news.get(timeout=PATIENCE) for _ in Topic} == set(Topic)
    with database.begin() as connection:
        notify(connection, Topic.INBOX)
    assert news.get(timeout=PATIENCE) is Topic.INBOX


def test_another_database_on_the_same_server_hears_nothing(
    database: Database, postgres: Server, empty_database: str, news: queue.Queue[Topic], listener: Listener
) -> None:
    name = postgres.create(empty_database)
    other = Database(postgres.url(name))
    with other.begin() as connection:
        notify(connection, Topic.INBOX)
    other.close()
    postgres.drop(name)
    with database.begin() as connection:
        notify(connection, Topic.OUTBOX)
    assert news.get(timeout=PATIENCE) is Topic.OUTBOX
    listener.stop()
    listener.stop()


def test_on_sqlite_nothing_listens_and_nothing_is_told(tmp_path: object, news: queue.Queue[Topic]) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.sqlite")
    listener = Listener(database, news.put)
    listener.start()
    with database.begin() as connection:
        notify(connection, Topic.INBOX)
    listener.stop()
    database.close()
    assert news.empty()


def test_words_are_heard_in_order_and_only_once_they_are_committed(
    database: Database, news: queue.Queue[Topic]
) -> None:
    words: queue.Queue[str] = queue.Queue()

    def hear(heard: Sequence[str]) -> None:
        for word in heard:
            words.put(word)

    listener = Listener(database, news.put, hear)
    listener.start()
    try:
        assert {news.get(timeout=PATIENCE) for _ in Topic} == set(Topic)
        with database.begin() as connection:
            inner = connection.begin_nested()
            tell(connection, ["taken back"])
            inner.rollback()
        with database.begin() as connection:
            tell(connection, ["one", "it's 'two'", "你好"])
            tell(connection, [])
        assert [words.get(timeout=PATIENCE) for _ in range(3)] == ["one", "it's 'two'", "你好"]
    finally:
        listener.stop()
    assert news.empty()
    assert words.empty()
