"""What the store writes first, through the real model and mailroom: said, answered, and stopped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot.dialogue.rehearsal import Rehearsal
from bot.mailroom.tables import conversations
from bot.shop.tables import customers, order_lines, orders, payments, remarks, shipments, variants
from bot.shop.values import OrderSample

pytestmark = pytest.mark.model

Say = Callable[..., str]


@pytest.fixture
def order(samples: dict[str, OrderSample]) -> OrderSample:
    """An unpaid order of a buyer who has no other reason to be written to."""
    return samples["unpaid"]


@pytest.fixture
def told(rehearsal: Rehearsal, order: OrderSample) -> Callable[..., dict[str, Any]]:
    """Have the buyer prove who they are, change the order, and let the clocks turn a day later."""

    def tell(opening: str | None = None, **values: Any) -> dict[str, Any]:
        line = {"text": opening or f"what is the state of order {order.number}? {order.email}"}
        rehearsal.play(line | {"channel": "web", "sender": "buyer"})
        now = rehearsal.clock.now()
        with rehearsal.database.begin() as connection:
            connection.execute(orders.update().values(placed_at=now - dt.timedelta(days=90), paid_at=None))
            connection.execute(shipments.update().values(delivered_at=None))
            connection.execute(order_lines.update().values(state="ordered"))
            mine = customers.c.id == order.customer_id
            agreed = {"consents_to_notices": True, "timezone": "Asia/Shanghai"}
            connection.execute(customers.update().where(mine).values(**agreed))
            own = orders.c.number == order.number
            if values:
                connection.execute(orders.update().where(own).values(**values))
        rehearsal.clock.at = now + dt.timedelta(hours=30)
        return rehearsal.play({"event": "tick", "channel": "web", "sender": "buyer"})

    return tell


def say(rehearsal: Rehearsal, text: str) -> dict[str, Any]:
    return rehearsal.play({"text": text, "channel": "web", "sender": "buyer"})


def words(played: dict[str, Any]) -> str:
    return "\n".join(reply["text"] for reply in played["replies"])


def press(rehearsal: Rehearsal, played: dict[str, Any], title: str) -> dict[str, Any]:
    offered = {one["title"]: one["payload"] for reply in played["replies"] for one in reply["buttons"]}
    return rehearsal.play({"button": offered[title], "channel": "web", "sender": "buyer"})


def unpaid(order: OrderSample, rehearsal: Rehearsal) -> dict[str, Any]:
    return {"state": "unpaid", "placed_at": rehearsal.clock.now()}


@pytest.fixture
def reminded(told: Callable[..., dict[str, Any]], order: OrderSample, rehearsal: Rehearsal) -> dict[str, Any]:
    """The first reminder to pay."""
    with rehearsal.database.begin() as connection:
        mine = sa.select(orders.c.id).where(orders.c.number == order.number).scalar_subquery()
        connection.execute(payments.update().where(payments.c.order_id == mine).values(state="declined"))
    return told(**unpaid(order, rehearsal))


def test_the_reminder_names_the_order_and_nothing_of_it(
    reminded: dict[str, Any], order: OrderSample, rehearsal: Rehearsal
) -> None:
    said = words(reminded)
    assert f"Order {order.number} isn't paid yet" in said
    assert "Meri, the automated assistant" in said
    with rehearsal.database.begin() as connection:
        owner = connection.execute(sa.select(customers).where(customers.c.id == order.customer_id)).one()
    assert owner.street not in said
    assert "€" not in said


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("sorry, I forgot about it", "can be paid at any time"),
        ("yes", "can be paid at any time"),
        ("I can't pay, it doesn't work", "Somebody else may also pay"),
        ("I'm not sure yet", "What would you like to know before you pay?"),
        ("I found it cheaper somewhere else", "price"),
        ("I changed my mind", "Would you like to cancel"),
        ("no", "Would you like to cancel"),
        ("I get paid later this month", "On which day"),
        ("remind me tomorrow", "I remind you"),
        ("stop", "no more messages"),
        ("please stop sending me reminders", "no more messages"),
        ("vergessen, mache ich heute", "jederzeit bezahlen"),
        ("je paierai plus tard", "Quel jour"),
        ("还没发工资，过几天再付", "哪一天"),
        ("لا ترسلوا لي رسائل", "لن تصلكم"),
        ("позже, на следующей неделе", "заказ"),
    ],
)
def test_an_answer_lands_where_it_belongs(
    reminded: dict[str, Any], rehearsal: Rehearsal, answer: str, expected: str
) -> None:
    played = say(rehearsal, answer)
    assert expected in words(played), played
    assert played["status"] == "bot"


def test_the_wish_to_cancel_leads_to_the_cancelling_of_that_order_after_a_check(
    reminded: dict[str, Any], order: OrderSample, rehearsal: Rehearsal
) -> None:
    # The check of the day before has run out.
    asked = press(rehearsal, reminded, "Cancel the order")
    assert "e-mail" in words(asked)
    assert f"{order.number} isn't paid" in words(say(rehearsal, order.email))


def test_a_day_is_agreed_on_and_kept(
    reminded: dict[str, Any], order: OrderSample, rehearsal: Rehearsal
) -> None:
    asked = press(rehearsal, reminded, "Pay later")
    agreed = press(rehearsal, asked, "In three days")
    assert "I remind you" in words(agreed)
    rehearsal.clock.at += dt.timedelta(days=2)
    assert not rehearsal.play({"event": "tick", "channel": "web", "sender": "buyer"})["replies"]
    rehearsal.clock.at += dt.timedelta(days=1)
    again = rehearsal.play({"event": "tick", "channel": "web", "sender": "buyer"})
    assert "second and last reminder" in words(again)
    later = press(rehearsal, again, "Pay later")
    assert "no further reminder" in words(press(rehearsal, later, "Tomorrow"))


def test_a_question_of_its_own_is_no_answer(reminded: dict[str, Any], rehearsal: Rehearsal) -> None:
    assert say(rehearsal, "which ways to pay are there?")["flow"] == "payment_methods"


def test_words_are_an_answer_only_right_after_the_question(
    reminded: dict[str, Any], rehearsal: Rehearsal
) -> None:
    say(rehearsal, "which ways to pay are there?")
    assert say(rehearsal, "no")["flow"] == "small_answer"


def test_a_late_order_brings_an_apology_a_new_date_and_a_choice(
    told: Callable[..., dict[str, Any]], order: OrderSample, rehearsal: Rehearsal
) -> None:
    paid = {"state": "paid", "paid_at": rehearsal.clock.now() - dt.timedelta(hours=30)}
    played = told(**paid)
    assert "and I'm sorry. The warehouse has been asked to send it at once: the new date is" in words(played)
    with rehearsal.database.begin() as connection:
        mine = sa.select(orders.c.id).where(orders.c.number == order.number).scalar_subquery()
        found = connection.execute(sa.select(remarks.c.text).where(remarks.c.order_id == mine)).scalars()
        assert any("Not shipped in time" in text for text in found)
    assert "stays as it is" in words(say(rehearsal, "ok, I'll wait"))


def test_a_delivery_is_asked_about_and_its_stars_are_taken(
    told: Callable[..., dict[str, Any]], order: OrderSample, rehearsal: Rehearsal
) -> None:
    with rehearsal.database.begin() as connection:
        mine = sa.select(orders.c.id).where(orders.c.number == order.number).scalar_subquery()
        parcel = {"number": "X-1", "order_id": mine, "carrier": "DHL", "tracking_number": "X", "proof": ""}
        connection.execute(shipments.insert().values(**parcel, state="delivered"))
    told(state="delivered")
    with rehearsal.database.begin() as connection:
        arrived = rehearsal.clock.now() - dt.timedelta(days=4)
        connection.execute(shipments.update().where(shipments.c.number == "X-1").values(delivered_at=arrived))
    played = rehearsal.play({"event": "tick", "channel": "web", "sender": "buyer"})
    assert "How many stars" in words(played)
    assert "helps other buyers" in words(say(rehearsal, "five stars"))


def test_what_is_sold_out_is_told_of_when_it_is_back(rehearsal: Rehearsal) -> None:
    with rehearsal.database.begin() as connection:
        first = connection.execute(sa.select(variants.c.product_id).limit(1)).scalar_one()
        stock = variants.update().where(variants.c.product_id == first)
        connection.execute(stock.values(stock=0, restock_on=None))
        code = connection.execute(
            sa.text("SELECT name FROM products WHERE id = :id"), {"id": first}
        ).scalar_one()
    asked = say(rehearsal, f"is the {code} in stock?")
    noted = press(rehearsal, asked, "Tell me when it's back")
    assert "Noted" in words(noted)
    with rehearsal.database.begin() as connection:
        connection.execute(stock.values(stock=3))
    rehearsal.clock.at += dt.timedelta(hours=1)
    told = rehearsal.play({"event": "tick", "channel": "web", "sender": "buyer"})
    assert f"{code} is back in stock" in words(told)
    assert "All right" in words(say(rehearsal, "no thanks"))


def test_what_came_to_be_untrue_before_its_turn_is_not_said(
    reminded: dict[str, Any], rehearsal: Rehearsal, order: OrderSample
) -> None:
    from bot.mailroom import conversations as talks
    from bot.mailroom import inbox

    with rehearsal.database.begin() as connection:
        talk = connection.execute(sa.select(conversations.c.id)).scalar_one()
        paid = orders.update().where(orders.c.number == order.number).values(state="paid")
        connection.execute(paid)
        event = {"key": "notice:unpaid:x:2", "kind": "unpaid", "number": order.number}
        inbox.accept_event(connection, talk, "notice", event, now=rehearsal.clock.now())
        assert talks.get(connection, talk).customer_id == order.customer_id
    played = rehearsal.play({"event": "tick", "channel": "web", "sender": "buyer"})
    assert (played["replies"], played["status"]) == ([], "bot")
