"""The console's page of one version: how well it understands, by language, intent and confidence."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from adapters.web.console_acting import Handler, Render
from adapters.web.console_overview import picture
from adapters.web.gate import Visit
from bot.errors import ModelError
from bot.reports import gallery
from bot.reports.gallery import Picture
from bot.settings import Settings
from bot.training import models, versions
from bot.training.versions import Version

PAGE = "/console/versions"
#: Confusions that are told.
TOLD = 40


class ConsoleFigures:
    """Pages and pictures below ``/console/versions/<name>``."""

    def __init__(self, settings: Settings, render: Render) -> None:
        self._settings = settings
        self._render = render

    def pages(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each page."""
        return [("GET", f"{PAGE}/{{name}}", self._page)]

    def pictures(self) -> list[tuple[str, Handler]]:
        """Path and handler of each picture."""
        return [(f"{PAGE}/{{name}}/{{picture}}.svg", self._picture)]

    async def _page(self, request: Request, visit: Visit) -> Response:
        return await to_thread.run_sync(self._shown, visit, request.path_params["name"])

    async def _picture(self, request: Request, _visit: Visit) -> Response:
        name, wanted = request.path_params["name"], request.path_params["picture"]

        def draw() -> str:
            return gallery.of_version(Picture(wanted), versions.find(self._settings, name).figures)

        try:
            return picture(await to_thread.run_sync(draw))
        except (ModelError, LookupError, ValueError):
            return Response(status_code=404)

    def _shown(self, visit: Visit, name: str) -> Response:
        problem, version = None, None
        try:
            version = versions.find(self._settings, name)
        except ModelError:
            problem = "There is no such version any more."
        return self._render(
            "console_figures.html",
            visit,
            part=PAGE,
            status=200 if version else 404,
            flash=None,
            problem=problem,
            version=version,
            released=self._is_released(name),
            **(_told(version) if version else {}),
        )

    def _is_released(self, name: str) -> bool:
        try:
            released = models.current(self._settings)
        except ModelError:
            return False
        return released is not None and released.name.removesuffix(".tar.gz") == name.removesuffix(".tar.gz")


def _told(version: Version) -> dict[str, Any]:
    figures = version.figures
    counts = {language: len(signs) for language, signs in figures.get("right", {}).items()}
    recall = figures.get("by_intent", {})
    return {
        "figures": figures,
        "drawn": {one.value for one in Picture if one.is_known(figures)},
        "languages": sorted(
            (
                (language, counts.get(language), share)
                for language, share in figures.get("by_language", {}).items()
            ),
            key=lambda one: -one[2],
        ),
        "bands": figures.get("reliability", ()),
        "confusions": figures.get("confusions", ())[:TOLD],
        "more": max(0, len(figures.get("confusions", ())) - TOLD),
        # Those that are missed most often first.
        "intents": sorted(
            (
                (name, one["count"], recall.get(name, 0.0), one["precision"])
                for name, one in figures.get("intents", {}).items()
            ),
            key=lambda one: (one[2], one[0]),
        ),
    }
