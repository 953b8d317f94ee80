"""An evaluation taken apart: by language, by intent, by confidence, and the errors that matter most."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlu.evaluation import Judged, macro_f1, topic_of

BANDS = 10


@dataclass(frozen=True)
class LanguageFigures:
    """How well messages of one language are understood; shares are between 0 and 1."""

    language: str
    count: int
    accuracy: float
    topic_accuracy: float
    macro_f1: float
    fallbacks: float


@dataclass(frozen=True)
class IntentFigures:
    """How well one intent is told from the others."""

    intent: str
    count: int
    precision: float
    recall: float
    f1: float
    #: What its messages are taken for instead, the most frequent first.
    taken_for: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Band:
    """The messages whose confidence lies between two bounds."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def by_language(judged: Sequence[Judged]) -> tuple[LanguageFigures, ...]:
    """Return the figures of each language, `?` where a message has none."""
    groups: defaultdict[str, list[Judged]] = defaultdict(list)
    for item in judged:
        groups[item.labelled.language or "?"].append(item)
    return tuple(
        LanguageFigures(
            name,
            len(group),
            _share([item.right for item in group]),
            _share([topic_of(item.intent) == topic_of(item.labelled.intent) for item in group]),
            macro_f1(group),
            _share([item.fallback for item in group]),
        )
        for name, group in sorted(groups.items())
    )


def by_intent(judged: Sequence[Judged]) -> tuple[IntentFigures, ...]:
    """Return the figures of each labelled intent, the least understood first."""
    truth = Counter(item.labelled.intent for item in judged)
    taken = Counter(item.intent for item in judged)
    hits = Counter(item.intent for item in judged if item.right)
    wrong: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for item in judged:
        if not item.right:
            wrong[item.labelled.intent][item.intent] += 1
    figures = (
        IntentFigures(
            name,
            count,
            hits[name] / taken[name] if taken[name] else 0.0,
            hits[name] / count,
            2 * hits[name] / (count + taken[name]),
            tuple(wrong[name].most_common()),
        )
        for name, count in truth.items()
    )
    return tuple(sorted(figures, key=lambda one: (one.f1, one.intent)))


def reliability(judged: Sequence[Judged]) -> tuple[Band, ...]:
    """Return the bands of confidence that hold a message, from the least sure to the surest."""
    sure = np.array([item.confidence for item in judged])
    right = np.array([item.right for item in judged], dtype=float)
    band_of = np.clip((sure * BANDS).astype(int), 0, BANDS - 1)
    return tuple(
        Band(
            band / BANDS,
            (band + 1) / BANDS,
            int((band_of == band).sum()),
            float(sure[band_of == band].mean()),
            float(right[band_of == band].mean()),
        )
        for band in np.unique(band_of).tolist()
    )


def worst(judged: Sequence[Judged], count: int) -> tuple[Judged, ...]:
    """Return the errors of which the model is surest: those that no threshold catches come first."""
    wrong = [item for item in judged if not item.right]
    return tuple(
        sorted(wrong, key=lambda item: (item.fallback, -item.confidence, item.labelled.text))[:count]
    )


def confusion(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Return the names and, for (right, taken for), how often each row is taken for each column."""
    names = tuple(sorted({name for pair in pairs for name in pair}))
    place = {name: number for number, name in enumerate(names)}
    table = np.zeros((len(names), len(names)), dtype=np.int64)
    for right, taken in pairs:
        table[place[right], place[taken]] += 1
    return names, table


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0
