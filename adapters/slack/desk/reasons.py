"""Why the bot said something, told in a modal to who asks: nobody else in the channel sees it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from adapters.slack.desk import modals
from adapters.slack.desk.heard import AskedWhy
from adapters.slack.desk.reach import BUSY, Answer, Reach
from bot.desk.values.people import Person
from bot.desk.values.views import Because
from bot.errors import CrossdeskError, DeskError, ForbiddenError, NotOwnerError, TryLaterError
from bot.messages import Author

log = logging.getLogger(__name__)

#: Replies that one modal explains: a message of a thread may show many lines.
MOST = 5
NOT_THE_BOTS = (
    "The bot did not say this. Choose a message in a case's thread that shows words of the bot; those of "
    "long ago are in the web desk."
)


class Reasons:
    """Answers who asks why."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def asked(self, heard: AskedWhy, person: Person | None) -> Answer:
        """Somebody chose "why this answer" on a message."""
        case_id = await self._reach.case_of(heard.place)
        if case_id is None:
            self._reach.whisper(heard.place, heard.who, "This is no case's thread.")
            return True
        if person is None:
            told = await self._reach.stranger(heard.who, "see why", case_id)
            self._reach.whisper(heard.place, heard.who, told)
            return True
        try:
            await self._tell(heard, person, case_id)
        except TryLaterError:
            self._reach.whisper(heard.place, heard.who, BUSY)
        except DeskError as error:
            self._reach.whisper(heard.place, heard.who, str(error))
        return True

    async def _tell(self, heard: AskedWhy, person: Person, case_id: int) -> None:
        view = await self._reach.desk.case(person, case_id)
        shown = {position for case, position in heard.lines if case == case_id}
        lines = [line for line in view.transcript if line.author is Author.BOT and line.position in shown]
        told: list[tuple[str, Because | str]] = []
        for line in lines[:MOST]:
            told.append((line.text, await self._why(person, case_id, line.position)))
        if not told:
            raise DeskError(NOT_THE_BOTS)
        await self._open(heard, case_id, told, len(lines) - len(told))

    async def _why(self, person: Person, case_id: int, position: int) -> Because | str:
        """The reasons; in words, if nobody knows them any more."""
        try:
            return await self._reach.desk.why(person, case_id, position)
        except (NotOwnerError, ForbiddenError):
            raise
        except DeskError as error:
            return str(error)

    async def _open(
        self, heard: AskedWhy, case_id: int, told: Sequence[tuple[str, Because | str]], left_out: int
    ) -> None:
        try:
            await self._reach.wire.call(
                self._reach.wire.client.views_open(
                    trigger_id=heard.trigger, view=modals.why(case_id, told, left_out)
                )
            )
        except CrossdeskError as error:
            log.warning("the reasons could not be shown: %s", error)
            raise DeskError("Slack did not open the window. Please choose it again.") from error
