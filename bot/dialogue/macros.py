"""The desk's ready texts: replies of their own, filled for the buyer like any other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from bot.dialogue.filling import MissingValueError
from bot.dialogue.replies import MissingReplyError, Replies
from bot.dialogue.words import Words

#: What the replies that are macros begin with; spelled out in ``fill``, where ``crossdesk check`` reads it.
PREFIX = "utter_macro_"


class ReplyMacros:
    """Implements ``bot.desk.macros.MacroBook`` with the replies whose names begin with ``utter_macro_``."""

    def __init__(self, replies: Callable[[], Replies], timezone: str) -> None:
        #: Tells the words that serve now.
        self._replies = replies
        #: The store's, for buyers whose own is not known.
        self._timezone = timezone

    def names(self) -> Sequence[str]:
        """See the port."""
        return tuple(key.removeprefix(PREFIX) for key in self._replies().beginning(PREFIX))

    def fill(
        self,
        name: str,
        language: str,
        values: Mapping[str, str | dt.datetime],
        *,
        channel: str,
        timezone: str | None,
        now: dt.datetime,
    ) -> tuple[str, str, Sequence[str]]:
        """See the port."""
        replies = self._replies()
        spoken = replies.spoken(language)
        words = Words(spoken, timezone or self._timezone, now.date(), zone_is_theirs=timezone is not None)
        told = {
            place: words.moment(value) if isinstance(value, dt.datetime) else value
            for place, value in values.items()
        }
        missing: list[str] = []
        while True:
            try:
                reply = replies.say(f"utter_macro_{name}", spoken, told, channel=channel)
            except MissingReplyError as error:
                if not isinstance(error.__cause__, MissingValueError) or error.__cause__.args[0] in told:
                    raise
                place = str(error.__cause__.args[0])
                missing.append(place)
                told[place] = f"{{{place}}}"
            else:
                return reply.text, reply.language, tuple(missing)
