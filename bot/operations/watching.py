"""The pages for those who watch: ``/healthz``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Sequence

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot import schema
from bot.clock import Clock, SystemClock
from bot.database import Database
from bot.errors import CrossdeskError, TryLaterError
from bot.networks import Network, is_among
from bot.operations.figures import Figures
from bot.sharing.skew import skew

log = logging.getLogger(__name__)

#: Whoever sends one of these speaks for somebody else, who may be anybody.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


class Watching:
    """The pages of one process.

    ``/healthz`` answers whoever asks: it says only that the process lives. The others are for the
    store's own eyes.
    """

    def __init__(
        self,
        figures: Figures,
        database: Database,
        watchers: tuple[Network, ...],
        workers: Callable[[], int | None],
        clock: Clock | None = None,
    ) -> None:
        self._figures = figures
        self._database = database
        self._clock = clock or SystemClock()
        self._watchers = watchers
        #: How many workers take turns; None where this process is to have none.
        self._workers = workers

    def routes(self) -> Sequence[BaseRoute]:
        """The pages."""
        return [
            Route("/healthz", self._healthy),
            Route("/readyz", self._ready),
            Route("/metrics", self._metrics),
        ]

    async def _healthy(self, _: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _ready(self, request: Request) -> Response:
        if not self._may_watch(request):
            return _refuse()
        missing = await to_thread.run_sync(self._missing)
        if missing:
            return PlainTextResponse(
                "".join(f"{line}\n" for line in missing), 503, headers={"Cache-Control": "no-store"}
            )
        # Told, and no reason to send nobody here: if it is the database's clock, that holds for all.
        wrong = await to_thread.run_sync(self._wrong_clock)
        told = "" if wrong is None else f"clock: {wrong}\n"
        return PlainTextResponse(f"ready\n{told}", headers={"Cache-Control": "no-store"})

    async def _metrics(self, request: Request) -> Response:
        if not self._may_watch(request):
            return _refuse()
        self._figures.workers.set(self._workers() or 0)
        page = await to_thread.run_sync(self._figures.page)
        return Response(page, headers={"Content-Type": _FORMAT, "Cache-Control": "no-store"})

    def _missing(self) -> list[str]:
        """What stands in the way of serving, a line each, for a person to read."""
        missing = []
        try:
            schema.require_current(self._database)
        except CrossdeskError as error:
            missing.append(f"database: {' '.join(str(error).split())}")
        except Exception as error:
            # Whatever the driver says may hold a password.
            log.warning("readiness: the database raised %s", type(error).__name__)
            missing.append(f"database: {type(error).__name__}")
        if self._workers() == 0:
            missing.append("workers: none is ready")
        return missing

    def _wrong_clock(self) -> str | None:
        try:
            return skew(self._database, self._clock)
        except TryLaterError:
            # It was there a moment ago: whoever asks again is told.
            return None

    def _may_watch(self, request: Request) -> bool:
        host = request.client.host if request.client else None
        if not is_among(host, self._watchers):
            return False
        # What a proxy on this machine passes on comes from this machine only at first sight.
        return not (_is_loopback(host) and any(name in request.headers for name in _FORWARDED))


def _is_loopback(host: str | None) -> bool:
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _refuse() -> Response:
    return PlainTextResponse("only for this machine, or for those whom CROSSDESK_WATCHERS names\n", 403)
