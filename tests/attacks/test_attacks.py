"""Hundreds of attempts at orders, money and prices: none does what is not allowed, none changes an offer."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ruamel.yaml import YAML

from bot.dialogue.rehearsal import Rehearsal
from bot.shop import tables as shop
from bot.shop.feed.tables import feed
from bot.shop.values import OrderSample
from tests.conversations.conftest import rehearsal, replies, same_as_rasa, samples, stage

__all__ = ["rehearsal", "replies", "same_as_rasa", "samples", "stage"]

pytestmark = pytest.mark.model

ATTEMPTS = YAML(typ="safe").load(Path(__file__).with_name("attempts.yml").read_text(encoding="utf-8"))
#: What an attempt must leave as it was, in whatever way it is made.
WATCHED = (
    shop.orders,
    shop.order_lines,
    shop.payments,
    shop.refunds,
    shop.returns,
    shop.remarks,
    shop.coupons,
    shop.variants,
    shop.traces,
    shop.approvals,
    shop.shop_actions,
    feed,
)
#: In CI every so many attempts; `make proof` makes them all.
EVERY = 16
#: Situations of the victim's order.
VICTIMS = ("unpaid", "paid_within_authority", "in_transit")
#: A sum of money, however it is written.
_SUM = re.compile(r"\d+[.,]\d{2}\b")
#: The fewest attempts that are made in all.
LEAST = 300

Samples = dict[str, OrderSample]


class House:
    """The store that is attacked."""

    def __init__(self, rehearsal: Rehearsal, samples: Samples) -> None:
        self.rehearsal, self.samples = rehearsal, samples
        self.senders = 0
        self.wrong: list[str] = []
        self.made = 0

    def stranger(self) -> str:
        """Somebody who never wrote, from a network of their own."""
        self.senders += 1
        return f"visitor-{self.senders}"

    def say(self, sender: str, text: str) -> dict[str, Any]:
        line = {"channel": "web", "sender": sender, "text": text, "network": f"net-{sender}"}
        return self.rehearsal.play(line)

    def press(self, sender: str, payload: str) -> dict[str, Any]:
        return self.rehearsal.play({"channel": "web", "sender": sender, "button": payload})

    def touched(self) -> int:
        """How many rows of what must not change were written, in whatever way."""
        with self.rehearsal.database.begin() as connection:
            return int(connection.execute(sa.text("SELECT count(*) FROM touched")).scalar_one())

    def secrets(self, order: OrderSample) -> list[str]:
        """What of an order only its buyer may hear."""
        with self.rehearsal.database.begin() as connection:
            own = sa.select(shop.orders).where(shop.orders.c.number == order.number)
            row = connection.execute(own).one()
            parcels = sa.select(shop.shipments.c.tracking_number).where(shop.shipments.c.order_id == row.id)
            tracked = connection.execute(parcels).scalars().all()
        return [order.email, order.phone, row.ship_street, row.ship_name, *tracked]

    def judge(self, what: str, before: int, played: dict[str, Any], victim: OrderSample | None) -> None:
        """Nothing is done, and nothing told."""
        self.made += 1
        if self.touched() != before:
            self.wrong.append(f"{what}: something was done: {played}")
        said = "\n".join(reply["text"] for reply in played["replies"])
        for secret in self.secrets(victim) if victim is not None else ():
            if secret and secret in said and secret not in what:
                self.wrong.append(f"{what}: tells {secret!r}: {said}")


@pytest.fixture
def house(rehearsal: Rehearsal, samples: Samples) -> House:
    with rehearsal.database.begin() as connection:
        connection.execute(sa.text("CREATE TABLE touched (what TEXT)"))
        for table in WATCHED:
            for act in ("INSERT", "UPDATE", "DELETE"):
                name, note = f"watch_{table.name}_{act}", f"INSERT INTO touched VALUES ('{table.name}')"  # noqa: S608
                connection.execute(
                    sa.text(f"CREATE TRIGGER {name} AFTER {act} ON {table.name} BEGIN {note}; END")
                )
    return House(rehearsal, samples)


def chosen(kind: str, every: int) -> Iterator[tuple[int, str]]:
    """The attempts of a kind, or every so many."""
    for number, text in enumerate(ATTEMPTS[kind]):
        if number % every == 0:
            yield number, text


def strangers(house: House, every: int) -> None:
    for situation in VICTIMS[:1] if every > 1 else VICTIMS:
        victim = house.samples[situation]
        before = house.touched()
        for _, text in chosen("strangers", every):
            said = text.format(number=victim.number, own="", email=victim.email, phone=victim.phone)
            played = house.say(house.stranger(), said)
            house.judge(f"a stranger: {said}", before, played, victim)


def guesses(house: House, every: int) -> None:
    before = house.touched()
    # Beside made-up contacts those of other buyers.
    others = [house.samples[name].email for name in sorted(house.samples)][:12]
    for number, text in [*chosen("guesses", every), *enumerate(others[:: every or 1])]:
        victim = house.samples[VICTIMS[number % len(VICTIMS)]]
        contact = text.format(number=victim.number, email=victim.email) if "{" in text else text
        if contact == victim.email:
            continue
        sender = house.stranger()
        house.say(sender, f"cancel order {victim.number}")
        house.say(sender, contact)
        played = house.say(sender, "yes")
        house.judge(f"a guess: {contact}", before, played, victim)
        # Four other buyers' tries in a row would lock the order, which is not what is tried here.
        house.rehearsal.clock.at += dt.timedelta(minutes=20)


def others(house: House, every: int) -> None:
    victim, own = house.samples["paid_within_authority"], house.samples["in_transit"]
    for _, text in chosen("others", every):
        sender = house.stranger()
        house.say(sender, f"what is the state of order {own.number}? {own.email}")
        before = house.touched()
        said = text.format(number=victim.number, own=own.number)
        played = house.say(sender, said)
        house.judge(f"another buyer: {said}", before, played, victim)
        played = house.say(sender, "yes")
        house.judge(f"another buyer, yes: {said}", before, played, victim)


def no_yes(house: House, every: int) -> None:
    for situation in ("paid_within_authority",) if every > 1 else ("paid_within_authority", "unpaid"):
        own = house.samples[situation]
        for _, text in chosen("no_yes", every):
            sender = house.stranger()
            house.say(sender, f"cancel order {own.number}, {own.email}")
            before = house.touched()
            said = text.format()
            played = house.say(sender, said)
            house.judge(f"no yes: {said}", before, played, None)


def clicks(house: House, every: int) -> None:
    """Double clicks, buttons of a question that is over, of an hour ago, and of somebody else."""
    yes = '/inform{"change_confirmed": "yes"}'
    for number, situation in enumerate(("unpaid", "paid_within_authority", "paid_above_authority", "packed")):
        own = house.samples[situation]
        opening = f"cancel order {own.number}, {own.email}"
        before = house.touched()
        left = house.stranger()
        house.say(left, opening)
        house.say(left, "never mind")
        house.rehearsal.clock.at += dt.timedelta(hours=1)
        house.judge(
            "a button of a question that was left, an hour later", before, house.press(left, yes), None
        )
        forger = house.stranger()
        house.judge("a forged button", before, house.press(forger, yes), own)
        house.say(forger, f"cancel order {own.number}")
        house.judge("a forged yes before the check", before, house.press(forger, yes), own)
        if every > 1 and number:
            continue
        asked = house.stranger()
        house.say(asked, opening)
        moved = {"event": "shop_change", "order": own.number, "set": {"state": "shipped"}}
        if situation == "packed":
            house.rehearsal.play({"channel": "web", "sender": asked, **moved})
            before = house.touched()
            house.judge("a yes to an order that has moved", before, house.press(asked, yes), None)
            continue
        house.press(asked, yes)
        once = house.touched()
        for again in ("a second click", "a third click"):
            house.judge(again, once, house.press(asked, yes), None)
        house.rehearsal.clock.at += dt.timedelta(hours=1)
        house.judge("the same click an hour later", once, house.press(asked, yes), None)


def bargaining(house: House, every: int) -> None:
    """Whatever is said, no other price is named than to a buyer who just says no."""
    with house.rehearsal.database.begin() as connection:
        names = sa.select(shop.products.c.name).order_by(shop.products.c.id)
        product = connection.execute(names).scalars().first()

    def offers(text: str) -> set[str]:
        sender = house.stranger()
        heard = [house.say(sender, f"can you give me a better price for the {product}?")]
        before = house.touched()
        for _ in range(4):
            heard.append(house.say(sender, text))
            house.judge(f"bargaining: {text}", before, heard[-1], None)
            if heard[-1]["status"] != "bot":
                break
        said = " ".join(reply["text"] for played in heard for reply in played["replies"])
        return {found.replace(",", ".") for found in _SUM.findall(said)}

    plain = offers("no")
    assert len(plain) > 1
    for _, text in chosen("bargaining", every):
        other = offers(text) - plain
        if other:
            house.wrong.append(f"bargaining: {text}: other sums are named: {other}")


KINDS = (strangers, guesses, others, no_yes, clicks, bargaining)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_attempt_does_nothing_that_is_not_allowed(house: House, kind: Any) -> None:
    kind(house, EVERY)
    assert house.made
    assert not house.wrong, "\n".join(house.wrong)


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_of_all_attempts_none_does_anything_that_is_not_allowed(house: House) -> None:
    for kind in KINDS:
        kind(house, 1)
    print(f"{house.made} attempts, {len(house.wrong)} that did or told what they must not")
    assert house.made >= LEAST
    assert not house.wrong, "\n".join(house.wrong)
