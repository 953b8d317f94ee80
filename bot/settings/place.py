"""Settings: the store's rules, and from the environment the place that a process runs in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import ConfigurationError
from bot.networks import LOOPBACK, Network, read_networks
from bot.settings.reading import read_rules
from bot.settings.rules import ShopRules

#: The project's root: where config.yml, shop.yml, stories/ and replies/ lie.
ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Settings:
    """Everything a process needs to know before it opens anything; only the rules may be replaced later."""

    rules: ShopRules
    database_url: str
    #: Models, attachments, caches; shared between hosts.
    files: Path
    #: The store's own files, laid over the shipped ones.
    store: Path
    host: str = "127.0.0.1"
    port: int = 8600
    #: What the webhook of ``feed`` is signed with.
    feed_secret: str | None = field(default=None, repr=False)
    #: Reverse proxies, which are believed when they say whom they speak for.
    proxies: tuple[Network, ...] = read_networks("", LOOPBACK)
    #: Who may look at figures and readiness.
    watchers: tuple[Network, ...] = read_networks("", LOOPBACK)

    def adopt(self, rules: ShopRules) -> None:
        """Put released rules in place of those that were read at the start.

        Whoever asks these settings for a rule gets the new one; whoever must not mix the two, as a turn,
        keeps the rules that it began with.
        """
        object.__setattr__(self, "rules", rules)

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, root: Path = ROOT) -> Settings:
        """Read ``shop.yml`` (the store's own laid over the shipped one) and the environment.

        Raises:
            ConfigurationError: names the file, the line and what is allowed.
        """
        env = os.environ if environment is None else environment
        files = Path(env.get("CROSSDESK_FILES") or root / "var" / "files").absolute()
        store = Path(env.get("CROSSDESK_STORE") or root / "store").absolute()
        port = env.get("CROSSDESK_PORT") or "8600"
        if not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
            raise ConfigurationError(f"CROSSDESK_PORT is '{port[:20]}': give a port between 0 and 65535")
        return cls(
            rules=read_rules(root / "shop.yml", store / "shop.yml"),
            database_url=env.get("CROSSDESK_DATABASE_URL")
            or f"sqlite:///{root / 'var' / 'crossdesk.sqlite'}",
            files=files,
            store=store,
            host=env.get("CROSSDESK_HOST") or "127.0.0.1",
            port=int(port),
            feed_secret=env.get("CROSSDESK_FEED_SECRET") or None,
            proxies=read_networks("CROSSDESK_PROXIES", env.get("CROSSDESK_PROXIES") or LOOPBACK),
            watchers=read_networks("CROSSDESK_WATCHERS", env.get("CROSSDESK_WATCHERS") or LOOPBACK),
        )


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the environment that a process of ours needs to see the same ones."""
    return {
        "CROSSDESK_DATABASE_URL": settings.database_url,
        "CROSSDESK_FILES": str(settings.files),
        "CROSSDESK_STORE": str(settings.store),
        "CROSSDESK_HOST": settings.host,
        "CROSSDESK_PORT": str(settings.port),
    }
