"""Wrong tries at the identity check: counted by what was tried, and locked for a while."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Row

from bot.settings import IdentityRules
from bot.shop.tables import identity_tries


class Subject(NamedTuple):
    """One of the things that a try is counted for."""

    #: ``order``, ``contact``, ``channel`` or ``network``.
    kind: str
    #: A digest, so that the table tells nobody who tried what.
    digest: str


@dataclass(frozen=True)
class Standing:
    """How a try's subjects stand together: the worst of them counts."""

    tries_left: int
    locked_until: dt.datetime | None


def subject(kind: str, value: str) -> Subject:
    """What a try is counted for."""
    return Subject(kind, hashlib.sha256(f"{kind}\0{value}".encode("utf-8", "replace")).hexdigest())


def network_of(address: str) -> str:
    """The part of a network address that stands for one subscriber: all of IPv4, the first half of IPv6."""
    try:
        parsed = ipaddress.ip_address(address.strip())
    except ValueError:
        return address.strip()
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed), 64), strict=False).network_address)
    return str(parsed)


def take(connection: Connection, subjects: Sequence[Subject], now: dt.datetime) -> None:
    """Lock the subjects' rows until the transaction ends, so that tries at the same time are counted in turn.

    The first write of a check: on SQLite it locks everything, on PostgreSQL these rows, in one fixed order so
    that two checks never wait for each other crosswise.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    for one in sorted(subjects):
        row = {"kind": one.kind, "subject": one.digest, "wrong": 0, "last_at": now}
        statement = dialect.insert(identity_tries).values(row)
        # An update that changes nothing locks the row as an insertion does.
        kept = {"wrong": identity_tries.c.wrong}
        connection.execute(statement.on_conflict_do_update(index_elements=["kind", "subject"], set_=kept))


def standing(
    connection: Connection, subjects: Sequence[Subject], rules: IdentityRules, now: dt.datetime
) -> Standing:
    """How the subjects stand now."""
    rows = _rows(connection, subjects)
    locks = [row.locked_until for row in rows if row.locked_until is not None and row.locked_until > now]
    if locks:
        return Standing(0, max(locks))
    wrong = max((_wrong(row, rules, now) for row in rows), default=0)
    return Standing(max(rules.wrong_tries - wrong, 0), None)


def count_wrong(
    connection: Connection, subjects: Sequence[Subject], rules: IdentityRules, now: dt.datetime
) -> Standing:
    """Count a wrong try for each of the subjects (taken before) and lock those that have had too many."""
    for row in _rows(connection, subjects):
        wrong = _wrong(row, rules, now) + 1
        connection.execute(
            sa.update(identity_tries)
            .where(_among([Subject(row.kind, row.subject)]))
            .values(
                wrong=wrong,
                last_at=now,
                locked_until=now + _length(rules) if wrong >= rules.wrong_tries else None,
            )
        )
    return standing(connection, subjects, rules, now)


def forgive(connection: Connection, subjects: Sequence[Subject]) -> None:
    """Begin a new count for these."""
    connection.execute(sa.delete(identity_tries).where(_among(subjects)))


def tidy(connection: Connection, subjects: Sequence[Subject]) -> None:
    """Delete the rows that were only taken and never counted."""
    connection.execute(sa.delete(identity_tries).where(_among(subjects) & (identity_tries.c.wrong == 0)))


def forget_old(connection: Connection, before: dt.datetime) -> int:
    """Delete what was last tried before a moment; says how many rows went. For the house-keeping."""
    old = (identity_tries.c.last_at < before) & (
        identity_tries.c.locked_until.is_(None) | (identity_tries.c.locked_until < before)
    )
    return int(connection.execute(sa.delete(identity_tries).where(old)).rowcount)


def _rows(connection: Connection, subjects: Sequence[Subject]) -> list[Row]:
    return connection.execute(sa.select(identity_tries).where(_among(subjects))).all()


def _among(subjects: Sequence[Subject]) -> Any:
    return sa.tuple_(identity_tries.c.kind, identity_tries.c.subject).in_([tuple(one) for one in subjects])


def _length(rules: IdentityRules) -> dt.timedelta:
    return dt.timedelta(minutes=rules.lock_minutes)


def _wrong(row: Row, rules: IdentityRules, now: dt.datetime) -> int:
    """The tries that still count: a lock that is over, or as much time without a try, begins a new count."""
    is_over = row.locked_until is not None or row.last_at <= now - _length(rules)
    return 0 if is_over else int(row.wrong)
