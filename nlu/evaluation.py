"""How well a trained model understands a labelled set."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

#: What Rasa's FallbackClassifier says instead of an intent.
FALLBACK = "nlu_fallback"
_OUT_OF_SCOPE = "out_of_scope"


class LabelledSetError(ValueError):
    """A file of labelled messages cannot be read; the message says which and why."""


@dataclass(frozen=True)
class Labelled:
    """A message, and what it means."""

    text: str
    intent: str
    language: str | None = None


@dataclass(frozen=True)
class Judged:
    """A labelled message with what the model made of it.

    `intent` is the likeliest one, whatever the thresholds say of it; `fallback` tells that they refuse it.
    """

    labelled: Labelled
    intent: str
    confidence: float
    fallback: bool
    ranking: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether the likeliest intent is the labelled one."""
        return self.intent == self.labelled.intent


@dataclass(frozen=True)
class Evaluation:
    """The figures; shares are between 0 and 1."""

    judged: tuple[Judged, ...]
    #: Share of messages whose likeliest intent is the right one.
    accuracy: float
    #: The same of topics.
    topic_accuracy: float
    #: Share of messages that have the right intent among the three likeliest.
    top_three: float
    #: Mean over intents of F1.
    macro_f1: float
    #: Share of messages refused by the thresholds, and the accuracy of the others.
    fallbacks: float
    accuracy_answered: float
    #: Mean difference of confidence and accuracy in ten bands.
    calibration_error: float
    #: Recall of each intent.
    by_intent: Mapping[str, float]
    by_language: Mapping[str, float]
    #: (right, taken for, how often), the most frequent first.
    confusions: tuple[tuple[str, str, int], ...]


def topic_of(intent: str) -> str:
    """Return the topic that an intent's name begins with; `other` for out of scope and fallback."""
    return "other" if intent in (_OUT_OF_SCOPE, FALLBACK) else intent.partition("_")[0]


def read_labelled(folder: Path) -> list[Labelled]:
    """Read all examples of the Rasa NLU files below a folder; `folder/<lang>/…` tells the language.

    Raises: LabelledSetError.
    """
    found: list[Labelled] = []
    for path in sorted(folder.rglob("*.yml")):
        place = path.relative_to(folder).parts
        language = place[0] if len(place) > 1 else None
        try:
            data = YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {}
            for block in data.get("nlu", ()):
                intent = block["intent"]
                if not isinstance(intent, str) or not intent:
                    raise TypeError(f"an intent's name is expected, not {intent!r}")
                lines = (line.strip() for line in block["examples"].splitlines())
                texts = (line[2:].strip() for line in lines if line.startswith("- "))
                found += [Labelled(text, intent, language) for text in texts if text]
        except KeyError as error:
            raise LabelledSetError(f"{path}: an entry below `nlu:` has no {error}") from error
        except (OSError, ValueError, YAMLError, AttributeError, TypeError, RecursionError) as error:
            raise LabelledSetError(f"{path}: {type(error).__name__}: {error}") from error
    if not found:
        raise LabelledSetError(f"{folder} holds no labelled messages (.yml files with `nlu:` examples)")
    return found


def evaluate(parse: Callable[[str], Mapping[str, Any]], labelled: Iterable[Labelled]) -> Evaluation:
    """Judge what `parse` (text in, Rasa's parse result out) makes of each labelled message.

    Raises: LabelledSetError, where there are none.
    """
    return evaluate_parsed((parse(item.text), item) for item in labelled)


def evaluate_parsed(parsed: Iterable[tuple[Mapping[str, Any], Labelled]]) -> Evaluation:
    """Judge Rasa's parse results beside the messages that they are of.

    Raises: LabelledSetError, where there are none.
    """
    judged = [_judge(result, item) for result, item in parsed]
    if not judged:
        raise LabelledSetError("there are no labelled messages to evaluate on")
    right = [item.right for item in judged]
    answered = [hit for hit, item in zip(right, judged, strict=True) if not item.fallback]
    wrong = Counter((item.labelled.intent, item.intent) for item in judged if not item.right)
    return Evaluation(
        judged=tuple(judged),
        accuracy=_share(right),
        topic_accuracy=_share([topic_of(item.intent) == topic_of(item.labelled.intent) for item in judged]),
        top_three=_share([item.labelled.intent in item.ranking[:3] for item in judged]),
        macro_f1=macro_f1(judged),
        fallbacks=_share([item.fallback for item in judged]),
        accuracy_answered=_share(answered),
        calibration_error=_calibration_error([item.confidence for item in judged], right),
        by_intent=_recall(judged, lambda item: item.labelled.intent),
        by_language=_recall(judged, lambda item: item.labelled.language or "?"),
        confusions=tuple((*pair, count) for pair, count in wrong.most_common()),
    )


def _judge(parsed: Mapping[str, Any], labelled: Labelled) -> Judged:
    ranking = [item for item in parsed.get("intent_ranking") or () if item["name"] != FALLBACK]
    intent = parsed.get("intent") or {}
    first = ranking[0] if ranking else intent
    return Judged(
        labelled,
        first.get("name") or FALLBACK,
        float(first.get("confidence") or 0.0),
        intent.get("name") in (None, FALLBACK),
        tuple(item["name"] for item in ranking),
    )


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0


def _recall(judged: Sequence[Judged], key: Callable[[Judged], str]) -> dict[str, float]:
    groups: defaultdict[str, list[bool]] = defaultdict(list)
    for item in judged:
        groups[key(item)].append(item.right)
    return {name: _share(groups[name]) for name in sorted(groups)}


def macro_f1(judged: Sequence[Judged]) -> float:
    """Return the mean F1 of the labelled intents."""
    truth = Counter(item.labelled.intent for item in judged)
    taken = Counter(item.intent for item in judged)
    hits = Counter(item.intent for item in judged if item.right)
    scores = [2 * hits[name] / (truth[name] + taken[name]) for name in truth]
    return sum(scores) / len(scores)


def _calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    sure, hits = np.asarray(confidences), np.asarray(right, dtype=float)
    bands = np.minimum((sure * 10).astype(int), 9)
    return float(
        sum(
            (bands == band).mean() * abs(sure[bands == band].mean() - hits[bands == band].mean())
            for band in np.unique(bands)
        )
    )
