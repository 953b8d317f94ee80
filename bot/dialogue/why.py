"""Why the bot said what it said."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML

from bot.dialogue.replay import StoredTurn
from bot.dialogue.turns import TurnReport
from bot.settings import ROOT


def why(report: TurnReport | None) -> str:
    """Intent, confidence, language, flow and rule of a turn, a line each."""
    if report is None:
        return "Nothing was said yet."
    read = report.understanding
    lines = []
    if read is not None:
        others = ", ".join(f"{name} {sure:.2f}" for name, sure in read.ranking[1:3])
        lines.append(f"intent: {read.intent} ({read.confidence:.2f}; then {others or 'nothing'})")
        if len(read.requests) > 1:
            lines.append(f"requests: {', '.join(one.intent for one in read.requests)}")
        lines.append(f"language: {read.language}{'' if read.language_known else ' (not one of the store)'}")
        found = ", ".join(f"{item['entity']}={item.get('value')}" for item in read.entities)
        lines.append(f"found: {found or 'nothing'}")
    lines.append(f"flow: {report.flow or 'none'}")
    steps = [str(step["action"]) for step in report.steps]
    lines.append(f"rule: {rule_of(read.intent if read else None, steps)}")
    lines.append(
        "steps: " + (", ".join(f"{s['action']} ({_policy(s)})" for s in report.steps) or report.note)
    )
    lines += [_fact(fact) for fact in report.facts]
    return "\n".join(lines)


def why_of(turn: StoredTurn) -> str:
    """The same of a turn of the past, with its time, its model and what was said."""
    steps = [str(step["action"]) for step in turn.steps]
    sure = "" if turn.confidence is None else f" ({turn.confidence:.2f})"
    lines = [
        f"turn {turn.id}: {turn.at:%Y-%m-%d %H:%M:%S} UTC, with the model {turn.model or 'none'}",
        f"words: {turn.words or 'nobody wrote down which'}",
        f"intent: {turn.intent or 'none'}{sure}",
        f"language: {turn.language}",
        f"flow: {turn.flow or 'none'}",
        f"rule: {rule_of(turn.intent, steps)}",
        "steps: " + (", ".join(f"{step['action']} ({_policy(step)})" for step in turn.steps) or "none"),
    ]
    lines += [_fact(fact) for fact in turn.facts]
    lines += [f"said: {' '.join(one.text.split())}" for one in turn.said]
    return "\n".join(lines)


def rule_of(intent: str | None, actions: list[str]) -> str:
    """The name of the rule in ``stories/`` whose steps were taken last, or what drove the turn instead."""
    best = "the form that was being filled"
    for name, intents, steps in _rules():
        if actions and steps and actions[-len(steps) :] == list(steps) and (not intents or intent in intents):
            return name
        if actions and intents and intent in intents and steps[:1] == tuple(actions[:1]):
            best = name
    return best


def _fact(fact: Mapping[str, Any]) -> str:
    values = ", ".join(f"{key}={value}" for key, value in fact.items() if key not in ("what", "at"))
    return f"read: {fact['what']} {values}"


def _policy(step: Any) -> str:
    return str(step.get("policy") or "form").split("_")[-1]


@lru_cache(maxsize=1)
def _rules() -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Each shipped rule's name, intents and actions."""
    found = []
    for path in sorted((ROOT / "stories").rglob("*.yml")):
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        for rule in content.get("rules") or ():
            intents: list[str] = []
            for step in rule["steps"]:
                intents += [one["intent"] for one in step.get("or", (step,)) if "intent" in one]
            actions = tuple(step["action"] for step in rule["steps"] if "action" in step)
            found.append((f"{path.stem}: {rule['rule']}", tuple(intents), actions))
    return tuple(found)
