"""How far people agree on what messages mean, beyond what chance alone would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.training.labels import votes
from bot.training.tables import review_labels
from bot.training.values import Verdict

#: So many of the newest messages that two people have labelled are counted.
NEWEST = 2_000


@dataclass(frozen=True)
class Agreement:
    """How far two people agree; of all pairs together where no names are given."""

    people: tuple[str, str] | None
    #: Messages that both have labelled.
    messages: int
    #: The share of them on which they say the same.
    same: float
    #: Cohen's kappa: 1 is full agreement, 0 what chance gives; None where it is not defined.
    kappa: float | None


def kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa of two raters' labels (Cohen 1960); None where it is not defined."""
    if not pairs:
        return None
    count = len(pairs)
    seen = sum(one == other for one, other in pairs) / count
    firsts, seconds = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(firsts[label] * seconds[label] for label in firsts) / count**2
    return None if chance == 1 else (seen - chance) / (1 - chance)


def agreements(connection: Connection) -> list[Agreement]:
    """The agreement of all pairs together, then of each pair of people, by name."""
    twice = (
        connection.execute(
            sa.select(review_labels.c.item_id)
            .group_by(review_labels.c.item_id)
            .having(sa.func.count() > 1)
            .order_by(review_labels.c.item_id.desc())
            .limit(NEWEST)
        )
        .scalars()
        .all()
    )
    pairs: dict[tuple[str, str], list[tuple[Verdict, Verdict]]] = {}
    for start in range(0, len(twice), 500):
        for said in votes(connection, twice[start : start + 500]).values():
            # Who came later may have seen a dispute: only the first two count.
            (one, first), (other, second) = list(said.items())[:2]
            # Marks are seen by whoever comes second: to agree on them is no judgement of one's own.
            first, second = replace(first, marks=()), replace(second, marks=())
            if one < other:
                pairs.setdefault((one, other), []).append((first, second))
            else:
                pairs.setdefault((other, one), []).append((second, first))
    if not pairs:
        return []
    everything = [pair for those in pairs.values() for pair in those]
    return [_agreement(None, everything), *(_agreement(names, pairs[names]) for names in sorted(pairs))]


def _agreement(names: tuple[str, str] | None, pairs: Sequence[tuple[Verdict, Verdict]]) -> Agreement:
    same = sum(one == other for one, other in pairs) / len(pairs)
    return Agreement(names, len(pairs), same, kappa(pairs))
