"""Messages that mean nearly the same, found by their sentence vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]

#: Cosine from which on a message joins a group whose likeliest intent is its own, and from which on whatever
#: the model made of it. Chosen on the training examples, where such groups are to 93 and 99 % of one intent,
#: although those were written to differ.
NEAR, ALIKE = 0.75, 0.85
#: So many of the nearest groups are looked at.
_LOOKED_AT = 5


class Encode(Protocol):
    """Turns texts into vectors of unit length, one row for each."""

    @property
    def name(self) -> str:
        """Vectors of different names must not be mixed."""

    def __call__(self, texts: list[str]) -> Vector:
        """The vectors, in the texts' order."""


@dataclass
class Cluster:
    """A group as it grows."""

    #: None until it is stored.
    id: int | None
    language: str
    #: The likeliest intent of its first message.
    intent: str
    #: The sum of its members' vectors.
    centre: Vector
    members: int
    likely: dict[str, float]
    #: Which of the new messages have joined.
    joined: list[int] = field(default_factory=list)


class Clusters:
    """All open groups, and where a new message belongs."""

    def __init__(self, known: list[Cluster]) -> None:
        self._by_language: dict[str, list[Cluster]] = {}
        for one in known:
            self._by_language.setdefault(one.language, []).append(one)
        self._directions = {
            language: np.stack([_direction(one.centre) for one in those])
            for language, those in self._by_language.items()
        }

    def place(self, number: int, language: str, vector: Vector, ranking: list[tuple[str, float]]) -> Cluster:
        """The group that a message joins, or the one that it begins.

        Args:
            number: what the caller calls the message.
            language: only groups of the same language are looked at.
            vector: of unit length.
            ranking: what the model made of it, the likeliest first.
        """
        row = self._nearest(language, vector, ranking[0][0])
        if row is None:
            row = self._add(Cluster(None, language, ranking[0][0], np.zeros_like(vector), 0, {}))
        cluster = self._by_language[language][row]
        cluster.centre = cluster.centre + vector
        self._directions[language][row] = _direction(cluster.centre)
        cluster.members += 1
        for name, sure in ranking:
            cluster.likely[name] = round(cluster.likely.get(name, 0.0) + sure, 4)
        cluster.joined.append(number)
        return cluster

    def _nearest(self, language: str, vector: Vector, intent: str) -> int | None:
        those = self._by_language.get(language)
        if not those:
            return None
        near = self._directions[language][: len(those)] @ vector
        # The nearest of the same intent will do, where the very nearest is of another.
        for row in np.argsort(-near)[:_LOOKED_AT]:
            if near[row] >= ALIKE or (near[row] >= NEAR and those[row].intent == intent):
                return int(row)
        return None

    def _add(self, cluster: Cluster) -> int:
        those = self._by_language.setdefault(cluster.language, [])
        rows = self._directions.get(cluster.language)
        if rows is None:
            rows = np.zeros((64, len(cluster.centre)), dtype=np.float32)
        if len(those) == len(rows):
            # Room for as many again: each new group would copy all others else.
            rows = np.concatenate([rows, np.zeros_like(rows)])
        self._directions[cluster.language] = rows
        those.append(cluster)
        return len(those) - 1


def _direction(centre: Vector) -> Vector:
    length = float(np.linalg.norm(centre))
    return centre / length if length else centre
