"""A backup: database, models, files and the store's folder in one archive, while the service goes on."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bot import schema
from bot.clock import Clock
from bot.database import Database
from bot.errors import BackupError
from bot.operations import archive, snapshot
from bot.operations.archive import ASIDE, STAGED, Manifest, Member
from bot.settings import Settings

#: What of ``CROSSDESK_FILES`` can be made again, or is nobody's but this machine's.
_CACHES = ("cache", "bench")


@dataclass(frozen=True)
class Backup:
    """What was backed up."""

    manifest: Manifest
    #: What was left out, a few words each.
    left_out: tuple[str, ...]


def back_up(settings: Settings, database: Database, target: Path, clock: Clock) -> Backup:
    """Write everything that must not be lost into a new archive.

    The database is copied first: whatever it names of the files is there when they are.

    Raises:
        BackupError: it cannot be written, or there is nothing to back up.
        TryLaterError: the database is locked or away.
    """
    target = target.absolute()
    _require_place(settings, target)
    revision = _revision(database)
    made_at = clock.now()
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        copied = Path(scratch) / "database"
        snapshot.copy(database, copied)
        if database.is_sqlite:
            # An upgrade may have run since we looked.
            revision = snapshot.check_copy(copied) or revision
        name = archive.SQLITE if database.is_sqlite else archive.DUMP
        left_out: list[str] = []
        members = [Member(name, copied), *_members(settings, database, left_out)]
        manifest, vanished = archive.write(
            target,
            members,
            crossdesk=metadata.version("crossdesk"),
            made_at=made_at,
            backend=database.url.get_backend_name(),
            revision=revision,
        )
    return Backup(manifest, (*left_out, *(f"{name} (removed meanwhile)" for name in vanished)))


def _require_place(settings: Settings, target: Path) -> None:
    if target.exists():
        raise BackupError(f"{target} is there already: give another name, or remove it")
    if not target.parent.is_dir():
        raise BackupError(f"there is no folder {target.parent}: make it first")
    resolved = target.parent.resolve()
    for folder in (settings.files, settings.store):
        if folder.resolve() in (resolved, *resolved.parents):
            raise BackupError(f"{target} lies in what is backed up: give a file outside of {folder}")


def _revision(database: Database) -> str:
    path = snapshot.path_of(database)
    if path is not None and not path.exists():
        raise BackupError("there is no database yet: nothing is to be backed up")
    revision = schema.version(database)
    if revision is None:
        raise BackupError("this is no database of crossdesk, or an empty one: nothing is to be backed up")
    return revision


def _members(settings: Settings, database: Database, left_out: list[str]) -> Iterator[Member]:
    path = snapshot.path_of(database)
    own = {path, *(path.with_name(path.name + end) for end in snapshot.COMPANIONS)} if path else set()
    for prefix, folder, other in (
        ("files", settings.files, settings.store),
        ("store", settings.store, settings.files),
    ):
        for found in _walk(folder, other, left_out):
            if found not in own:
                name = "/".join((prefix, *found.relative_to(folder).parts))
                if name.isprintable() and not any(sign in name for sign in "\\:"):
                    yield Member(name, found)
                else:
                    left_out.append(f"{name!r} (a name that not every system takes)")


def _walk(folder: Path, other: Path, left_out: list[str]) -> Iterator[Path]:
    """Every plain file below a folder, in order; not those of the other one, where it lies within."""
    if not folder.is_dir():
        return
    for top in sorted(folder.iterdir()):
        if top.name in _CACHES or top.name.startswith((STAGED, ASIDE)):
            continue
        pending = [top]
        while pending:
            path = pending.pop()
            if path == other or path.suffix == ".lock":
                continue
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:
                continue
            if stat.S_ISDIR(mode):
                pending += sorted(path.iterdir(), reverse=True)
            elif stat.S_ISREG(mode):
                yield path
            else:
                left_out.append(f"{path} (no plain file)")
