"""What ``shop.yml`` says of the desk in Slack."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import BaseModel, Extra, Field, ValidationError, validator

from adapters.slack.access import Access, App, Mode, safe_api
from bot.errors import ConfigurationError
from bot.settings import Settings

#: The name of the frontend, and of what ``desk_options`` says about it.
DESK = "slack"
#: The channel of queues that have none of their own.
DEFAULT = "default"
#: The desk's own app, where agents and buyers are in different workspaces.
DESK_APP = App(
    (
        "CROSSDESK_SLACK_DESK_BOT_TOKEN",
        "CROSSDESK_SLACK_DESK_APP_TOKEN",
        "CROSSDESK_SLACK_DESK_SIGNING_SECRET",
    ),
    "/slack/desk/events",
)
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,30}")


class DeskOptions(BaseModel):
    """``desk_options.slack`` in ``shop.yml``."""

    #: The id of each queue's channel (in Slack at the end of its details); ``default`` for the others.
    channels: Mapping[str, str]
    #: A message in a case's thread that begins so goes to the buyer.
    send_sign: str = Field(">>", min_length=1, max_length=10)
    #: So many new cases at once are listed together before each gets a message of its own.
    digest_from: int = Field(8, ge=2)
    #: For an app of the desk's own: as in ``channel_options.slack``, and what is said there by default.
    mode: Mode | None = None
    api: str | None = None

    class Config:
        """A misspelt key is an error."""

        extra = Extra.forbid

    @validator("channels")
    def _are_ids(cls, value: Mapping[str, str]) -> Mapping[str, str]:  # noqa: N805 (pydantic's way)
        for queue, channel in value.items():
            if not _CHANNEL.fullmatch(channel):
                raise ValueError(f"'{channel}' ({queue}) is no channel's id, such as C0123456789")
        return value

    @validator("api")
    def _is_safe(cls, value: str | None) -> str | None:  # noqa: N805 (pydantic's way)
        return None if value is None else safe_api(value)

    @validator("send_sign")
    def _is_seen(cls, value: str) -> str:  # noqa: N805 (pydantic's way)
        if not value.strip() or value.strip().isalnum():
            raise ValueError("give a sign, such as >>: with a word, remarks would be sent by mistake")
        return value.strip()

    def channel_of(self, queue: str) -> str:
        """The channel that shows this queue's cases."""
        # A queue that shop.yml no longer has may still hold cases.
        return self.channels.get(queue) or self.channels.get(DEFAULT) or next(iter(self.channels.values()))


def read_desk_options(settings: Settings) -> DeskOptions:
    """Read them.

    Raises:
        ConfigurationError: names the key and what is wrong with it.
    """
    place = f"desk_options.{DESK}"
    try:
        options = DeskOptions.parse_obj(settings.rules.desk_options.get(DESK, {}))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join((place, *map(str, first["loc"])))
        raise ConfigurationError(f"shop.yml: {where}: {first['msg']}") from error
    known = settings.rules.queues
    unknown = [queue for queue in options.channels if queue != DEFAULT and queue not in known]
    if unknown:
        raise ConfigurationError(f"shop.yml: {place}.channels: there is no queue '{unknown[0]}'")
    missing = [queue for queue in known if queue not in options.channels]
    if missing and DEFAULT not in options.channels:
        raise ConfigurationError(
            f"shop.yml: {place}.channels: '{missing[0]}' has no channel; give it one, or a '{DEFAULT}'"
        )
    return options


def own_access(settings: Settings, environment: Mapping[str, str] | None = None) -> Access | None:
    """How to reach the desk's own app; None if it works by that of the buyers' channel.

    Raises:
        ConfigurationError: ``shop.yml`` says something of such an app, and there are no secrets of it.
    """
    options = read_desk_options(settings)
    secrets = DESK_APP.secrets(environment)
    if any(secrets):
        shop = Access.load(settings, environment)
        return Access(options.mode or shop.mode, options.api or shop.api, *secrets, DESK_APP)
    for key in ("mode", "api"):
        if getattr(options, key) is not None:
            raise ConfigurationError(
                f"shop.yml: desk_options.{DESK}.{key} is for an app of the desk's own: "
                f"set {DESK_APP.variables[0]}, or say it in channel_options.{DESK}"
            )
    return None
