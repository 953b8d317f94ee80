"""A real server in a thread, on a port of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

T = TypeVar("T")


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()


class Serving:
    """uvicorn with the given routes; stops and starts again on the same port, as after an upgrade."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = list(routes)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        ready = threading.Event()
        config = uvicorn.Config(
            Starlette(routes=self._routes),
            host="127.0.0.1",
            port=self.port,
            log_level="error",
            lifespan="off",
            # Rasa pins a websockets that uvicorn can't use, and nothing here needs them.
            ws="none",
        )
        self._server = _Server(config, ready)

        async def serve() -> None:
            self.loop = asyncio.get_running_loop()
            await self._server.serve()

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        self._thread.start()
        assert ready.wait(20), f"nothing serves on port {self.port}"

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something on the server's loop and give its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def call(self, function: Callable[[], Any]) -> None:
        """Call something on the server's loop."""

        async def calling() -> None:
            function()

        self.run(calling())

    def stop(self, before: Callable[[], Awaitable[None]] | None = None) -> None:
        """End as ``crossdesk serve`` does: first the doors, then the server."""

        async def ending() -> None:
            if before is not None:
                await before()

        self.run(ending())
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive(), "the server did not stop"
