"""The console's versions: train, compare, release and roll back, with what was done by whom."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.console_acting import Handler, Render
from adapters.web.desk_acts import BUSY, STALE
from adapters.web.forms import number_of, read_form, text_of
from adapters.web.gate import Gate, Visit
from bot.errors import CrossdeskError, GateError, ModelError, TryLaterError
from bot.training import models, progress, rollout, versions
from bot.training.progress import State
from bot.training.releasing import Releases
from bot.training.shadow import shifts

PAGE = "/console/versions"
#: Lines of the log on the page, and characters of a reason.
LINES, LONGEST = 20, 500
#: Of a shadow run, changes of meaning and differences on its page.
SHIFTS, PARTINGS = 20, 50
_DONE = {
    "train": "The training has begun. The bot goes on answering meanwhile.",
    "stop": "The training stops, and leaves nothing behind.",
    "release": "Released: the workers change to it between two turns, within seconds.",
    "rollback": "Back to the version before: the workers change to it within seconds.",
    "shadow": "It runs in shadow: it takes again what buyers write from now on, and nobody hears it.",
    "share": "Begun: in half a minute the first conversations are the candidate's.",
    "withdraw": "Withdrawn: from the next turn on the released version has all conversations.",
}


class ConsoleVersions:
    """Pages and forms below ``/console/versions``."""

    def __init__(self, gate: Gate, releases: Releases, render: Render) -> None:
        self._gate = gate
        self._releases = releases
        self._render = render

    def pages(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each."""
        return [
            ("GET", PAGE, self._page),
            # Before a version's own page, which takes any name.
            ("GET", f"{PAGE}/trial", self._shadowed),
            ("POST", f"{PAGE}/{{act}}", self._act),
        ]

    async def _page(self, request: Request, visit: Visit) -> Response:
        return await self._shown(visit, done=request.query_params.get("done", ""))

    async def _shadowed(self, _request: Request, visit: Visit) -> Response:
        def render() -> Response:
            run, partings = self._releases.shadowed() or (None, [])
            return self._render(
                "console_trial.html",
                visit,
                part=PAGE,
                status=200,
                flash=None,
                problem=None,
                run=run,
                shifts=shifts(partings)[:SHIFTS],
                partings=partings[:PARTINGS],
            )

        return await to_thread.run_sync(render)

    async def _act(self, request: Request, visit: Visit) -> Response:
        act, form = request.path_params["act"], await read_form(request)
        if act not in _DONE:
            return await self._shown(visit, status=404, problem="There is no such act.")
        if not self._gate.is_meant(request, form, visit.csrf):
            return await self._shown(visit, status=403, problem=STALE)
        by, reason = visit.person.login, text_of(form, "reason").strip()[:LONGEST]
        name = form.get("version", "")

        def do() -> None:
            if act == "train":
                self._releases.train(by)
            elif act == "stop":
                self._releases.stop(by)
            elif act == "release":
                self._releases.release(name, by, reason=reason)
            elif act == "shadow":
                self._releases.shadow(name, by)
            elif act == "share":
                self._releases.share(name, number_of(form, "percent"), by, reason=reason)
            elif act == "withdraw":
                self._releases.withdraw(by, reason=reason)
            else:
                self._releases.roll_back(by, reason=reason)

        try:
            await to_thread.run_sync(do)
        except GateError as error:
            return await self._shown(visit, status=409, problem=str(error), asked=name)
        except TryLaterError:
            return await self._shown(visit, status=503, problem=BUSY)
        except CrossdeskError as error:
            return await self._shown(visit, status=422, problem=str(error))
        return RedirectResponse(f"{PAGE}?done={act}", 303)

    async def _shown(
        self, visit: Visit, *, status: int = 200, done: str = "", problem: str | None = None, asked: str = ""
    ) -> Response:
        """The page; ``asked`` is a version that is released only with a reason."""

        def render() -> Response:
            return self._render(
                "console_versions.html",
                visit,
                part=PAGE,
                status=status,
                flash=_DONE.get(done),
                problem=problem,
                wants_reason=asked,
                **self._known(),
            )

        return await to_thread.run_sync(render)

    def _known(self) -> dict[str, Any]:
        settings = self._releases.settings
        try:
            released = models.current(settings)
        except ModelError:
            released = None
        workers, now = self._releases.workers(), models.fingerprints(settings)
        return {
            "released": released,
            "versions": [
                {
                    "version": one,
                    "gates": self._releases.standing(one, now),
                    "serving": sum(not each.refused for each in workers if each.version == one.name),
                    "refused": next((each.refused for each in workers if each.version == one.name), ""),
                }
                for one in versions.listed(settings)
            ],
            "trial": self._releases.trial(),
            "most": rollout.MOST,
            "stale": models.is_stale(settings),
            "training": progress.latest(settings),
            "running": State.RUNNING,
            "log": self._releases.log(LINES),
        }
