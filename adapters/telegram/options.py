"""What the store says of its bots: options in ``shop.yml``, tokens in the environment."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, Extra, validator

from bot.errors import ConfigurationError

_TOKEN = re.compile(r"(?P<id>[0-9]{1,20}):[A-Za-z0-9_-]{20,}")


class _Options(BaseModel):
    class Config:
        """A misspelt key is an error."""

        extra = Extra.forbid
        allow_mutation = False


class BotOptions(_Options):
    """One bot."""

    #: The environment variable that holds its token.
    token: str = "CROSSDESK_TELEGRAM_TOKEN"  # noqa: S105 (a variable's name)
    #: Where Telegram reaches this service from outside, such as ``https://chat.example.com``: it then calls
    #: us. Without it we ask Telegram for what is new, and need not be reachable.
    webhook: str | None = None

    @validator("token")
    def _ours(cls, value: str) -> str:  # noqa: N805 (pydantic's way)
        if not re.fullmatch("CROSSDESK_[A-Z0-9_]+", value):
            raise ValueError("name an environment variable that begins with CROSSDESK_, never the token")
        return value

    @validator("webhook")
    def _reachable(cls, value: str | None) -> str | None:  # noqa: N805 (pydantic's way)
        if value is not None and not re.fullmatch(r"https://[^\s/?#]+(/[^\s?#]*)?", value):
            raise ValueError("give an https:// address at which Telegram reaches this service")
        return value


class Options(_Options):
    """``channel_options.telegram`` as a whole."""

    bots: tuple[BotOptions, ...] = (BotOptions(),)
    #: The Bot API's address; another one for a Bot API server of your own.
    api: str = "https://api.telegram.org"

    @validator("bots")
    def _one_at_least(cls, value: tuple[BotOptions, ...]) -> tuple[BotOptions, ...]:  # noqa: N805
        if not value:
            raise ValueError("name at least one bot, or leave the key out")
        return value


@dataclass(frozen=True)
class Account:
    """One bot, ready to be used."""

    #: Telegram's own id of the bot: the first part of its token, for ever the same.
    id: str
    token: str = field(repr=False)
    #: The variable that the token came from.
    variable: str
    #: The whole address that Telegram calls; None: it is polled.
    webhook: str | None = None

    @property
    def secret(self) -> str:
        """What Telegram must say with each call: only who knows the token can know it."""
        return hmac.new(self.token.encode(), b"crossdesk webhook", hashlib.sha256).hexdigest()


def read_accounts(options: Options, environment: Mapping[str, str]) -> tuple[Account, ...]:
    """The bots with their tokens.

    Raises:
        ConfigurationError: a token is missing, is none, or stands for two bots.
    """
    accounts: dict[str, Account] = {}
    for bot in options.bots:
        token = environment.get(bot.token, "").strip()
        if not token:
            raise ConfigurationError(
                f"Telegram: the environment variable {bot.token} is not set: put the bot's token into it "
                "(@BotFather on Telegram gives one)"
            )
        found = _TOKEN.fullmatch(token)
        if found is None:
            raise ConfigurationError(
                f"Telegram: {bot.token} holds no bot's token: copy it whole from @BotFather (digits, a "
                "colon, letters and digits)"
            )
        account = found["id"]
        if account in accounts:
            raise ConfigurationError(
                f"Telegram: {bot.token} and {accounts[account].variable} hold the same bot's token"
            )
        hook = None if bot.webhook is None else f"{bot.webhook.rstrip('/')}/telegram/{account}"
        accounts[account] = Account(account, token, bot.token, hook)
    return tuple(accounts.values())
