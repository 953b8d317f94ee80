"""Groups elsewhere, such as a user group of Slack, that say which rank and queues their people have."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import lock_now
from bot.desk.people import People
from bot.desk.tables import people, people_accounts, people_groups
from bot.desk.values.people import AccountKind, Group, Rank
from bot.errors import DeskError
from bot.settings import ShopRules

log = logging.getLogger(__name__)

#: How a group of each kind is named, and how one reads.
_SHAPES = {AccountKind.SLACK: (re.compile(r"[TE][A-Z0-9]{2,30}/S[A-Z0-9]{2,30}"), "T123ABC/S456DEF")}
_CHANGES = "people groups"


class Groups:
    """The groups that the operator has linked, in the caller's unit of work.

    Whoever is in one has the highest rank that the operator or their groups give, and the queues of all
    these groups. What the operator had given is kept aside: it holds for what no group says, and again for
    who is in none any more.

    Groups make nobody a member of the desk: that is done by ``People.add`` and ``People.link``.
    """

    def __init__(self, connection: Connection, rules: ShopRules, clock: Clock) -> None:
        self.connection = connection
        self.clock = clock
        self._people = People(connection, rules, clock)

    def list(self, kind: AccountKind | None = None) -> Sequence[Group]:
        """The groups, in the order in which they were linked."""
        query = sa.select(people_groups).order_by(people_groups.c.id)
        rows = self.connection.execute(
            query if kind is None else query.where(people_groups.c.kind == kind.value)
        )
        return tuple(_group_of(row) for row in rows)

    def link(
        self, kind: AccountKind, account: str, *, rank: Rank | None = None, queues: Sequence[str] = ()
    ) -> Group:
        """Have a group say what its people do; said again, it is changed.

        Args:
            kind: where the group is.
            account: its name there.
            rank: the least rank of its people; their own if left out.
            queues: the queues that they serve; their own if there are none.

        Raises:
            DeskError: it is no group of that kind, there is no such queue, nothing is said, or the rank is
                one that only the operator gives.
        """
        account = proper(kind, account)
        if rank is None and not queues:
            raise DeskError("Say which rank or which queues the people of this group have.")
        if rank is Rank.ADMIN:
            raise DeskError("Whoever runs the workspace could make admins: give that rank by hand.")
        values: dict[str, Any] = {
            "rank": None if rank is None else rank.value,
            "queues": list(self._people.proper_queues(queues)),
        }
        lock_now(self.connection, _CHANGES)
        own = sa.and_(people_groups.c.kind == kind.value, people_groups.c.account == account)
        if not self.connection.execute(people_groups.update().where(own).values(**values)).rowcount:
            self.connection.execute(
                people_groups.insert().values(
                    kind=kind.value, account=account, members=[], linked_at=self.clock.now(), **values
                )
            )
        group = self._one(kind, account)
        self._apply(group.members, account)
        return group

    def unlink(self, kind: AccountKind, account: str) -> int:
        """Forget a group: its people have again what they had without it; returns how many there were.

        Raises:
            DeskError: no such group is linked.
        """
        account = proper(kind, account)
        lock_now(self.connection, _CHANGES)
        group = self._one(kind, account)
        own = sa.and_(people_groups.c.kind == kind.value, people_groups.c.account == account)
        self.connection.execute(people_groups.delete().where(own))
        self._apply(group.members, account)
        return len(group.members)

    def set_members(self, kind: AccountKind, account: str, accounts: Collection[str]) -> Sequence[str]:
        """Note who is in a group now, and have them work so.

        Args:
            kind: where the group is.
            account: its name there; one that is not linked any more is passed over.
            accounts: of all who are in it.

        Returns:
            Those of the accounts that belong to nobody of the desk.
        """
        lock_now(self.connection, _CHANGES)
        group = next((one for one in self.list(kind) if one.account == account), None)
        if group is None:
            return ()
        known = self._known(kind, accounts)
        members = sorted(set(known.values()))
        own = sa.and_(people_groups.c.kind == kind.value, people_groups.c.account == account)
        self.connection.execute(
            people_groups.update().where(own).values(members=members, looked_at=self.clock.now())
        )
        self._apply(sorted({*members} ^ {*group.members} | self._left_over()), account)
        return tuple(one for one in accounts if one not in known)

    def _left_over(self) -> set[int]:
        """Who is in no group and could not be given back what was theirs."""
        inside = {one for group in self.list() for one in group.members}
        aside = self.connection.execute(sa.select(people.c.id).where(people.c.own_work.is_not(None)))
        return set(aside.scalars()) - inside

    def _known(self, kind: AccountKind, accounts: Collection[str]) -> Mapping[str, int]:
        rows = self.connection.execute(
            sa.select(people_accounts.c.account, people_accounts.c.person_id)
            .join(people, people.c.id == people_accounts.c.person_id)
            .where(
                people_accounts.c.kind == kind.value,
                people_accounts.c.account.in_(list(accounts)),
                people.c.active,
            )
        )
        return {row.account: row.person_id for row in rows}

    def _apply(self, person_ids: Collection[int], because: str) -> None:
        for person_id in person_ids:
            of = [one for one in self.list() if person_id in one.members]
            ranks = [one.rank for one in of if one.rank is not None]
            queues = sorted({queue for one in of for queue in one.queues})
            try:
                self._people.set_by_groups(
                    person_id,
                    max(ranks, key=lambda one: one.height) if ranks else None,
                    queues or None,
                    by=because,
                    any_group=bool(of),
                )
            except DeskError as error:
                # The others still get theirs.
                log.error("the group %s changes nothing for person %d: %s", because, person_id, error)

    def _one(self, kind: AccountKind, account: str) -> Group:
        found = next((one for one in self.list(kind) if one.account == account), None)
        if found is None:
            raise DeskError(f"The group {account} is not linked.")
        return found


def proper(kind: AccountKind, account: str) -> str:
    """A group's name as the table keeps it.

    Raises:
        DeskError: it is none.
    """
    account = account.strip().upper()
    shape, example = _SHAPES[kind]
    if not shape.fullmatch(account):
        raise DeskError(f"'{account[:80]}' is no user group of {kind.value} (such as {example}).")
    return account


def _group_of(row: Any) -> Group:
    return Group(
        kind=AccountKind(row.kind),
        account=row.account,
        rank=None if row.rank is None else Rank(row.rank),
        queues=tuple(row.queues),
        members=tuple(row.members),
        looked_at=row.looked_at,
    )
