"""Who a visitor of the chat is: a random id in a signed cookie, and buttons only that visitor was offered."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import secrets
from dataclasses import dataclass

from itsdangerous import BadData, Signer, TimestampSigner
from starlette.requests import Request
from starlette.responses import Response

from bot.messages import Attachment

COOKIE = "crossdesk_visitor"
#: The longest time that browsers keep a cookie; each visit begins it anew.
LIFETIME = dt.timedelta(days=400)
#: Of a ticket, which may be seen where a token is not.
TICKET_LIFETIME = dt.timedelta(days=1)
#: Shorter than any store keeps a file that belongs to no message.
FILE_LIFETIME = dt.timedelta(hours=12)


@dataclass(frozen=True)
class Visitor:
    """The other side of a web conversation."""

    id: str


class Visitors:
    """Signs and reads visitors' cookies and the payloads of the buttons that they were offered."""

    def __init__(self, secret: str) -> None:
        self._cookies = TimestampSigner(secret, salt="crossdesk.visitor")
        self._tickets = TimestampSigner(secret, salt="crossdesk.ticket")
        self._secret = secret

    def read(self, request: Request) -> Visitor | None:
        """The visitor whose token or cookie came with the request; None without one that we signed."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = request.cookies.get(COOKIE, "")
        return _signed(self._cookies, token, LIFETIME)

    def read_ticket(self, request: Request) -> Visitor | None:
        """The visitor whose ticket stands in the address."""
        return _signed(self._tickets, request.query_params.get("ticket", ""), TICKET_LIFETIME)

    def token(self, visitor: Visitor) -> str:
        """What a page keeps that can keep no cookie: it brings this visitor's history back."""
        return self._cookies.sign(visitor.id).decode("ascii")

    def ticket(self, visitor: Visitor) -> str:
        """For what a browser fetches by its address alone; good for reading only, and not for long."""
        return self._tickets.sign(visitor.id).decode("ascii")

    def new(self) -> Visitor:
        """Somebody who has never been here."""
        return Visitor(secrets.token_urlsafe(18))

    def remember(self, visitor: Visitor, request: Request, response: Response) -> None:
        """Set the cookie that brings this visitor's history back."""
        response.set_cookie(
            COOKIE,
            self.token(visitor),
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

    def sign_file(self, visitor: Visitor, file: Attachment) -> str:
        """A kept file as the page gets it: a message may carry it only if this very visitor sent it."""
        return self._files(visitor).sign(json.dumps(dataclasses.asdict(file)).encode()).decode("ascii")

    def read_file(self, visitor: Visitor, signed: str) -> Attachment | None:
        """The file behind a token; None if this visitor did not send it, or too long ago."""
        lifetime = int(FILE_LIFETIME.total_seconds())
        try:
            told = self._files(visitor).unsign(signed.encode("utf-8", "surrogatepass"), max_age=lifetime)
            return Attachment(**json.loads(told))
        except (BadData, UnicodeError, ValueError, TypeError):
            return None

    def _files(self, visitor: Visitor) -> TimestampSigner:
        return TimestampSigner(self._secret, salt=f"crossdesk.file.{visitor.id}")

    def _buttons(self, visitor: Visitor) -> Signer:
        return Signer(self._secret, salt=f"crossdesk.button.{visitor.id}")


def _signed(signer: TimestampSigner, token: str, lifetime: dt.timedelta) -> Visitor | None:
    if not token:
        return None
    try:
        signed = signer.unsign(token, max_age=int(lifetime.total_seconds()))
        return Visitor(signed.decode("ascii"))
    except (BadData, UnicodeError, ValueError):
        return None
