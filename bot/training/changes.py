"""How a candidate does beside the released model on the same messages, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

#: Draws of a bootstrap.
DRAWS = 2000
#: What stands for all languages together.
ALL = "all"


@dataclass(frozen=True)
class Change:
    """How another model does on the same messages."""

    #: A language, ``all``, or an intent.
    of: str
    count: int
    before: float
    after: float
    #: Of the difference, in which it lies with a probability of 95 %.
    low: float
    high: float

    @property
    def difference(self) -> float:
        """Positive: better."""
        return self.after - self.before

    @property
    def sure(self) -> bool:
        """Whether it is no matter of chance."""
        return self.low > 0 or self.high < 0


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """How the second of two models' figures differ from the first's: in all, then by language.

    Raises:
        ValueError: they were asked for different sets.
    """
    if before["test_set"] != after["test_set"]:
        raise ValueError("the two were judged on different test sets")
    old, new = before["right"], after["right"]
    return [
        change(ALL, "".join(old[name] for name in sorted(old)), "".join(new[name] for name in sorted(old))),
        *(change(name, old[name], new[name]) for name in sorted(old)),
    ]


@dataclass(frozen=True)
class Beside:
    """A version beside the released one on the test set."""

    #: In all, then by language.
    languages: tuple[Change, ...]
    #: Intents of which other messages are right; those that lose most first.
    intents: tuple[Change, ...]
    #: By how much each is off on average in what it says of its own sureness, between 0 and 1.
    calibration: tuple[float, float]


def beside(before: Mapping[str, Any], after: Mapping[str, Any]) -> Beside | None:
    """What the figures of two models tell of each other; None where they were not asked the same."""
    for one in (before, after):
        if one.get("test_set") != before.get("test_set") or "right_by_intent" not in one:
            return None
    old, new = before["right_by_intent"], after["right_by_intent"]
    differing = (change(name, old[name], new[name]) for name in sorted(old) if old[name] != new[name])
    return Beside(
        tuple(changes(before, after)),
        tuple(sorted(differing, key=lambda one: one.difference)),
        (before["calibration_error"], after["calibration_error"]),
    )


@lru_cache(maxsize=1024)
def change(of: str, before: str, after: str) -> Change:
    """The difference of two models on the same messages, by a paired bootstrap; ``+`` is a right one.

    Drawn once for the same signs: pages ask again and again.
    """
    # The front, which shows it, is small without.
    import numpy as np

    old, new = (np.frombuffer(signs.encode("ascii"), dtype="S1") == b"+" for signs in (before, after))
    count, worse, better = len(old), int((old & ~new).sum()), int((new & ~old).sum())
    # To draw as many pairs anew is to draw how many of them are lost, won and the same.
    shares = np.array([worse, better, count - worse - better]) / count
    drawn = np.random.default_rng(0).multinomial(count, shares, DRAWS)
    low, high = np.percentile((drawn[:, 1] - drawn[:, 0]) / count, [2.5, 97.5])
    return Change(of, count, float(old.mean()), float(new.mean()), float(low), float(high))
