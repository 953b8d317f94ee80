"""Where orders live in another system: "requested" until it has said yes, a person where it says no."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from bot.dialogue.rehearsal import Rehearsal
from bot.serving.feeding import feed_of
from bot.shop.feed import entries
from bot.shop.feed.entries import Entry
from bot.shop.feed.outlets import JsonLines, Outlet, RefusedError
from bot.shop.values import OrderSample
from tests.feed.conftest import living_in

pytestmark = pytest.mark.model

Samples = dict[str, OrderSample]


class Refusing:
    """A system that can do nothing."""

    def tell(self, entry: Entry) -> None:
        raise RefusedError("answered 409")

    def close(self) -> None:
        pass


@pytest.fixture
def outside(rehearsal: Rehearsal) -> Rehearsal:
    """The real bot of a store whose orders live in another system."""
    rehearsal.rules = living_in(rehearsal.rules, file="changes.jsonl")
    return rehearsal


def play(rehearsal: Rehearsal, **line: Any) -> dict[str, Any]:
    return rehearsal.play({"channel": "web", "sender": "buyer", **line})


def words(played: dict[str, Any]) -> str:
    return "\n".join(reply["text"] for reply in played["replies"])


def settle(rehearsal: Rehearsal, outlet: Outlet) -> dict[str, Any]:
    """Have the other system told, and the buyer hear of it."""
    feed_of(rehearsal.database, rehearsal.clock, outlet).tell_due()
    return play(rehearsal, event="tick")


def cancelled(rehearsal: Rehearsal, order: OrderSample) -> str:
    """What is said to a cancelling that was confirmed."""
    play(rehearsal, text=f"please cancel order {order.number}, {order.email}")
    return words(play(rehearsal, text="yes"))


def test_a_cancelled_order_is_requested_until_it_is_acknowledged(
    outside: Rehearsal, samples: Samples, tmp_path: Path
) -> None:
    order = samples["paid_within_authority"]
    said = cancelled(outside, order)
    assert "Requested, and not done yet: cancelling the order and the refund" in said
    assert "is cancelled" not in said
    assert "Your refund of" not in said
    assert "not confirmed by our order system yet" in words(
        play(outside, text="what is the state of my order?")
    )
    path = tmp_path / "changes.jsonl"
    heard = words(settle(outside, JsonLines(path)))
    assert "has confirmed: cancelling the order and the refund" in heard
    assert f"{order.number} is cancelled" in heard
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(one["action"], one["order"]) for one in told] == [
        ("cancel_order", order.number),
        ("request_refund", order.number),
    ]
    assert not settle(outside, JsonLines(path))["replies"]
    assert "not confirmed" not in words(play(outside, text="what is the state of my order?"))


def test_a_refusal_brings_a_person(outside: Rehearsal, samples: Samples) -> None:
    cancelled(outside, samples["unpaid"])
    heard = settle(outside, Refusing())
    assert "could not do this: cancelling the order" in words(heard)
    assert heard["status"] == "queued"
    assert heard["case"]["reason"] == "failed"


def test_what_the_system_does_not_accept_goes_to_a_person_and_nothing_is_done(
    rehearsal: Rehearsal, samples: Samples
) -> None:
    rehearsal.rules = living_in(rehearsal.rules, file="changes.jsonl", accepts=["add_remark"])
    play(rehearsal, text=f"please cancel order {samples['unpaid'].number}, {samples['unpaid'].email}")
    played = play(rehearsal, text="yes")
    assert played["status"] == "queued"
    assert "is cancelled" not in words(played)
    with rehearsal.database.begin() as connection:
        assert entries.counts(connection) == {}


def test_facts_of_long_ago_are_told_with_their_time(outside: Rehearsal, samples: Samples) -> None:
    order = samples["in_transit"]
    with outside.database.begin() as connection:
        entries.note_read(connection, outside.clock.now() - dt.timedelta(hours=3))
    said = words(play(outside, text=f"where is my parcel? {order.number}, {order.email}"))
    assert "As of" in said
    assert "As of" not in words(play(outside, text="which ways to pay are there?"))


def test_a_note_is_confirmed_like_every_change(outside: Rehearsal, samples: Samples, tmp_path: Path) -> None:
    order = samples["unpaid"]
    play(outside, text=f"please put a note on order {order.number}, {order.email}")
    play(outside, text="Please ring the bell twice")
    assert "Requested, and not done yet: your note on the order" in words(play(outside, text="yes"))
    assert "has confirmed: your note on the order" in words(settle(outside, JsonLines(tmp_path / "x")))
