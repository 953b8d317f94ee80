"""Rules that were released: versions of the store's own ``shop.yml``, taken by processes that run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.errors import ConfigurationError, RulesError
from bot.settings.place import ROOT, Settings
from bot.settings.reading import check_rules, read_text
from bot.settings.rules import ShopRules
from bot.shelf import SHIPPED, Follower, Shelf, Version

#: The file that comes with the program.
SHIPPED_FILE = ROOT / "shop.yml"
#: Parts that are read once, when a process starts, and why.
AFTER_RESTART = {
    "store": "pages, letters and the model's lexicon are made with it",
    "languages": "words and the model's lexicon are loaded for them",
    "fallback_language": "words and the model's lexicon are loaded for it",
    "channels": "doors are opened at the start",
    "channel_options": "doors are opened at the start",
    "desks": "doors are opened at the start",
    "desk_options": "doors are opened at the start",
    "attachments": "the chat tells browsers of it",
    "patterns": "they are in the model's lexicon",
    "feed": "its line is opened at the start",
    "serving": "workers are started by it",
}


@dataclass(frozen=True)
class RulesVersion(Version):
    """The store's own ``shop.yml`` as it was once."""

    text: str = ""


def shelf(settings: Settings) -> Shelf[RulesVersion]:
    """The versions of rules."""
    return Shelf(settings.files / "rules", "rules", RulesVersion, RulesError)


def own_file(settings: Settings) -> Path:
    """The store's own ``shop.yml``."""
    return settings.store / "shop.yml"


def taken(running: ShopRules, released: ShopRules) -> ShopRules:
    """What a process that runs takes of released rules: all but what needs a restart."""
    return released.copy(update={name: getattr(running, name) for name in AFTER_RESTART})


class InForce(Follower[ShopRules]):
    """The rules that a process goes by, asked for before every turn.

    At the start they are those of the files; a release puts others in their place, but for
    ``AFTER_RESTART``. A file that was changed by hand is read at the next start.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._started = settings, settings.rules
        super().__init__(shelf(settings), self._first, self._released)

    def now(self) -> ShopRules:
        """The rules in force; the settings tell the same from now on. Never raises."""
        rules = super().now()
        if rules is not self._settings.rules:
            self._settings.adopt(rules)
        return rules

    def _first(self) -> ShopRules:
        """Those of the start; a release that came in between is not missed."""
        kept = shelf(self._settings)
        try:
            now = kept.read(kept.released().name)
            if now.name != SHIPPED and now.text == read_text(own_file(self._settings)):
                return self._released()
        except (RulesError, ConfigurationError):
            # The doctor tells it.
            pass
        return self._started

    def _released(self) -> ShopRules:
        kept = shelf(self._settings)
        version = kept.read(kept.released().name)
        rules, faults = check_rules(SHIPPED_FILE, own_file(self._settings), version.text)
        if rules is None:
            raise RulesError(f"{version.name}: {faults[0]}")
        return taken(self._started, rules)
