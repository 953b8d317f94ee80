"""Kept for less, above the authority: settled with a supervisor's yes, free again after a no."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.desk.tables import cases, requests
from bot.dialogue.rehearsal import Rehearsal
from bot.serving.feeding import feed_of
from bot.shop.feed.outlets import JsonLines
from bot.shop.order_reading import read_orders
from bot.shop.tables import orders, shop_actions
from bot.shop.values import Order, OrderSample, RefundState
from tests.feed.conftest import living_in

pytestmark = pytest.mark.model

PHOTO = {"name": "photo.jpg", "media_type": "image/jpeg", "size": 90_000, "path": "photo.jpg"}


class Buyer:
    """Somebody whose goods arrived broken, in a store whose bot may grant nearly nothing."""

    def __init__(self, rehearsal: Rehearsal, sample: OrderSample) -> None:
        authority = rehearsal.rules.authority.copy(update={"refund": 1})
        rehearsal.rules = rehearsal.rules.copy(update={"authority": authority})
        self.rehearsal, self.sample = rehearsal, sample
        self.last: dict[str, Any] = {}

    def play(self, **line: Any) -> str:
        self.last = self.rehearsal.play({"channel": "web", "sender": "buyer", **line})
        return "\n".join(reply["text"] for reply in self.last["replies"])

    def press(self, title: str) -> str:
        offered = {one["title"]: one["payload"] for reply in self.last["replies"] for one in reply["buttons"]}
        return self.play(button=next(payload for name, payload in offered.items() if name.startswith(title)))

    def keeps_it(self) -> str:
        self.play(
            text=f"order {self.sample.number} arrived in pieces, {self.sample.email}", attachments=[PHOTO]
        )
        self.press("Keep it")
        return self.press("Yes, please")

    @property
    def order(self) -> Order:
        with self.rehearsal.database.begin() as connection:
            return read_orders(connection, orders.c.number == self.sample.number)[0]

    def done(self) -> list[str]:
        """The once-only actions on the order."""
        with self.rehearsal.database.begin() as connection:
            made = sa.select(shop_actions.c.kind).where(shop_actions.c.order_id == self.order.id)
            return list(connection.execute(made.order_by(shop_actions.c.id)).scalars())


@pytest.fixture
def buyer(rehearsal: Rehearsal, samples: dict[str, OrderSample]) -> Buyer:
    return Buyer(rehearsal, samples["returnable_within_authority"])


def test_a_supervisor_reads_all_that_a_decision_stands_on(buyer: Buyer) -> None:
    assert "needs a supervisor's yes" in buyer.keeps_it()
    with buyer.rehearsal.database.begin() as connection:
        asked = connection.execute(sa.select(requests)).one()
    for fact in (
        buyer.sample.number,
        "delivered 2026-",
        "given or promised back before: 0.00",
        "the bot may grant 1.00 EUR",
        "the buyer is ",
        "reason: damaged",
        buyer.order.lines[0].title,
        "kept by the buyer",
        "photos: 1",
    ):
        assert fact in asked.question
    assert (asked.queue, asked.limit_kind, asked.order_number) == (
        "supervisor",
        "refund",
        buyer.sample.number,
    )
    assert asked.due_at is not None


def test_a_cancelled_orders_own_refund_is_not_told_as_given_before(
    rehearsal: Rehearsal, samples: dict[str, OrderSample]
) -> None:
    buyer = Buyer(rehearsal, samples["paid_above_authority"])
    buyer.play(text=f"cancel order {buyer.sample.number}, {buyer.sample.email}")
    assert "needs a supervisor's yes" in buyer.press("Yes, please")
    with rehearsal.database.begin() as connection:
        asked = connection.execute(sa.select(requests)).one()
    assert "given or promised back before: 0.00" in asked.question


def test_a_case_that_a_yes_opened_tells_what_was_wanted(
    rehearsal: Rehearsal, samples: dict[str, OrderSample]
) -> None:
    buyer = Buyer(rehearsal, samples["packed"])
    wish = f"cancel order {buyer.sample.number}"
    buyer.play(text=wish)
    buyer.play(text=buyer.sample.email)
    buyer.press("Yes, please")
    with rehearsal.database.begin() as connection:
        (card,) = connection.execute(sa.select(cases.c.card)).scalars()
    assert card["wants"] == f"{wish} – Yes, please"


def test_the_fault_is_settled_with_the_yes_and_not_before(buyer: Buyer) -> None:
    buyer.keeps_it()
    assert buyer.done() == ["request_refund"]
    assert "needs a supervisor's yes" in buyer.play(text=f"order {buyer.sample.number} is damaged")
    assert "was approved on" in buyer.play(event="approve")
    assert buyer.done() == ["request_refund", "decide_refund", "settle"]
    assert buyer.order.refunds[0].state is RefundState.APPROVED
    assert "has been settled already" in buyer.play(text=f"order {buyer.sample.number} is damaged")


def test_after_a_no_something_else_may_be_wished_for(buyer: Buyer) -> None:
    buyer.keeps_it()
    said = buyer.play(event="decline", reason="another article on the photo")
    assert "was declined on" in said
    assert "photo" not in said
    assert buyer.done() == ["request_refund", "decide_refund"]
    again = buyer.play(text=f"order {buyer.sample.number} arrived in pieces", attachments=[PHOTO])
    assert "Which would you prefer?" in again


def test_less_than_was_asked_for_is_told_and_paid(buyer: Buyer) -> None:
    buyer.keeps_it()
    said = buyer.play(event="counter", amount="2.00")
    assert "can't agree to" in said
    assert [one.amount.minor for one in buyer.order.refunds] == [200]
    assert buyer.done() == ["request_refund", "decide_refund", "settle"]


@pytest.mark.parametrize(("then", "status"), [("case", "queued"), ("decline", "bot")])
def test_where_nobody_decides_in_time_it_ends_as_the_store_wants(
    buyer: Buyer, then: str, status: str
) -> None:
    rules = buyer.rehearsal.rules
    asking = rules.requests.copy(update={"then": then})
    buyer.rehearsal.rules = rules.copy(update={"requests": asking})
    buyer.keeps_it()
    said = ""
    for minutes in (31, 62):
        said = buyer.play(event="tick", at=f"2026-11-23T{4 + minutes // 60:02}:{minutes % 60:02}:00Z")
    assert buyer.last["status"] == status
    if then == "case":
        assert "Nobody could answer me in time" in said
        assert buyer.order.refunds[0].state is RefundState.AWAITING_APPROVAL
        return
    assert "was declined on" in said
    assert buyer.order.refunds[0].state is RefundState.DECLINED


def test_a_decision_in_the_stores_own_system_counts(buyer: Buyer) -> None:
    buyer.keeps_it()
    buyer.play(event="approve", order=buyer.sample.number)
    assert "was approved on" in buyer.play(event="decline", reason="too late")
    assert buyer.order.refunds[0].state is RefundState.APPROVED


def test_where_orders_live_elsewhere_a_decision_is_told_there_before_the_buyer(
    buyer: Buyer, tmp_path: Path
) -> None:
    buyer.rehearsal.rules = living_in(buyer.rehearsal.rules, file="changes.jsonl")
    assert "needs a supervisor's yes" in buyer.keeps_it()
    outlet = JsonLines(tmp_path / "changes.jsonl")
    feed_of(buyer.rehearsal.database, buyer.rehearsal.clock, outlet).tell_due()
    buyer.play(event="tick")
    said = buyer.play(event="approve")
    assert "Requested, and not done yet: the refund" in said
    assert "was approved" not in said
    for _ in range(2):
        feed_of(buyer.rehearsal.database, buyer.rehearsal.clock, outlet).tell_due()
    assert "was approved on" in buyer.play(event="tick")
    told = (tmp_path / "changes.jsonl").read_text()
    assert [one in told for one in ('"decide_refund"', '"settle"')] == [True, True]
