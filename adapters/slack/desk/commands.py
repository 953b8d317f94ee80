"""The slash command and the app's home page."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.slack.desk import home
from adapters.slack.desk.blocks import Block, actions, button, run, section
from adapters.slack.desk.heard import CameHome, Commanded
from adapters.slack.desk.reach import VISITOR, Answer, Reach
from bot.desk.values.cases import CaseState
from bot.desk.values.people import Person
from bot.desk.values.views import CaseSummary


class Commands:
    """Answers people who ask for their cases, the queues and the figures."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def commanded(self, heard: Commanded, person: Person | None) -> Answer:
        """Somebody typed the command.

        Raises:
            DeskError: why it was not done.
        """
        if person is None:
            return home.only_you(await self._reach.stranger(heard.who, f"/desk {heard.text}"[:40], None))
        word, _, rest = heard.text.partition(" ")
        word, rest, desk = word.casefold(), rest.strip(), self._reach.desk
        if word in ("", "mine"):
            mine = await desk.cases(person, mine=True, limit=100)
            counts = home.queues(await desk.queues(person))
            return home.only_you("My cases", [*await self._listed("My cases", mine), section(*counts)])
        if word == "queue":
            found = await desk.cases(person, queue=rest or None, state=CaseState.OPEN, limit=100)
            blocks = await self._listed(f"Waiting{f' in {rest}' if rest else ''}", found)
            blocks += actions([button(f"Claim #{one.id}", "claim", one.id) for one in found[:5]])
            return home.only_you("Queue", blocks)
        if word == "stats":
            return home.only_you("Today", [section(*home.figures(await desk.today(person)))])
        if word == "find":
            return home.only_you("Found", await self._listed("Found", await desk.find(person, rest)))
        if word in ("away", "back"):
            await desk.set_away(person, word == "away")
            return home.only_you("You are away." if word == "away" else "Welcome back.")
        if word == "transfer":
            return await self._transfer(person, rest)
        return home.only_you(home.USAGE, [section(run(home.USAGE))])

    async def _listed(self, title: str, cases: Sequence[CaseSummary]) -> list[Block]:
        return home.listed(title, cases, await self._reach.places(cases))

    async def _transfer(self, person: Person, rest: str) -> Answer:
        number, _, queue = rest.partition(" ")
        number = number.lstrip("#")
        if not (number.isascii() and number.isdecimal() and len(number) <= 15 and queue.strip()):
            return home.only_you("Write: /desk transfer CASE QUEUE, such as /desk transfer 12 payment")
        view = await self._reach.desk.case(person, int(number))
        await self._reach.desk.pass_on(person, int(number), view.fence, queue.strip())
        self._reach.changed(int(number))
        return home.only_you(f"Case {number} is in the queue {queue.strip()} now.")

    async def came_home(self, heard: CameHome, person: Person | None) -> Answer:
        """Somebody opened the home page."""
        if person is None:
            words = VISITOR.format(account=heard.who.account)
            page: Block = {"type": "home", "blocks": [section(run(words))]}
        else:
            mine = await self._reach.desk.cases(person, mine=True, limit=100)
            counts, today = await self._reach.desk.queues(person), await self._reach.desk.today(person)
            page = home.home(person, mine, counts, today, await self._reach.places(mine))
        self._reach.go_on(self._publish(heard.who.user, page))
        return True

    async def _publish(self, user: str, page: Block) -> None:
        await self._reach.wire.call(self._reach.wire.client.views_publish(user_id=user, view=page))
