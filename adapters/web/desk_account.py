"""One's own business at the desk: signing in and out, being away, the password."""

from __future__ import annotations

import math
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.desk_acts import BUSY, STALE
from adapters.web.desk_pages import DeskPages
from adapters.web.forms import read_form
from adapters.web.gate import GUEST, SESSION, Gate, Visit, own_page
from adapters.web.limits import BodyTooLargeError, BodyTooSlowError, network_of
from bot.desk.port.desk import Desk
from bot.errors import DeskError, SignInError, TryLaterError

_WRONG = "The login or the password is wrong."
_SIGNED_OUT = "You are signed out. Nothing was sent."


class DeskAccount:
    """Handlers for people rather than cases."""

    def __init__(self, desk: Desk, gate: Gate, pages: DeskPages) -> None:
        self._desk = desk
        self._gate = gate
        self._pages = pages

    async def outside(self, request: Request) -> Response:
        """Somebody who is not signed in wants something: to the sign-in page, and back from there."""
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if request.method != "POST":
            return RedirectResponse(f"/desk/sign-in?{urlencode({'next': own_page(path)})}", 303)
        # The session ended while somebody was writing: give the words back.
        form = await read_form(request)
        text = form.get("reply") or form.get("note") or form.get("summary") or ""
        after = own_page(request.url.path.rpartition("/")[0])
        return self._form(request, 401, after, _SIGNED_OUT, text=text)

    async def sign_in_page(self, request: Request) -> Response:
        """The form, or straight on for those who are signed in."""
        after = own_page(request.query_params.get("next", ""))
        try:
            if await self._gate.visit(request) is not None:
                return RedirectResponse(after, 303)
        except TryLaterError:
            return self._pages.trouble(503, BUSY)
        return self._form(request, 200, after)

    async def sign_in(self, request: Request) -> Response:
        """Check the password; the answer never says which of the two was wrong."""
        try:
            form = await read_form(request)
        except (BodyTooLargeError, BodyTooSlowError):
            return self._pages.trouble(413, STALE)
        after, login = own_page(form.get("next", "")), form.get("login", "").strip()[:64]
        if not self._gate.is_meant(request, form, self._gate.csrf(self._gate.guest(request))):
            return self._form(request, 403, after, STALE, login=login)
        try:
            token = await self._desk.sign_in(
                login, form.get("password", ""), network_of(request) or "unknown"
            )
        except SignInError as error:
            if error.retry_after is None:
                return self._form(request, 401, after, _WRONG, login=login)
            response = self._form(request, 429, after, str(error), login=login)
            response.headers["Retry-After"] = str(math.ceil(error.retry_after))
            return response
        except TryLaterError:
            return self._form(request, 503, after, BUSY, login=login)
        response = RedirectResponse(after, 303)
        self._gate.remember(request, response, SESSION, token)
        self._gate.forget(response, GUEST)
        return response

    async def sign_out(self, request: Request, visit: Visit) -> Response:
        """End this session."""
        if not self._gate.is_meant(request, await read_form(request), visit.csrf):
            return self._pages.trouble(403, STALE)
        await self._desk.sign_out(visit.token)
        response = RedirectResponse("/desk/sign-in", 303)
        self._gate.forget(response, SESSION)
        return response

    async def away(self, request: Request, visit: Visit) -> Response:
        """Say that one is away, or back."""
        form = await read_form(request)
        if not self._gate.is_meant(request, form, visit.csrf):
            return self._pages.trouble(403, STALE)
        await self._desk.set_away(visit.person, form.get("away") == "yes")
        return RedirectResponse("/desk", 303)

    async def password_page(self, _: Request, visit: Visit) -> Response:
        """The form for a new password."""
        return self._pages.password(visit)

    async def password(self, request: Request, visit: Visit) -> Response:
        """Change one's own password; every other session of the same person ends."""
        form = await read_form(request)
        if not self._gate.is_meant(request, form, visit.csrf):
            return self._pages.password(visit, status=403, problem=STALE)
        old, new = form.get("old", ""), form.get("new", "")
        if new != form.get("again"):
            problem = "The new password is not the same in both places."
            return self._pages.password(visit, status=422, problem=problem)
        try:
            token = await self._desk.change_password(visit.person, old, new)
        except SignInError as error:
            problem = str(error) if error.retry_after else "The old password is wrong."
            return self._pages.password(visit, status=422, problem=problem)
        except DeskError as error:
            return self._pages.password(visit, status=422, problem=str(error))
        response = RedirectResponse("/desk?done=password", 303)
        self._gate.remember(request, response, SESSION, token)
        return response

    def _form(
        self, request: Request, status: int, after: str, problem: str | None = None, **typed: str
    ) -> Response:
        guest = self._gate.guest(request)
        response = self._pages.sign_in(
            self._gate.csrf(guest), status=status, after=after, problem=problem, **typed
        )
        self._gate.remember(request, response, GUEST, guest)
        return response
