"""The report on how well a model understands a labelled set: as JSON, and as a page that stands alone."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from bot.reports.charts import confusion_picture, languages_picture, reliability_picture
from nlu.breakdown import by_intent, by_language, confusion, reliability, worst
from nlu.evaluation import Evaluation, Judged, topic_of

#: Errors that are shown.
WORST = 50
#: Intents that the picture shows at most: those with the most errors.
PICTURED = 120
_HERE = Path(__file__).parent


def report(evaluation: Evaluation, *, model: str, data: str, at: dt.datetime) -> dict[str, Any]:
    """All figures, ready for JSON; shares are between 0 and 1."""
    judged = evaluation.judged
    return {
        "model": model,
        "data": data,
        "at": at.isoformat(timespec="seconds"),
        "messages": len(judged),
        "accuracy": evaluation.accuracy,
        "macro_f1": evaluation.macro_f1,
        "topic_accuracy": evaluation.topic_accuracy,
        "top_three": evaluation.top_three,
        "fallbacks": evaluation.fallbacks,
        "accuracy_answered": evaluation.accuracy_answered,
        "calibration_error": evaluation.calibration_error,
        "languages": [asdict(one) for one in by_language(judged)],
        "intents": [asdict(one) for one in by_intent(judged)],
        "reliability": [asdict(band) for band in reliability(judged)],
        "confusions": [
            {"intent": right, "taken_for": taken, "count": count}
            for right, taken, count in evaluation.confusions
        ],
        "worst": [_error(item) for item in worst(judged, WORST)],
    }


def page(evaluation: Evaluation, figures: dict[str, Any]) -> str:
    """The report as HTML, its pictures in it."""
    pairs = _pictured(evaluation.judged)
    topics = [(topic_of(item.labelled.intent), topic_of(item.intent)) for item in evaluation.judged]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.1f}"
    pictures = {
        "languages": languages_picture(
            evaluation.by_language, Counter(item.labelled.language or "?" for item in evaluation.judged)
        ),
        "reliability": reliability_picture(reliability(evaluation.judged)),
        "topics": confusion_picture(*confusion(topics)),
        "intents": confusion_picture(*confusion(pairs)),
    }
    return environment.get_template("evaluation.html").render(
        figures,
        # Made by matplotlib, which escapes the names in them.
        pictures={name: Markup(picture) for name, picture in pictures.items()},  # noqa: S704
    )


def write(evaluation: Evaluation, figures: dict[str, Any], html: Path, record: Path) -> None:
    """Write the page and the record.

    Raises:
        OSError: a file cannot be written.
    """
    html.write_text(page(evaluation, figures), encoding="utf-8")
    record.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _error(item: Judged) -> dict[str, Any]:
    return {
        "text": item.labelled.text,
        "language": item.labelled.language,
        "intent": item.labelled.intent,
        "taken_for": item.intent,
        "confidence": item.confidence,
        "fallback": item.fallback,
        "ranking": list(item.ranking[:3]),
    }


def _pictured(judged: Sequence[Judged]) -> list[tuple[str, str]]:
    """What the picture of intents counts: (right, taken for), of the intents that it has room for."""
    errors: Counter[str] = Counter()
    for item in judged:
        for name in (item.labelled.intent, item.intent):
            errors[name] += not item.right
    shown = {name for name, _ in errors.most_common(PICTURED)}
    pairs = [(item.labelled.intent, item.intent) for item in judged]
    return [pair for pair in pairs if shown.issuperset(pair)]
