"""The door for letters: mailboxes over IMAP and SMTP; `email` would hide the standard library's package."""

from __future__ import annotations

from adapters.mail.channel import MailChannel
from adapters.mail.options import load_options
from bot.channels import Channel, Reception
from bot.clock import SystemClock
from bot.settings import Settings


def open_channel(settings: Settings, reception: Reception) -> Channel:
    """The store's mailboxes.

    Raises:
        ConfigurationError: an option is wrong, or a password is missing.
    """
    options = load_options(settings)
    return MailChannel(
        settings,
        reception,
        options,
        {one.address: one.password() for one in options.mailboxes},
        SystemClock(),
    )
