"""How much and how often: bodies are read up to a limit, senders are counted."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request

#: Bytes of a chat message with everything around it.
BODY_LIMIT = 64 * 1024
#: Seconds in which a body must have arrived.
BODY_PATIENCE = 15.0


class BodyTooLargeError(Exception):
    """The body is longer than allowed."""


class BodyTooSlowError(Exception):
    """The body did not arrive in time, or never."""


async def read_body(request: Request, limit: int = BODY_LIMIT, patience: float = BODY_PATIENCE) -> bytes:
    """The request's body, never holding more than ``limit`` bytes of it.

    Raises:
        BodyTooLargeError: it is longer; the rest is not read.
        BodyTooSlowError: it took longer than ``patience`` seconds, or the client went away.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared[:20]) > limit:
        raise BodyTooLargeError
    try:
        return await asyncio.wait_for(_collect(request, limit), patience)
    except (asyncio.TimeoutError, ClientDisconnect) as error:
        raise BodyTooSlowError from error


async def _collect(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLargeError
    return bytes(body)


class RateLimit:
    """At most so many events in a sliding window for each key; remembers only so many keys."""

    def __init__(
        self,
        events: int,
        seconds: float,
        *,
        keys: int = 50_000,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._events = events
        self._seconds = seconds
        self._keys = keys
        self._ticks = ticks
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, key: str) -> int:
        """Count one event: 0 if it may happen, else the whole seconds to wait (then it is not counted)."""
        now = self._ticks()
        times = self._seen.setdefault(key, deque())
        self._seen.move_to_end(key)
        while len(self._seen) > self._keys:
            self._seen.popitem(last=False)
        while times and times[0] <= now - self._seconds:
            times.popleft()
        if len(times) < self._events:
            times.append(now)
            return 0
        return max(1, math.ceil(times[0] + self._seconds - now))


def network_of(request: Request) -> str | None:
    """The network that a request came from: an IPv4 address, or the /64 that one IPv6 subscriber has."""
    if request.client is None:
        return None
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return request.client.host[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
