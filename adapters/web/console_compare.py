"""The console's comparison: whose outcome a version would change, each approved or turned down."""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.console_acting import Handler
from adapters.web.console_pages import ConsolePages
from adapters.web.console_versions import PAGE as PARENT
from adapters.web.desk_acts import BUSY, STALE
from adapters.web.forms import number_of, read_form
from adapters.web.gate import Gate, Visit
from bot.errors import CrossdeskError, ErasedError, ModelError, StaleReviewError, TryLaterError
from bot.training.comparing import Comparisons
from bot.training.outcomes import Ruling

PAGE = f"{PARENT}/{{version}}/compare"
_RULINGS = {"approve": Ruling.APPROVED, "turn-down": Ruling.TURNED_DOWN}
_DONE = {
    "approve": "Approved.",
    "turn-down": "Turned down.",
    "undo": "Taken back: it waits again.",
    "start": "The comparison has begun. It takes some minutes beside the bot, which goes on answering.",
}
#: No change has a higher number, and no database takes one.
_LAST = 2**31 - 1


class ConsoleCompare:
    """Pages and forms below ``/console/versions/<version>/compare``."""

    def __init__(self, gate: Gate, comparisons: Comparisons, pages: ConsolePages) -> None:
        self._gate = gate
        self._comparisons = comparisons
        self._pages = pages

    def pages(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each."""
        return [("GET", PAGE, self._page), ("POST", f"{PAGE}/{{act}}", self._act)]

    async def _page(self, request: Request, visit: Visit) -> Response:
        change = number_of(request.query_params, "change")
        return await self._shown(request, visit, change, done=request.query_params.get("done", ""))

    async def _act(self, request: Request, visit: Visit) -> Response:
        act, name, form = request.path_params["act"], request.path_params["version"], await read_form(request)
        change = number_of(form, "change")
        if act not in _DONE:
            return await self._shown(request, visit, change, status=404, problem="There is no such act.")
        if not self._gate.is_meant(request, form, visit.csrf):
            return await self._shown(request, visit, change, status=403, problem=STALE)
        by = visit.person.login

        def do() -> int | None:
            if act == "start":
                self._comparisons.start(name, by)
            elif act == "undo":
                return self._comparisons.undo(name, by)
            else:
                self._comparisons.rule(change if change <= _LAST else 0, _RULINGS[act], by)
            return None

        try:
            again = await to_thread.run_sync(do)
        except TryLaterError:
            return await self._shown(request, visit, change, status=503, problem=BUSY)
        except StaleReviewError:
            problem = "Somebody else has ruled on this change while you looked."
            return await self._shown(request, visit, change, status=409, problem=problem)
        except ErasedError:
            problem = "This change is no longer there: its buyer was erased, or it was compared anew."
            return await self._shown(request, visit, -1, status=410, problem=problem)
        except CrossdeskError as error:
            return await self._shown(request, visit, change, status=422, problem=str(error))
        shown = "" if again is None else f"&change={again}"
        return RedirectResponse(f"{PARENT}/{name}/compare?done={act}{shown}", 303)

    async def _shown(
        self,
        request: Request,
        visit: Visit,
        change: int,
        *,
        status: int = 200,
        done: str = "",
        problem: str | None = None,
    ) -> Response:
        name = request.path_params["version"]

        def render() -> Response:
            compared = self._comparisons.of(name)
            shown, latest = compared.of(change if change > 0 else None), self._comparisons.latest()
            return self._pages.rendered(
                "console_compare.html",
                visit,
                part=PARENT,
                status=status,
                flash=_DONE.get(done),
                problem=problem,
                compared=compared,
                shown=shown,
                latest=latest if latest and latest.version == compared.version else None,
                busy=latest is not None and latest.running,
                most=self._comparisons.settings.rules.releases.turned_down_percent,
            )

        try:
            return await to_thread.run_sync(render)
        except ModelError as error:
            return self._pages.trouble(404, str(error))
