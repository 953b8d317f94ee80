"""Who stands at the desk: sessions in a cookie, and proof that a form came from our own page."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from itsdangerous import Signer
from starlette.requests import Request
from starlette.responses import Response

from adapters.web.shield import is_cross_site
from bot.desk.port.desk import Desk
from bot.desk.values.people import Person

SESSION = "crossdesk_desk"
#: Whoever has not signed in yet has a random name too, to which the sign-in form is tied.
GUEST = "crossdesk_guest"
_OWN_PAGE = re.compile(
    r"(/desk(/cases/\d{1,15}|/password)?|/console(/[a-z]{1,20}(/[\w.-]{1,120}(/compare)?)?)?)(\?[\w=&%.-]{0,200})?"
)


@dataclass(frozen=True)
class Visit:
    """A request of somebody who is signed in."""

    person: Person
    #: The session's token.
    token: str
    #: What every form of the page must bring along.
    csrf: str


class Gate:
    """Lets people in, and only those acts that they meant."""

    def __init__(self, desk: Desk, secret: str) -> None:
        self._desk = desk
        self._csrf = Signer(secret, salt="crossdesk.desk.csrf")

    async def visit(self, request: Request) -> Visit | None:
        """Who asks; None if nobody is signed in.

        Raises:
            TryLaterError: the database is away.
        """
        token = request.cookies.get(SESSION)
        if not token:
            return None
        person = await self._desk.person(token)
        return None if person is None else Visit(person, token, self.csrf(token))

    def csrf(self, token: str) -> str:
        """The proof that belongs to a session (or a guest's name)."""
        return self._csrf.get_signature(token.encode("utf-8", "replace")).decode("ascii")

    def is_meant(self, request: Request, form: Mapping[str, str], csrf: str) -> bool:
        """Whether the form came from a page that we made for this very session."""
        given = form.get("csrf", "").encode("utf-8", "replace")
        return not is_cross_site(request) and secrets.compare_digest(given, csrf.encode())

    def guest(self, request: Request) -> str:
        """The random name of somebody who has not signed in."""
        return request.cookies.get(GUEST) or secrets.token_urlsafe(18)

    def remember(self, request: Request, response: Response, name: str, value: str) -> None:
        """Set a cookie that ends with the browser, and that no other site can make it send."""
        response.set_cookie(
            name,
            value,
            # The console's pages are the same people's.
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )

    def forget(self, response: Response, name: str) -> None:
        """Delete a cookie."""
        for path in ("/", "/desk"):
            # Set for the desk alone by versions before the console.
            response.delete_cookie(name, path=path, httponly=True, samesite="strict")


def own_page(path: str) -> str:
    """Where to go after signing in: the page that was asked for if it is one of ours, else the list."""
    return path if _OWN_PAGE.fullmatch(path) else "/desk"
