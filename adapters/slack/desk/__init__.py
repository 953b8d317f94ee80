"""Slack's desk for the store's people."""

from __future__ import annotations

from adapters.slack.desk.frontend import SlackDesk
from adapters.slack.desk.options import own_access
from adapters.slack.wire import Wire
from bot.clock import SystemClock
from bot.desk.port.board import DeskWithBoard
from bot.desk.port.frontend import DeskFrontend
from bot.settings import Settings


def open_desk(settings: Settings, desk: DeskWithBoard) -> DeskFrontend:
    """People who work in Slack.

    Raises:
        ConfigurationError: ``desk_options.slack`` or ``channel_options.slack`` in ``shop.yml`` is wrong.
    """
    clock = SystemClock()
    own = own_access(settings)
    wire = Wire.of(settings, clock) if own is None else Wire(own, clock)
    return SlackDesk(settings, desk, wire=wire, clock=clock)
