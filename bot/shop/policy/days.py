"""Calendar days where the buyer lives."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo


def local_day(moment: dt.datetime, timezone: str) -> dt.date:
    """The calendar day of a moment where the buyer lives."""
    return moment.astimezone(ZoneInfo(timezone)).date()
