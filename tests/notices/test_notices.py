"""What the store writes first: found in its data, once, with consent, at a decent hour, within the cap."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from bot.desk.cases import Cases
from bot.desk.values.cases import CaseCard, Reason
from bot.mailroom import timers
from bot.notices import consent, telling
from bot.notices.tables import notices
from bot.settings import ShopRules
from bot.shop.tables import customers, order_lines, orders, payments, returns, shipments, traces, variants
from tests.conftest import BACKENDS
from tests.notices.conftest import Store, kinds

HOUR = dt.timedelta(hours=1)


#: What reads and writes in its own way on each kind of database is tried on both.
both = pytest.mark.parametrize("backend", BACKENDS)


def unpaid(store: Store, hours: float = 25) -> None:
    store.change(orders, state="unpaid", placed_at=store.clock.now() - hours * HOUR, paid_at=None)


@both
def test_an_unpaid_order_is_written_about_twice_and_never_again(store: Store) -> None:
    unpaid(store)
    first = store.tick()
    assert [(one["kind"], one["number"]) for one in first] == [("unpaid", store.number)]
    assert store.tick(minutes=1) == store.tick(hours=47) == []
    assert [one["key"] for one in store.tick(hours=2)] == [f"notice:unpaid:{store.number}:2"]
    assert store.tick(days=3) == store.tick(days=30) == []


def test_an_order_that_is_old_already_when_it_is_found_gets_one_reminder_at_a_time(store: Store) -> None:
    unpaid(store, hours=100)
    assert kinds(store.tick()) == ["unpaid"]
    assert store.tick(hours=4) == []


def test_an_order_that_is_not_old_enough_or_too_old_is_left_alone(store: Store) -> None:
    unpaid(store, hours=23)
    assert store.tick() == []
    unpaid(store, hours=24 * 15)
    assert store.tick() == []


def test_what_is_paid_while_the_reminder_waits_is_not_reminded_of(store: Store) -> None:
    unpaid(store)
    store.clock.at += 12 * HOUR
    assert store.tick() == []
    store.change(orders, state="paid", paid_at=store.clock.now())
    assert store.tick(hours=12) == []


def test_a_part_that_was_paid_makes_it_a_balance(store: Store) -> None:
    unpaid(store)
    store.change(payments, state="captured")
    assert kinds(store.tick()) == ["balance"]


def test_nothing_is_sent_in_the_quiet_hours_of_the_buyers_zone(store: Store) -> None:
    # 12:00 in Berlin is 20:00 in Tokyo; an hour and a half later it is night there.
    store.change(customers, timezone="Asia/Tokyo")
    store.clock.at += 1.5 * HOUR
    unpaid(store)
    assert store.tick() == []
    assert store.tick(hours=11.4) == []
    assert kinds(store.tick(hours=0.2)) == ["unpaid"]
    assert store.clock.now().hour == 0


@pytest.mark.parametrize(
    ("begins", "ends", "asked", "expected"),
    [
        ("21:00", "09:00", "23:30", "09:00"),
        ("21:00", "09:00", "08:59", "09:00"),
        ("21:00", "09:00", "09:00", "09:00"),
        ("21:00", "09:00", "20:59", "20:59"),
        ("13:00", "15:00", "14:00", "15:00"),
        ("00:00", "00:00", "03:00", "03:00"),
    ],
)
def test_quiet_hours_end_when_they_say(
    rules: ShopRules, begins: str, ends: str, asked: str, expected: str
) -> None:
    from zoneinfo import ZoneInfo

    told = rules.notices.copy(update={"quiet": type(rules.notices.quiet)(**{"from": begins, "to": ends})})
    zone = ZoneInfo("America/New_York")
    moment = dt.datetime.combine(dt.date(2026, 3, 10), dt.time.fromisoformat(asked), zone)
    loud = consent.loud_from(told, zone, moment.astimezone(dt.timezone.utc)).astimezone(zone)
    assert f"{loud:%H:%M}" == expected


def test_nobody_is_written_to_without_consent(store: Store) -> None:
    unpaid(store)
    store.change(customers, consents_to_notices=False)
    assert store.tick() == []


def test_a_consent_that_is_taken_back_while_a_message_waits_holds(store: Store) -> None:
    unpaid(store)
    store.clock.at += 12 * HOUR
    assert store.tick() == []
    store.change(customers, consents_to_notices=False)
    assert store.tick(hours=12) == []


@both
def test_a_stop_holds_in_every_conversation_of_the_buyer_and_in_no_others(store: Store) -> None:
    other = store.another_talk("on the other door")
    with store.database.begin() as connection:
        consent.stop(connection, other, store.clock.now())
        consent.stop(connection, other, store.clock.now())
    unpaid(store)
    assert store.tick() == []
    with store.database.begin() as connection:
        query = sa.select(orders).where(orders.c.customer_id != store.customer_id).limit(1)
        neighbours = connection.execute(query).one()
    store.another_talk("neighbour", neighbours.customer_id)
    store.order_id = neighbours.id
    store.change(payments, state="declined")
    unpaid(store)
    assert kinds(store.tick()) == ["unpaid"]


def test_a_buyer_whose_conversation_is_not_known_is_not_written_to(store: Store) -> None:
    with store.database.begin() as connection:
        from bot.mailroom import conversations

        conversations.set_customer(connection, store.talk, None)
    unpaid(store)
    assert store.tick() == []


@both
def test_a_buyer_is_not_written_to_more_often_than_the_cap_allows(store: Store) -> None:
    with store.database.begin() as connection:
        for number in range(store.rules.notices.per_week):
            row = {"key": f"before:{number}", "kind": "late", "customer_id": store.customer_id}
            at = store.clock.now() - dt.timedelta(days=number + 1)
            connection.execute(notices.insert().values(**row, conversation_id=store.talk, at=at))
    unpaid(store)
    # The oldest of the three was told three days ago.
    assert store.tick() == store.tick(days=3, hours=23) == []
    assert kinds(store.tick(hours=2)) == ["unpaid"]


def test_a_buyer_who_is_writing_or_has_a_person_is_not_interrupted(store: Store) -> None:
    unpaid(store)
    with store.database.begin() as connection:
        cases = Cases(connection, store.rules, store.clock)
        cases.open(
            store.talk,
            intent="service_human",
            reason=Reason.ASKED_FOR_HUMAN,
            card=CaseCard(wants="a person"),
            language="en",
        )
    assert store.tick() == store.tick(minutes=31) == []


def test_a_late_order_is_written_about_unless_it_has_left(store: Store) -> None:
    paid_at = store.clock.now() - 49 * HOUR
    store.change(orders, state="shipped", paid_at=paid_at)
    assert store.tick() == []
    store.change(orders, state="packed")
    assert kinds(store.tick()) == ["late"]
    assert store.tick(hours=1) == []


@both
def test_a_sold_out_article_is_written_about_before_it_is_late(store: Store) -> None:
    store.change(orders, state="paid", paid_at=store.clock.now() - HOUR)
    assert store.tick() == []
    store.change(order_lines, state="backordered")
    assert kinds(store.tick()) == ["late"]


@both
def test_a_good_delivery_is_asked_about_once(store: Store) -> None:
    store.change(orders, state="delivered")
    store.change(shipments, state="delivered", delivered_at=store.clock.now() - 71 * HOUR)
    assert store.tick() == []
    assert kinds(store.tick(hours=2)) == ["delivered"]
    assert store.tick(hours=2) == []


@pytest.mark.parametrize("wrong", ["a return", "a search"])
def test_a_delivery_that_went_wrong_is_not_asked_about(store: Store, wrong: str) -> None:
    store.change(orders, state="delivered")
    store.change(shipments, state="delivered", delivered_at=store.clock.now() - 80 * HOUR)
    now = store.clock.now()
    with store.database.begin() as connection:
        if wrong == "a return":
            row = {"state": "requested", "reason": "damaged", "requested_at": now, "goods_come_back": True}
            connection.execute(
                returns.insert().values(order_id=store.order_id, value_minor=1, tracking_number="", **row)
            )
        else:
            parcel = sa.select(shipments.c.id).where(shipments.c.order_id == store.order_id)
            found = connection.execute(parcel).scalar()
            row = {"opened_at": now, "answer_by": now.date()}
            connection.execute(traces.insert().values(shipment_id=found, **row))
    assert store.tick() == []


@both
def test_what_was_asked_for_is_told_once_it_is_there_again(store: Store) -> None:
    with store.database.begin() as connection:
        sku = connection.execute(sa.select(variants.c.sku).limit(1)).scalar_one()
        connection.execute(variants.update().where(variants.c.sku == sku).values(stock=0))
        for _ in range(2):
            telling.ask_restock(connection, store.talk, sku, store.clock.now())
    # Asked for in so many words: no other consent is needed.
    store.change(customers, consents_to_notices=False)
    assert store.tick(minutes=20) == store.tick(days=2) == []
    with store.database.begin() as connection:
        connection.execute(variants.update().where(variants.c.sku == sku).values(stock=4))
    assert [one["product"] for one in store.tick(minutes=20)] == [sku]
    assert store.tick(days=1) == []


def test_who_asked_and_bought_is_not_asked_why_not(store: Store) -> None:
    with store.database.begin() as connection:
        line = sa.select(order_lines.c.sku).where(order_lines.c.order_id == store.order_id).limit(1)
        bought = connection.execute(line).scalar_one()
        own = sa.select(order_lines.c.sku).join(orders, orders.c.id == order_lines.c.order_id)
        others = sa.select(variants.c.product_id).where(
            variants.c.sku.in_(own.where(orders.c.customer_id == store.customer_id))
        )
        query = sa.select(variants.c.sku).where(variants.c.product_id.not_in(others)).limit(1)
        not_bought = connection.execute(query).scalar_one()
        for code in (bought, not_bought, not_bought):
            telling.ask_later(connection, store.talk, code, store.clock.now(), 24)
    assert [one["product"] for one in store.tick(hours=25)] == [not_bought]


def test_an_agreed_day_takes_the_place_of_the_second_reminder(store: Store) -> None:
    unpaid(store)
    assert kinds(store.tick()) == ["unpaid"]
    due = store.clock.now() + dt.timedelta(days=5)
    with store.database.begin() as connection:
        from bot.mailroom import conversations

        talk = conversations.get(connection, store.talk)
        now = store.clock.now()
        assert telling.remind_at(connection, store.rules, talk, store.number, due, now)
        assert not telling.remind_at(connection, store.rules, talk, "CD-999999", due, now)
    assert store.tick(days=3) == []
    assert [one["key"] for one in store.tick(days=2, minutes=1)] == [f"notice:unpaid:{store.number}:2"]
    with store.database.begin() as connection:
        assert not telling.remind_at(connection, store.rules, talk, store.number, due, store.clock.now())


def test_a_store_that_wants_none_of_it_writes_to_nobody(store: Store) -> None:
    unpaid(store)
    off = store.rules.notices.copy(update={"kinds": ()})
    store.rules = store.rules.copy(update={"notices": off})
    assert store.tick() == []
    with store.database.begin() as connection:
        assert timers.next_due(connection) is None
