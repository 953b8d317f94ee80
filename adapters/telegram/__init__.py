"""Telegram: bots to which buyers write in private chats."""

from __future__ import annotations

import os

from adapters.telegram.channel import Telegram
from adapters.telegram.contents import CHANNEL
from adapters.telegram.options import Options, read_accounts
from bot.channels import Channel, Reception, read_options
from bot.clock import SystemClock
from bot.errors import ConfigurationError
from bot.settings import Settings


def open_channel(settings: Settings, reception: Reception) -> Channel:
    """The store's bots on Telegram. A token that is missing keeps this door closed, not the whole service.

    Raises:
        ConfigurationError: ``channel_options.telegram`` in ``shop.yml`` is wrong.
    """
    options = read_options(settings, CHANNEL, Options)
    try:
        accounts, missing = read_accounts(options, os.environ), None
    except ConfigurationError as error:
        accounts, missing = (), error
    return Telegram(settings, reception, accounts, SystemClock(), api=options.api, missing=missing)
