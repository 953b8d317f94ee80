"""What was done with rules: edited, released, taken back, by whom and what for."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from bot.actlog import ActLog, Line
from bot.rulebook.tables import rule_acts


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
