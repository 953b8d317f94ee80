"""Slack's outside: local-slack, where Alice writes to the app, behind an edge that does what it cannot."""

from __future__ import annotations

import atexit
import dataclasses
import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import httpx
from anyio import to_thread

from adapters.slack import access, backfill, socket_mode
from bot.channels import Channel, Reception, build_channel
from bot.settings import Settings
from tests.channels.rig import Can, File, Rig, Shown, Trouble
from tests.peers.local_slack import APP_TOKEN, BOT_TOKEN, LocalSlack
from tests.slack.edge import Answer, Edge, refusal

_FAULTS = {
    Trouble.AWAY: ("chat.postMessage", Answer("<html>bad gateway</html>", 503)),
    Trouble.REVOKED: ("*", refusal("token_revoked")),
    Trouble.GONE: ("chat.postMessage", refusal("channel_not_found")),
}


@functools.cache
def _started() -> LocalSlack:
    slack = LocalSlack().start()
    atexit.register(slack.remove)
    return slack


def shared() -> LocalSlack:
    """One workspace for all tests, in which nothing has been said yet."""
    slack = _started()
    slack.reset()
    return slack


class SlackRig:
    """Alice, who writes to the app directly; over Socket Mode."""

    name: ClassVar[str] = "slack"
    can: ClassVar[frozenset[Can]] = frozenset(Can)
    troubles: ClassVar[frozenset[Trouble]] = frozenset(Trouble)

    def __init__(self, place: Path) -> None:
        del place
        self.options: Any = {}
        self._slack: LocalSlack | None = None
        self._waits = socket_mode.WAITS, socket_mode.LONG_WAIT, backfill.AGAIN

    async def open(self, settings: Settings, reception: Reception) -> Channel:
        if self._slack is None:
            self._slack = await to_thread.run_sync(shared)
            self.edge = Edge(self._slack)
            await self.edge.start()
            self.direct = await to_thread.run_sync(self._slack.direct)
            os.environ[access.BOT_TOKEN], os.environ[access.APP_TOKEN] = BOT_TOKEN, APP_TOKEN
            # Nobody but the test waits for these.
            socket_mode.WAITS, socket_mode.LONG_WAIT, backfill.AGAIN = (0.1,), 0.2, 0.2
        rules = settings.rules.copy(update={"channel_options": {self.name: {"api": self.edge.api}}})
        return build_channel(self.name, _with(settings, rules), reception)

    async def says(self, text: str, files: Sequence[File] = ()) -> str:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        sent = [(file.name, file.media_type, file.content) for file in files]
        slack = self.workspace

        def act() -> str:
            if sent:
                return slack.sends(self.direct, escaped, sent)
            return slack.says(self.direct, escaped)

        return await to_thread.run_sync(act)

    async def repeats(self, message: str) -> None:
        envelope = self.edge.envelope_of(message)
        await self.edge.bring({**envelope, "retry_attempt": 1, "retry_reason": "timeout"})

    async def edits(self, message: str, text: str) -> None:
        await to_thread.run_sync(self.workspace.edits, self.direct, message, text)

    async def takes_back(self, message: str) -> None:
        await to_thread.run_sync(self.workspace.deletes, self.direct, message)

    async def chooses(self, title: str) -> None:
        def act() -> None:
            *_, message = [one for one in self.workspace.answers(self.direct) if title in _choices(one)]
            self.workspace.presses(self.direct, message, title)

        await to_thread.run_sync(act)

    async def sees(self) -> Sequence[Shown]:
        found = await to_thread.run_sync(self.workspace.answers, self.direct)
        return [Shown(_words(one), _choices(one), await self._files(one)) for one in found]

    async def trouble(self, what: Trouble | None) -> None:
        self.edge.faults.clear()
        if what is not None:
            method, answer = _FAULTS[what]
            self.edge.faults[method] = answer
        if what is Trouble.REVOKED:
            await self.edge.hang_up()

    async def garbage(self) -> None:
        event = {"type": "message", "channel": self.direct, "user": "U01ALICE", "ts": "1.1", "text": "x"}
        for payload in (
            {},
            {"type": "event_callback"},
            {"type": "event_callback", "event": []},
            {"type": "event_callback", "event": {**event, "ts": 5}},
            {"type": "event_callback", "event": {**event, "ts": "9" * 400 + ".1"}},
            {"type": "event_callback", "event": {**event, "channel": {"id": 1}}},
            {"type": "event_callback", "event": {**event, "user": None}},
            {"type": "event_callback", "event": {**event, "text": "", "files": [1, None, {"id": "../x"}]}},
            {"type": "event_callback", "event": {**event, "subtype": "message_changed", "message": "no"}},
            {"type": "something_new"},
        ):
            await self.edge.bring({"type": "events_api", "payload": payload})
        for envelope in (
            {"type": "interactive", "payload": {"type": "block_actions"}},
            {"type": "later"},
            {},
        ):
            await self.edge.bring(envelope)

    async def close(self) -> None:
        socket_mode.WAITS, socket_mode.LONG_WAIT, backfill.AGAIN = self._waits
        for name in (access.BOT_TOKEN, access.APP_TOKEN):
            os.environ.pop(name, None)
        if self._slack is not None:
            await self.edge.stop()

    @property
    def workspace(self) -> LocalSlack:
        assert self._slack is not None
        return self._slack

    async def _files(self, message: dict[str, Any]) -> tuple[File, ...]:
        headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
        async with httpx.AsyncClient(headers=headers) as client:
            return tuple(
                [
                    File(
                        one["name"],
                        one["mimetype"],
                        (await client.get(one["url_private_download"])).content,
                    )
                    for one in message.get("files") or ()
                ]
            )


def _with(settings: Settings, rules: Any) -> Settings:
    return dataclasses.replace(settings, rules=rules)


def _words(message: dict[str, Any]) -> str:
    """What a person reads: the blocks' words, in which Slack finds no markup."""
    return "\n\n".join(
        "".join(element.get("text") or element.get("url") for element in section["elements"])
        for block in message.get("blocks") or ()
        if block["type"] == "rich_text"
        for section in block["elements"]
    )


def _choices(message: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        element["text"]["text"]
        for block in message.get("blocks") or ()
        if block["type"] == "actions"
        for element in block["elements"]
    )


_: type[Rig] = SlackRig
