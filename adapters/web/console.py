"""The admins' console: its gate, its parts, and the inbox of misunderstood messages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import urlencode

from anyio import to_thread
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.web.console_acting import Handler
from adapters.web.console_compare import ConsoleCompare
from adapters.web.console_figures import ConsoleFigures
from adapters.web.console_intents import ConsoleIntents
from adapters.web.console_overview import SVG_HEADERS, ConsoleOverview
from adapters.web.console_pages import ConsolePages
from adapters.web.console_rules import ConsoleRules
from adapters.web.console_versions import ConsoleVersions
from adapters.web.console_words import ConsoleWords
from adapters.web.desk_account import DeskAccount
from adapters.web.desk_acts import BUSY, STALE, TOO_LARGE
from adapters.web.forms import number_of, read_form, text_of
from adapters.web.gate import Gate, Visit
from adapters.web.limits import BodyTooLargeError, BodyTooSlowError
from adapters.web.shield import Shield
from bot.errors import CrossdeskError, ErasedError, ReviewError, StaleReviewError, TryLaterError
from bot.reports import gallery
from bot.rulebook.service import Rulebook
from bot.training.browsing import Intents
from bot.training.comparing import Comparisons
from bot.training.overview import Overview
from bot.training.reading import View
from bot.training.releasing import Releases
from bot.training.review import Review
from bot.training.trials import Trials
from bot.training.values import Actor, Meaning, Verdict
from bot.wording.service import Wording

log = logging.getLogger(__name__)

#: No group and no decision has a higher number, and no database takes one.
_LAST = 2**31 - 1
_ADMINS = "The console is for admins: your rank does not allow this."

Endpoint = Callable[[Request], Awaitable[Response]]


class Console:
    """Everything below ``/console``; for those whose rank may train the model."""

    def __init__(
        self, gate: Gate, account: DeskAccount, pages: ConsolePages, review: Review, releases: Releases
    ) -> None:
        overview = Overview(releases.settings, releases.database, releases.clock)
        wording = Wording(releases.settings, releases.database, releases.clock)
        rulebook = Rulebook(releases.settings, releases.database, releases.clock, from_afar=True)
        self._overview = ConsoleOverview(
            releases.settings, overview, review, wording, rulebook, pages.rendered
        )
        self._figures = ConsoleFigures(releases.settings, pages.rendered)
        self._intents = ConsoleIntents(
            releases.settings,
            gate,
            Intents(releases.settings, releases.database),
            Trials(releases.database, releases.clock),
            pages.rendered,
        )
        self._versions = ConsoleVersions(gate, releases, pages.rendered)
        self._words = ConsoleWords(gate, wording, pages.rendered)
        self._rules = ConsoleRules(gate, rulebook, pages.rendered)
        comparisons = Comparisons(releases.settings, releases.database, releases.clock)
        self._compare = ConsoleCompare(gate, comparisons, pages)
        self._gate = gate
        self._account = account
        self._pages = pages
        self._review = review

    def warm_up(self) -> None:
        """Read what takes half a second the first time, beside whatever else is done; nobody waits for it."""

        def read() -> None:
            try:
                self._intents.warm_up()
                self._words.warm_up()
                gallery.warm_up()
            except Exception as error:
                # Whoever opens the page is told what is wrong.
                log.warning("the console's pages are not warmed up: %s", type(error).__name__)

        threading.Thread(target=read, name="console", daemon=True).start()

    def routes(self) -> Sequence[BaseRoute]:
        """The console's pages and forms."""
        pages: list[tuple[str, str, Handler]] = [
            *self._overview.pages(),
            ("GET", "/console/inbox", self._inbox),
            ("POST", "/console/inbox/{group:int}/label", self._label),
            ("POST", "/console/inbox/{group:int}/mark", self._mark),
            ("POST", "/console/inbox/{group:int}/unmark", self._unmark),
            ("POST", "/console/inbox/undo", self._undo),
            ("GET", "/console/data", self._data),
            ("POST", "/console/data", self._check),
            *self._versions.pages(),
            *self._figures.pages(),
            *self._words.pages(),
            *self._rules.pages(),
            *self._intents.pages(),
            *self._compare.pages(),
        ]
        shield, framed = [Middleware(Shield)], [Middleware(Shield, changed=SVG_HEADERS)]
        return [
            *(
                Route(path, self._inside(handler), methods=["GET"], middleware=framed)
                for path, handler in (*self._overview.pictures(), *self._figures.pictures())
            ),
            *(
                Route(path, self._inside(handler), methods=[method], middleware=shield)
                for method, path, handler in pages
            ),
        ]

    def _inside(self, handler: Handler) -> Endpoint:
        """A handler for admins; who is not signed in is asked to, everybody else is told why not."""

        async def endpoint(request: Request) -> Response:
            try:
                visit = await self._gate.visit(request)
                if visit is None:
                    return await self._account.outside(request)
                if not self._review.may(visit.person):
                    return self._pages.trouble(403, _ADMINS)
                return await handler(request, visit)
            except (BodyTooLargeError, BodyTooSlowError):
                return self._pages.trouble(413, TOO_LARGE)
            except TryLaterError:
                return self._pages.trouble(503, BUSY)

        return endpoint

    async def _inbox(self, request: Request, visit: Visit) -> Response:
        return await self._shown(visit, request.query_params)

    async def _data(self, _request: Request, visit: Visit) -> Response:
        return await to_thread.run_sync(self._pages.data, visit)

    async def _check(self, request: Request, visit: Visit) -> Response:
        form = await read_form(request)
        if not self._gate.is_meant(request, form, visit.csrf):
            return self._pages.trouble(403, STALE)
        try:
            return await to_thread.run_sync(lambda: self._pages.data(visit, checked=True))
        except ReviewError as error:
            return self._pages.trouble(503, str(error))

    async def _shown(
        self, visit: Visit, asked: Mapping[str, str], *, status: int = 200, problem: str | None = None
    ) -> Response:
        view, language = _view(asked), asked.get("language", "")[:10]
        number = number_of(asked, "group")
        return await to_thread.run_sync(
            lambda: self._pages.inbox(
                visit,
                view,
                language,
                number if 0 < number <= _LAST else None,
                done=number_of(asked, "done"),
                status=status,
                problem=problem,
            )
        )

    async def _label(self, request: Request, visit: Visit) -> Response:
        number: int = request.path_params["group"]
        form = await read_form(request)
        if not self._gate.is_meant(request, form, visit.csrf):
            return await self._shown(visit, form, status=403, problem=STALE)
        actor = Actor(visit.person.login, visit.person.id)

        def act() -> int:
            if number > _LAST:
                raise ErasedError
            done = self._review.label(
                actor,
                number,
                _verdict(form),
                fence=number_of(form, "fence"),
                upto=number_of(form, "upto"),
                only=_ticked(form, "item-"),
                dropped=_ticked(form, "drop-"),
                new_intent=text_of(form, "about") if _adds(form) else None,
            )
            return done.act_id

        return await self._done(visit, form, act)

    async def _mark(self, request: Request, visit: Visit) -> Response:
        form = await read_form(request)
        actor = Actor(visit.person.login, visit.person.id)

        def act() -> None:
            item, start = number_of(form, "item"), number_of(form, "start")
            if not 0 < item <= _LAST:
                raise ErasedError
            self._review.mark(
                actor,
                item,
                form.get("kind", ""),
                text_of(form, "words"),
                value=text_of(form, "value") or None,
                start=start if start >= 0 else None,
            )

        return await self._marked(request, visit, form, act)

    async def _unmark(self, request: Request, visit: Visit) -> Response:
        form = await read_form(request)

        def act() -> None:
            number = number_of(form, "mark")
            if not 0 < number <= _LAST:
                raise ErasedError
            self._review.unmark(number)

        return await self._marked(request, visit, form, act)

    async def _marked(
        self, request: Request, visit: Visit, form: Mapping[str, str], act: Callable[[], None]
    ) -> Response:
        """Mark or unmark, and stay with the group: it waits for a decision still."""
        if not self._gate.is_meant(request, form, visit.csrf):
            return await self._shown(visit, form, status=403, problem=STALE)
        try:
            await to_thread.run_sync(act)
        except ReviewError as error:
            return await self._shown(visit, form, status=_refused(error), problem=str(error))
        except TryLaterError:
            return self._pages.trouble(503, BUSY)
        group = request.path_params["group"]
        kept = {"view": _view(form).value, "language": form.get("in", "")[:10], "group": str(group)}
        return RedirectResponse(f"/console/inbox?{urlencode(kept)}", 303)

    async def _undo(self, request: Request, visit: Visit) -> Response:
        form = await read_form(request)
        if not self._gate.is_meant(request, form, visit.csrf):
            return await self._shown(visit, form, status=403, problem=STALE)
        actor = Actor(visit.person.login, visit.person.id)
        number = number_of(form, "act")
        return await self._done(
            visit, form, lambda: self._review.undo(actor, number if 0 < number <= _LAST else None).act_id
        )

    async def _done(self, visit: Visit, form: Mapping[str, str], act: Callable[[], int]) -> Response:
        """Decide, and go on with the next group; a refusal is a line on the page."""
        try:
            done = await to_thread.run_sync(act)
        except ReviewError as error:
            status = _refused(error)
            # What was decided by somebody else meanwhile is shown as it is now.
            again = {**form, "group": "" if status == 410 else form.get("group", "")}
            return await self._shown(visit, again, status=status, problem=str(error))
        except TryLaterError:
            return self._pages.trouble(503, BUSY)
        except CrossdeskError as error:
            return self._pages.trouble(422, str(error))
        kept = {"view": _view(form).value, "language": form.get("in", "")[:10], "done": str(done)}
        return RedirectResponse(f"/console/inbox?{urlencode(kept)}", 303)


