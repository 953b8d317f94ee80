"""The agents' desk as a frontend: its routes, and the stream that tells pages to look again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.console import Console
from adapters.web.console_pages import ConsolePages
from adapters.web.desk_account import DeskAccount
from adapters.web.desk_acts import BUSY, TOO_LARGE, DeskActs
from adapters.web.desk_pages import DeskPages
from adapters.web.desk_requests import DeskRequests
from adapters.web.events import HEARTBEAT, event_stream
from adapters.web.files import FILE_HEADERS, handed_out
from adapters.web.gate import Gate, Visit
from adapters.web.hub import Hub, Subscription
from adapters.web.limits import BodyTooLargeError, BodyTooSlowError
from adapters.web.pages import Pages, static_files
from adapters.web.shield import Shield
from bot.clock import Clock
from bot.desk.port.desk import Desk
from bot.errors import DeskError, TryLaterError, UnknownCaseError
from bot.settings import Settings
from bot.training.releasing import Releases
from bot.training.review import Review

#: Desk pages open at once.
STREAMS = 1_000
_TOPIC = "desk"
#: Seconds until the database is asked again while it is away.
_PAUSE = 2.0
#: No case has a higher number, and no database takes one.
_LAST_CASE = 2**53

Endpoint = Callable[[Request], Awaitable[Response]]


class WebDesk:
    """The frontend ``web``."""

    name = "web"
    #: Each process has pages of its own.
    exclusive: str | None = None

    def __init__(
        self,
        settings: Settings,
        desk: Desk,
        *,
        secret: str,
        clock: Clock,
        pages: Pages,
        review: Review | None = None,
        releases: Releases | None = None,
    ) -> None:
        self._desk = desk
        self._gate = Gate(desk, secret)
        self._pages = DeskPages(desk, settings.rules, clock, pages)
        self._acts = DeskActs(desk, self._gate, self._pages, clock)
        self._requests = DeskRequests(desk, self._gate, self._pages)
        self._account = DeskAccount(desk, self._gate, self._pages)
        self._review = review
        #: Where there is nothing to review there is no console.
        self._console = None
        if review is not None and releases is not None:
            shown = ConsolePages(settings, review, clock, pages, self._pages)
            self._console = Console(self._gate, self._account, shown, review, releases)
        self._hub = Hub()
        self._files = settings.files

    def routes(self) -> Sequence[BaseRoute]:
        """Everything below ``/desk`` and ``/console``."""
        account, inside = self._account, self._inside
        pages: list[tuple[str, str, Endpoint]] = [
            ("GET", "/desk", inside(self._cases)),
            ("GET", "/desk/sign-in", account.sign_in_page),
            ("POST", "/desk/sign-in", account.sign_in),
            ("POST", "/desk/sign-out", inside(account.sign_out)),
            ("POST", "/desk/away", inside(account.away)),
            ("GET", "/desk/password", inside(account.password_page)),
            ("POST", "/desk/password", inside(account.password)),
            ("GET", "/desk/events", self._events),
            ("GET", "/desk/cases/{case_id:int}", inside(self._case)),
            ("GET", "/desk/cases/{case_id:int}/why/{position:int}", inside(self._why)),
            ("GET", "/desk/cases/{case_id:int}/others/{conversation:int}", inside(self._other)),
            ("POST", "/desk/cases/{case_id:int}/{act}", inside(self._acts.act)),
            ("GET", "/desk/requests", inside(self._requests.page)),
            ("POST", "/desk/requests/{request_id:int}/{act}", inside(self._requests.act)),
        ]
        shield = [Middleware(Shield)]
        return [
            *(Route(path, page, methods=[method], middleware=shield) for method, path, page in pages),
            Route(
                "/desk/cases/{case_id:int}/files/{position:int}/{number:int}",
                inside(self._file),
                middleware=[Middleware(Shield, changed=FILE_HEADERS)],
            ),
            static_files("/desk/static", "desk-static"),
            *(self._console.routes() if self._console else ()),
        ]

    async def start(self) -> None:
        """Let pages listen."""
        self._hub.open()
        if self._console is not None:
            self._console.warm_up()

    def changed(self, case_id: int) -> None:
        """Wake the open pages."""
        self._hub.publish(_TOPIC, f"case:{case_id}")

    async def stop(self) -> None:
        """End all streams at once."""
        self._hub.close()
        if self._review is not None:
            self._review.close()

    async def _why(self, request: Request, visit: Visit) -> Response:
        """Why the bot said one of its messages."""
        return await self._pages.why(visit, request.path_params["case_id"], request.path_params["position"])

    async def _other(self, request: Request, visit: Visit) -> Response:
        """Another conversation of a case's buyer, to read."""
        path = request.path_params
        return await self._pages.other(visit, path["case_id"], path["conversation"])

    def _inside(self, handler: Callable[[Request, Visit], Awaitable[Response]]) -> Endpoint:
        """A handler for those who are signed in; everybody else is asked to sign in first."""

        async def endpoint(request: Request) -> Response:
            try:
                visit = await self._gate.visit(request)
                if visit is None:
                    return await self._account.outside(request)
                if any(isinstance(one, int) and one > _LAST_CASE for one in request.path_params.values()):
                    raise UnknownCaseError
                return await handler(request, visit)
            except UnknownCaseError as error:
                return self._pages.trouble(404, str(error))
            except DeskError as error:
                return self._pages.trouble(403, str(error))
            except TryLaterError:
                return self._pages.trouble(503, BUSY)
            except (BodyTooLargeError, BodyTooSlowError):
                return self._pages.trouble(413, TOO_LARGE)

        return endpoint

    async def _cases(self, request: Request, visit: Visit) -> Response:
        query = request.query_params
        return await self._pages.cases(
            visit,
            query.get("queue"),
            query.get("view", "all"),
            query.get("done", ""),
            query.get("find", ""),
        )

    async def _case(self, request: Request, visit: Visit) -> Response:
        query = request.query_params
        return await self._pages.case(
            visit, request.path_params["case_id"], query.get("done", ""), query.get("use", "")
        )

    async def _file(self, request: Request, visit: Visit) -> Response:
        """A file of the conversation, for those who may see the case."""
        view = await self._desk.case(visit.person, request.path_params["case_id"])
        position, number = request.path_params["position"], request.path_params["number"]
        files = next((line.attachments for line in view.transcript if line.position == position), ())
        if number >= len(files):
            return Response(status_code=404)
        return handed_out(self._files, files[number])

    async def _events(self, request: Request) -> Response:
        try:
            visit = await self._gate.visit(request)
        except TryLaterError:
            return Response(status_code=503)
        if visit is None:
            return Response(status_code=401)
        if self._hub.total() >= STREAMS:
            return Response(status_code=503)
        return event_stream(self._hub, _TOPIC, beside=lambda page: self._watching(visit, page))

    @asynccontextmanager
    async def _watching(self, visit: Visit, page: Subscription) -> AsyncIterator[None]:
        """Tell a page what other processes do, and that its session has ended."""
        # Before the page looks for the first time, so that nothing falls in between.
        cursor = await self._look(visit, page, None)
        watch = asyncio.ensure_future(self._watch(visit, page, cursor))
        try:
            yield
        finally:
            watch.cancel()

    async def _watch(self, visit: Visit, page: Subscription, cursor: int | None) -> None:
        while not page.closed:
            cursor = await self._look(visit, page, cursor)

    async def _look(self, visit: Visit, page: Subscription, cursor: int | None) -> int | None:
        """What happened after the cursor, and the cursor to go on from."""
        try:
            if await self._desk.person(visit.token) is None:
                raise DeskError
            changes = await self._desk.changes(visit.person, cursor, wait=HEARTBEAT)
        except TryLaterError:
            await asyncio.sleep(_PAUSE)
            return cursor
        except DeskError:
            page.put("signed-out")
            page.close()
            return cursor
        for case_id in changes.case_ids:
            page.put(f"case:{case_id}")
        return changes.cursor
