"""The examinations of ``doctor``: what is fine, what needs mending, and how."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass

from bot import schema
from bot.database import Database
from bot.errors import CrossdeskError
from bot.settings import Settings
from bot.training import models


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    fine: bool
    #: What was seen; where it is not fine, what to do.
    says: str


def examine() -> list[Finding]:
    """Look at everything that serving needs; never raises for what a person can mend."""
    try:
        settings = Settings.load()
    except CrossdeskError as error:
        return [Finding("settings", False, str(error))]
    spoken = ", ".join(settings.rules.languages)
    return [
        Finding("settings", True, f"{settings.rules.store.name}; languages {spoken}"),
        _folder(settings),
        _database(settings),
        _model(settings),
        _secret(),
    ]


def _folder(settings: Settings) -> Finding:
    try:
        settings.files.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.files):
            pass
    except OSError as error:
        return Finding(
            "files", False, f"{settings.files} cannot be written ({error.strerror}): free or chown it"
        )
    return Finding("files", True, str(settings.files))


def _database(settings: Settings) -> Finding:
    try:
        database = Database(settings.database_url)
        schema.require_current(database)
    except CrossdeskError as error:
        return Finding("database", False, str(error))
    except Exception as error:
        return Finding("database", False, f"{settings.database_url.split('@')[-1]}: {error}")
    return Finding("database", True, f"{database.url!r}, revision {schema.newest()}")


def _model(settings: Settings) -> Finding:
    try:
        version = models.current(settings)
        if version is None:
            return Finding("model", False, "there is none yet: run `crossdesk train`")
        if models.is_stale(settings):
            return Finding("model", False, f"{version.name} is older than the data: run `crossdesk train`")
        from bot.dialogue.engine import Engine

        Engine.load(models.current_path(settings))
    except CrossdeskError as error:
        return Finding("model", False, f"{error}: run `crossdesk train`")
    except OSError as error:
        return Finding("model", False, f"{error.filename} cannot be read ({error.strerror})")
    return Finding("model", True, version.name)


def _secret() -> Finding:
    if os.environ.get("CROSSDESK_SECRET"):
        return Finding("secret", True, "from the environment")
    return Finding(
        "secret", True, "kept in the files folder (set CROSSDESK_SECRET to share it between hosts)"
    )
