"""One-time codes: who reads the letters to the address on an order is its buyer."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.settings import CodeRules, IdentityRules
from bot.shop import locks
from bot.shop.contact import plain_email
from bot.shop.identity import IdentityResult, Verdict
from bot.shop.tables import customers, identity_codes, orders

#: In this time an address, and whoever asks, get so many letters.
WINDOW = dt.timedelta(hours=1)
#: Slow on purpose: there are a million codes only. RFC 7914, section 2.
_COST = {"n": 2**14, "r": 8, "p": 1}


@dataclass(frozen=True)
class IssuedCode:
    """A code that is to be sent; nobody will ever be able to read it again."""

    #: Unique for ever, and tells nothing.
    key: str
    code: str
    address: str


class OneTimeCodes:
    """Gives out codes and takes them back in one unit of work; commit it whatever the answer was."""

    def __init__(
        self, connection: Connection, rules: IdentityRules, code_rules: CodeRules, clock: Clock
    ) -> None:
        self._connection = connection
        self._rules = rules
        self._code_rules = code_rules
        self._clock = clock

    def issue(self, address: str, channel_identity: str) -> IssuedCode | None:
        """A new code for the customer whose address, or whose order's, this is.

        None where there is no such customer, or where too many were asked for: tell the buyer the same each
        time. A new code takes the place of the one before. Not idempotent.
        """
        now = self._clock.now()
        address = plain_email(address)
        asker = locks.subject("channel", channel_identity).digest
        target = locks.subject("contact", address).digest
        recent = sa.select(sa.func.count()).where(identity_codes.c.sent_at > now - WINDOW)
        for column, digest in ((identity_codes.c.asker, asker), (identity_codes.c.address, target)):
            if self._connection.execute(recent.where(column == digest)).scalar_one() >= self._code_rules.most:
                return None
        customer_id = self._customer(address)
        code = f"{secrets.randbelow(10**6):06}"
        self._connection.execute(
            identity_codes.update()
            .where(identity_codes.c.asker == asker, identity_codes.c.ended_at.is_(None))
            .values(ended_at=now)
        )
        inserted = self._connection.execute(
            identity_codes.insert().values(
                asker=asker,
                address=target,
                customer_id=customer_id,
                code=_digest(code),
                sent_at=now,
                expires_at=now + dt.timedelta(minutes=self._code_rules.minutes),
            )
        )
        if customer_id is None:
            return None
        return IssuedCode(f"identity-code:{inserted.inserted_primary_key[0]}", code, address)

    def redeem(self, typed: str, channel_identity: str, network: str | None = None) -> IdentityResult:
        """Compare what was typed with the code that was sent for this asker last; a code counts once.

        Wrong tries count and lock as those of the identity check do. Not idempotent.
        """
        now = self._clock.now()
        subjects = [locks.subject("channel", channel_identity)]
        if network:
            subjects.append(locks.subject("network", locks.network_of(network)))
        locks.take(self._connection, subjects, now)
        before = locks.standing(self._connection, subjects, self._rules, now)
        if before.locked_until is not None:
            locks.tidy(self._connection, subjects)
            return IdentityResult(Verdict.LOCKED, 0, locked_until=before.locked_until)
        row = self._connection.execute(
            sa.select(identity_codes)
            .where(
                identity_codes.c.asker == subjects[0].digest,
                identity_codes.c.ended_at.is_(None),
                identity_codes.c.expires_at > now,
            )
            .order_by(identity_codes.c.id.desc())
            .limit(1)
            .with_for_update()
        ).one_or_none()
        # One that was never sent is compared, too: how long it takes tells nothing.
        fits = _fits(typed, _digest("never sent") if row is None else row.code)
        if row is not None and fits and row.customer_id is not None:
            self._connection.execute(
                identity_codes.update().where(identity_codes.c.id == row.id).values(ended_at=now)
            )
            locks.tidy(self._connection, subjects)
            return IdentityResult(Verdict.VERIFIED, self._rules.wrong_tries, customer_id=int(row.customer_id))
        after = locks.count_wrong(self._connection, subjects, self._rules, now)
        if after.locked_until is None:
            return IdentityResult(Verdict.WRONG, after.tries_left)
        return IdentityResult(Verdict.LOCKED, 0, locked_until=after.locked_until, locked_now=True)

    def _customer(self, address: str) -> int | None:
        """The only customer with this address; None where there is none, or more than one."""
        own = sa.select(customers.c.id).where(sa.func.lower(customers.c.email) == address)
        ordered = sa.select(orders.c.customer_id).where(sa.func.lower(orders.c.email) == address)
        found = self._connection.execute(own.union(ordered).limit(2)).scalars().all()
        return int(found[0]) if len(found) == 1 else None


def _digest(code: str, salt: bytes | None = None) -> str:
    salt = salt or secrets.token_bytes(16)
    made = hashlib.scrypt(code.encode(), salt=salt, **_COST)
    return ".".join(base64.b64encode(part).decode() for part in (salt, made))


def _fits(code: str, digest: str) -> bool:
    salt = base64.b64decode(digest.partition(".")[0])
    return hmac.compare_digest(_digest(code, salt), digest)
