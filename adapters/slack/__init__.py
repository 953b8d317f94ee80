"""Slack's door for buyers."""

from __future__ import annotations

from functools import partial

from adapters.slack.access import CHANNEL
from adapters.slack.buyers import SlackBuyers
from adapters.slack.wire import Wire
from bot.channels import Channel, Reception
from bot.clock import SystemClock
from bot.settings import Settings


def open_channel(settings: Settings, reception: Reception) -> Channel:
    """Buyers who write on Slack.

    Raises:
        ConfigurationError: ``channel_options.slack`` in ``shop.yml`` is wrong.
    """
    clock = SystemClock()
    wire = Wire.of(settings, clock, partial(reception.forged, CHANNEL))
    return SlackBuyers(settings, reception, wire=wire, clock=clock)
