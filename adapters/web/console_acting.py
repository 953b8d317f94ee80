"""What a form of the console asks for, done: refusals are a line on the page that the form came from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.desk_acts import BUSY, STALE
from adapters.web.forms import read_form
from adapters.web.gate import Gate, Visit
from bot.errors import (
    CrossdeskError,
    FaultsError,
    FindingsError,
    StaleRulesError,
    StaleWordsError,
    TryLaterError,
)

#: Answers what somebody who is signed in asks for.
Handler = Callable[[Request, Visit], Awaitable[Response]]
#: Renders a template of the console: its name, the visit, the status and what it shows.
Render = Callable[..., Response]
#: Shows the page that a form came from again: the form, a status, and what was wrong.
Again = Callable[[Mapping[str, str], int, "str | None"], Awaitable[Response]]
#: Refusals because of what stands there now.
_CONFLICTS = (FaultsError, FindingsError, StaleRulesError, StaleWordsError)
NO_SUCH_ACT = "There is no such act."


async def acted(
    request: Request,
    visit: Visit,
    gate: Gate,
    *,
    acts: Collection[str],
    do: Callable[[str, Mapping[str, str]], str],
    again: Again,
    look: str | None = None,
) -> Response:
    """Do what a form asks for, and go to the page that tells of it.

    Args:
        request: the form; its path's last part names the act.
        visit: who asks.
        gate: tells whether a form was meant.
        acts: the acts that there are.
        do: does one, in a thread; returns the address to go on at.
        again: shows the page again.
        look: the act that changes nothing and only shows the page again, if there is one.
    """
    act, form = request.path_params["act"], await read_form(request)
    if act not in acts and act != look:
        return await again({}, 404, NO_SUCH_ACT)
    if not gate.is_meant(request, form, visit.csrf):
        return await again(form, 403, STALE)
    if act == look:
        return await again(form, 200, None)
    try:
        where = await to_thread.run_sync(do, act, form)
    except _CONFLICTS as error:
        return await again(form, 409, str(error))
    except TryLaterError:
        return await again(form, 503, BUSY)
    except CrossdeskError as error:
        return await again(form, 422, str(error))
    return RedirectResponse(where, 303)
