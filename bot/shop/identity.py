"""The identity check: order number and contact, or a channel identity that was linked before."""

from __future__ import annotations

import datetime as dt
import enum
import re
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.settings import ShopRules
from bot.shop import locks
from bot.shop.contact import is_email, is_same_contact, plain_email, plain_phone
from bot.shop.numbers import LONGEST, neighbours, normal_number
from bot.shop.tables import customers, orders


class Verdict(str, enum.Enum):
    """What the check says."""

    VERIFIED = "verified"
    #: Order number or contact is wrong: which one is never said.
    WRONG = "wrong"
    #: Too many wrong tries: nothing was compared.
    LOCKED = "locked"


@dataclass(frozen=True)
class IdentityResult:
    """The check's answer. Without ``VERIFIED`` it depends on what was typed only, not on what is true."""

    verdict: Verdict
    #: Wrong tries that are left before a lock.
    tries_left: int
    #: Only with ``VERIFIED``.
    customer_id: int | None = None
    #: Only with ``VERIFIED``: in the database's form, and repaired if it was mistyped.
    order_number: str | None = None
    #: Whether the number was mistyped: read it back to the buyer.
    repaired: bool = False
    #: Only with ``LOCKED``.
    locked_until: dt.datetime | None = None
    #: This very try caused the lock: tell the desk, once.
    locked_now: bool = False


class Identity:
    """Knows buyers in one unit of work; every check counts in it, so commit it whatever the answer was."""

    def __init__(self, connection: Connection, rules: ShopRules, clock: Clock) -> None:
        self._connection = connection
        self._rules = rules
        self._clock = clock

    def check(
        self, order_number: str, contact: str, channel_identity: str, network: str | None = None
    ) -> IdentityResult:
        """Compare an order number with an e-mail address or phone number, both as typed.

        The contact may be the one given with the order or the customer's own. A number mistyped by one
        digit or two swapped neighbours is repaired where the contact fits exactly one such order.
        ``channel_identity`` names who is asking on which channel (``web:3f…``), ``network`` the address they
        come from, where it is known. Not idempotent: a wrong try counts each time.
        """
        now = self._clock.now()
        number = normal_number(order_number, self._rules.patterns)
        tried = number or order_number.strip().upper()[:LONGEST]
        subjects = [
            locks.subject("order", tried),
            locks.subject("contact", _countable(contact)),
            locks.subject("channel", channel_identity),
        ]
        if network:
            subjects.append(locks.subject("network", locks.network_of(network)))
        identity = self._rules.identity
        locks.take(self._connection, subjects, now)
        before = locks.standing(self._connection, subjects, identity, now)
        if before.locked_until is not None:
            locks.tidy(self._connection, subjects)
            return IdentityResult(Verdict.LOCKED, 0, locked_until=before.locked_until)
        found = self._find(number, contact, now) if number is not None else None
        if found is not None:
            # Own orders must not be a way to win back the tries at other people's.
            locks.forgive(self._connection, subjects[:2])
            locks.tidy(self._connection, subjects)
            found_number, customer_id = found
            return IdentityResult(
                Verdict.VERIFIED,
                identity.wrong_tries,
                customer_id=customer_id,
                order_number=found_number,
                repaired=found_number != number,
            )
        after = locks.count_wrong(self._connection, subjects, identity, now)
        if after.locked_until is None:
            return IdentityResult(Verdict.WRONG, after.tries_left)
        return IdentityResult(Verdict.LOCKED, 0, locked_until=after.locked_until, locked_now=True)

    def _find(self, number: str, contact: str, now: dt.datetime) -> tuple[str, int] | None:
        """The order that is meant and its customer, if the contact fits.

        The same query and the same comparisons, whether the number exists or not.
        """
        rows = self._connection.execute(
            sa.select(
                orders.c.number,
                orders.c.customer_id,
                orders.c.email,
                orders.c.ship_phone,
                orders.c.ship_country,
                customers.c.email.label("own_email"),
                customers.c.phone.label("own_phone"),
                customers.c.country.label("own_country"),
            )
            .join(customers, customers.c.id == orders.c.customer_id)
            .where(orders.c.number.in_([number, *neighbours(number)]))
        )
        fitting = {
            row.number: int(row.customer_id)
            for row in rows
            if is_same_contact(contact, row.email, row.ship_phone, row.ship_country)
            or is_same_contact(contact, row.own_email, row.own_phone, row.own_country)
        }
        if number in fitting:
            return number, fitting[number]
        if len(fitting) != 1:
            return None
        ((repaired, customer_id),) = fitting.items()
        # A locked order stays locked, by whichever wrong number one comes to it.
        of_repaired = [locks.subject("order", repaired)]
        if locks.standing(self._connection, of_repaired, self._rules.identity, now).locked_until is not None:
            return None
        return repaired, customer_id


def _countable(contact: str) -> str:
    """A contact in the form its tries are counted in: the way it is written makes no difference."""
    if is_email(contact):
        return plain_email(contact)
    return plain_phone(contact) or re.sub(r"\D", "", contact).lstrip("0")
