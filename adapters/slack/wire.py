"""The wire to Slack: one app and one connection, whoever listens: buyers now, a desk beside them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, Protocol
from weakref import WeakValueDictionary

import aiohttp
from slack_bolt import BoltResponse
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackClientError
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.slack.access import Access
from adapters.slack.errors import to_error
from adapters.slack.socket_mode import Socket
from adapters.slack.translate import Us
from bot.clock import Clock
from bot.errors import CrossdeskError, OperatorError
from bot.settings import Settings

log = logging.getLogger(__name__)

#: Seconds for one call of a method.
TIMEOUT = 20
#: What Slack sends has at most some hundred thousand bytes.
MOST_BYTES = 4 * 1024 * 1024
#: Seconds in which it must have arrived.
PATIENCE = 10.0


class Listener(Protocol):
    """Somebody to whom what comes from Slack may be addressed."""

    async def take(self, body: Mapping[str, Any]) -> bool | dict[str, Any]:
        """Take in what Slack tells; whether it was this listener's, or what Slack is answered.

        Raises:
            CrossdeskError: not now; Slack is to send it again.
        """
        ...

    def on_line(self, on_line: bool) -> None:
        """Slack has begun to send, or has ceased to."""
        ...

    async def trouble(self, why: str | None) -> None:
        """The line broke after it was open; with None: it is whole. Told again and again."""
        ...


class Wire:
    """What all who talk to Slack by one app share.

    Args:
        access: the app's tokens.
        clock: tells which signatures are too old.
        forged: called for each request of which nobody proved that Slack sent it.
    """

    def __init__(self, access: Access, clock: Clock, forged: Callable[[], None] = lambda: None) -> None:
        self.access = access
        # Left to itself the SDK posts a second time when the connection breaks: nobody would know.
        self.client = AsyncWebClient(
            access.bot_token, base_url=access.api, timeout=TIMEOUT, retry_handlers=[], logger=_quiet("web")
        )
        self._forged = forged
        #: Ids of channels in which nobody is a buyer.
        self.rooms: set[str] = set()
        self._settings: Settings | None = None
        self._clock = clock
        self._listeners: list[Listener] = []
        self._us: Us | None = None
        self._app: AsyncApp | None = None
        self._socket: Socket | None = None
        self._open = 0
        self._opening = asyncio.Lock()

    @classmethod
    def of(cls, settings: Settings, clock: Clock, forged: Callable[[], None] | None = None) -> Wire:
        """The one wire of a process: two connections of an app would take each other's events.

        Args:
            settings: those that the process was started with.
            clock: as above.
            forged: as above, from whoever has somebody to tell.

        Raises:
            ConfigurationError: ``shop.yml`` says something about Slack that cannot be.
        """
        wire = _WIRES.get(id(settings))
        if wire is None:
            wire = cls(Access.load(settings), clock)
            # Held on to, so that no other settings ever have this id while the wire is there.
            wire._settings = settings
            _WIRES[id(settings)] = wire
        if forged is not None:
            wire._forged = forged
        return wire

    def listen(self, listener: Listener, *, first: bool = False) -> None:
        """Have somebody told of all that comes, until one says that it was theirs."""
        self._listeners.insert(0 if first else len(self._listeners), listener)

    def keep_from_buyers(self, channels: Iterable[str]) -> None:
        """Set channels apart in which nobody is a buyer, whatever is said there."""
        self.rooms |= set(channels)

    async def us(self) -> Us:
        """Whom the token makes us; asked once.

        Raises:
            CrossdeskError: Slack does not say; of the kind that says what follows.
        """
        if self._us is None:
            answer = await self.call(self.client.auth_test())
            self._us = Us(str(answer["team_id"]), str(answer["user_id"]), str(answer.get("url") or ""))
        return self._us

    async def call(self, method: Awaitable[Any]) -> Any:
        """What a method of the client answers.

        Raises:
            CrossdeskError: it failed; of the kind that says what follows.
        """
        try:
            return await method
        except (SlackClientError, aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            raise to_error(error) from error

    async def check(self) -> None:
        """Look whether the token still holds, and tell if it does not: the socket may outlive it."""
        try:
            await self.call(self.client.auth_test())
        except OperatorError as error:
            await self._trouble(str(error))
        except CrossdeskError as error:
            log.debug("not now: %s", error)
        else:
            if self._socket is None or self._socket.is_open:
                await self._trouble(None)

    def routes(self) -> Sequence[BaseRoute]:
        """Where Slack posts events, if it does."""
        if self.access.mode != "http":
            return []
        return [Route(self.access.app.path, self._events, methods=["POST"])]

    async def open(self) -> None:
        """Begin to receive. Whoever listens opens; the first one connects.

        Raises:
            ConfigurationError: a token is missing.
            CrossdeskError: Slack does not let us in; of the kind that says what follows.
        """
        self.access.check()
        await self.us()
        # Those who share the wire open at the same time.
        async with self._opening:
            if self._open == 0 and self.access.mode == "socket":
                socket = Socket(self._bolt(), self.access.app_token, self._tell, self._trouble)
                await socket.open()
                self._socket = socket
            elif self._socket is None or self._socket.is_open:
                # Whoever comes later has heard nothing of it.
                self._tell(True)
            self._open += 1

    async def close(self) -> None:
        """Stop receiving, when nobody is left who listens. Idempotent."""
        self._open = max(self._open - 1, 0)
        if self._open == 0 and self._socket is not None:
            socket, self._socket = self._socket, None
            await socket.close()

    def _tell(self, on_line: bool) -> None:
        for listener in self._listeners:
            listener.on_line(on_line)

    async def _trouble(self, why: str | None) -> None:
        for listener in self._listeners:
            await listener.trouble(why)

    def _bolt(self) -> AsyncApp:
        """The app. Made late: it refuses to be made without a token."""
        if self._app is None:

            async def take(body: dict[str, Any], next: Callable[[], Awaitable[Any]]) -> Any:  # noqa: A002
                return await self._take(body, next)

            self._app = AsyncApp(
                name="crossdesk",
                client=self.client,
                signing_secret=self.access.signing_secret,
                logger=_quiet("bolt"),
                before_authorize=take,
                # Otherwise it acknowledges before the listener has run.
                process_before_response=True,
                # Signatures are checked before a body is read as anything; what bots say, by the listeners.
                request_verification_enabled=False,
                ignoring_self_events_enabled=False,
            )
        return self._app

    async def _take(self, body: Mapping[str, Any], go_on: Callable[[], Awaitable[Any]]) -> Any:
        if body.get("type") in ("url_verification", "ssl_check") or "ssl_check" in body:
            return await go_on()
        try:
            for listener in self._listeners:
                taken = await listener.take(body)
                if isinstance(taken, dict):
                    return BoltResponse(status=200, body=taken)
                if taken:
                    break
        except CrossdeskError as error:
            log.warning("Slack's %s is not taken now: %s", _id_of(body), error)
            return BoltResponse(status=503)
        except Exception as error:
            log.error("Slack's %s cannot be taken: %s", _id_of(body), type(error).__name__)
            return BoltResponse(status=500)
        # Nobody's, too: Slack need not send it again.
        return BoltResponse(status=200)

    async def _events(self, request: Request) -> Response:
        if not self.access.signing_secret or not self.access.bot_token:
            return Response("crossdesk: Slack's secrets are not set here", 503)
        raw = await _read(request)
        if isinstance(raw, Response):
            return raw
        if not self._is_signed(raw, request.headers):
            self._forged()
            return Response(status_code=401)
        try:
            asked = to_async_bolt_request(request, raw)
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            return Response(status_code=400)
        return to_starlette_response(await self._bolt().async_dispatch(asked))

    def _is_signed(self, raw: bytes, headers: Mapping[str, str]) -> bool:
        verifier = SignatureVerifier(self.access.signing_secret, _SignatureClock(self._clock))
        try:
            return verifier.is_valid_request(raw, dict(headers))
        except (ValueError, TypeError, OverflowError):
            # A time that no clock shows, a signature that is no ASCII, a body that is no UTF-8.
            return False


#: By the id of the settings that a process was started with.
_WIRES: MutableMapping[int, Wire] = WeakValueDictionary()


class _SignatureClock(SignatureClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


async def _read(request: Request) -> bytes | Response:
    """The body, never holding much more than it may have; or why there is none."""
    too_large = Response(status_code=413)
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared[:20]) > MOST_BYTES:
        return too_large

    async def collect() -> bytes | Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                return too_large
        return bytes(body)

    try:
        return await asyncio.wait_for(collect(), PATIENCE)
    except (asyncio.TimeoutError, ClientDisconnect):
        return Response(status_code=408)


def _quiet(name: str) -> logging.Logger:
    """A logger for the SDK, which writes bodies at debug level and much else that is nobody's business."""
    logger = logging.getLogger(f"{__name__}.{name}")
    logger.setLevel(logging.CRITICAL)
    return logger


def _id_of(body: Mapping[str, Any]) -> str:
    found = body.get("event_id") or body.get("type")
    return found[:40] if isinstance(found, str) and found.replace("_", "").isalnum() else "request"
