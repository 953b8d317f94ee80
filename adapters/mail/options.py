"""What `channel_options.mail` in `shop.yml` and the environment say about the mailboxes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, Extra, Field, validator

from bot.channels import read_options
from bot.errors import ConfigurationError
from bot.settings import Settings

CHANNEL = "mail"
#: The password of every mailbox that has none of its own.
PASSWORD = "CROSSDESK_MAIL_PASSWORD"  # noqa: S105 (its name)

Security = Literal["tls", "starttls", "none"]
_ADDRESS = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]{1,120}")


class _Options(BaseModel):
    class Config:
        extra = Extra.forbid
        frozen = True


class Line(_Options):
    """A server."""

    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    #: ``tls`` from the first byte, ``starttls`` before the password goes, or ``none``: on this machine only.
    security: Security = "tls"

    @validator("security")
    def _no_open_passwords(cls, value: str, values: Mapping[str, object]) -> str:  # noqa: N805 (pydantic's way)
        if value == "none" and values.get("host") not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("without TLS the password could be read on its way: give tls or starttls")
        return value


class MailboxOptions(_Options):
    """One mailbox: an account of the channel."""

    #: What buyers write to, and what our letters come from.
    address: str
    imap: Line
    smtp: Line
    #: None: the address.
    login: str | None = None
    #: Letters are taken from these; the first is watched, the others are looked at each ``poll_seconds``.
    folders: tuple[str, ...] = ("INBOX",)
    #: Where letters go that the bot was handed, and those that are not answered. Made if they are missing.
    handled: str = "crossdesk-handled"
    unanswered: str = "crossdesk-unanswered"
    #: Where the provider itself files what goes out over SMTP; None: it does not.
    sent: str | None = None
    #: The first word of the ``Authentication-Results`` that the mailbox's own server writes into each letter.
    #: None: it writes none.
    authserv_id: str | None = None

    @validator("address")
    def _is_address(cls, value: str) -> str:  # noqa: N805
        if not _ADDRESS.fullmatch(value):
            raise ValueError(f"'{value[:100]}' is no e-mail address: give one such as help@store.example")
        return value.lower()

    @validator("unanswered")
    def _apart(cls, value: str, values: Mapping[str, object]) -> str:  # noqa: N805
        if value in (*_texts(values.get("folders")), values.get("handled")):
            raise ValueError("`folders`, `handled` and `unanswered` must be different folders")
        return value

    @validator("folders")
    def _is_watched(cls, value: tuple[str, ...]) -> tuple[str, ...]:  # noqa: N805
        if not value:
            raise ValueError("give at least one folder, such as INBOX")
        return value

    @validator("handled")
    def _apart_too(cls, value: str, values: Mapping[str, object]) -> str:  # noqa: N805
        if value in _texts(values.get("folders")):
            raise ValueError("`folders`, `handled` and `unanswered` must be different folders")
        return value

    @property
    def user(self) -> str:
        """The name to log in with."""
        return self.login or self.address

    def password(self, environment: Mapping[str, str] | None = None) -> str:
        """The secret to log in with.

        Raises:
            ConfigurationError: neither variable is set.
        """
        given = os.environ if environment is None else environment
        own = f"{PASSWORD}_{re.sub('[^A-Z0-9]', '_', self.address.upper())}"
        found = given.get(own) or given.get(PASSWORD)
        if not found:
            raise ConfigurationError(
                f"the mailbox {self.address} has no password: "
                f"set the environment variable {own} (or {PASSWORD})"
            )
        return found


class MailOptions(_Options):
    """All of the channel."""

    mailboxes: tuple[MailboxOptions, ...]
    #: Letters older than this when the channel finds them stay where they are: nobody waits for an answer.
    oldest_days: int = Field(default=14, ge=1)
    #: How long what IDLE does not tell may lie unseen.
    poll_seconds: float = Field(default=60, ge=1)
    #: A mailbox that refuses our login is asked again this often: more often would get it locked.
    retry_seconds: float = Field(default=300, ge=1)
    #: Of larger letters only the beginning is read.
    megabytes: int = Field(default=30, ge=1, le=100)
    #: Files of one letter that are kept.
    files: int = Field(default=20, ge=0)
    #: What the provider lets out of one mailbox.
    letters_per_minute: float = Field(default=60, gt=0)
    #: More letters an hour from one address are a machine's: they are not answered.
    letters_an_hour: int = Field(default=30, ge=1)

    @validator("mailboxes")
    def _once(cls, value: tuple[MailboxOptions, ...]) -> tuple[MailboxOptions, ...]:  # noqa: N805
        if not value:
            raise ValueError("give at least one mailbox")
        addresses = [one.address for one in value]
        if len(set(addresses)) < len(addresses):
            raise ValueError("each address may stand there once")
        return value


def load_options(settings: Settings) -> MailOptions:
    """The channel's options.

    Raises:
        ConfigurationError: names the key and what is wrong with it.
    """
    return read_options(settings, CHANNEL, MailOptions)


def _texts(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()
