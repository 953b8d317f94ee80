"""What stands around every page: security headers on each answer, and no acts on behalf of other sites."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Scripts, styles and connections only from ourselves; nothing inline; in nobody's frame.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "X-Robots-Tag": "noindex",
}
_NAMES = frozenset(name.lower().encode() for name in HEADERS)


_UNCHANGED: Mapping[str, str | None] = {}


class Shield:
    """ASGI middleware that sets the security headers, and forbids caching where the answer doesn't say.

    ``changed`` are those that a page needs otherwise, None for one that it must not have.
    """

    def __init__(
        self, app: ASGIApp, cache: str = "no-store", changed: Mapping[str, str | None] = _UNCHANGED
    ) -> None:
        self.app = app
        self.cache = cache.encode()
        headers = {**HEADERS, **changed}
        #: As they are sent: names in lower case, like all that comes from Starlette.
        self._raw = [(name.lower().encode(), value.encode()) for name, value in headers.items() if value]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its answer with our headers."""

        async def shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [pair for pair in message["headers"] if pair[0] not in _NAMES]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", self.cache))
                message["headers"] = headers + self._raw
            await send(message)

        await self.app(scope, receive, shielded)


def is_cross_site(request: Request) -> bool:
    """Whether another site's page made the browser send this.

    Browsers tell in ``Sec-Fetch-Site``, older ones in ``Origin``. What sends neither is no browser, and
    then has no cookie but its own.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
