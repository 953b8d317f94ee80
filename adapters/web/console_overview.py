"""The console's first page: whether the bot gets better, how much it understands, and what waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from adapters.web.console_acting import Handler, Render
from adapters.web.gate import Visit
from bot.reports import gallery
from bot.rulebook.service import Rulebook
from bot.settings import Settings
from bot.training.overview import WEEKS, Overview, comparable, share_of
from bot.training.progress import State
from bot.training.reading import View
from bot.training.review import Review
from bot.wording.service import Wording

PAGE = "/console"
#: Lines of what was done.
LINES = 12
#: What is drawn of all versions and weeks.
PICTURES = ("accuracy", "coverage", "drift")
#: matplotlib writes its styles into the picture itself; nothing else in one may do or load anything.
SVG_HEADERS: Mapping[str, str | None] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
}


class ConsoleOverview:
    """The page ``/console`` and its pictures."""

    def __init__(
        self,
        settings: Settings,
        overview: Overview,
        review: Review,
        wording: Wording,
        rulebook: Rulebook,
        render: Render,
    ) -> None:
        self._languages = settings.rules.languages
        self._overview = overview
        self._review = review
        self._wording = wording
        self._rulebook = rulebook
        self._render = render

    def pages(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each page."""
        return [("GET", PAGE, self._page)]

    def pictures(self) -> list[tuple[str, Handler]]:
        """Path and handler of each picture."""
        return [(f"{PAGE}/pictures/{{name}}.svg", self._picture)]

    async def _page(self, request: Request, visit: Visit) -> Response:
        language = self._language(request)
        return await to_thread.run_sync(
            lambda: self._render(
                "console_overview.html",
                visit,
                part=PAGE,
                status=200,
                problem=None,
                flash=None,
                language=language,
                languages=self._languages,
                running=State.RUNNING,
                counts=self._review.counts(),
                views=View,
                span=WEEKS,
                drafted=self._wording.drafted(),
                ruled=self._rulebook.drafted(),
                log=self._overview.log(LINES, self._wording.lines(LINES) + self._rulebook.lines(LINES)),
                **self._known(language),
            )
        )

    async def _picture(self, request: Request, _visit: Visit) -> Response:
        name, language = request.path_params["name"], self._language(request)
        if name not in PICTURES:
            return Response(status_code=404)
        return picture(await to_thread.run_sync(self._drawn, name, language))

    def _language(self, request: Request) -> str | None:
        """The language that is asked for, if it is one of the store's; None: all together."""
        language = request.query_params.get("language", "")
        return language if language in self._languages else None

    def _known(self, language: str | None) -> dict[str, Any]:
        points = self._overview.points()
        weeks, asked = self._overview.drift(language)
        standing = self._overview.standing()
        return {
            "points": points,
            "comparable": {one.name for one in comparable(points, language)},
            "share": lambda point: share_of(point, language),
            "standing": standing,
            "live": next(
                (one for one in points if standing.released and one.name == standing.released.name), None
            ),
            "weeks": weeks,
            "drift": asked,
        }

    def _drawn(self, name: str, language: str | None) -> str:
        if name == "accuracy":
            return gallery.accuracy(self._overview.accuracy_line(language))
        if name == "coverage":
            return gallery.coverage(self._overview.coverage_bars(language))
        return gallery.drift(*self._overview.drift_lines(language))


def picture(drawn: str) -> Response:
    """An answer that is a picture."""
    return Response(drawn, media_type="image/svg+xml")
