"""Server-sent events: a stream that tells a page the news."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from starlette.responses import Response, StreamingResponse

from adapters.web.hub import Hub, Subscription

#: Seconds; keeps proxies from closing a silent stream and shows a dead one.
HEARTBEAT = 15.0

#: What runs as long as a page listens.
Beside = Callable[[Subscription], AbstractAsyncContextManager[None]]


def event_stream(
    hub: Hub, topic: str, *, heartbeat: float = HEARTBEAT, beside: Beside = lambda _: nullcontext()
) -> Response:
    """A stream of the topic's signals, each an event: ``name`` or ``name:data``."""
    return StreamingResponse(
        _events(hub, topic, heartbeat, beside),
        media_type="text/event-stream",
        # A buffering proxy would hold the events back.
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(hub: Hub, topic: str, heartbeat: float, beside: Beside) -> AsyncIterator[bytes]:
    subscription = hub.subscribe(topic)
    try:
        async with beside(subscription):
            # The first event comes at once: the page then fetches what it missed while it was not listening.
            yield _event("ready")
            async for signals in subscription.signals(heartbeat):
                yield b"".join(map(_event, signals or ("beat",)))
    finally:
        hub.unsubscribe(topic, subscription)


def _event(signal: str) -> bytes:
    name, _, data = signal.partition(":")
    return f"event: {name}\ndata: {data or '-'}\n\n".encode()
