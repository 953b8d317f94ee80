"""Who a visitor of the chat is: a random id in a signed cookie, and buttons only that visitor was offered."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from itsdangerous import BadData, Signer, TimestampSigner
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "crossdesk_visitor"
#: The longest time that browsers keep a cookie; each visit begins it anew.
LIFETIME = dt.timedelta(days=400)


@dataclass(frozen=True)
class Visitor:
    """The other side of a web conversation."""

    id: str


class Visitors:
    """Signs and reads visitors' cookies and the payloads of the buttons that they were offered."""

    def __init__(self, secret: str) -> None:
        self._cookies = TimestampSigner(secret, salt="crossdesk.visitor")
        self._secret = secret

    def read(self, request: Request) -> Visitor | None:
        """The visitor whose cookie came with the request; None without a cookie that we signed."""
        token = request.cookies.get(COOKIE)
        if not token:
            return None
        try:
            signed = self._cookies.unsign(token, max_age=int(LIFETIME.total_seconds()))
            return Visitor(signed.decode("ascii"))
        except (BadData, UnicodeError, ValueError):
            return None

    def new(self) -> Visitor:
        """Somebody who has never been here."""
        return Visitor(secrets.token_urlsafe(18))

    def remember(self, visitor: Visitor, request: Request, response: Response) -> None:
        """Set the cookie that brings this visitor's history back."""
        response.set_cookie(
            COOKIE,
            self._cookies.sign(visitor.id).decode("ascii"),
            max_age=int(LIFETIME.total_seconds()),
            path="/chat",
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def sign_button(self, visitor: Visitor, payload: str) -> str:
        """A payload as the page gets it: what it sends back was then offered to this very visitor."""
        return self._buttons(visitor).sign(payload.encode()).decode("utf-8")

    def read_button(self, visitor: Visitor, signed: str) -> str | None:
        """The payload behind a pressed button; None if we never offered it to this visitor."""
        try:
            return self._buttons(visitor).unsign(signed.encode("utf-8", "surrogatepass")).decode("utf-8")
        except (BadData, UnicodeError):
            return None

    def _buttons(self, visitor: Visitor) -> Signer:
        return Signer(self._secret, salt=f"crossdesk.button.{visitor.id}")
