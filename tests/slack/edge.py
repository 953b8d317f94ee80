"""What stands before local-slack and does what Slack does: refuses, limits, hangs up, brings things twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web

from tests.peers.local_slack import LocalSlack

#: How long anything may take on a machine with much else to do, in seconds.
PATIENCE = 60.0
_HOP = {"content-length", "transfer-encoding", "content-encoding", "connection", "host"}


@dataclass(frozen=True)
class Answer:
    """What a method answers instead of what it would."""

    body: dict[str, Any] | str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    #: Whether the method is carried out all the same.
    done: bool = False


def refusal(error: str) -> Answer:
    """What Slack says when it does not do something."""
    return Answer({"ok": False, "error": error})


def limited(seconds: int) -> Answer:
    """What Slack says when it was too much."""
    return Answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(seconds)})


@dataclass
class Allowance:
    """What Slack takes of one method: one call each ``every`` seconds, ``most`` of them at once."""

    every: float
    most: int = 1
    _full_at: float = 0.0

    def refused(self, now: float) -> float:
        """Count a call; in how many seconds the next is taken if this one is not, else 0."""
        self._full_at = max(self._full_at, now)
        early = self._full_at - now - (self.most - 1) * self.every
        if early > 0:
            return early
        self._full_at += self.every
        return 0.0


class Edge:
    """A proxy of one workspace; ``faults`` hold by method, ``*`` for all of them."""

    def __init__(self, slack: LocalSlack) -> None:
        self.slack = slack
        #: One for all calls, or one for each of the next; None lets a call pass.
        self.faults: dict[str, Answer | list[Answer | None]] = {}
        #: What is taken of a method, in each channel; of the others all is.
        self.allowed: dict[str, Callable[[], Allowance]] = {}
        self._allowances: dict[tuple[str, str], Allowance] = {}
        #: Methods of which a call was too much, in order.
        self.limited: list[str] = []
        #: Every method that was called, in order.
        self.called: list[str] = []
        #: And what it was called with.
        self.told: list[tuple[str, dict[str, Any]]] = []
        #: When, in seconds.
        self.times: list[float] = []
        #: What envelopes were answered with, by their ids.
        self.answers: dict[str, Any] = {}
        #: Envelopes that went over sockets, oldest first.
        self.envelopes: list[dict[str, Any]] = []
        #: Methods that the emulator lacks, answered here in the shape that Slack documents.
        self.methods: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {}
        #: Names of files that are gone.
        self.missing: set[str] = set()
        #: Ids of envelopes that were acknowledged.
        self.acknowledged: list[str] = []
        self._links: list[web.WebSocketResponse] = []
        self._changed = asyncio.Condition()

    async def start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._method)
        app.router.add_get("/socket/{id}", self._link)
        app.router.add_route("*", "/{path:.*}", self._other)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.api = f"{self.address}/api/"
        self._client = aiohttp.ClientSession()

    async def stop(self) -> None:
        await self.hang_up()
        await self._client.close()
        await self._runner.cleanup()

    async def hang_up(self) -> None:
        """End all sockets without a word."""
        for link in list(self._links):
            with contextlib.suppress(ConnectionError):
                await link.close()

    async def bring(self, envelope: dict[str, Any]) -> str:
        """Send an envelope over the newest socket, with an id of its own; returns that."""
        await self.linked()
        link = self._links[-1]
        new = {**envelope, "envelope_id": str(uuid.uuid4())}
        await link.send_str(json.dumps(new))
        return str(new["envelope_id"])

    async def linked(self) -> None:
        """Wait until there is a socket."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: bool(self._links)), PATIENCE)

    def envelope_of(self, ts: str) -> dict[str, Any]:
        """The one that brought a message."""
        for envelope in self.envelopes:
            if envelope.get("payload", {}).get("event", {}).get("ts") == ts:
                return envelope
        raise AssertionError(f"no envelope for {ts}")

    async def _method(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.called.append(method)
        self.told.append((method, {**_parameters(await request.read()), **request.query}))
        self.times.append(asyncio.get_running_loop().time())
        if (seconds := self._too_much(method, self.told[-1][1])) > 0:
            self.limited.append(method)
            told = limited(math.ceil(seconds))
            return web.json_response(told.body, status=told.status, headers=told.headers)
        fault = self.faults.get(method) or self.faults.get("*")
        if isinstance(fault, list):
            fault = fault.pop(0) if fault else None
        if fault is None and method in self.methods:
            return web.json_response(self.methods[method](self.told[-1][1]))
        if fault is None or fault.done:
            answer = await self._other(request)
        if fault is None:
            return answer
        if isinstance(fault.body, str):
            return web.Response(
                text=fault.body, status=fault.status, headers=fault.headers, content_type="text/html"
            )
        return web.json_response(fault.body, status=fault.status, headers=fault.headers)

    def _too_much(self, method: str, told: dict[str, Any]) -> float:
        if method not in self.allowed:
            return 0.0
        key = (method, str(told.get("channel")))
        allowance = self._allowances.setdefault(key, self.allowed[method]())
        return allowance.refused(self.times[-1])

    async def _other(self, request: web.Request) -> web.Response:
        if request.path.rpartition("/")[2] in self.missing:
            return web.Response(status=404)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        async with self._client.request(
            request.method,
            self.slack.address + request.path_qs,
            data=await request.read(),
            headers=headers,
            allow_redirects=False,
        ) as answer:
            body = await answer.read()
            if answer.content_type == "application/json":
                body = self._renamed(body.decode()).encode()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            return web.Response(body=body, status=answer.status, headers=kept)

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        ours = web.WebSocketResponse(autoping=True)
        await ours.prepare(request)
        async with self._changed:
            self._links.append(ours)
            self._changed.notify_all()
        try:
            url = f"ws://127.0.0.1:{self.slack.port}{request.path_qs}"
            async with self._client.ws_connect(url) as theirs:
                down = asyncio.create_task(self._down(theirs, ours))
                async for message in ours:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        told = json.loads(message.data)
                        self.answers[told.get("envelope_id", "")] = told.get("payload")
                        self.acknowledged.append(told.get("envelope_id", ""))
                        await theirs.send_str(message.data)
                down.cancel()
                await asyncio.gather(down, return_exceptions=True)
        finally:
            self._links.remove(ours)
        return ours

    async def _down(self, theirs: aiohttp.ClientWebSocketResponse, ours: web.WebSocketResponse) -> None:
        async for message in theirs:
            if message.type is aiohttp.WSMsgType.TEXT:
                text = self._renamed(message.data)
                self.envelopes.append(json.loads(text))
                await ours.send_str(text)
        await ours.close()

    def _renamed(self, text: str) -> str:
        """With addresses that lead here."""
        return text.replace(f"127.0.0.1:{self.slack.port}", f"127.0.0.1:{self.port}")


def _parameters(body: bytes) -> dict[str, Any]:
    """What a method was called with, whichever way the SDK wrote it."""
    try:
        found = json.loads(body)
    except ValueError:
        found = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    if isinstance(found, dict):
        for name in ("view", "blocks"):
            if isinstance(found.get(name), str):
                found[name] = json.loads(found[name])
        return found
    return {}
