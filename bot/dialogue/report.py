"""What came of a turn, told to those who watch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.desk.values.cases import Case
from bot.dialogue.turn import Said, Understanding


@dataclass(frozen=True)
class TurnReport:
    """What came of one turn, for those who watch: ``converse``, ``chat`` and tests."""

    conversation_id: int
    note: str
    said: Sequence[Said] = ()
    understanding: Understanding | None = None
    flow: str | None = None
    steps: Sequence[Any] = ()
    facts: Sequence[Any] = ()
    case: Case | None = None
    #: What it stands on, as ``grounds.grounds_of`` tells it.
    grounds: Mapping[str, Any] | None = None
    #: The conversation's; only from ``TurnTaker.take_next``.
    channel: str = ""
