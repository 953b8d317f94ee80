"""A store with buyers who said and left everything that a buyer can."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import SetClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.tables import case_drafts, case_events, cases, intent_labels, people, requests
from bot.desk.values.cases import CaseCard, Reason
from bot.dialogue.tables import ladders, trackers, turns
from bot.mailroom import inbox, outbox, timers
from bot.mailroom.inbox import inbox as inbox_table
from bot.mailroom.tables import conversations
from bot.messages import Attachment, Button
from bot.notices.tables import notices, opt_outs
from bot.settings import ShopRules
from bot.shop import tables as shop
from bot.shop.feed.tables import feed
from bot.training.tables import (
    model_changes,
    model_comparisons,
    model_shadow_changes,
    model_shadows,
    review_acts,
    review_groups,
    review_items,
    review_labels,
    review_marks,
)
from tests.conftest import NOON
from tests.mailroom.letters import letter


@dataclasses.dataclass
class Life:
    """What one buyer left behind; every text of theirs holds ``mark``."""

    mark: str
    customer_id: int
    number: str
    conversation_id: int
    order_id: int
    case_id: int
    file: Path


Live = Callable[..., Life]


def staff(connection: Connection) -> int:
    """Somebody of the desk."""
    known = connection.execute(sa.select(people.c.id)).scalars().first()
    if known is not None:
        return int(known)
    row = {"login": "ana", "name": "Ana", "rank": "agent", "languages": [], "queues": []}
    added = connection.execute(
        people.insert().values(**row, password_hash="x", active=True, away=False, created_at=NOON)
    )
    return int(added.inserted_primary_key[0])


@pytest.fixture
def live(database: Database, rules: ShopRules, clock: SetClock, tmp_path: Path) -> Live:
    """Has a buyer order, write, send a picture, be answered, need a person, and get money back."""

    return functools.partial(lived, database, rules, clock, tmp_path)


def lived(
    database: Database,
    rules: ShopRules,
    clock: SetClock,
    place: Path,
    mark: str,
    *,
    order_state: str = "delivered",
    open_case: bool = False,
    opted_out: bool = True,
) -> Life:
    """One buyer's life, in a unit of work of its own."""
    with database.begin() as connection:
        return _live(connection, rules, clock, place, mark, order_state, open_case, opted_out)


