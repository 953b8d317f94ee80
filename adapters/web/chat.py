"""The buyers' chat page as a channel."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from typing import Any

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.web import embedding
from adapters.web.events import event_stream
from adapters.web.files import FILE_HEADERS, handed_out
from adapters.web.hub import Hub
from adapters.web.limits import (
    BodyTooLargeError,
    BodyTooSlowError,
    RateLimit,
    network_of,
    read_body,
)
from adapters.web.options import WebOptions
from adapters.web.pages import Pages, static_files
from adapters.web.shield import Shield, is_cross_site
from adapters.web.translate import (
    ACCOUNT,
    CHANNEL,
    FILES_LIMIT,
    TEXT_LIMIT,
    TOO_LONG,
    Refusal,
    Sender,
    as_corrected,
    to_inbound,
    to_line,
    to_page,
)
from adapters.web.uploads import Uploads
from adapters.web.visitors import Visitor, Visitors
from adapters.web.wording import COOKIE, Wording
from bot.channels import UNLIMITED, Reception, read_options
from bot.clock import Clock
from bot.errors import TryLaterError
from bot.messages import Correction, Outbound, TranscriptLine
from bot.settings import Settings

log = logging.getLogger(__name__)

#: Seconds before a page tries again when we do not know better.
RETRY_AFTER = 5
#: Pages open at once: for one visitor, and in all.
VISITOR_STREAMS = 10
STREAMS = 5_000

#: No line has a higher position, and no database takes one.
_LAST_POSITION = 2**31 - 1

_CROSS_SITE = Refusal(403, "cross_site", "messages are taken from the store's own page only")
_STRANGER = Refusal(401, "no_visitor", "open the chat page first: it sets the cookie that is missing here")
_MEDIA = Refusal(415, "not_json", "send application/json")
_TOO_LARGE = Refusal(413, "too_large", "the message is too large")
_TOO_SLOW = Refusal(408, "too_slow", "the message did not arrive in time")
_TOO_FAST = Refusal(429, "too_fast", "that was quick: the next message can be sent in a moment")
_LATER = Refusal(503, "later", "messages cannot be taken right now: try again in a moment")
_NO_POSITION = Refusal(422, "no_position", "'after' must be a position: a whole number from 0")


class WebChat:
    """The channel ``web``: a page, a way in, and a stream that takes new lines to the page."""

    name = CHANNEL
    #: A page knows a line by its position.
    idempotent = True
    limits = UNLIMITED
    #: A page is open in one process.
    local = True
    #: Each process has pages of its own.
    exclusive: str | None = None

    def __init__(
        self, settings: Settings, reception: Reception, *, secret: str, clock: Clock, pages: Pages
    ) -> None:
        rules = settings.rules
        self._store = rules.store
        self._reception = reception
        self._clock = clock
        self._visitors = Visitors(secret)
        self._wording = Wording(rules.languages, rules.fallback_language)
        self._pages = pages
        self._hub = Hub()
        self._by_visitor = RateLimit(20, 60)
        # One address may be a whole office's.
        self._by_network = RateLimit(60, 60)
        self._reads = RateLimit(600, 60)
        self._arrivals = RateLimit(120, 60)
        #: Whose pages may show the chat.
        self._origins = read_options(settings, CHANNEL, WebOptions).origins
        self._attachments = rules.attachments
        self._files = settings.files
        self._uploads = Uploads(reception, rules.attachments)

    def routes(self) -> Sequence[BaseRoute]:
        """The page below ``/chat``; ``/`` leads there."""
        shield = [Middleware(Shield)]
        return [
            Route("/", self._home, middleware=shield),
            Route("/chat", self._page, middleware=shield),
            Route("/chat/messages", self._read, methods=["GET"], middleware=shield),
            Route("/chat/messages", self._write, methods=["POST"], middleware=shield),
            Route("/chat/events", self._events, middleware=shield),
            Route("/chat/files", self._upload, methods=["POST"], middleware=shield),
            Route(
                "/chat/files/{position:int}/{number:int}",
                self._file,
                middleware=[Middleware(Shield, changed=FILE_HEADERS)],
            ),
            static_files("/chat/static", "chat-static"),
            *self._embedding(),
        ]

    def _embedding(self) -> Sequence[BaseRoute]:
        """What the store's own pages need, if any may show the chat."""
        if not self._origins:
            return ()
        framed = [Middleware(Shield, changed=embedding.page_headers(self._origins))]
        shared = [Middleware(Shield, cache="no-cache", changed=embedding.SCRIPT_HEADERS)]
        return [
            Route(embedding.PAGE, self._page, middleware=framed),
            Route("/chat/embed.js", self._script, middleware=shared),
            Route("/chat/visitor", self._arrive, methods=["POST"], middleware=[Middleware(Shield)]),
        ]

    async def start(self) -> None:
        """Let pages listen."""
        self._hub.open()

    async def send(self, message: Outbound) -> str | None:
        """Show it on the visitor's open pages; who is away finds it in the transcript at the next visit."""
        if self._hub.count(message.sender):
            line = self._to_page(Visitor(message.sender), to_line(message))
            self._hub.publish(message.sender, _signal(line))
        return message.key

    async def correct(self, message: Outbound, former: Correction) -> None:  # noqa: ARG002 (the line says it itself)
        """Show it in place of what it corrects, as pages do with such a line."""
        await self.send(message)

    async def stop(self) -> None:
        """End all streams at once."""
        self._hub.close()

    async def _home(self, _: Request) -> Response:
        return RedirectResponse("/chat", 307)

    async def _page(self, request: Request) -> Response:
        choice = self._wording.choose(request)
        embedded = request.url.path == embedding.PAGE
        response = self._pages.page(
            "chat.html",
            address=request.url.path,
            origins=self._origins if embedded else None,
            language=choice.language,
            languages=self._wording.languages.values(),
            hint=choice.hint or "",
            store=self._store,
            limit=TEXT_LIMIT,
            megabytes=self._attachments.megabytes,
            types=self._attachments.types,
            files_limit=FILES_LIMIT,
            t=choice.language.strings,
        )
        if embedded:
            # Whose page it is we learn from the page around it.
            return response
        self._visitors.remember(self._visitors.read(request) or self._visitors.new(), request, response)
        if request.query_params.get("lang") == choice.language.code:
            response.set_cookie(
                COOKIE, choice.language.code, max_age=31_536_000, path="/chat", httponly=True, samesite="lax"
            )
        return response

    async def _script(self, _: Request) -> Response:
        return Response(embedding.script(self._wording, self._store.name), media_type="text/javascript")

    async def _arrive(self, request: Request) -> Response:
        """Tell a page in a frame who its visitor is: the one whose token it brings, or somebody new."""
        if is_cross_site(request):
            return _refuse(_CROSS_SITE)
        if wait := self._arrivals.wait(network_of(request) or ""):
            return _refuse(_TOO_FAST, wait)
        visitor = self._visitors.read(request) or self._visitors.new()
        return JSONResponse(
            {"token": self._visitors.token(visitor), "ticket": self._visitors.ticket(visitor)}
        )

    async def _read(self, request: Request) -> Response:
        visitor = self._visitors.read(request)
        if visitor is None:
            return _refuse(_STRANGER)
        if wait := self._reads.wait(visitor.id):
            return _refuse(_TOO_FAST, wait)
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 16):
            return _refuse(_NO_POSITION)
        try:
            lines = await self._reception.transcript(CHANNEL, ACCOUNT, visitor.id, after=int(after))
        except TryLaterError as error:
            return _refuse(_LATER, error.retry_after)
        return JSONResponse({"messages": [self._to_page(visitor, line) for line in as_corrected(lines)]})

    async def _write(self, request: Request) -> Response:
        network = network_of(request)
        visitor = self._visitors.read(request)
        if is_cross_site(request):
            return _refuse(_CROSS_SITE)
        if visitor is None:
            return _refuse(_STRANGER)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _refuse(_MEDIA)
        if wait := self._by_visitor.wait(visitor.id) or self._by_network.wait(network or ""):
            return _refuse(_TOO_FAST, wait)
        try:
            raw = await read_body(request)
        except BodyTooLargeError:
            return _refuse(_TOO_LARGE)
        except BodyTooSlowError:
            return _refuse(_TOO_SLOW)
        return await self._accept(raw, visitor, network)

    async def _accept(self, raw: bytes, visitor: Visitor, network: str | None) -> Response:
        message = to_inbound(
            raw,
            Sender(visitor.id, network),
            self._clock.now(),
            lambda signed: self._visitors.read_button(visitor, signed),
            lambda signed: self._visitors.read_file(visitor, signed),
        )
        if isinstance(message, Refusal):
            return _refuse(message)
        try:
            receipt = await self._reception.accept(message)
        except TryLaterError as error:
            return _refuse(_LATER, error.retry_after)
        line = None if receipt.line is None else self._to_page(visitor, receipt.line)
        if line is not None:
            # The visitor's other open pages show it too.
            self._hub.publish(visitor.id, _signal(line), *(() if receipt.with_agent else ("typing",)))
        return JSONResponse({"fresh": receipt.fresh, "with_agent": receipt.with_agent, "line": line}, 202)

    async def _upload(self, request: Request) -> Response:
        visitor = self._visitors.read(request)
        if is_cross_site(request):
            return _refuse(_CROSS_SITE)
        if visitor is None:
            return _refuse(_STRANGER)
        if wait := self._uploads.wait(visitor, network_of(request)):
            return _refuse(_TOO_FAST, wait)
        try:
            taken = await self._uploads.take(request, visitor)
        except TryLaterError as error:
            return _refuse(_LATER, error.retry_after)
        if isinstance(taken, Refusal):
            return _refuse(taken)
        token = self._visitors.sign_file(visitor, taken)
        return JSONResponse({"file": token, "name": taken.name, "size": taken.size}, 201)

    async def _file(self, request: Request) -> Response:
        visitor = self._visitors.read(request) or self._visitors.read_ticket(request)
        if visitor is None:
            return _refuse(_STRANGER)
        if wait := self._reads.wait(visitor.id):
            return _refuse(_TOO_FAST, wait)
        position, number = request.path_params["position"], request.path_params["number"]
        if position > _LAST_POSITION:
            return Response(status_code=404)
        try:
            lines = await self._reception.transcript(CHANNEL, ACCOUNT, visitor.id, after=position - 1)
        except TryLaterError as error:
            return _refuse(_LATER, error.retry_after)
        files = next((line.attachments for line in as_corrected(lines) if line.position == position), ())
        return handed_out(self._files, files[number]) if number < len(files) else Response(status_code=404)

    def _to_page(self, visitor: Visitor, line: TranscriptLine) -> dict[str, Any]:
        return to_page(line, lambda payload: self._visitors.sign_button(visitor, payload))

    async def _events(self, request: Request) -> Response:
        visitor = self._visitors.read(request) or self._visitors.read_ticket(request)
        if visitor is None:
            return _refuse(_STRANGER)
        if self._hub.count(visitor.id) >= VISITOR_STREAMS or self._hub.total() >= STREAMS:
            return _refuse(_LATER, 30)
        return event_stream(self._hub, visitor.id)


def _signal(line: dict[str, Any]) -> str:
    return f"line:{json.dumps(line)}"


def _refuse(refusal: Refusal, wait: float | None = None) -> Response:
    more = {"limit": TEXT_LIMIT} if refusal is TOO_LONG else {}
    headers = {}
    if refusal.status in (429, 503):
        headers["Retry-After"] = str(max(1, math.ceil(wait or RETRY_AFTER)))
    return Response(
        json.dumps(refusal.body(**more)), refusal.status, headers=headers, media_type="application/json"
    )
