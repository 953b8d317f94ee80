"""The review inbox as lines of JSON and short words, for ``crossdesk review``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from bot.training.values import ActLine, Done, Group, Item, Mark, Verdict


def group_told(one: Group) -> dict[str, Any]:
    """A group, for machines."""
    return {
        **asdict(one),
        "newest_at": one.newest_at.isoformat(),
        "likely": [{"intent": name, "share": share} for name, share in one.likely],
    }


def item_told(one: Item) -> dict[str, Any]:
    """A message, for machines."""
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "language": one.language,
        "text": one.text,
        "ranking": [{"intent": name, "confidence": sure} for name, sure in one.ranking],
        "reasons": [why.value for why in one.reasons],
        "state": one.state.value,
        "verdict": verdict_told(one.verdict) if one.verdict else None,
        "marks": [{**asdict(made), "found": one.is_found(made.mark)} for made in one.marks],
        "named": None if one.named is None else [asdict(mark) for mark in one.named],
        "said": {login: verdict_told(verdict) for login, verdict in one.said.items()},
    }


def verdict_told(one: Verdict) -> dict[str, Any]:
    """What is said of a message, for machines."""
    return {
        "meaning": one.meaning.value,
        "intent": one.intent,
        "second_intent": one.second_intent,
        "marks": [asdict(mark) for mark in one.marks],
    }


def named(mark: Mark) -> str:
    """What a mark says, for people."""
    return mark.kind if mark.value is None else f"{mark.kind} {mark.value}"


def done_told(one: Done) -> dict[str, Any]:
    """What came of a decision, for machines."""
    return {**asdict(one), "verdict": verdict_told(one.verdict)}


def act_told(one: ActLine) -> dict[str, Any]:
    """A decision of the log, for machines."""
    undone = one.undone_at.isoformat() if one.undone_at else None
    return {
        **asdict(one),
        "at": one.at.isoformat(),
        "undone_at": undone,
        "verdict": verdict_told(one.verdict),
    }


def as_json_line(value: Any) -> str:
    """A value as a line of JSON."""
    return json.dumps(value, ensure_ascii=False)
