"""What stands behind a turn of the past: its rule, its clauses and its facts, for those who ask why."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from ruamel.yaml import YAML
from sqlalchemy.engine import Connection

from bot.desk.values.views import Because
from bot.dialogue.grounds import told
from bot.dialogue.tables import turns
from bot.mailroom.tables import outbox
from bot.settings import ROOT

#: How the bot's own messages are named in the outbox: by the turn's message.
_TURN = "turn:"


def because(connection: Connection, conversation_id: int, position: int) -> Because | None:
    """Why the bot said what stands at this place of a conversation; None if no turn that is kept said it."""
    key = connection.execute(
        sa.select(outbox.c.key).where(
            outbox.c.conversation_id == conversation_id, outbox.c.position == position
        )
    ).scalar_one_or_none()
    inbox_id = str(key or "").removeprefix(_TURN).partition(":")[0]
    if not str(key or "").startswith(_TURN) or not inbox_id.isdigit():
        return None
    turn = connection.execute(sa.select(turns).where(turns.c.inbox_id == int(inbox_id))).one_or_none()
    if turn is None:
        return None
    steps = [str(step["action"]) for step in turn.steps]
    return Because(
        at=turn.at,
        model=turn.model,
        intent=turn.intent,
        confidence=turn.confidence,
        flow=turn.flow,
        rule=rule_of(turn.intent, steps),
        steps=tuple(steps),
        rules=(turn.grounds or {}).get("rules"),
        clauses=tuple(told(turn.grounds)),
        facts=tuple(map(fact_line, turn.facts)),
    )


def rule_of(intent: str | None, actions: list[str]) -> str:
    """The name of the rule in ``stories/`` whose steps were taken last, or what drove the turn instead."""
    best = "the form that was being filled"
    for name, intents, steps in _rules():
        if actions and steps and actions[-len(steps) :] == list(steps) and (not intents or intent in intents):
            return name
        if actions and intents and intent in intents and steps[:1] == tuple(actions[:1]):
            best = name
    return best


def fact_line(fact: Mapping[str, Any]) -> str:
    """A fact that was read, in a line."""
    values = ", ".join(f"{key}={value}" for key, value in fact.items() if key not in ("what", "at"))
    return f"{fact['what']}: {values}"


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
