"""The DeskFrontend port: a place where people work on cases, and how installed ones are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Protocol

from starlette.routing import BaseRoute

from bot.desk.port.desk import Desk
from bot.errors import ConfigurationError
from bot.settings import Settings

#: Frontends register a factory ``(settings, desk) -> DeskFrontend`` under this group.
ENTRY_POINTS = "crossdesk.desks"


class DeskFrontend(Protocol):
    """A place where people work on cases. Implemented by adapters, found by entry point."""

    #: The entry point's name.
    name: str
    #: See ``bot.channels.Channel``: a frontend and a channel may share one connection.
    exclusive: str | None

    def routes(self) -> Sequence[BaseRoute]:
        """HTTP routes that the server of every process with the role ``web`` mounts; empty if it needs none.

        They work although ``start`` may run in another process only.
        """
        ...

    async def start(self) -> None:
        """Begin to work, also after a ``stop``. Cleans up after itself if it fails.

        Raises:
            ConfigurationError: a setting is missing or wrong.
            TryLaterError: the outside is away; the front tries again with growing waits.
            OperatorError: the outside refuses our credentials.
        """
        ...

    def changed(self, case_id: int) -> None:
        """Something happened to this case: show it. Called on the event loop; must not block or raise.

        A hint only: it may be missed or come twice, so what counts is read from the desk again.
        """
        ...

    async def stop(self) -> None:
        """Let go of everything. Idempotent."""
        ...


DeskFactory = Callable[[Settings, Desk], DeskFrontend]


def open_desks(settings: Settings, desk: Desk) -> dict[str, DeskFrontend]:
    """Find every installed frontend that the store has switched on and build it.

    Raises:
        ConfigurationError: ``shop.yml`` names a desk that no installed package offers.
    """
    found = {entry.name: entry for entry in metadata.entry_points(group=ENTRY_POINTS)}
    missing = [name for name in settings.rules.desks if name not in found]
    if missing:
        raise ConfigurationError(
            f"shop.yml switches on the desk '{missing[0]}', which no installed package offers "
            f"(there are: {', '.join(sorted(found)) or 'none'})"
        )
    opened: dict[str, DeskFrontend] = {}
    for name in settings.rules.desks:
        factory: DeskFactory = found[name].load()
        opened[name] = factory(settings, desk)
    return opened
