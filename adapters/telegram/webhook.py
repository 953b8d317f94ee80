"""The address that Telegram calls: nothing is read before it has proved that it is Telegram."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from adapters.telegram.options import Account
from bot.errors import TryLaterError

log = logging.getLogger(__name__)

HEADER = "X-Telegram-Bot-Api-Secret-Token"
#: Updates are some kilobytes; in bytes.
LARGEST_BODY = 1 << 20
#: How long a body may take, in seconds.
PATIENCE = 10.0

Take = Callable[[object], Awaitable[None]]


class Webhook:
    """Takes updates that Telegram brings.

    Args:
        takers: for each bot's id the bot, and what commits an update of its.
        forged: called for each call that proved nothing.
    """

    def __init__(self, takers: Mapping[str, tuple[Account, Take]], forged: Callable[[], None]) -> None:
        self._takers = takers
        self._forged = forged

    async def receive(self, request: Request) -> Response:
        """Take one update; it is committed before Telegram is told that it arrived."""
        account, take = self._takers.get(request.path_params["bot"], (None, None))
        given = request.headers.get(HEADER, "")
        if account is None or take is None or not _same(given, account.secret):
            self._forged()
            return PlainTextResponse("the secret token is missing or wrong\n", 401)
        try:
            raw = await asyncio.wait_for(_body(request), PATIENCE)
        except asyncio.TimeoutError:
            return PlainTextResponse("the body took too long\n", 408)
        if raw is None:
            return PlainTextResponse("the body is too large\n", 413)
        try:
            update = json.loads(raw)
        except (ValueError, RecursionError):
            return PlainTextResponse("this is not JSON\n", 400)
        try:
            await take(update)
        except TryLaterError as error:
            log.warning("telegram %s: an update must come again: %s", account.id, error)
            return PlainTextResponse("later\n", 503, {"Retry-After": "5"})
        return PlainTextResponse("ok\n")


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode())


async def _body(request: Request) -> bytes | None:
    """The body; None if it is too large, of which no more is read."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)
