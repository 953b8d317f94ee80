"""Server-sent events: a stream that tells a page to look again."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from adapters.web.hub import Hub

#: Seconds; keeps proxies from closing a silent stream and shows a dead one.
HEARTBEAT = 15.0


def event_stream(hub: Hub, topic: str, *, heartbeat: float = HEARTBEAT) -> Response:
    """A stream of the topic's signals, each an event with the signal as its name."""
    return StreamingResponse(
        _events(hub, topic, heartbeat),
        media_type="text/event-stream",
        # A buffering proxy would hold the events back.
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(hub: Hub, topic: str, heartbeat: float) -> AsyncIterator[bytes]:
    subscription = hub.subscribe(topic)
    try:
        # The first event comes at once: the page then fetches whatever it missed while it was not listening.
        yield b"event: ready\ndata: {}\n\n"
        async for signal in subscription.signals(heartbeat):
            yield f"event: {signal or 'beat'}\ndata: {{}}\n\n".encode()
    finally:
        hub.unsubscribe(topic, subscription)
