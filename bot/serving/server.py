"""The HTTP server of a serving process."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.errors import CrossdeskError, OperatorError
from bot.settings import Settings
from bot.tasks import set_within

#: The date in what is answered is this many seconds old at most.
TICK = 1.0


def bind(host: str, port: int) -> socket.socket:
    """Take the address of the pages, before anything that takes long.

    Raises:
        OperatorError: it cannot be had; says why.
    """
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        why = "another program has this port" if error.errno == errno.EADDRINUSE else error.strerror
        raise OperatorError(
            f"cannot listen on {host}:{port}: {why}; choose another with --port or --host"
        ) from error
    return made


class _Unhurried(uvicorn.Server):
    """Looks at its clock each second; uvicorn's own loop does so ten times, for nobody."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Finish what is being answered and serve no longer."""
        self.should_exit = True
        self._ended.set()

    async def main_loop(self) -> None:
        """Keep the date up that goes with each answer, until it is to end."""
        while not await self.on_tick(0):
            await set_within(self._ended, TICK)


class Server:
    """The one HTTP server of a process."""

    def __init__(
        self,
        settings: Settings,
        bound: socket.socket,
        routes: Sequence[BaseRoute],
    ) -> None:
        self._bound = bound
        self._config = uvicorn.Config(
            Starlette(routes=list(routes)),
            host=settings.host,
            port=settings.port,
            log_level="warning",
            # Its lines go where ours go, in the same form.
            log_config=None,
            access_log=False,
            proxy_headers=True,
            forwarded_allow_ips=[str(network) for network in settings.proxies],
            server_header=False,
            timeout_graceful_shutdown=3,
            lifespan="off",
            # Pages listen to server-sent events; Rasa's pin of websockets is too old for uvicorn.
            ws="none",
        )
        self._server = _Unhurried(self._config)
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Where the pages are, with the port that was really taken."""
        port = self._server.servers[0].sockets[0].getsockname()[1]
        host = f"[{self._config.host}]" if ":" in self._config.host else self._config.host
        return f"http://{host}:{port}"

    async def start(self) -> None:
        """Listen and serve.

        Raises:
            OperatorError: it does not start.
        """
        # Our own handlers stop the doors first; uvicorn's would end the server under them.
        self._server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        self._task = asyncio.create_task(self._server.serve(sockets=[self._bound]))
        while not self._server.started:
            if self._task.done():
                raise OperatorError("the web server did not start")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Finish what is being answered and let go of the port."""
        if self._task is not None:
            self._server.end()
            with contextlib.suppress(CrossdeskError):
                await self._task
