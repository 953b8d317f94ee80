"""What a turn's words stand on: the clauses of ``shop.yml``, as they were in force then."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from bot.dialogue.check.acts import clause_of, shipped
from bot.settings import ShopRules

#: The longest value that is kept with a turn, in characters; of longer ones, such as all lanes, the version.
LONGEST_VALUE = 200
#: Digits of a version: enough to tell any two apart.
DIGITS = 12


def version_of(rules: ShopRules) -> str:
    """A short digest of all rules of the store; the same rules have the same, whoever reads them."""
    told = json.dumps(json.loads(rules.json()), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(told.encode("ascii")).hexdigest()[:DIGITS]


def grounds_of(rules: ShopRules, version: str, replies: Iterable[str]) -> dict[str, Any]:
    """What is kept with a turn: ``rules``, ``replies``, and ``clauses`` with their values.

    Args:
        rules: in force now.
        version: theirs.
        replies: the names of those that were said.
    """
    names = list(dict.fromkeys(replies))
    clauses = dict.fromkeys(clause for name in names for clause in shipped().clauses(name))
    return {"rules": version, "replies": names, "clauses": {one: _value(rules, one) for one in clauses}}


def told(grounds: Mapping[str, Any] | None) -> list[str]:
    """The clauses in words, one each: ``returns.window_days = 7``."""
    clauses: Mapping[str, Any] = (grounds or {}).get("clauses") or {}
    return [name if value is None else f"{name} = {_shown(value)}" for name, value in clauses.items()]


def _value(rules: ShopRules, clause: str) -> Any:
    """The clause's value as JSON; None where it is too long to be kept."""
    value = clause_of(rules, clause)
    plain = json.loads(value.json()) if hasattr(value, "json") else json.loads(json.dumps(value, default=str))
    return plain if len(json.dumps(plain)) <= LONGEST_VALUE else None


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, (str, int, float)) else json.dumps(value, ensure_ascii=False)
