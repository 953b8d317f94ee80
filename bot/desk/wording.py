"""Names and times of the desk as people say them."""

from __future__ import annotations

import datetime as dt
import re

#: What a name of the program means, where its words alone do not say it.
NAMES = {
    "nlu_fallback": "not understood",
    "out_of_scope": "something else",
    "file_alone": "a file without words",
    "stale_button": "a button of long ago",
    "repeated_question": "the same question again",
    "inform": "an answer",
}
_NAME = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
#: How a length of time was written down before it was written in words.
_CLOCK = re.compile(r"\b(?:(\d+) days?, )?(\d+):(\d\d):(\d\d)\b(?= after it was opened)")
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def named(name: str) -> str:
    """A name of the program, such as an intent's, in words."""
    return NAMES.get(name, name.replace("_", " ").strip())


def plain(text: str) -> str:
    """A line of a case's history without the program's own names."""
    told = _CLOCK.sub(_lasted, text)
    return _NAME.sub(lambda found: named(found.group()), told)


def lasting(seconds: float) -> str:
    """A length of time in its two largest units: ``28 seconds``, ``1 hour 5 minutes``."""
    told: list[str] = []
    left = int(abs(seconds))
    for unit, length in _UNITS:
        count, left = divmod(left, length)
        if count and len(told) < 2:
            told.append(f"{count} {unit}{'' if count == 1 else 's'}")
        elif told:
            # Minutes after days say nothing.
            break
    return " ".join(told) or "0 seconds"


def _lasted(found: re.Match[str]) -> str:
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return lasting(dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds())
