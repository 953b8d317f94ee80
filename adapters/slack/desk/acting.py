"""What people do in Slack, done at the desk: who, whether they may, and what they are told."""

from __future__ import annotations

from adapters.slack.desk.clicks import Clicks
from adapters.slack.desk.commands import Commands
from adapters.slack.desk.forms import Forms
from adapters.slack.desk.heard import AskedWhy, Commanded, Heard, Nothing, Picked, Pressed, Said, Submitted
from adapters.slack.desk.reach import BUSY, Answer, Reach
from adapters.slack.desk.reasons import Reasons
from adapters.slack.desk.words import Words
from adapters.slack.translate import Us
from bot.errors import DeskError, TryLaterError


class Acting:
    """Does what was heard."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._words = Words(reach)
        self._reasons = Reasons(reach)
        self._commands = Commands(reach)
        self._clicks = Clicks(reach, self._commands)
        self._forms = Forms(reach)

    async def stop(self) -> None:
        """Let nothing go on."""
        await self._reach.stop()

    async def take(self, heard: Heard, us: Us) -> Answer:
        """Do it; what Slack is answered.

        Raises:
            TryLaterError: words could not be taken; Slack is to bring them again.
        """
        if isinstance(heard, Nothing):
            return heard.ours
        # Somebody of another workspace is nobody here, whatever the database says.
        person = await self._reach.person(heard.who) if heard.who.team == us.team else None
        if isinstance(heard, Said):
            return await self._words.said(heard, person, us)
        if isinstance(heard, Picked):
            return await self._words.picked(heard, person, us)
        if isinstance(heard, AskedWhy):
            return await self._reasons.asked(heard, person)
        try:
            if isinstance(heard, Pressed):
                return await self._clicks.pressed(heard, person)
            if isinstance(heard, Submitted):
                return await self._forms.submitted(heard, person)
            if isinstance(heard, Commanded):
                return await self._commands.commanded(heard, person)
            return await self._commands.came_home(heard, person)
        except TryLaterError:
            return self._reach.refuse(heard, BUSY)
        except DeskError as error:
            return self._reach.refuse(heard, str(error))
