"""The scripted conversations: the same for the same seed, each text new, all about what is in the store."""

from __future__ import annotations

import datetime as dt
import sqlite3

import pytest

from bench.talk import NO_INTENT, Buyers, Line
from bot import schema
from bot.database import Database
from bot.shop.seed import seed


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "store.sqlite"
    database = Database(f"sqlite:///{path}")
    schema.every_table().create_all(database.engine)
    with database.begin() as connection:
        seed(connection, 1, dt.date(2026, 3, 2), customers=200, orders=600)
    database.close()
    return path


def test_the_same_seed_says_the_same(store):
    assert Buyers(store, 5).conversations(12) == Buyers(store, 5).conversations(12)
    assert Buyers(store, 5).conversations(12) != Buyers(store, 6).conversations(12)


def test_no_text_is_said_twice(store):
    texts = [line.text for talk in Buyers(store, 2).conversations(56) for line in talk]
    assert len(set(texts)) == len(texts) > 250


def test_texts_are_signed_once_all_are_said_and_none_comes_twice(store):
    texts = [
        line.text
        for talk in Buyers(store, 2).conversations(400)
        for line in talk
        if line.intent.startswith("service_")
    ]
    assert len(set(texts)) == len(texts)
    assert any(text.endswith("(Ana)") for text in texts)


def test_conversations_have_four_to_eight_messages_and_hold_every_flow(store):
    talks = Buyers(store, 2).conversations(8)
    assert {len(talk) for talk in talks} <= set(range(4, 9))
    assert {line.intent for talk in talks for line in talk} == {
        NO_INTENT,
        "service_greeting",
        "order_state",
        "payment_methods",
        "product_stock",
        "product_details",
        "service_human",
        "service_thanks",
        "service_affirm",
    }


def test_an_order_is_asked_for_with_the_address_that_it_has(store):
    (talk,) = Buyers(store, 2).conversations(1)
    number, email = talk[2].text.split()[-1], talk[3].text
    with sqlite3.connect(store) as connection:
        found = connection.execute("SELECT email FROM orders WHERE number = ?", (number,)).fetchone()
    connection.close()
    assert found == (email,)


def test_a_line_knows_the_answer_that_it_wants():
    line = Line("hello", "service_greeting", "automated assistant")
    assert line.is_answered_by("Hello. I'm Meri, the automated assistant of a store.")
    assert not line.is_answered_by("Which order is it about?")
