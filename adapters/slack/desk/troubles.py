"""What keeps the desk in Slack from working, and what to do about it: told to the operator while it lasts."""

from __future__ import annotations

from adapters.slack.desk.options import DESK
from adapters.slack.errors import code_of
from bot.desk.port.board import Board
from bot.errors import CrossdeskError

_ANOTHER = "name another in desk_options.slack.channels"
#: Slack's words for what is wrong with a channel, and what a person can do about it.
_CHANNEL = {
    "channel_not_found": f"the app sees no such channel: invite it, or {_ANOTHER}",
    "is_archived": f"it is archived: bring it back, or {_ANOTHER}",
    "no_channel": _ANOTHER,
    "not_in_channel": "the app is not in it: write /invite and the app's name there",
}


class Troubles:
    """Gathers them by what they are about. On the event loop only."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._known: dict[str, str] = {}

    async def tell(self, about: str, why: str | None) -> None:
        """Note what is wrong with this, or with ``None`` that nothing is any more."""
        if why is not None:
            self._known[about] = why
        elif self._known.pop(about, None) is None:
            return
        told = "; ".join(self._known.values())
        await self._board.trouble(DESK, f"{told}; cases go on in the web desk" if told else None)

    def forget(self) -> None:
        """The frontend begins anew: whoever opened it knows how it stands."""
        self._known.clear()


def advice(channel: str, error: CrossdeskError) -> str:
    """What is said of an error in a channel, with what to do."""
    what = _CHANNEL.get(code_of(error))
    return f"channel {channel}: {what or error}"
