"""The service: a process with one role, some, or all; see ``bot.serving``."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels import Channel, open_channels
from bot.clock import SystemClock
from bot.database import Database
from bot.desk.port.frontend import DeskFrontend, open_desks
from bot.desk.service.desk import DatabaseDesk
from bot.dialogue.because import because
from bot.dialogue.macros import ReplyMacros
from bot.dialogue.spoken import Spoken
from bot.memory import stay_small
from bot.networks import LOOPBACK, is_among, read_networks
from bot.operations.figures import Counted
from bot.operations.watching import Watching
from bot.serving.delivering import deliver
from bot.serving.doorbook import DoorBook
from bot.serving.doors import by_line, keep_open, open_door
from bot.serving.feeding import feed, outlet_of
from bot.serving.front import Front
from bot.serving.governing import govern
from bot.serving.roles import EVERYTHING, Role
from bot.serving.screens import Screens, Told
from bot.serving.server import Server
from bot.serving.shadowing import keep_shadow
from bot.serving.tenure import Tenure
from bot.serving.timing import keep_time
from bot.settings import Settings
from bot.settings.released import InForce

Part = Coroutine[Any, Any, None]


async def serve(
    settings: Settings,
    bound: socket.socket,
    announce: Callable[[str], None],
    roles: frozenset[Role] = EVERYTHING,
) -> None:
    """Serve until interrupted: open the doors, start the workers, say where the pages are.

    Raises:
        ConfigurationError: a setting must be changed.
        OperatorError: a channel refuses our credentials.
    """
    database = Database(settings.database_url)
    try:
        await _Process(settings, database, announce, roles).run(bound)
    finally:
        database.close()
    announce("Stopped; nothing was lost.")


class _Process:
    """One serving process: what its roles need, put together."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        announce: Callable[[str], None],
        roles: frozenset[Role],
    ) -> None:
        self._settings = settings
        self._announce = announce
        self._roles = roles
        clock = SystemClock()
        self._front = Front(settings, database, clock)
        self._tenure = Tenure(database)
        self._book = DoorBook(database, clock, self._tenure.holder)
        self._front.on_trouble(lambda channel, why: self._book.trouble(f"channel {channel}", why))
        self._front.on_models(self._book.models)
        macros = ReplyMacros(Spoken(settings).now, settings.rules.store.timezone)
        desk = DatabaseDesk(
            database, settings.rules, clock, self._front.notify, macros=macros, explain=because
        )
        desk.board.on_trouble = lambda name, why: self._book.trouble(f"desk {name}", why)
        self._law, self._desk = InForce(settings), desk
        self._channels = open_channels(settings, self._front)
        self._desks = open_desks(settings, desk)
        self._watching = Watching(
            self._front.figures,
            database,
            settings.watchers,
            lambda: self._front.workers.loaded if Role.WORKER in roles else None,
        )
        self._outlet = outlet_of(settings)
        self._screens = Screens(database, self._channels, self._tenure.holder)
        self._front.on_pages(self._screens.hear)
        #: Doors that any number of processes may have open.
        self._open_here: list[tuple[str, Channel | DeskFrontend]] = []

    async def run(self, bound: socket.socket) -> None:
        """Serve until interrupted."""
        front, server = self._front, Server(self._settings, bound, self._routes())
        stop = _interruption()
        doors: list[asyncio.Task[None]] = []
        tasks: list[asyncio.Task[None]] = []
        try:
            await server.start()
            if Role.WORKER in self._roles:
                await front.workers.start(self._settings.rules.serving.workers)
            front.listener.start()
            doors += [asyncio.create_task(part) for part in self._opening()]
            tasks += [asyncio.create_task(part) for part in self._parts()]
            self._tell(server.address)
            failed = asyncio.create_task(first_failure([*doors, *tasks]))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({failed, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            failed.cancel()
            if failed.done() and not failed.cancelled():
                failed.result()
            self._announce("Stopping: turns in progress are finished …")
        finally:
            # Each part ends what it is doing and lets go of what others wait for.
            await _end(doors)
            for _, door in self._open_here:
                await door.stop()
            await front.workers.stop()
            await to_thread.run_sync(front.listener.stop)
            await _end(tasks)
            await server.stop()

    def _routes(self) -> Sequence[BaseRoute]:
        if Role.WEB not in self._roles:
            return self._watching.routes()
        doors: list[Channel | DeskFrontend] = [*self._channels.values(), *self._desks.values()]
        return [
            *(route for door in doors for route in door.routes()),
            Route("/", _to_chat),
            *self._watching.routes(),
        ]

    def _opening(self) -> Sequence[Part]:
        """The doors."""
        doors: dict[str, Channel | DeskFrontend] = {
            **{f"channel {name}": one for name, one in self._channels.items()},
            **{f"desk {name}": one for name, one in self._desks.items()},
        }
        parts: list[Part] = []
        if Role.WEB in self._roles:
            self._open_here = [(name, door) for name, door in doors.items() if door.exclusive is None]
            parts += [
                open_door(name, door.start, self._announce, self._book) for name, door in self._open_here
            ]
        if Role.CHANNELS in self._roles:
            parts += [
                keep_open(self._tenure, line, sharing, self._announce, self._book)
                for line, sharing in by_line(doors).items()
            ]
        return parts

    def _parts(self) -> Sequence[Part]:
        """What else goes on for as long as the process serves."""
        front, roles, tenure = self._front, self._roles, self._tenure
        parts: list[Part] = [self._book.keep(), stay_small(), govern(self._law, self._desk)]
        if Role.WEB in roles:
            parts.append(self._screens.show())
        if Role.DELIVERY in roles:
            channels = {name: self._counted(one) for name, one in self._channels.items()}
            # One deliverer at a time: what an account may be sent a second is counted in one place.
            parts.append(tenure.hold("delivery", lambda: deliver(front, channels)))
            if (outlet := self._outlet) is not None:
                parts.append(tenure.hold("feed", lambda: feed(front, outlet)))
        if Role.TIMERS in roles:
            frontends = list(self._desks.values())
            parts.append(tenure.hold("timers", lambda: keep_time(front, frontends)))
        if Role.WORKER in roles:
            # One of all hosts is enough: each turn is taken again once.
            parts.append(tenure.hold("shadow", lambda: keep_shadow(self._settings)))
        return parts

    def _counted(self, channel: Channel) -> Channel:
        figures, database = self._front.figures, self._front.database
        if channel.local and not database.is_sqlite:
            return Told(channel, figures, database, self._tenure.holder)
        return Counted(channel, figures)

    def _tell(self, address: str) -> None:
        if Role.WEB in self._roles:
            self._announce(f"Buyer's chat: {address}/chat")
            self._announce(f"Desk:         {address}/desk")
        else:
            self._announce(f"Figures:      {address}/metrics")
        if self._roles != EVERYTHING:
            named = ", ".join(role.value for role in Role if role in self._roles)
            self._announce(f"This process does: {named}.")
        if not is_among(self._settings.host, read_networks("", LOOPBACK)):
            self._announce(
                "Other machines may reach this, without TLS: let only a reverse proxy do so (see README.md)."
            )
        self._announce("Stop with Ctrl-C.")


def _interruption() -> asyncio.Event:
    """Set when the process is asked to stop."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def first_failure(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Raise what the first part that breaks raises; one that ends in peace is no failure."""
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    await asyncio.Event().wait()


async def _to_chat(_request: Request) -> Response:
    return RedirectResponse("/chat")
