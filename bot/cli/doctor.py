"""The examinations of ``doctor``: what is fine, what needs mending, and how."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

from bot import schema
from bot.channels import Examines, Reception, build_channel
from bot.clock import SystemClock
from bot.database import Database
from bot.desk.port.frontend import DeskFrontend, open_desks
from bot.desk.service.desk import DatabaseDesk
from bot.dialogue import spoken
from bot.errors import CrossdeskError
from bot.serving.front import Front
from bot.settings import Settings, released
from bot.settings.reading import read_text
from bot.settings.released import own_file
from bot.sharing import folder
from bot.sharing.skew import skew
from bot.shelf import SHIPPED
from bot.training import models

#: A channel's outside must have answered within this many seconds.
PATIENCE = 30.0


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
        _shared(settings),
        _clock(settings),
        _model(settings),
        _words(settings),
        _rules(settings),
        _secret(),
        *_channels(settings),
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


def adopt(settings: Settings) -> None:
    """Mark ``CROSSDESK_FILES`` of this process as the store's folder.

    Raises:
        CrossdeskError: the folder or the database cannot be written.
    """
    database = Database(settings.database_url)
    schema.require_current(database)
    with database.begin() as connection:
        folder.mark(connection, settings.files, anew=True)


def _shared(settings: Settings) -> Finding:
    try:
        database = Database(settings.database_url)
        schema.require_current(database)
        with database.begin() as connection:
            wrong = folder.difference(connection, settings.files)
    except CrossdeskError as error:
        return Finding("shared", False, str(error))
    except Exception as error:
        return Finding("shared", False, f"the database raised {type(error).__name__}")
    return Finding("shared", wrong is None, wrong or "this folder is the store's")


def _clock(settings: Settings) -> Finding:
    try:
        wrong = skew(Database(settings.database_url), SystemClock())
    except CrossdeskError as error:
        return Finding("clock", False, str(error))
    return Finding("clock", wrong is None, wrong or "as the database's")


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


def _words(settings: Settings) -> Finding:
    try:
        said = spoken.said(settings)
    except CrossdeskError as error:
        again = "`crossdesk words release NAME` releases one that `crossdesk words versions` lists"
        return Finding("words", False, f"{error}; what lies in the files is said meanwhile: {again}")
    if said.left_out:
        more = f"; and {len(said.left_out) - 1} more" if len(said.left_out) > 1 else ""
        return Finding(
            "words",
            False,
            f"{said.name} no longer fits the files, whose words are said there: {said.left_out[0]}{more}",
        )
    return Finding("words", True, said.name)


def _rules(settings: Settings) -> Finding:
    own, kept = own_file(settings), released.shelf(settings)
    try:
        version = kept.read(kept.released().name)
    except CrossdeskError as error:
        return Finding("rules", False, f"{error}; {own} is gone by: `crossdesk rules release` mends it")
    if version.text == read_text(own):
        return Finding("rules", True, version.name)
    if version.name == SHIPPED:
        return Finding("rules", True, f"{own}, written by hand")
    return Finding("rules", True, f"{own}, changed by hand since {version.name} was released")


def _secret() -> Finding:
    if os.environ.get("CROSSDESK_SECRET"):
        return Finding("secret", True, "from the environment")
    return Finding(
        "secret", True, "kept in the files folder (set CROSSDESK_SECRET to share it between hosts)"
    )


def _channels(settings: Settings) -> list[Finding]:
    try:
        database = Database(settings.database_url)
        schema.require_current(database)
    except Exception:
        # Said above. What a channel has to say is seen once the database is there.
        return []

    async def look() -> list[Finding]:
        front = Front(settings, database, SystemClock())
        found = await asyncio.gather(
            *(_channel(settings, front, name) for name in settings.rules.channels),
            *(_desk(settings, front, name) for name in settings.rules.desks),
        )
        return [finding for findings in found for finding in findings]

    try:
        return asyncio.run(look())
    finally:
        database.close()


async def _channel(settings: Settings, reception: Reception, name: str) -> list[Finding]:
    return await _tried(name, lambda: build_channel(name, settings, reception))


async def _desk(settings: Settings, front: Front, name: str) -> list[Finding]:
    def build() -> DeskFrontend:
        only = dataclasses.replace(settings, rules=settings.rules.copy(update={"desks": (name,)}))
        return open_desks(only, DatabaseDesk(front.database, settings.rules, front.clock, front.notify))[name]

    return await _tried(f"desk {name}", build)


async def _tried(name: str, build: Callable[[], object]) -> list[Finding]:
    try:
        door = build()
        if not isinstance(door, Examines):
            return [Finding(name, True, "built; it has nothing to try")]
        examined = await asyncio.wait_for(door.examine(), PATIENCE)
    except asyncio.TimeoutError:
        return [Finding(name, False, f"no answer within {PATIENCE:.0f} s: look at the network")]
    except CrossdeskError as error:
        return [Finding(name, False, str(error))]
    except Exception as error:
        # A package of somebody else's; its words may hold a secret.
        return [Finding(name, False, f"the channel raised {type(error).__name__}")]
    return [Finding(f"{name} {one.what}", one.fine, one.says) for one in examined]
