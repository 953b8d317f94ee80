"""Who is there, and who is in the user groups that say what people do: asked of Slack now and then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from adapters.slack.wire import Wire
from bot.desk.port.board import DeskWithBoard
from bot.desk.values.people import AccountKind
from bot.errors import CrossdeskError, NeverError, OperatorError, TryLaterError
from bot.tasks import end

log = logging.getLogger(__name__)

#: Seconds between two looks for who is there and for who is in a group, and the wait where a person must act.
PRESENCE_EVERY, GROUPS_EVERY, LONG_WAIT = 60.0, 300.0, 3600.0
#: Seconds between two calls: Slack counts these methods by the minute.
PACE = 1.5
#: What the token must be allowed to look into user groups.
GROUP_SCOPES = frozenset({"usergroups:read"})


class Roster:
    """Keeps the desk's people as Slack has them, as far as the token allows.

    Args:
        desk: knows who is who, and is told.
        wire: asks.
    """

    def __init__(self, desk: DeskWithBoard, wire: Wire) -> None:
        self._desk = desk
        self._wire = wire
        self._tasks: list[asyncio.Task[None]] = []
        #: What was said last of each of the two, and of each group: nothing is said twice in a row.
        self._said: dict[str, str] = {}

    def start(self) -> None:
        """Begin, also after a ``stop``."""
        if not self._tasks:
            looks = (
                ("presence is not used", self._presence, PRESENCE_EVERY),
                ("user groups are not looked into", self._groups, GROUPS_EVERY),
            )
            self._tasks = [asyncio.create_task(self._run(*look)) for look in looks]

    async def stop(self) -> None:
        """Ask no more; what was noted last holds on. Idempotent."""
        tasks, self._tasks = self._tasks, []
        await end(tasks)

    async def _run(self, what: str, look: Callable[[], Awaitable[None]], every: float) -> None:
        while True:
            wait = every
            try:
                await look()
                self._said.pop(what, None)
            except CrossdeskError as error:
                self._say(what, str(error))
                wait = LONG_WAIT if isinstance(error, OperatorError) else every
                wait = max(wait, getattr(error, "retry_after", None) or 0.0)
            except Exception as error:
                log.error("the desk in Slack: %s: %s", what, type(error).__name__)
            await asyncio.sleep(wait)

    async def _presence(self) -> None:
        """Note who is there; of whom Slack does not say, nothing."""
        team = (await self._wire.us()).team
        accounts = await self._desk.accounts(AccountKind.SLACK)
        users = {
            person_id: one.partition("/")[2]
            for person_id, one in accounts.items()
            if one.startswith(f"{team}/")
        }
        for person_id, user in users.items():
            try:
                answer = await self._ask(self._wire.client.users_getPresence(user=user))
            except NeverError:
                # Somebody whom the workspace has no longer.
                continue
            presence = answer.get("presence")
            if presence in ("active", "away"):
                await self._desk.board.set_presence({person_id: presence == "active"})

    async def _groups(self) -> None:
        team = (await self._wire.us()).team
        for group in await self._desk.board.groups(AccountKind.SLACK):
            workspace, _, name = group.account.partition("/")
            if workspace != team:
                self._say(group.account, "it is another workspace's: nothing is known of it")
                continue
            try:
                answer = await self._ask(self._wire.client.usergroups_users_list(usergroup=name))
            except NeverError as error:
                # It was deleted, or never was; its people stay as they are until the operator forgets it.
                self._say(group.account, f"{error}; `crossdesk people group {group.account} --forget`")
                continue
            users = answer.get("users")
            if not isinstance(users, list):
                raise TryLaterError("Slack does not say who is in a user group")
            accounts = [f"{team}/{user}" for user in users if isinstance(user, str)]
            strangers = await self._desk.board.set_members(AccountKind.SLACK, group.account, accounts)
            if strangers:
                told = ", ".join(sorted(strangers)[:20])
                self._say(group.account, f"nobody of the desk: {told}; see `crossdesk people link`")
            else:
                self._said.pop(group.account, None)

    async def _ask(self, method: Awaitable[Any]) -> Any:
        answer = await self._wire.call(method)
        await asyncio.sleep(PACE)
        return answer

    def _say(self, about: str, why: str) -> None:
        if self._said.get(about) != why:
            self._said[about] = why
            log.warning("the desk in Slack: %s: %s", about, why)
