"""What the store tells of its Slack app: secrets from the environment, the rest from ``shop.yml``."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Extra, validator

from bot.channels import read_options
from bot.errors import ConfigurationError
from bot.settings import Settings

#: The name of the channel, and of what ``channel_options`` says about it.
CHANNEL = "slack"

Mode = Literal["socket", "http"]


@dataclass(frozen=True)
class App:
    """A Slack app of the store's: what its variables are called, and where Slack posts its events."""

    #: Of bot token, app token and signing secret; in full, so that they are found.
    variables: tuple[str, str, str]
    path: str

    def secrets(self, environment: Mapping[str, str] | None = None) -> tuple[str, str, str]:
        """Bot token, app token, signing secret; each empty if its variable is."""
        env = os.environ if environment is None else environment
        bot, app, signing = (env.get(name, "").strip() for name in self.variables)
        return bot, app, signing


#: The one app of most stores: buyers write to it, and the desk works by it.
SHOP_APP = App(
    ("CROSSDESK_SLACK_BOT_TOKEN", "CROSSDESK_SLACK_APP_TOKEN", "CROSSDESK_SLACK_SIGNING_SECRET"),
    "/slack/events",
)
BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = SHOP_APP.variables


class Options(BaseModel):
    """``channel_options.slack`` in ``shop.yml``."""

    #: How events come: over a socket that we open, or to our web server's ``/slack/events``.
    mode: Mode = "socket"
    #: Where Slack's methods are; a government's workspaces have another place.
    api: str = "https://slack.com/api/"

    class Config:
        """A misspelt key is an error."""

        extra = Extra.forbid

    @validator("api")
    def _is_safe(cls, value: str) -> str:  # noqa: N805 (pydantic's way)
        return safe_api(value)


def safe_api(value: str) -> str:
    """An address of Slack's methods, as the SDK wants it.

    Raises:
        ValueError: secrets would go there unencrypted.
    """
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("give an address that begins with https://: the tokens go there")
    return value.rstrip("/") + "/"


@dataclass(frozen=True)
class Access:
    """How to reach the app. Nothing is checked before ``check``, so that other channels open without it."""

    mode: Mode
    api: str
    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    app: App = SHOP_APP

    @classmethod
    def load(cls, settings: Settings, environment: Mapping[str, str] | None = None) -> Access:
        """Read it.

        Raises:
            ConfigurationError: ``shop.yml`` says something about Slack that cannot be.
        """
        options = read_options(settings, CHANNEL, Options)
        return cls(options.mode, options.api, *SHOP_APP.secrets(environment))

    @property
    def line(self) -> str:
        """What only one process may be connected to: two connections of an app share its events out."""
        return f"slack:{hashlib.sha256(self.bot_token.encode()).hexdigest()[:16]}"

    def check(self) -> None:
        """Look whether all that this mode needs is there.

        Raises:
            ConfigurationError: names the variable and where its value is found.
        """
        bot_token, app_token, signing_secret = self.app.variables
        needed = [(bot_token, self.bot_token, "xoxb-", "OAuth & Permissions, Bot User OAuth Token")]
        if self.mode == "socket":
            needed.append((app_token, self.app_token, "xapp-", "Basic Information, App-Level Tokens"))
        else:
            needed.append((signing_secret, self.signing_secret, "", "Basic Information, Signing Secret"))
        for name, value, begins, place in needed:
            if not value:
                raise ConfigurationError(f"set {name}: api.slack.com/apps, your app, {place}")
            if not value.startswith(begins) or not value.isascii():
                raise ConfigurationError(f"{name} must begin with '{begins}': api.slack.com/apps, {place}")

    def is_ours(self, url: str) -> bool:
        """Whether a file's address is Slack's own: only there may the token go."""
        api, parts = urlsplit(self.api), urlsplit(url)
        return parts.scheme == api.scheme and (
            parts.netloc == api.netloc or parts.netloc.endswith("." + api.netloc)
        )
