"""The web's two doors: the buyers' chat page and the agents' desk."""

from __future__ import annotations

from adapters.web.chat import WebChat
from adapters.web.desk import WebDesk
from adapters.web.pages import Pages
from adapters.web.secret import load_secret
from bot.channels import Channel, Reception
from bot.clock import SystemClock
from bot.desk.port.desk import Desk
from bot.desk.port.frontend import DeskFrontend
from bot.settings import Settings
from bot.training.releasing import Releases
from bot.training.review import Review


def open_channel(settings: Settings, reception: Reception) -> Channel:
    """The buyers' chat page.

    Raises:
        ConfigurationError: the signing key can neither be read nor made.
    """
    return WebChat(
        settings, reception, secret=load_secret(settings.files), clock=SystemClock(), pages=Pages()
    )


def open_desk(settings: Settings, desk: Desk) -> DeskFrontend:
    """The agents' desk.

    Raises:
        ConfigurationError: the signing key can neither be read nor made.
    """
    clock = SystemClock()
    return WebDesk(
        settings,
        desk,
        secret=load_secret(settings.files),
        clock=clock,
        pages=Pages(),
        review=Review.open(settings, clock),
        releases=Releases.open(settings, clock),
    )
