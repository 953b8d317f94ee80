"""What was done with models: trained, released, taken back, by whom and why; nothing in it is changed."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.actlog import ActLog, Line
from bot.training.tables import model_acts


class Act(str, enum.Enum):
    """What was done."""

    TRAIN = "train"
    STOP = "stop"
    RELEASE = "release"
    ROLL_BACK = "roll back"
    #: A candidate is tried: heard by nobody, or by a share of the buyers; or no more.
    SHADOW = "shadow"
    SHARE = "share"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class Entry(Line):
    """One line of the log."""

    reason: str = ""
    gates: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @property
    def told(self) -> str:
        """What was done, in words that stand before a version if there is one."""
        words = {Act.TRAIN: "begin a training", Act.STOP: "stop the training"}
        return words.get(Act(self.act), str(self.act.value))


LOG = ActLog(model_acts, Entry, Act)
note, latest = LOG.note, LOG.latest