def _live(
    connection: Connection,
    rules: ShopRules,
    clock: SetClock,
    place: Path,
    mark: str,
    order_state: str,
    open_case: bool,
    opted_out: bool,
) -> Life:
    def add(table: sa.Table, **values: Any) -> int:
        return int(connection.execute(table.insert().values(**values)).inserted_primary_key[0])

    now = clock.now()
    number = f"CU-{mark}"
    customer = add(
        shop.customers, number=number, name=f"{mark} Weber", email=f"{mark}@fruit.example",
        phone=f"+4930{abs(hash(mark)) % 10**7:07}", language="de", country="DE", timezone="Europe/Berlin",
        street=f"{mark}straße 5", city=f"{mark}stadt", region="BE", postcode=f"P{mark[:10]}",
        consents_to_notices=True, consents_to_marketing=False, points=7,
    )  # fmt: skip
    order = add(
        shop.orders, number=f"CD-{mark}"[:40], customer_id=customer, state=order_state, placed_at=now,
        currency="EUR", total_minor=5000, discount_minor=0, freight_minor=0, coupon="",
        email=f"{mark}@fruit.example", ship_name=f"{mark} Weber", ship_street=f"{mark}straße 5",
        ship_city=f"{mark}stadt", ship_region="BE", ship_postcode=f"P{mark[:10]}", ship_country="DE",
        ship_phone="+4930111",
    )  # fmt: skip
    line = add(
        shop.order_lines, order_id=order, position=1, sku="S1", title="Lamp", quantity=1, price_minor=5000,
        state="delivered",
    )  # fmt: skip
    add(
        shop.payments, order_id=order, reference="r", method="card", label="Visa •••• 4242",
        state="captured", amount_minor=5000, currency="EUR", at=now,
    )  # fmt: skip
    parcel = add(
        shop.shipments, number=f"S-{order}", order_id=order, carrier="DHL", tracking_number=f"T{order}",
        state="delivered", proof=f"signed by {mark}",
    )  # fmt: skip
    add(
        shop.shipment_events, shipment_id=parcel, at=now, place=f"{mark}stadt", code="d",
        text=f"given to {mark}",
    )  # fmt: skip
    add(shop.traces, shipment_id=parcel, opened_at=now, answer_by=now.date(), outcome=f"{mark} has it")
    back = add(
        shop.returns, order_id=order, state="closed", reason="faulty", requested_at=now,
        goods_come_back=False, value_minor=5000, tracking_number="",
    )  # fmt: skip
    connection.execute(shop.return_lines.insert().values(return_id=back, line_id=line))
    refund = add(
        shop.refunds, order_id=order, return_id=back, amount_minor=5000, currency="EUR", state="arrived",
        reason="faulty", method="card", requested_at=now,
    )  # fmt: skip
    add(
        shop.approvals, order_id=order, refund_id=refund, amount_minor=5000, currency="EUR",
        state="approved", asked_at=now, decided_at=now, decided_by="Sue Supervisor",
    )  # fmt: skip
    add(shop.remarks, order_id=order, colour="red", author="Ana Agent", at=now, text=f"{mark} called")
    add(
        shop.shop_actions, key=f"refund:{order}", kind="refund", fingerprint="f", order_id=order,
        result={"refund_id": refund}, at=now,
    )  # fmt: skip
    add(
        shop.coupons, code=f"C{order}", kind="percent", percent=5, amount_minor=0, minimum_minor=0,
        currency="EUR", valid_from=now.date(), valid_until=now.date(), customer_id=customer,
    )  # fmt: skip
    add(
        shop.identity_codes, asker=f"digest-{number}"[:64], address="digest", customer_id=customer,
        code="salted", sent_at=now, expires_at=now,
    )  # fmt: skip
    file = place / "files" / "attachments" / mark / "photo.jpg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(f"a picture of {mark}".encode())
    received = inbox.accept(
        connection,
        letter(
            f"I am {mark}, write to {mark}@fruit.example",
            sender=f"visitor-{mark}",
            sender_name=f"{mark} Weber",
            message_id=f"<1@{mark}.example>",
            network=f"net-{mark}",
            language_hint="de",
            attachments=(Attachment("photo.jpg", "image/jpeg", 9, f"attachments/{mark}/photo.jpg"),),
        ),
        language="de",
        now=now,
    )
    talk = received.conversation_id
    row = connection.execute(
        sa.select(inbox_table.c.id).where(inbox_table.c.conversation_id == talk)
    ).scalar_one()
    said = outbox.post(
        connection, talk, f"Dear {mark}", now=now, key=f"turn:{row}:0", buttons=[Button(f"{mark}?", "/yes")]
    )
    outbox.settle(connection, said, outbox.OutboxState.SENT, now=now, channel_message_id=f"{mark}-9")
    timers.schedule(
        connection, f"unpaid:{mark}", kind="unpaid", subject=f"order:{mark}", conversation_id=talk,
        due=now, now=now, data={"wants": mark},
    )  # fmt: skip
    timers.cancel(connection, f"unpaid:{mark}", now=now, why=f"{mark} paid")
    add(
        turns, conversation_id=talk, inbox_id=row, at=now, language="de", steps=[{"said": mark}],
        facts=[{"address": f"{mark}straße"}],
    )  # fmt: skip
    connection.execute(
        trackers.insert().values(
            conversation_id=talk, events=f'[{{"text": "{mark}"}}]', memory={"name": mark}, updated_at=now
        )
    )
    group = add(
        review_groups, language="de", centre=b"", members=1, encoder="e", likely={"a": 1.0}, intent="a",
        waiting=1, second=0, disputed=0, worth=1.0, newest_at=now, fence=0,
    )  # fmt: skip
    item = add(
        review_items, group_id=group, conversation_id=talk, inbox_id=row, at=now, language="de",
        text=f"where is {mark}", ranking=[["a", 1.0]], reasons=["fallback"], doubt=1.0, state="waiting",
    )  # fmt: skip
    act = add(
        review_acts, at=now, actor="ana", group_id=group, meaning="intent", intent="a", language="de",
        needed=1, items=1,
    )  # fmt: skip
    add(review_labels, item_id=item, act_id=act, actor="ana")
    add(review_marks, item_id=item, act_id=act, actor="ana", kind="colour", start=0, end=5)
    compared = add(model_comparisons, at=now, actor="ana", version=f"m{talk}", against="m", conversations=1)
    add(
        model_changes, comparison_id=compared, conversation_id=talk, turn_id=1, text=f"where is {mark}",
        before={"said": [mark]}, after={"said": []},
    )  # fmt: skip
    shadow = add(
        model_shadows, at=now, actor="ana", version="m", against="m0", place=1, seen=1, differing=1, unsure=0,
        ended_at=now, trouble="",
    )  # fmt: skip
    add(
        model_shadow_changes, shadow_id=shadow, conversation_id=talk, turn_id=1, at=now,
        text=f"where is {mark}", before={"said": [mark]}, after={"said": []},
    )  # fmt: skip
    case = Cases(connection, rules, clock).open(
        talk,
        intent="service_human",
        reason=Reason.ASKED_FOR_HUMAN,
        card=CaseCard(wants=f"{mark} wants a person", name=mark, email=f"{mark}@fruit.example"),
        language="de",
    )
    add(case_events, case_id=case.id, at=now, actor="the bot", kind="added", text=f"{mark} was angry")
    person = staff(connection)
    add(
        intent_labels, case_id=case.id, predicted="refund_state", intent="refund_return", person_id=person,
        at=now,
    )  # fmt: skip
    connection.execute(
        case_drafts.insert().values(
            case_id=case.id, author_id=person, fence=1, text=f"Dear {mark}", at=now, state="lapsed"
        )
    )
    add(
        requests, key=f"fact:{talk}", kind="question", purpose="fact", conversation_id=talk, queue="presales",
        state="answered", question=f"{mark} asks", language="de", order_number=number, data={},
        asked_at=now, level=0, decided_at=now, decided_by=person, answer=f"yes, {mark}",
    )  # fmt: skip
    add(
        notices, key=f"notice:unpaid:{order}:1", kind="unpaid", conversation_id=talk, customer_id=customer,
        at=now,
    )  # fmt: skip
    add(
        feed, key=f"refund:{order}", kind="request_refund", order_id=order, order_number=f"{order}",
        conversation_id=talk, turn_id=row, body={"for": mark}, held=[{"reply": mark}], state="acknowledged",
        attempts=1, not_before=now, created_at=now, ended_at=now,
    )  # fmt: skip
    if opted_out:
        connection.execute(opt_outs.insert().values(conversation_id=talk, at=now))
    add(
        ladders, subject=f"order:{number}", conversation_id=talk, customer_id=customer, order_number=number,
        refusals=1, begun_at=now,
    )  # fmt: skip
    if not open_case:
        connection.execute(
            cases.update()
            .where(cases.c.id == case.id)
            .values(
                state="closed",
                due_at=None,
                clock=None,
                closed_at=now,
                summary=f"{mark} is content",
                comment=f"{mark} likes it",
            )
        )
    done = {"state": "done", "note": "answered", "done_at": now}
    connection.execute(inbox_table.update().where(inbox_table.c.conversation_id == talk).values(**done))
    connection.execute(
        conversations.update()
        .where(conversations.c.id == talk)
        .values(customer_id=customer, turn_order=None, turn_at=None)
    )
    return Life(mark, customer, number, talk, order, case.id, file)


def days(number: float) -> dt.timedelta:
    """A time span in days."""
    return dt.timedelta(days=number)
