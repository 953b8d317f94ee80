"""To whom a case is offered: who is at work, serves its queue, speaks its language and has least to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.desk import ranks
from bot.desk.people_records import person_of
from bot.desk.shifts import is_at_work
from bot.desk.tables import cases, people
from bot.desk.values.cases import CaseState
from bot.desk.values.people import Person
from bot.settings import ShopRules

#: For so long it counts that somebody was not there when a frontend looked.
PRESENCE_HOLDS = dt.timedelta(minutes=10)
#: States in which a case waits for its owner.
IN_HAND = (CaseState.CLAIMED.value, CaseState.WAITING_US.value)


def offered_to(
    rules: ShopRules,
    staff: Sequence[Person],
    load: Mapping[int, int],
    *,
    queue: str,
    language: str,
    now: dt.datetime,
) -> tuple[int, ...]:
    """Ids of those who should claim a case, the likeliest first; pure.

    Args:
        rules: ``shop.yml``.
        staff: everybody.
        load: how many cases wait for each, by their ids.
        queue: the case's.
        language: the buyer's, ISO 639-1.
        now: the moment.
    """
    able = [
        one
        for one in staff
        if is_at_work(one, now)
        and ranks.may(rules, one, "claim")
        and ranks.serves(rules, one, queue)
        and load.get(one.id, 0) < rules.cases.most_open
    ]
    spoken = language.split("-")[0]
    able.sort(
        key=lambda one: (
            spoken not in one.languages,
            load.get(one.id, 0),
            # Supervisors are for what others cannot do, in every queue but their own.
            one.rank.height if ranks.may(rules, one, "take_over") else 0,
            one.id,
        )
    )
    return tuple(one.id for one in able[: rules.cases.offered_to])


def load_of_all(connection: Connection) -> Mapping[int, int]:
    """How many cases wait for an answer of each person, by their ids."""
    rows = connection.execute(
        sa.select(cases.c.owner_id, sa.func.count().label("number"))
        .where(cases.c.owner_id.is_not(None), cases.c.state.in_(IN_HAND))
        .group_by(cases.c.owner_id)
    )
    return {row.owner_id: row.number for row in rows}


def load_of(connection: Connection, person_id: int) -> int:
    """How many cases wait for an answer of this person."""
    count: int = connection.execute(
        sa.select(sa.func.count()).where(cases.c.owner_id == person_id, cases.c.state.in_(IN_HAND))
    ).scalar_one()
    return count


def to_be_asked(connection: Connection, now: dt.datetime) -> Sequence[Person]:
    """Those who are active, but for whom a frontend has just looked for in vain."""
    gone = sa.and_(people.c.present == sa.false(), people.c.present_at > now - PRESENCE_HOLDS)
    asked = sa.select(people).where(people.c.active, sa.func.coalesce(sa.not_(gone), sa.true()))
    return [person_of(row) for row in connection.execute(asked)]
