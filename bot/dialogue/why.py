"""Why the bot said what it said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.dialogue.because import fact_line, rule_of
from bot.dialogue.grounds import told
from bot.dialogue.replay import StoredTurn
from bot.dialogue.report import TurnReport


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
    lines += _ground(report.grounds)
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
    lines += _ground(turn.grounds)
    lines += [_fact(fact) for fact in turn.facts]
    lines += [f"said: {' '.join(one.text.split())}" for one in turn.said]
    return "\n".join(lines)


def _fact(fact: Mapping[str, Any]) -> str:
    return f"read: {fact_line(fact)}"


def _ground(grounds: Mapping[str, Any] | None) -> list[str]:
    version = (grounds or {}).get("rules")
    return [] if version is None else [f"policy: {one} (rules {version})" for one in told(grounds)]


def _policy(step: Any) -> str:
    return str(step.get("policy") or "form").split("_")[-1]
