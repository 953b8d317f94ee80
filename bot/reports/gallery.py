"""The pictures of what is known of versions and weeks: drawn once for the same figures, then at hand."""

from __future__ import annotations

import datetime as dt
import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from bot.reports import charts

#: Intents in a confusion matrix: those with the most errors. More are no longer legible.
PICTURED = 40
#: Pictures that are kept at hand: a few versions and languages; each is some tens of kilobytes.
_AT_HAND = 64


class Picture(str, enum.Enum):
    """What there is of a version that was judged."""

    CONFUSION = "confusion"
    LANGUAGES = "languages"
    RELIABILITY = "reliability"

    def is_known(self, figures: Mapping[str, Any]) -> bool:
        """Whether these figures tell enough for it; those of older programs tell less."""
        needs = {"confusion": "confusions", "languages": "by_language", "reliability": "reliability"}
        return bool(figures.get("messages")) and needs[self.value] in figures


@dataclass(frozen=True)
class _Band:
    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def warm_up() -> None:
    """Load what draws: the first picture would take half a second more."""
    charts.reliability_picture(())


def of_version(picture: Picture, figures: Mapping[str, Any]) -> str:
    """A picture of a version's figures, as ``bot.training.judging`` keeps them.

    Raises:
        LookupError: the figures do not tell it.
    """
    if not picture.is_known(figures):
        raise LookupError(picture.value)
    if picture is Picture.CONFUSION:
        return _confusion(
            tuple((str(right), str(taken), int(count)) for right, taken, count in figures["confusions"]),
            tuple(
                (name, round(one["count"] * figures["by_intent"].get(name, 0.0)))
                for name, one in figures.get("intents", {}).items()
            ),
        )
    if picture is Picture.LANGUAGES:
        counts = {language: len(signs) for language, signs in figures.get("right", {}).items()}
        return _languages(tuple(figures["by_language"].items()), tuple(counts.items()))
    return _reliability(tuple(_Band(**band) for band in figures["reliability"]))


@lru_cache(maxsize=_AT_HAND)
def accuracy(versions: tuple[tuple[str, float, bool], ...]) -> str:
    """See ``charts.accuracy_picture``."""
    return charts.accuracy_picture(versions)


@lru_cache(maxsize=_AT_HAND)
def coverage(weeks: tuple[tuple[dt.date, float, float, float], ...]) -> str:
    """See ``charts.coverage_picture``."""
    return charts.coverage_picture(weeks)


@lru_cache(maxsize=_AT_HAND)
def drift(weeks: tuple[dt.date, ...], shares: tuple[tuple[str, tuple[float, ...]], ...]) -> str:
    """See ``charts.drift_picture``."""
    return charts.drift_picture(weeks, shares)


@lru_cache(maxsize=_AT_HAND)
def _confusion(wrong: Sequence[tuple[str, str, int]], right: Sequence[tuple[str, int]]) -> str:
    errors: Counter[str] = Counter()
    for meant, taken, count in wrong:
        errors[meant] += count
        errors[taken] += count
    names = (
        sorted(name for name, _ in errors.most_common(PICTURED))
        or sorted(name for name, _ in right)[:PICTURED]
    )
    place = {name: number for number, name in enumerate(names)}
    table = np.zeros((len(names), len(names)), dtype=np.int64)
    for name, count in right:
        if name in place:
            table[place[name], place[name]] = count
    for meant, taken, count in wrong:
        if meant in place and taken in place:
            table[place[meant], place[taken]] = count
    return charts.confusion_picture(names, table)


@lru_cache(maxsize=_AT_HAND)
def _languages(shares: tuple[tuple[str, float], ...], counts: tuple[tuple[str, int], ...]) -> str:
    return charts.languages_picture(dict(shares), dict(counts))


@lru_cache(maxsize=_AT_HAND)
def _reliability(bands: tuple[_Band, ...]) -> str:
    return charts.reliability_picture(bands)