def _view(asked: Mapping[str, str]) -> View:
    try:
        return View(asked.get("view", ""))
    except ValueError:
        return View.WAITING


def _refused(error: ReviewError) -> int:
    if isinstance(error, ErasedError):
        return 410
    return 409 if isinstance(error, StaleReviewError) else 422


def _ticked(form: Mapping[str, str], prefix: str) -> list[int]:
    """The numbers of the boxes that were ticked."""
    begin = len(prefix)
    return [
        int(name[begin:]) for name in form if name.startswith(prefix) and name[begin : begin + 10].isdigit()
    ]


def _verdict(form: Mapping[str, str]) -> Verdict:
    """What a form says: a button's intent before one that was typed."""
    language = form.get("language") or None
    if form.get("meaning") == Meaning.NOTHING.value:
        return Verdict(Meaning.NOTHING)
    second = text_of(form, "second").strip() or None
    if _adds(form):
        return Verdict(Meaning.INTENT, text_of(form, "new_name").strip(), None, language)
    intent = form.get("intent") or text_of(form, "typed").strip() or None
    return Verdict(Meaning.TWO if second else Meaning.INTENT, intent, second, language)


def _adds(form: Mapping[str, str]) -> bool:
    """Whether a new intent was typed, and no button of a known one was pressed."""
    return not form.get("intent") and bool(text_of(form, "new_name").strip())
