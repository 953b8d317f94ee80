"""Socket Mode: one connection after the other, for as long as the wire is open."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.errors import to_error
from bot.errors import OperatorError
from bot.tasks import end

#: How long a connection may take to come about, in seconds.
PATIENCE = 20.0
#: Waits between tries, in seconds; the last one repeats. Slack lets an app ask for few connections a minute.
WAITS = (1.0, 2.0, 5.0, 15.0, 30.0)
#: A connection that lasted so long was a good one, in seconds.
STEADY = 10.0
#: The wait while a person has to act.
LONG_WAIT = 60.0
#: A sign of life is asked for this often, in seconds; without four of them the connection counts as dead.
PING = 5.0


class _Session(SocketModeClient):
    """One connection. Where the SDK would make another, in ways that never give up and tell much, it ends."""

    def __init__(self, app_token: str, web_client: AsyncWebClient, url: str) -> None:
        # The SDK's log lines hold the connection's ticket and whole messages.
        silent = logging.Logger("slack", logging.CRITICAL)
        silent.disabled = True
        super().__init__(app_token, logger=silent, web_client=web_client, ping_interval=PING)
        self.wss_uri = url
        self.ended = asyncio.Event()

    async def connect_to_new_endpoint(self, force: bool = False) -> None:
        """The connection is over: Slack said so, or it gives no sign of life."""
        del force
        self.ended.set()


class Socket:
    """Keeps a connection to Slack.

    Args:
        app: is given what comes; a request is acknowledged if it answers with 200.
        app_token: opens connections.
        on_line: told True whenever Slack has begun to send, False when it has ceased to.
        trouble: told why there is no connection, and with None that there is one again.
    """

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        on_line: Callable[[bool], None],
        trouble: Callable[[str | None], Awaitable[None]],
    ) -> None:
        self._app = app
        self._app_token = app_token
        self._on_line = on_line
        self._trouble = trouble
        self._task: asyncio.Task[None] | None = None
        #: Whether Slack is sending.
        self.is_open = False

    async def open(self) -> None:
        """Connect for the first time.

        Raises:
            CrossdeskError: Slack gives no connection; of the kind that says what follows.
        """
        url = await self._ask_url()
        self._task = asyncio.create_task(self._run(url))

    async def close(self) -> None:
        """Let go of the connection. What is being taken in at this moment is finished or asked for again."""
        task, self._task = self._task, None
        if task is not None:
            await end([task])

    async def _ask_url(self) -> str:
        try:
            answer = await self._app.client.apps_connections_open(app_token=self._app_token)
        except (SlackClientError, aiohttp.ClientError, asyncio.TimeoutError) as error:
            raise to_error(error) from error
        return str(answer["url"])

    async def _run(self, url: str | None) -> None:
        failures, loop = 0, asyncio.get_running_loop()
        while True:
            begun = loop.time()
            try:
                greeted = await self._session(url or await self._ask_url())
                # Slack closes connections now and then; one that it closes at once is not asked for at once.
                failures = 0 if greeted and loop.time() - begun >= STEADY else failures + 1
                wait = WAITS[min(failures, len(WAITS)) - 1] if failures else 0.0
            except Exception as error:
                known = to_error(error)
                failures += 1
                wait = LONG_WAIT if isinstance(known, OperatorError) else WAITS[min(failures, len(WAITS)) - 1]
                wait = max(wait, getattr(known, "retry_after", None) or 0.0)
                await self._trouble(f"no connection, tried again until there is one: {known}")
            url = None
            await asyncio.sleep(wait)

    async def _session(self, url: str) -> bool:
        """Use one connection to its end; whether Slack greeted us on it."""
        greeted = False

        async def hear(_: Any, message: dict[str, Any], __: str | None = None) -> None:
            nonlocal greeted
            if message.get("type") == "hello":
                greeted = self.is_open = True
                self._on_line(True)
                await self._trouble(None)

        session = _Session(self._app_token, self._app.client, url)
        session.message_listeners.append(hear)
        session.socket_mode_request_listeners.append(self._handle)
        try:
            # The SDK tries one address for ever, although it is good for one try.
            await asyncio.wait_for(session.connect(), PATIENCE)  # type: ignore[no-untyped-call]
            await session.ended.wait()
        finally:
            self.is_open = False
            self._on_line(False)
            with contextlib.suppress(Exception):
                await session.close()  # type: ignore[no-untyped-call]
        return greeted

    async def _handle(self, client: Any, request: Any) -> None:
        answer = await run_async_bolt_app(self._app, request)
        with contextlib.suppress(aiohttp.ClientError, ConnectionError, json.JSONDecodeError):
            await send_async_response(client, request, answer, 0.0)
