"""What the bot asks of people: approvals and questions to departments, on a page of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.desk_acts import BUSY, STALE, TOO_LARGE
from adapters.web.desk_pages import DeskPages, masked
from adapters.web.forms import read_form, text_of
from adapters.web.gate import Gate, Visit
from adapters.web.limits import BodyTooLargeError, BodyTooSlowError
from bot.desk.port.desk import Desk
from bot.desk.values.people import Person
from bot.desk.values.requests import RequestView
from bot.errors import DecidedError, DeskError, ForbiddenError, TryLaterError, UnknownRequestError

#: Fields of the page that a person types into.
TYPED = ("amount", "reason", "answer")

Act = Callable[[Person, int, Mapping[str, str]], Awaitable[RequestView]]


class DeskRequests:
    """The page, and what people decide on it."""

    def __init__(self, desk: Desk, gate: Gate, pages: DeskPages) -> None:
        self._gate = gate
        self._pages = pages
        self._acts: Mapping[str, Act] = {
            "approve": lambda who, number, _: desk.approve_request(who, number),
            "counter": lambda who, number, form: desk.counter_request(who, number, text_of(form, "amount")),
            "decline": lambda who, number, form: desk.decline_request(who, number, text_of(form, "reason")),
            "answer": lambda who, number, form: desk.answer_request(who, number, text_of(form, "answer")),
        }

    async def page(self, request: Request, visit: Visit) -> Response:
        """Those that wait, or with ``view=over`` those that are over."""
        query = request.query_params
        return await self._pages.requests(visit, over=query.get("view") == "over", done=query.get("done", ""))

    async def act(self, request: Request, visit: Visit) -> Response:
        """One decision; then the page again."""
        number: int = request.path_params["request_id"]
        name: str = request.path_params["act"]
        act = self._acts.get(name)
        if act is None:
            return self._pages.trouble(404, "There is no such act.")
        form: Mapping[str, str] = {}
        try:
            form = await read_form(request)
            if not self._gate.is_meant(request, form, visit.csrf):
                return await self._again(visit, number, form, 403, STALE)
            await act(visit.person, number, form)
        except BodyTooLargeError:
            return await self._again(visit, number, form, 413, TOO_LARGE)
        except BodyTooSlowError:
            return self._pages.trouble(408, STALE)
        except DeskError as error:
            return await self._again(visit, number, form, _status(error), str(error))
        except TryLaterError:
            return self._pages.trouble(503, BUSY, typed="\n".join(form.values()))
        return RedirectResponse(f"/desk/requests?done={name}-request{masked(form, TYPED)}", 303)

    async def _again(
        self, visit: Visit, number: int, form: Mapping[str, str], status: int, problem: str
    ) -> Response:
        """The page with what went wrong, and what was typed where it was typed."""
        typed = {name: form.get(name, "") for name in TYPED}
        return await self._pages.requests(visit, status=status, problem=problem, typed={number: typed})


def _status(error: DeskError) -> int:
    if isinstance(error, UnknownRequestError):
        return 404
    if isinstance(error, DecidedError):
        return 409
    return 403 if isinstance(error, ForbiddenError) else 422
