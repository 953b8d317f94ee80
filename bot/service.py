"""The service: a front process (pages, channels, delivery, clocks) and its worker processes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence

import uvicorn
from anyio import to_thread
from sqlalchemy.engine import Connection
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.channels import Channel, Receipt, open_channels
from bot.clock import Clock, SystemClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.port import DeskFrontend, open_desks
from bot.desk.service import DatabaseDesk, turn_clocks, watch
from bot.desk.values import CaseCard, Priority, Reason
from bot.errors import ConfigurationError, CrossdeskError, OperatorError, TryLaterError
from bot.mailroom import conversations, inbox, transcript
from bot.mailroom.delivery import Delivery
from bot.messages import Inbound, TranscriptLine
from bot.settings import Settings
from bot.workers import WorkerPool

log = logging.getLogger(__name__)

#: The outbox is looked into this often even if nobody woke the front, in seconds.
DELIVERY_POLL = 1.0
#: Clocks of cases are turned this often, in seconds.
CLOCKS_EVERY = 5.0
#: The desk's watchdog runs this often, in seconds.
WATCH_EVERY = 60.0
#: Waits between tries of a channel that is away, in seconds; the last one repeats.
START_WAITS = (1, 5, 15, 60)


class Front:
    """What the front process does beside serving pages; implements ``bot.channels.Reception``."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._new_mail = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.workers = WorkerPool(settings, database, on_turn=self._new_mail.set)

    async def accept(self, message: Inbound) -> Receipt:
        """See ``Reception``."""
        receipt = await to_thread.run_sync(self._accept, message)
        self.workers.wake()
        return receipt

    async def transcript(
        self, channel: str, account: str, sender: str, *, after: int = 0
    ) -> Sequence[TranscriptLine]:
        """See ``Reception``."""
        return await to_thread.run_sync(self._transcript, channel, account, sender, after)

    def notify(self) -> None:
        """Something lies in the inbox or the outbox; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._new_mail.set)
        self._loop.call_soon_threadsafe(self.workers.wake)

    def undelivered(self, connection: Connection, conversation_id: int, why: str) -> None:
        """Open a case for a message that did not reach its buyer."""
        talk = conversations.get(connection, conversation_id)
        Cases(connection, self._settings.rules, self._clock).open(
            conversation_id,
            intent="service_human",
            reason=Reason.UNDELIVERED,
            card=CaseCard(
                wants="(a message of ours)", why=why, name=talk.sender_name, language=talk.language
            ),
            priority=Priority.HIGH,
            language=talk.language,
        )

    async def deliver(self, channels: dict[str, Channel]) -> None:
        """Take what is due to its channel, for ever."""
        delivery = Delivery(
            self._database, channels, self._clock, self.undelivered, on_more=self._new_mail.set
        )
        recovered = False
        try:
            while True:
                self._new_mail.clear()
                try:
                    if not recovered:
                        await to_thread.run_sync(delivery.recover)
                        recovered = True
                    await delivery.deliver_due()
                except TryLaterError as error:
                    log.warning("delivery waits: %s", error)
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._new_mail.wait(), DELIVERY_POLL)
        finally:
            await delivery.stop()

    async def turn_clocks(self, frontends: Sequence[DeskFrontend]) -> None:
        """Move cases up whose clock ran out, and let the watchdog look, for ever."""
        beats = 0
        while True:
            try:
                moved = await to_thread.run_sync(
                    turn_clocks, self._database, self._settings.rules, self._clock
                )
                for case_id in moved:
                    for frontend in frontends:
                        frontend.changed(case_id)
                if moved:
                    self.notify()
                if beats % int(WATCH_EVERY / CLOCKS_EVERY) == 0:
                    for fault in await to_thread.run_sync(watch, self._database, self._clock):
                        log.error("the desk's watchdog: %s", fault)
            except TryLaterError as error:
                log.warning("the clocks wait: %s", error)
            beats += 1
            await asyncio.sleep(CLOCKS_EVERY)

    def _accept(self, message: Inbound) -> Receipt:
        rules = self._settings.rules
        hint = (message.language_hint or "")[:2].lower()
        language = hint if hint in rules.languages else rules.fallback_language
        with self._database.begin() as connection:
            return inbox.accept(connection, message, language=language, now=self._clock.now())

    def _transcript(self, channel: str, account: str, sender: str, after: int) -> Sequence[TranscriptLine]:
        with self._database.begin() as connection:
            talk = conversations.find(connection, channel, account, sender)
            return () if talk is None else transcript.lines(connection, talk.id, after=after)


def bind(host: str, port: int) -> socket.socket:
    """Take the address of the pages, before anything that takes long.

    Raises:
        OperatorError: it cannot be had; says why.
    """
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        why = "another program has this port" if error.errno == errno.EADDRINUSE else error.strerror
        raise OperatorError(
            f"cannot listen on {host}:{port}: {why}; choose another with --port or --host"
        ) from error
    return made


async def serve(settings: Settings, bound: socket.socket, announce: Callable[[str], None]) -> None:
    """Serve until interrupted: open the doors, start the workers, say where the pages are.

    Raises:
        ConfigurationError: a setting must be changed.
        OperatorError: a channel refuses our credentials.
    """
    clock = SystemClock()
    database = Database(settings.database_url)
    front = Front(settings, database, clock)
    desk = DatabaseDesk(database, settings.rules, clock, front.notify)
    channels = open_channels(settings, front)
    frontends = open_desks(settings, desk)
    doors: list[tuple[str, Channel | DeskFrontend]] = [*channels.items(), *frontends.items()]
    server = _Server(settings, bound, [door for _, door in doors])
    tasks: list[asyncio.Task[None]] = []
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await server.start()
        await front.workers.start(settings.rules.serving.workers)
        tasks += [asyncio.create_task(_open(name, door.start, announce)) for name, door in doors]
        tasks.append(asyncio.create_task(front.deliver(channels)))
        tasks.append(asyncio.create_task(front.turn_clocks(list(frontends.values()))))
        announce(f"Buyer's chat: {server.address}/chat")
        announce(f"Desk:         {server.address}/desk")
        announce("Stop with Ctrl-C.")
        failed = asyncio.create_task(_first_failure(tasks))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({failed, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        failed.cancel()
        if failed.done() and not failed.cancelled():
            failed.result()
        announce("Stopping: turns in progress are finished …")
    finally:
        for _, door in doors:
            await door.stop()
        await front.workers.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.stop()
        database.close()
    announce("Stopped; nothing was lost.")


async def _open(name: str, start: Callable[[], Awaitable[None]], announce: Callable[[str], None]) -> None:
    """Start one door; one that is away is tried again, one that is wrong is told, the others go on."""
    for attempt in range(1_000_000):
        try:
            await start()
            return
        except TryLaterError as error:
            wait = error.retry_after or START_WAITS[min(attempt, len(START_WAITS) - 1)]
            log.warning("%s is away, next try in %s s: %s", name, wait, error)
            await asyncio.sleep(wait)
        except (ConfigurationError, OperatorError) as error:
            announce(f"{name} stays closed until a person acts: {error}")
            return


async def _first_failure(tasks: Sequence[asyncio.Task[None]]) -> None:
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    await asyncio.Event().wait()


class _Server:
    """The one HTTP server of the front, on which every door's routes lie."""

    def __init__(
        self, settings: Settings, bound: socket.socket, doors: Sequence[Channel | DeskFrontend]
    ) -> None:
        self._bound = bound
        routes = [route for door in doors for route in door.routes()]
        routes.append(Route("/", _to_chat))
        routes.append(Route("/healthz", _healthy))
        self._config = uvicorn.Config(
            Starlette(routes=routes),
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
            lifespan="off",
            # Pages listen to server-sent events; Rasa's pin of websockets is too old for uvicorn.
            ws="none",
        )
        self._server = uvicorn.Server(self._config)
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Where the pages are, with the port that was really taken."""
        port = self._server.servers[0].sockets[0].getsockname()[1]
        host = f"[{self._config.host}]" if ":" in self._config.host else self._config.host
        return f"http://{host}:{port}"

    async def start(self) -> None:
        """Listen and serve.

        Raises:
            OperatorError: it does not start.
        """
        # Our own handlers stop the doors first; uvicorn's would end the server under them.
        self._server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        self._task = asyncio.create_task(self._server.serve(sockets=[self._bound]))
        while not self._server.started:
            if self._task.done():
                raise OperatorError("the web server did not start")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Finish what is being answered and let go of the port."""
        if self._task is not None:
            self._server.should_exit = True
            with contextlib.suppress(CrossdeskError):
                await self._task


async def _to_chat(_request: Request) -> Response:
    return RedirectResponse("/chat")


async def _healthy(_request: Request) -> Response:
    return Response("ok\n", media_type="text/plain")
