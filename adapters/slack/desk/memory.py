"""Where the desk in Slack shows what, as the board keeps it: so that it is found again after a restart."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.slack.desk.heard import Place
from adapters.slack.desk.options import DESK
from bot.desk.port.board import Board, digest_of


@dataclass(frozen=True)
class Shown:
    """How far a case is shown."""

    #: Empty before it has a message of its own.
    channel: str = ""
    #: Of its message; empty as above.
    ts: str = ""
    #: ``Card.digest`` of what the message says.
    card: str = ""
    #: Up to which line and which event the thread tells it all.
    line: int = 0
    event: int = 0
    #: Up to which line another thread, in which the case was shown before, told it already.
    again: int = 0
    #: The channel in which a list of several cases has told of it.
    listed: str = ""
    #: The end of the clock of which was warned, as ISO 8601.
    warned: str = ""
    #: Replies by their position: where they are shown (a message's ``ts``) and what is told of their way.
    marks: Mapping[int, tuple[str, str]] = field(default_factory=dict)


class Memory:
    """Reads and writes it. One process shows cases; any may say of a message that it is there already."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._known: dict[int, Shown] = {}

    async def shown(self, case_id: int) -> Shown:
        """How far a case is shown."""
        known = self._known.get(case_id)
        if known is None:
            known = _read(await self._board.kept(DESK, f"case:{case_id}"))
            self._known[case_id] = known
        return known

    async def where(self, case_id: int) -> tuple[str, str]:
        """The channel and ``ts`` of a case's message, as whichever process shows it wrote them down."""
        now = _read(await self._board.kept(DESK, f"case:{case_id}"))
        return now.channel, now.ts

    async def show(self, case_id: int, shown: Shown, before: Shown | None = None) -> None:
        """Note how far a case is shown now; with ``before``, that it has another message than before."""
        values: dict[str, str | None] = {f"case:{case_id}": json.dumps(dataclasses.asdict(shown))}
        if shown.ts and (before is None or before.ts != shown.ts):
            values[f"thread:{shown.channel}:{shown.ts}"] = str(case_id)
        await self._board.keep(DESK, values)
        self._known[case_id] = shown

    def forget(self, case_id: int) -> None:
        """Hold nothing in memory of a case that is over."""
        self._known.pop(case_id, None)

    async def case_of(self, channel: str, thread: str) -> int | None:
        """The case to which a thread belongs."""
        kept = await self._board.kept(DESK, f"thread:{channel}:{thread}")
        return None if kept is None else int(kept)

    async def said_at(self, digest: str) -> Place | None:
        """The message by which something was said in Slack itself."""
        kept = await self._board.kept(DESK, f"said:{digest}")
        # A note of another form is an older version's: what it was about is shown once more.
        if kept is None or kept.count("/") != 2:
            return None
        channel, thread, ts = kept.split("/")
        return Place(channel, ts, thread)

    async def say_at(self, digest: str, place: Place) -> None:
        """Note, before it is said, that it need not be shown in this thread: its message is there."""
        await self._board.keep(DESK, {f"said:{digest}": f"{place.channel}/{place.thread}/{place.ts}"})

    async def heard(self, mark: str) -> bool:
        """Whether what has this ``hearing.Said.mark`` was dealt with, whatever came of it."""
        return bool(mark) and await self._board.kept(DESK, f"heard:{digest_of(mark)}") is not None

    async def hear(self, mark: str) -> None:
        """Note, once it was, that it was."""
        if mark:
            await self._board.keep(DESK, {f"heard:{digest_of(mark)}": "1"})

    async def number(self, name: str) -> int | None:
        """A number that was noted."""
        kept = await self._board.kept(DESK, name)
        return None if kept is None else int(kept)

    async def note(self, name: str, number: int) -> None:
        """Note a number."""
        await self._board.keep(DESK, {name: str(number)})

    async def cards(self) -> dict[int, tuple[str, str, str]]:
        """The messages of requests that may still change: channel, ``ts``, digest."""
        kept: dict[str, Any] = json.loads(await self._board.kept(DESK, "requests") or "{}")
        return {int(key): (str(one[0]), str(one[1]), str(one[2])) for key, one in kept.items()}

    async def set_cards(self, cards: Mapping[int, tuple[str, str, str]]) -> None:
        """Note them all."""
        await self._board.keep(DESK, {"requests": json.dumps({str(key): one for key, one in cards.items()})})


def _read(kept: str | None) -> Shown:
    if kept is None:
        return Shown()
    told: dict[str, Any] = json.loads(kept)
    marks = {int(key): (str(one[0]), str(one[1])) for key, one in told.pop("marks", {}).items()}
    names = {one.name for one in dataclasses.fields(Shown)}
    return Shown(marks=marks, **{name: value for name, value in told.items() if name in names})
