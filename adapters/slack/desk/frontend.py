"""The desk's frontend in Slack: a card for each case, whose thread is the conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute

from adapters.slack.desk.acting import Acting
from adapters.slack.desk.asking import Asking
from adapters.slack.desk.heard import Nothing, Said
from adapters.slack.desk.hearing import hear
from adapters.slack.desk.memory import Memory
from adapters.slack.desk.missed import Missed
from adapters.slack.desk.options import DESK, read_desk_options
from adapters.slack.desk.posting import Posting
from adapters.slack.desk.reach import Reach
from adapters.slack.desk.roster import GROUP_SCOPES, Roster
from adapters.slack.desk.showing import Showing
from adapters.slack.desk.troubles import Troubles
from adapters.slack.examining import DESK_SCOPES, SCOPES, examine
from adapters.slack.wire import Wire
from bot.channels import Examined
from bot.clock import Clock
from bot.desk.port.board import DeskWithBoard
from bot.desk.values.people import AccountKind
from bot.errors import CrossdeskError
from bot.settings import Settings


class SlackDesk:
    """The frontend ``slack``."""

    name = DESK

    def __init__(self, settings: Settings, desk: DeskWithBoard, *, wire: Wire, clock: Clock) -> None:
        options = read_desk_options(settings)
        self.exclusive: str | None = wire.access.line
        self._wire = wire
        self._clock = clock
        self._rooms = frozenset(options.channels.values())
        posting = Posting(wire, settings.files)
        # Whoever acts may be another process than the one that shows.
        self._desk = desk
        self._troubles = Troubles(desk.board)
        self._showing = Showing(
            desk.board, Memory(desk.board), posting, options, clock, self._user_of, self._troubles
        )
        self._asking = Asking(desk.board, Memory(desk.board), posting, options, self._troubles)
        self._missed = Missed(wire, posting, Memory(desk.board), self._rooms, clock, self._take)
        reach = Reach(desk, Memory(desk.board), posting, wire, options, clock, self._showing.changed)
        self._acting = Acting(reach)
        self._roster = Roster(desk, wire)
        self._started = False
        wire.keep_from_buyers(self._rooms)
        wire.listen(self, first=True)

    def routes(self) -> Sequence[BaseRoute]:
        """Where Slack posts what people do, without Socket Mode."""
        return self._wire.routes()

    async def start(self) -> None:
        """Connect, and show what is not shown yet."""
        self._troubles.forget()
        self._missed.start()
        try:
            await self._wire.open()
        except BaseException:
            await self._missed.stop()
            raise
        self._started = True
        self._showing.start()
        self._asking.start()
        self._roster.start()

    def changed(self, case_id: int) -> None:
        """Look at this case again."""
        self._showing.changed(case_id)

    async def stop(self) -> None:
        """Let go of the connection; what is not shown yet follows after the next start."""
        await self._missed.stop()
        await self._showing.stop()
        await self._asking.stop()
        await self._roster.stop()
        await self._acting.stop()
        if self._started:
            self._started = False
            await self._wire.close()

    async def take(self, body: Mapping[str, Any]) -> bool | dict[str, Any]:
        """Do what somebody did at the desk."""
        us = await self._wire.us()
        heard = hear(body, us.user, self._rooms)
        if isinstance(heard, Nothing):
            return heard.ours
        if isinstance(heard, Said):
            await self._missed.before(heard.place.channel, heard.place.thread)
        return await self._acting.take(heard, us)

    async def _take(self, said: Said) -> None:
        await self._acting.take(said, await self._wire.us())

    async def examine(self) -> Sequence[Examined]:
        """Try tokens, scopes, each channel, and each user group that is linked."""
        groups = await self._desk.board.groups(AccountKind.SLACK)
        scopes = SCOPES | DESK_SCOPES | (GROUP_SCOPES if groups else frozenset())
        found = list(await examine(self._wire, self._clock, scopes))
        if all(one.fine for one in found):
            found += [await self._room(channel) for channel in sorted(self._rooms)]
            found += [await self._group(group.account) for group in groups]
        return found

    async def _group(self, account: str) -> Examined:
        team, _, name = account.partition("/")
        what = f"user group {account}"
        if team != (await self._wire.us()).team:
            return Examined(what, False, f"another workspace's: crossdesk people group {account} --forget")
        try:
            answer = await self._wire.call(self._wire.client.usergroups_users_list(usergroup=name))
        except CrossdeskError as error:
            return Examined(what, False, f"{error}; or crossdesk people group {account} --forget")
        return Examined(what, True, f"{len(answer.get('users') or ())} in it")

    async def _user_of(self, person_id: int) -> str | None:
        account = (await self._desk.accounts(AccountKind.SLACK)).get(person_id, "")
        team, _, user = account.partition("/")
        return user if user and team == (await self._wire.us()).team else None

    async def _room(self, channel: str) -> Examined:
        try:
            answer = await self._wire.call(self._wire.client.conversations_info(channel=channel))
        except CrossdeskError as error:
            return Examined(f"channel {channel}", False, f"{error}; invite the app there: /invite @assistant")
        room = answer.get("channel") or {}
        name = f"#{room.get('name')}"
        if room.get("is_archived"):
            return Examined(f"channel {channel}", False, f"{name} is archived: name another in shop.yml")
        if not room.get("is_member"):
            return Examined(f"channel {channel}", False, f"the app is not in {name}: /invite it there")
        return Examined(f"channel {channel}", True, name)

    def on_line(self, on_line: bool) -> None:
        """Look for what was written meanwhile."""
        self._missed.on_line(on_line)

    async def trouble(self, why: str | None) -> None:
        """Have the operator see it, beside what single channels lack."""
        await self._troubles.tell("line", why)
