"""The rival as it is run: ``rasa run`` with its REST channel and SQL tracker store, and an action server."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bench.processes import Group, free_port
from bench.rival.building import MODEL, environment, rasa

LOCAL = "127.0.0.1"


class _Visitor:
    def __init__(self, session: aiohttp.ClientSession, address: str, sender: str) -> None:
        self._session, self._address, self._sender = session, address, sender

    async def say(self, text: str) -> str:
        message = {"sender": self._sender, "message": text}
        async with self._session.post(f"{self._address}/webhooks/rest/webhook", json=message) as response:
            response.raise_for_status()
            return "\n".join(reply.get("text", "") for reply in await response.json())


class Rival:
    """Stock Rasa."""

    name = "Rasa 3.6.21"

    def __init__(self, root: Path, built: Path, store: Path, folder: Path) -> None:
        self._root, self._built, self._store, self._folder = root, built, store, folder
        self._port, self._actions_port = free_port(), free_port()

    def start(self, group: Group) -> None:
        endpoints = {
            "action_endpoint": {"url": f"http://{LOCAL}:{self._actions_port}/webhook"},
            "tracker_store": {
                "type": "SQL",
                "dialect": "sqlite",
                "db": str(self._folder / "trackers.sqlite"),
            },
        }
        (self._folder / "endpoints.yml").write_text(json.dumps(endpoints), encoding="utf-8")
        env = environment(self._built) | {"BENCH_STORE": str(self._store), "SANIC_HOST": LOCAL}
        actions = ["--actions", "bench.rival.actions", "--port", str(self._actions_port)]
        # `rasa run actions` would start the same server with TensorFlow loaded beside it.
        group.start([sys.executable, "-m", "rasa_sdk", *actions], env, self._root)
        model = self._built / MODEL
        files = ["--endpoints", "endpoints.yml", "--credentials", "credentials.yml"]
        shutil.copy(self._built / "credentials.yml", self._folder)
        where = ["--interface", LOCAL, "--port", str(self._port)]
        group.start(rasa("run", "--model", str(model), *files, *where), env, self._folder)

    async def is_up(self) -> bool:
        addresses = (f"http://{LOCAL}:{self._port}/", f"http://{LOCAL}:{self._actions_port}/health")
        async with aiohttp.ClientSession() as session:
            return all(await asyncio.gather(*(answers(session, address) for address in addresses)))

    def turns_since(self, begun: float) -> None:
        """Nobody can tell: it has no outbox."""
        del begun

    @asynccontextmanager
    async def visit(self, number: int) -> AsyncIterator[_Visitor]:
        async with aiohttp.ClientSession() as session:
            yield _Visitor(session, f"http://{LOCAL}:{self._port}", f"buyer-{number}")


async def answers(session: aiohttp.ClientSession, address: str) -> bool:
    """Whether a server is there and well."""
    try:
        async with session.get(address) as response:
            return response.status == 200
    except aiohttp.ClientConnectionError:
        return False
