"""What was done with rules: edited, released, taken back, by whom and what for."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from bot.actlog import ActLog, Line
from bot.rulebook.tables import rule_acts
from bot.training import overview

#: Settings that a line of the overview names.
_TOLD = 3


class Act(str, enum.Enum):
    """What was done."""

    EDIT = "edit"
    DROP = "drop"
    RELEASE = "release"
    ROLL_BACK = "roll back"


@dataclass(frozen=True)
class Entry(Line):
    """One line of the log."""

    note: str = ""
    #: The settings that were changed, such as ``authority.refund``.
    changed: Sequence[str] = ()


LOG = ActLog(rule_acts, Entry, Act)


def line_of(entry: Entry) -> overview.Line:
    """A line of the log as the overview has it, beside what was done with models."""
    changed = ", ".join(entry.changed[:_TOLD]) + (" …" if len(entry.changed) > _TOLD else "")
    parts = (entry.act.value, "rules", entry.version, f"({changed})" if changed else "")
    return overview.Line(entry.at, entry.actor, " ".join(part for part in parts if part), entry.note)
