"""What was done with words: edited, released, taken back, by whom and what for."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from bot.actlog import ActLog, Line
from bot.wording.tables import word_acts


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
    #: As ``key language``.
    changed: Sequence[str] = ()


LOG = ActLog(word_acts, Entry, Act)
note, latest = LOG.note, LOG.latest
