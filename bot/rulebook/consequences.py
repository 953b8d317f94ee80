"""What a change of rules comes to: the values that change, when, and what buyers heard that stood on them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.dialogue.check import acts
from bot.dialogue.tables import turns
from bot.settings import ShopRules
from bot.settings.released import AFTER_RESTART

#: Turns are looked at that were taken in so many days, and at most so many of the latest.
DAYS, MOST = 30, 2_000


@dataclass(frozen=True)
class Change:
    """A setting that has another value."""

    #: Such as ``authority.refund``.
    place: str
    #: As JSON has them; None where there was or will be none.
    before: Any
    after: Any
    #: Why it is taken only after a restart; empty: from the next turn on.
    after_restart: str = ""
    #: The replies that stand on it.
    replies: tuple[str, ...] = ()
    #: How many of the turns that were looked at said one of those.
    turns: int = 0


@dataclass(frozen=True)
class Consequences:
    """What a change of rules comes to."""

    changes: tuple[Change, ...] = ()
    #: How many turns were looked at.
    looked_at: int = 0


def changes(before: ShopRules, after: ShopRules) -> list[Change]:
    """The settings that have another value, in the rules' order."""
    old, new = (dict(_leaves(json.loads(one.json(by_alias=True)))) for one in (before, after))
    return [
        Change(
            place,
            old.get(place),
            new.get(place),
            AFTER_RESTART.get(place.split(".", 1)[0], ""),
            tuple(_standing_on(place)),
        )
        for place in dict.fromkeys([*old, *new])
        if old.get(place) != new.get(place) or (place in old) != (place in new)
    ]


def consequences(
    connection: Connection, before: ShopRules, after: ShopRules, now: dt.datetime
) -> Consequences:
    """The same, with how often buyers heard of late what stands on each."""
    found = changes(before, after)
    if not any(one.replies for one in found):
        return Consequences(tuple(found))
    rows = connection.execute(
        sa.select(turns.c.grounds)
        .where(turns.c.grounds.is_not(None), turns.c.at >= now - dt.timedelta(days=DAYS))
        .order_by(turns.c.id.desc())
        .limit(MOST)
    )
    heard = [frozenset((row.grounds or {}).get("replies", ())) for row in rows]
    counted = (replace(one, turns=sum(not said.isdisjoint(one.replies) for said in heard)) for one in found)
    return Consequences(tuple(counted), len(heard))


def _standing_on(place: str) -> Iterator[str]:
    """The replies that declare to stand on a setting, on what holds it, or on a part of it."""
    table = acts.shipped()
    for key in table.places:
        for clause in table.clauses(key):
            if place == clause or place.startswith(f"{clause}.") or clause.startswith(f"{place}."):
                yield key
                break


def _leaves(holder: Mapping[str, Any], path: Sequence[str] = ()) -> Iterator[tuple[str, Any]]:
    for key, value in holder.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield ".".join((*path, key)), value
