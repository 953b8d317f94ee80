"""A workspace of Slack on this machine: local-slack, which others wrote.

It has Socket Mode, signed events, buttons, files and the methods that the adapter uses. It checks no tokens,
no blocks, never answers 429, sends nothing twice and keeps no message for a client that is away: what hangs
on these is driven by requests of our own, or by ``tests/slack/edge.py``, which stands before it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.peers import npm

#: How long it may take to start, in seconds, on a machine with much else to do.
PATIENCE = 60.0
BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-test-token", "xapp-test-token", "test-signing-secret"
TEAM, BOT, ALICE, BOB, SHOP = "T01TEST", "U0BOT", "U01ALICE", "U02BOB", "C01SHOP"
#: The desk's: of the queues, and of the supervisors.
DESK, UPSTAIRS = "C02DESK", "C03UPSTAIRS"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LocalSlack:
    """One workspace with three channels, two people and the app.

    Args:
        events_to: where events are posted; None: they go over the socket.
        people: ids of more people.
        team: the workspace's id.
    """

    def __init__(self, events_to: str | None = None, people: Sequence[str] = (), team: str = TEAM) -> None:
        try:
            folder = npm.installed("slack") / "local-slack-linux-x64" / "bin"
        except npm.NotInstalledError as error:
            pytest.skip(f"there is no local-slack here, and it cannot be fetched: {error}")
        self._program = folder / "local-slack"
        self._place = Path(tempfile.mkdtemp(prefix="crossdesk-slack-"))
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        app = {
            "appId": "A01APP",
            "botUserId": BOT,
            "botName": "assistant",
            "botToken": BOT_TOKEN,
            "appToken": APP_TOKEN,
            "signingSecret": SIGNING_SECRET,
            "mode": "socket" if events_to is None else "events",
            "requestUrl": events_to or "http://127.0.0.1:9/slack/events",
        }
        users = [
            {"id": ALICE, "name": "alice", "real_name": "Alice Anderson", "email": "alice@example.com"},
            {"id": BOB, "name": "bob", "real_name": "Bob Brown", "email": "bob@example.com"},
            *({"id": one, "name": one.lower(), "email": f"{one}@example.com"} for one in people),
        ]
        config = {
            "workspace": {"name": "Test", "domain": "test", "teamId": team},
            "app": app,
            "users": users,
            "channels": [
                {"id": one, "name": name, "members": [ALICE, BOB, BOT, *people]}
                for one, name in ((SHOP, "shop"), (DESK, "desk"), (UPSTAIRS, "upstairs"))
            ],
        }
        (self._place / "config.json").write_text(json.dumps(config), encoding="utf-8")

    @property
    def api(self) -> str:
        """Where its methods are."""
        return f"{self.address}/api/"

    def start(self) -> LocalSlack:
        """Start it, also after a ``kill``: what was said before is gone then."""
        with (self._place / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._program),
                    *("--config", str(self._place / "config.json")),
                    *("--port", str(self.port), "--base-host", "127.0.0.1"),
                    *("--files-dir", str(self._place / "files")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.post(f"{self.api}auth.test", timeout=5).status_code == 200:
                    return self
            assert self._process.poll() is None, (self._place / "log").read_text(encoding="utf-8")
            assert time.monotonic() < end, "local-slack does not start"
            time.sleep(0.05)

    def reset(self) -> None:
        """Forget all that was said."""
        self._control("reset")

    def kill(self) -> None:
        """End it at once, as an outage does."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End it and forget all."""
        self.kill()
        for file in sorted(self._place.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        self._place.rmdir()

    # --- What people do ---

    def says(self, channel: str, text: str, *, user: str = ALICE, thread: str | None = None) -> str:
        """Have somebody write; the message's ``ts``."""
        told = {"channel": channel, "user": user, "text": text}
        answer = self._control("message", **told, **({"thread_ts": thread} if thread else {}))
        return str(answer["message"]["ts"])

    def sends(self, channel: str, text: str, files: Sequence[tuple[str, str, bytes]]) -> str:
        """Have Alice send files: name, media type, content."""
        answer = httpx.post(
            f"{self.address}/_control/upload",
            data={"channel": channel, "user": ALICE, "text": text},
            files=[("file", (name, content, kind)) for name, kind, content in files],
            timeout=30,
        ).json()
        assert answer["ok"], answer
        return str(answer["message"]["ts"])

    def edits(self, channel: str, ts: str, text: str, *, user: str = ALICE) -> None:
        self._control("edit-message", channel=channel, ts=ts, text=text, user=user)

    def deletes(self, channel: str, ts: str) -> None:
        self._control("delete-message", channel=channel, ts=ts, user=ALICE)

    def presses(self, channel: str, message: dict[str, Any], title: str, *, user: str = ALICE) -> None:
        """Have somebody press a button of a message."""
        for block in message.get("blocks", ()):
            for element in block.get("elements", ()):
                if element.get("type") == "button" and element["text"]["text"] == title:
                    action = {**element, "block_id": block.get("block_id")}
                    self._control(
                        "interact", channel=channel, messageTs=message["ts"], user=user, action=action
                    )
                    return
        raise AssertionError(f"no button '{title}' in {message}")

    def messages(self, channel: str) -> list[dict[str, Any]]:
        """Everything in a channel or in direct messages, threads included, oldest first."""
        answer = httpx.get(f"{self.address}/_control/messages/{channel}", timeout=10).json()
        found: list[dict[str, Any]] = answer if isinstance(answer, list) else answer["messages"]
        return sorted(found, key=lambda one: float(one["ts"]))

    def answers(self, channel: str) -> list[dict[str, Any]]:
        """What the app has posted there."""
        return [one for one in self.messages(channel) if one.get("bot_id")]

    def direct(self, user: str = ALICE) -> str:
        """The channel of somebody's direct messages with the app."""
        answer = self._call("conversations.open", users=user)
        return str(answer["channel"]["id"])

    def _control(self, act: str, **told: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self.address}/_control/{act}", json=told, timeout=30)
        assert answer.status_code == 200, f"{act}: {answer.text[:300]}"
        found: dict[str, Any] = answer.json()
        return found

    def _call(self, method: str, **told: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
        answer = httpx.post(f"{self.api}{method}", data=told, headers=headers, timeout=10)
        found: dict[str, Any] = answer.json()
        assert found["ok"], found
        return found
