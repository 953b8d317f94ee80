"""A first letter over a real mail server: to who never wrote, answered, and stopped."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.dialogue.rehearsal import Rehearsal
from bot.mailroom.tables import conversations, inbox
from bot.notices.tables import opt_outs
from bot.settings import FirstLetterRules, Settings
from bot.shop.tables import customers, orders, payments
from bot.shop.values import OrderSample
from tests.channels.house import House, until
from tests.channels.mail_rig import BUYER, OURS, MailRig
from tests.channels.rig import Shown

pytestmark = pytest.mark.model


@pytest.fixture
async def house(
    rehearsal: Rehearsal, settings: Settings, samples: dict[str, OrderSample], tmp_path: Path
) -> AsyncIterator[House]:
    """A store that writes first letters, and one buyer with an unpaid order who never wrote."""
    number = samples["unpaid"].number
    with rehearsal.database.begin() as connection:
        connection.execute(customers.update().values(consents_to_notices=False))
        own = orders.c.number == number
        order = connection.execute(sa.select(orders).where(own)).one()
        placed = rehearsal.clock.now() - dt.timedelta(hours=30)
        connection.execute(orders.update().where(own).values(email=BUYER, state="unpaid", placed_at=placed))
        connection.execute(payments.update().where(payments.c.order_id == order.id).values(state="declined"))
        connection.execute(
            customers.update()
            .where(customers.c.id == order.customer_id)
            .values(consents_to_notices=True, language="de", timezone="Asia/Shanghai")
        )
    rig = MailRig(tmp_path)
    rules = rehearsal.rules.copy(
        update={
            "channels": ("mail",),
            "channel_options": {"mail": rig.options},
            "notices": rehearsal.rules.notices.copy(
                update={"first_letters": FirstLetterRules(channel="mail", account=OURS)}
            ),
        }
    )
    rehearsal.rules = rules
    house = House(dataclasses.replace(settings, rules=rules), rehearsal.database, rig)
    # The store's day, not the machine's.
    clock: Any = rehearsal.clock
    house.clock = clock
    await house.open()
    try:
        yield house
    finally:
        await house.close()
        await rig.close()


async def letters(house: House, rehearsal: Rehearsal, count: int) -> list[Shown]:
    """Let the clocks turn and all turns be taken; what the buyer has once it is so much."""
    # The engine has an event loop of its own.
    await asyncio.to_thread(rehearsal.play, {"event": "tick", "sender": "nobody"})
    house.front.new_mail.set()

    async def enough() -> list[Shown]:
        found = list(await house.rig.sees())
        return found if len(found) >= count else []

    return await until(enough, f"{count} letters in the buyer's mailbox")


async def arrived(house: House, kinds: list[str]) -> None:
    """The inbox holds these."""

    async def are_there() -> bool:
        with house.database.begin() as connection:
            rows = connection.execute(sa.select(inbox.c.kind).order_by(inbox.c.id)).scalars().all()
        return list(rows) == kinds

    await until(are_there, f"{kinds} in the inbox")


async def test_who_never_wrote_gets_a_letter_answers_it_and_stops_it(
    house: House, rehearsal: Rehearsal, samples: dict[str, OrderSample]
) -> None:
    number = samples["unpaid"].number
    (first,) = await letters(house, rehearsal, 1)
    assert f"Bestellung {number}" in first.text
    assert "Keine solchen Nachrichten mehr" in first.text

    # In words, by the mail program's own answer; nothing of the order was told, and nothing is now.
    await house.rig.says("Ich möchte lieber später bezahlen")
    await arrived(house, ["notice", "message"])
    _, second = await letters(house, rehearsal, 2)
    assert number in second.text
    assert "erinnern" in second.text

    await house.rig.says("Stop")
    await arrived(house, ["notice", "message", "message"])
    *_, third = await letters(house, rehearsal, 3)
    with rehearsal.database.begin() as connection:
        assert connection.execute(sa.select(conversations.c.sender)).scalars().all() == [BUYER]
        assert connection.execute(sa.select(sa.func.count()).select_from(opt_outs)).scalar_one() == 1
    assert third.text

    rehearsal.clock.at += dt.timedelta(days=3)
    assert len(await letters(house, rehearsal, 3)) == 3
    with rehearsal.database.begin() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(inbox)).scalar_one() == 3
