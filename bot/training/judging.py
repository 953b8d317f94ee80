"""How well a model understands the test set: asked once, and kept with it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bot.settings import ROOT
from nlu.breakdown import by_intent, reliability
from nlu.evaluation import Judged, Labelled, evaluate_parsed

#: Labelled messages that no model is trained on, ``<lang>/<topic>.yml``.
TEST_SET = ROOT / "tests" / "nlu" / "data"
#: What a message with a threat or harm in it means.
THREAT = "service_threat"
#: Messages that are read at once.
BATCH = 256

#: Rasa's parse results of many messages.
ParseAll = Callable[[Sequence[str]], Sequence[Mapping[str, Any]]]


def figures(parse_all: ParseAll, labelled: Sequence[Labelled]) -> dict[str, Any]:
    """What is kept of how a model understands a labelled set.

    Shares are between 0 and 1; ``right`` has by language a sign for each message, in order,
    ``right_by_intent`` the same by what is meant, and ``missed`` the places of those with a threat that was
    not seen. ``intents`` has of each how many messages mean it, and how many of those that are taken for it
    do; ``confusions`` has (right, taken for, how often); ``reliability`` the bands of confidence that hold a
    message.
    """
    parsed = list(_parsed(parse_all, [one.text for one in labelled]))
    result = evaluate_parsed(zip(parsed, labelled, strict=True))
    return {
        "test_set": test_set_digest(labelled),
        "messages": len(labelled),
        "accuracy": result.accuracy,
        "macro_f1": result.macro_f1,
        "fallbacks": result.fallbacks,
        "calibration_error": result.calibration_error,
        "by_language": dict(result.by_language),
        "by_intent": dict(result.by_intent),
        "intents": {
            one.intent: {"count": one.count, "precision": one.precision} for one in by_intent(result.judged)
        },
        "confusions": [list(one) for one in result.confusions],
        "reliability": [asdict(band) for band in reliability(result.judged)],
        "right": _signs((one.labelled.language or "?", one.right) for one in result.judged),
        "right_by_intent": _signs((one.labelled.intent, one.right) for one in result.judged),
        "missed": [
            number
            for number, (one, read) in enumerate(zip(result.judged, parsed, strict=True))
            if _is_missed(one, read)
        ],
    }


def test_set_digest(labelled: Sequence[Labelled]) -> str:
    """By which figures on the same messages are known."""
    digest = hashlib.sha256()
    for one in labelled:
        digest.update(f"{one.language}\0{one.intent}\0{one.text}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _parsed(parse_all: ParseAll, texts: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for start in range(0, len(texts), BATCH):
        yield from parse_all(texts[start : start + BATCH])


def _is_missed(one: Judged, read: Mapping[str, Any]) -> bool:
    return one.labelled.intent == THREAT and one.intent != THREAT and read.get("threat") is None


def _signs(judged: Iterable[tuple[str, bool]]) -> dict[str, str]:
    signs: defaultdict[str, str] = defaultdict(str)
    for name, right in judged:
        signs[name] += "+" if right else "-"
    return dict(signs)
