"""The console's intents: what each is, its examples and confusions, and a box to try the model in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from adapters.web.console_acting import Handler, Render
from adapters.web.desk_acts import STALE
from adapters.web.forms import read_form, text_of
from adapters.web.gate import Gate, Visit
from bot.errors import ReviewError
from bot.settings import Settings
from bot.training.browsing import Intents
from bot.training.trials import LONGEST, Trials

PAGE = "/console/intents"
#: Examples on one page.
SHOWN = 100
#: How often it is looked for a worker's answer, and how long, in seconds.
LOOK_EVERY, WAIT = 0.1, 10.0
_LATE = (
    "No worker has answered: either all of them are busy with buyers, who come first, or none is running "
    "(crossdesk doctor tells). Try again in a moment."
)


class ConsoleIntents:
    """Pages and the form below ``/console/intents``."""

    def __init__(
        self, settings: Settings, gate: Gate, intents: Intents, trials: Trials, render: Render
    ) -> None:
        self._languages = settings.rules.languages
        self._gate = gate
        self._intents = intents
        self._trials = trials
        self._render = render

    def warm_up(self) -> None:
        """Read the examples: the first page would take half a second more."""
        self._intents.unreadable()

    def pages(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each."""
        return [
            ("GET", PAGE, self._all),
            ("POST", f"{PAGE}/try", self._try),
            ("GET", f"{PAGE}/{{name}}", self._one),
        ]

    async def _all(self, request: Request, visit: Visit) -> Response:
        return await self._shown(visit, request.query_params)

    async def _try(self, request: Request, visit: Visit) -> Response:
        form = await read_form(request)
        if not self._gate.is_meant(request, form, visit.csrf):
            return await self._shown(visit, form, status=403, problem=STALE)
        text = text_of(form, "text")
        try:
            number = await to_thread.run_sync(self._trials.ask, text, visit.person.login)
        except ReviewError as error:
            return await self._shown(visit, form, status=422, problem=str(error), text=text[:LONGEST])
        answer = await self._answer(number)
        if answer is None:
            return await self._shown(visit, form, status=503, problem=_LATE, text=text)
        if "error" in answer:
            return await self._shown(visit, form, status=503, problem=str(answer["error"]), text=text)
        return await self._shown(visit, form, text=text, tried=answer)

    async def _answer(self, number: int) -> Mapping[str, Any] | None:
        """Wait for a worker; nothing else waits meanwhile."""
        with anyio.move_on_after(WAIT):
            while True:
                answer = await to_thread.run_sync(self._trials.answer, number)
                if answer is not None:
                    return answer
                await anyio.sleep(LOOK_EVERY)
        await to_thread.run_sync(self._trials.forget, number)
        return None

    async def _shown(
        self,
        visit: Visit,
        asked: Mapping[str, str],
        *,
        status: int = 200,
        problem: str | None = None,
        text: str = "",
        tried: Mapping[str, Any] | None = None,
    ) -> Response:
        language = self._language(asked)

        def render() -> Response:
            return self._render(
                "console_intents.html",
                visit,
                part=PAGE,
                status=status,
                flash=None,
                problem=problem,
                text=text,
                tried=tried,
                longest=LONGEST,
                language=language,
                languages=self._languages,
                lines=self._intents.lines(language),
                unreadable=self._intents.unreadable(),
            )

        return await to_thread.run_sync(render)

    async def _one(self, request: Request, visit: Visit) -> Response:
        return await to_thread.run_sync(
            self._portrait,
            visit,
            request.path_params["name"],
            self._language(request.query_params),
            _page(request),
        )

    def _portrait(self, visit: Visit, name: str, language: str | None, page: int) -> Response:
        problem, portrait = None, None
        try:
            portrait = self._intents.portrait(name)
        except ReviewError as error:
            problem = str(error)
        examples = self._intents.examples(name, language) if portrait else []
        return self._render(
            "console_intent.html",
            visit,
            part=PAGE,
            status=200 if portrait else 404,
            flash=None,
            problem=problem,
            intent=portrait,
            language=language,
            languages=self._languages,
            examples=examples[page * SHOWN : (page + 1) * SHOWN],
            total=len(examples),
            first=page * SHOWN,
            before=page - 1 if page else None,
            after=page + 1 if (page + 1) * SHOWN < len(examples) else None,
        )

    def _language(self, asked: Mapping[str, str]) -> str | None:
        """The language that is asked for, if it is one of the store's; None: all together."""
        language = asked.get("language", "")
        return language if language in self._languages else None


def _page(request: Request) -> int:
    given = request.query_params.get("page", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 5 else 0
