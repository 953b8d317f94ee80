"""Figures of models that never were: what judging keeps of one that takes some messages for others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from bot.training import judging
from nlu.evaluation import Labelled

#: Three languages, four intents.
LABELLED = [
    Labelled(f"{intent} {number} {language}", intent, language)
    for language, count in (("en", 20), ("de", 10), ("ar", 5))
    for intent in ("logistics_where_is_parcel", "logistics_delay", "order_state", "service_threat")
    for number in range(count)
]


def figures(
    wrong: Collection[str] = (), taken_for: str = "order_state", labelled: Sequence[Labelled] = LABELLED
) -> dict[str, Any]:
    """Of a model that takes messages which begin like these for another intent, and is less sure of them."""
    meant = {one.text: one.intent for one in labelled}

    def parse_all(texts: Sequence[str]) -> list[dict[str, Any]]:
        parsed = []
        for text in texts:
            misses = text.startswith(tuple(wrong)) if wrong else False
            first = {"name": taken_for if misses else meant[text], "confidence": 0.55 if misses else 0.95}
            parsed.append({"intent": first, "intent_ranking": [first], "threat": None})
        return parsed

    return judging.figures(parse_all, labelled)
