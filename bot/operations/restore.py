"""Putting a backup back: looked at first, prepared aside, then moved into place, all of it or nothing."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bot import schema
from bot.database import Database
from bot.errors import BackupError
from bot.operations import snapshot
from bot.operations.archive import ASIDE, FOLDERS, STAGED, Archive, Manifest
from bot.settings import Settings

#: What stays where it is: it can be made again, and fits whatever lies beside it.
_STAYS = ("cache", "bench")
#: Left free on the disk, in bytes.
_RESERVE = 16 * 1024 * 1024


@dataclass(frozen=True)
class Restored:
    """What was put back."""

    manifest: Manifest
    #: Where lies what was there before; empty if there was nothing.
    aside: tuple[Path, ...]
    #: Whether the database is older than this code.
    needs_upgrade: bool


def restore(settings: Settings, database: Database, source: Path, *, force: bool = False) -> Restored:
    """Put a backup back where the settings say. What it replaces is moved aside, not deleted.

    Raises:
        BackupError: the archive is damaged, hostile or does not fit; the database is in use; or there is
            something already and ``force`` is off. Nothing was changed.
        OSError: the disk is full, or refuses. Nothing was changed.
    """
    with Archive(source) as archive:
        _require_fitting(archive.manifest, database, source)
        if not force:
            _require_empty(settings, database)
        archive.verify()
        _require_room(settings, database, archive.manifest)
        with ExitStack() as cleaning, snapshot.alone(database):
            step = _Restoration(settings, database, archive, cleaning)
            step.prepare()
            aside = step.put_in_place()
        return Restored(archive.manifest, aside, archive.manifest.revision != schema.newest())


class _Restoration:
    """One restoration; every move can be taken back until the last."""

    def __init__(self, settings: Settings, database: Database, archive: Archive, cleaning: ExitStack) -> None:
        self._database = database
        self._archive = archive
        self._cleaning = cleaning
        self._token = secrets.token_hex(4)
        self._folders = {"files": settings.files, "store": settings.store}
        self._path = snapshot.path_of(database)
        self._staged: Path | None = None

    def prepare(self) -> None:
        """Unpack everything beside its place, on the same disk."""
        manifest = self._archive.manifest
        for folder in self._folders.values():
            self._make(folder)
            self._make(folder / (STAGED + self._token), clean=True)
        for name in manifest.members:
            prefix, _, rest = name.partition("/")
            if prefix in FOLDERS and rest:
                target = self._folders[prefix] / (STAGED + self._token) / rest
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._archive.extract(name, target)
        if self._path is None:
            self._staged = self._folders["files"] / (STAGED + self._token) / f"{STAGED}dump"
        else:
            self._make(self._path.parent)
            self._staged = self._path.with_name(f"{STAGED}{self._path.name}-{self._token}")
        self._cleaning.callback(self._staged.unlink, missing_ok=True)
        self._archive.extract(manifest.database, self._staged)
        if self._path is not None and snapshot.check_copy(self._staged) != manifest.revision:
            raise BackupError(f"{self._archive.path} is not restored: its database is at another revision")

    def put_in_place(self) -> tuple[Path, ...]:
        """Move it into place; if one move fails, all are taken back."""
        undo: list[Callable[[], object]] = []
        aside: list[Path] = []
        try:
            for folder in self._folders.values():
                aside += self._swap_folder(folder, undo)
            if self._path is not None and self._staged is not None:
                old = self._path.with_name(f"{self._path.name}{ASIDE}{self._token}")
                if self._path.exists():
                    _move(self._path, old, undo)
                    aside.append(old)
                for end in snapshot.COMPANIONS:
                    # Of the old file, and still with it: SQLite would read them into the new one.
                    companion = self._path.with_name(self._path.name + end)
                    if companion.exists():
                        _move(companion, old.with_name(old.name + end), undo)
                _move(self._staged, self._path, undo)
            elif self._staged is not None:
                # The last step, and one transaction: what came before can still be taken back.
                snapshot.load_dump(self._database, self._staged, self._archive.manifest.revision)
        except BaseException:
            for back in reversed(undo):
                with contextlib.suppress(OSError):
                    back()
            raise
        return tuple(aside)

    def _swap_folder(self, folder: Path, undo: list[Callable[[], object]]) -> list[Path]:
        # Entry by entry: the folder itself may be a mount that cannot be moved.
        staged, old = folder / (STAGED + self._token), folder / (ASIDE + self._token)
        nested = {other for other in self._folders.values() if other != folder}
        if self._path is not None:
            nested |= {
                self._path,
                *(self._path.with_name(self._path.name + end) for end in snapshot.COMPANIONS),
            }
        present = [
            entry
            for entry in sorted(folder.iterdir())
            if entry.name not in _STAYS
            and not entry.name.startswith((STAGED, ASIDE))
            and not any(entry == one or entry in one.parents for one in nested)
        ]
        if present:
            old.mkdir(mode=0o700)
            undo.append(old.rmdir)
            for entry in present:
                _move(entry, old / entry.name, undo)
        for entry in sorted(staged.iterdir()):
            if not entry.name.startswith(STAGED):
                _move(entry, folder / entry.name, undo)
        return [old] if present else []

    def _make(self, folder: Path, *, clean: bool = False) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=not clean)
        if clean:
            self._cleaning.callback(shutil.rmtree, folder, ignore_errors=True)


def _move(source: Path, target: Path, undo: list[Callable[[], object]]) -> None:
    source.rename(target)
    undo.append(lambda: target.rename(source))


def _require_fitting(manifest: Manifest, database: Database, source: Path) -> None:
    backend = database.url.get_backend_name()
    if manifest.backend != backend:
        raise BackupError(
            f"{source} holds a database of {manifest.backend}, CROSSDESK_DATABASE_URL names one of {backend}"
        )
    if not snapshot.is_known(manifest.revision):
        raise BackupError(
            f"{source} is at revision {manifest.revision[:40]}, which this version does not know: install "
            f"crossdesk {manifest.crossdesk} or newer"
        )


def _require_empty(settings: Settings, database: Database) -> None:
    if snapshot.is_there(database):
        raise BackupError("there is a database already: --force replaces it, and keeps it aside")
    for folder in (settings.files, settings.store):
        if folder.is_dir() and _entries(folder):
            raise BackupError(f"{folder} is not empty: --force replaces what is in it, and keeps it aside")


def _entries(folder: Path) -> Sequence[Path]:
    return [entry for entry in folder.iterdir() if entry.name not in _STAYS]


def _require_room(settings: Settings, database: Database, manifest: Manifest) -> None:
    path = snapshot.path_of(database)
    wanted: dict[Path, int] = {}
    for folder, size in (
        (settings.files, manifest.size("files")),
        (settings.store, manifest.size("store")),
        (path.parent if path else settings.files, manifest.members[manifest.database].size),
    ):
        there = next(one for one in (folder, *folder.parents) if one.exists())
        wanted[there] = wanted.get(there, 0) + size
    for place, size in wanted.items():
        free = shutil.disk_usage(place).free
        if free < size + _RESERVE:
            raise BackupError(f"{place} has {free // 2**20} MB free, the backup needs {size // 2**20} MB")
