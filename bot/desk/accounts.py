"""Accounts elsewhere by which a person of the desk is known: who clicks in Slack."""

from __future__ import annotations

import re
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.desk.tables import people, people_accounts
from bot.desk.values.people import AccountKind
from bot.errors import DeskError

#: How an account of each kind is named, and how one reads.
_SHAPES = {AccountKind.SLACK: (re.compile(r"[TE][A-Z0-9]{2,30}/[UW][A-Z0-9]{2,30}"), "T123ABC/U456DEF")}


def proper(kind: AccountKind, account: str) -> str:
    """An account's name as the table keeps it.

    Raises:
        DeskError: it is none.
    """
    account = account.strip().upper()
    shape, example = _SHAPES[kind]
    if not shape.fullmatch(account):
        raise DeskError(f"'{account[:80]}' is no account of {kind.value} (such as {example}).")
    return account


def person_id_of(connection: Connection, kind: AccountKind, account: str) -> int | None:
    """Whose account it is; ``None`` if nobody's."""
    found: int | None = connection.execute(
        sa.select(people_accounts.c.person_id).where(
            people_accounts.c.kind == kind.value, people_accounts.c.account == account.strip().upper()[:120]
        )
    ).scalar_one_or_none()
    return found


def accounts(connection: Connection, kind: AccountKind) -> Mapping[int, str]:
    """The accounts of those who are active, by the person's id; of several the newest."""
    rows = connection.execute(
        sa.select(people_accounts.c.person_id, people_accounts.c.account)
        .join(people, people.c.id == people_accounts.c.person_id)
        .where(people_accounts.c.kind == kind.value, people.c.active)
        .order_by(people_accounts.c.id)
    )
    return {row.person_id: row.account for row in rows}
