"""What was said and what was done, as one line of time: an agent reads a case from top to bottom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from bot.desk.values.history import CaseEvent, EventKind
from bot.desk.values.views import CaseView
from bot.messages import TranscriptLine

#: The conversation itself shows these, or the page does.
_SAID = frozenset({EventKind.BUYER_WROTE, EventKind.REPLIED, EventKind.SHOWN})


@dataclass(frozen=True)
class Entry:
    """One entry: words that the buyer saw, a private note, or an act."""

    #: Unique on the page.
    id: str
    #: ``said``, ``note`` or ``act``.
    kind: str
    at: dt.datetime
    line: TranscriptLine | None = None
    event: CaseEvent | None = None


def said(lines: Sequence[TranscriptLine]) -> Sequence[Entry]:
    """The conversation alone, in its order."""
    return [Entry(f"line-{line.position}", "said", line.at, line=line) for line in lines]


def timeline(view: CaseView) -> Sequence[Entry]:
    """The conversation with the case's history woven in, oldest first."""
    done = [
        Entry(f"event-{event.id}", "note" if event.kind is EventKind.NOTED else "act", event.at, event=event)
        for event in view.events
        if event.kind not in _SAID
    ]
    # Sorting is stable: of the same moment the words come first, in their own order.
    return sorted([*said(view.transcript), *done], key=lambda entry: entry.at)
