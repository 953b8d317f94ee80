"""How well versions understood the test set, kept for longer than the versions themselves."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bot.settings import Settings
from bot.shelf import write_json
from bot.training.models import models_folder

#: Versions that are remembered: one a week for four years.
MOST = 200


@dataclass(frozen=True)
class Point:
    """How well one version understands the test set; shares are between 0 and 1."""

    #: The model file's name; the file itself may be gone.
    name: str
    made_at: dt.datetime
    #: By which test sets are told apart: versions that were judged on different ones cannot be compared.
    test_set: str
    messages: int
    accuracy: float
    by_language: Mapping[str, float]

    @classmethod
    def of(cls, name: str, made_at: dt.datetime, figures: Mapping[str, Any]) -> Point | None:
        """What is remembered of a version's figures; None where nobody judged it."""
        try:
            return cls(
                name,
                made_at,
                str(figures["test_set"]),
                int(figures["messages"]),
                float(figures["accuracy"]),
                {str(language): float(share) for language, share in figures["by_language"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return None


def keep(settings: Settings, name: str, made_at: dt.datetime, figures: Mapping[str, Any]) -> None:
    """Remember a version whose file goes; one that nobody judged is forgotten."""
    point = Point.of(name, made_at, figures)
    if point is None:
        return
    others = [one for one in remembered(settings) if one.name != name]
    latest = sorted([*others, point], key=lambda one: one.made_at)[-MOST:]
    records = [asdict(one) | {"made_at": one.made_at.isoformat()} for one in latest]
    write_json(models_folder(settings) / "history.json", records)


def remembered(settings: Settings) -> list[Point]:
    """The versions that went, in the order in which they were made; none where the file is damaged."""
    try:
        records = json.loads((models_folder(settings) / "history.json").read_text(encoding="utf-8"))
        found = [Point.of(one["name"], dt.datetime.fromisoformat(one["made_at"]), one) for one in records]
    except (OSError, ValueError, TypeError, KeyError):
        return []
    return [one for one in found if one is not None]
