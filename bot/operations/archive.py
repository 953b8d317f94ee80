"""The file of a backup: a zip with a manifest of what it holds, written at once or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import secrets
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any

from bot.errors import BackupError

MANIFEST = "manifest.json"
#: What a manifest calls itself, and its version.
FORMAT, VERSION = "crossdesk-backup", 1
#: The folders that an archive may hold, and the database's two names.
FOLDERS = ("files", "store")
SQLITE, DUMP = "database.sqlite", "database.dump"
#: The largest manifest that is read, in bytes.
_LARGEST_MANIFEST = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
#: What is packed already.
_PACKED = {".gz", ".zip", ".png", ".jpg", ".jpeg", ".webp"}
#: Whatever a damaged archive makes the library raise.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Member:
    """A file that goes into an archive."""

    #: Its name there, with slashes.
    name: str
    path: Path


@dataclass(frozen=True)
class Held:
    """What the manifest says of a file."""

    size: int
    sha256: str
    mode: int


@dataclass(frozen=True)
class Manifest:
    """What an archive holds, and of what it was made."""

    crossdesk: str
    made_at: dt.datetime
    #: ``sqlite`` or ``postgresql``.
    backend: str
    revision: str
    members: Mapping[str, Held]

    @property
    def database(self) -> str:
        """The database's name in the archive."""
        return SQLITE if self.backend == "sqlite" else DUMP

    def size(self, folder: str | None = None) -> int:
        """Bytes of everything, or of one folder."""
        return sum(
            held.size
            for name, held in self.members.items()
            if folder is None or name.startswith(f"{folder}/")
        )


def write(
    target: Path,
    members: Iterable[Member],
    *,
    crossdesk: str,
    made_at: dt.datetime,
    backend: str,
    revision: str,
) -> tuple[Manifest, list[str]]:
    """Write an archive that its owner alone may read; returns its manifest and what had vanished meanwhile.

    Raises:
        BackupError: there is such a file already, or no folder to put it into.
        OSError: the disk is full, or refuses.
    """
    held: dict[str, Held] = {}
    vanished = []
    with _new_file(target) as file, zipfile.ZipFile(file, "w", allowZip64=True) as packed:
        for member in members:
            try:
                source = member.path.open("rb")
            except FileNotFoundError:
                # A model that was replaced, a file that was erased: the service goes on meanwhile.
                vanished.append(member.name)
                continue
            with source:
                held[member.name] = _add(packed, member.name, source)
        manifest = Manifest(crossdesk, made_at, backend, revision, held)
        packed.writestr(_info(MANIFEST, 0o600), json.dumps(_as_json(manifest), indent=1, sort_keys=True))
    return manifest, vanished


@contextmanager
def _new_file(target: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name only once it is complete and on the disk; it never replaces another."""
    draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BackupError(f"there is no folder {target.parent}: make it first") from error
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, target)
        except FileExistsError as error:
            raise BackupError(f"{target} is there already: give another name, or remove it") from error
        _sync_folder(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _add(packed: zipfile.ZipFile, name: str, source: IO[bytes]) -> Held:
    mode = stat.S_IMODE(os.fstat(source.fileno()).st_mode)
    digest, size = hashlib.sha256(), 0
    with packed.open(_info(name, mode), "w", force_zip64=True) as into:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            into.write(chunk)
    return Held(size, digest.hexdigest(), mode)


def _info(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFREG | mode) << 16
    info.compress_type = zipfile.ZIP_STORED if PurePosixPath(name).suffix in _PACKED else zipfile.ZIP_DEFLATED
    return info


def _as_json(manifest: Manifest) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "crossdesk": manifest.crossdesk,
        "made_at": manifest.made_at.isoformat(),
        "database": {"backend": manifest.backend, "revision": manifest.revision},
        "members": {
            name: {"size": held.size, "sha256": held.sha256, "mode": f"{held.mode:o}"}
            for name, held in manifest.members.items()
        },
    }


class Archive:
    """An archive that somebody hands us: nothing in it is believed before it was looked at.

    Raises:
        BackupError: it is none, is damaged, or names what must not be in one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._packed = zipfile.ZipFile(path)
        except _DAMAGED as error:
            raise self._bad("it is no backup of crossdesk, or was cut off") from error
        try:
            self.manifest = self._read_manifest()
            self._require_same_names()
        except BaseException:
            self._packed.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._packed.close()

    def verify(self) -> None:
        """Read everything and compare it with the manifest; nothing is written.

        Raises:
            BackupError: a file is not what the manifest says.
        """
        for name in self.manifest.members:
            self._copy(name, None)

    def extract(self, name: str, target: Path) -> None:
        """Write one file, compared with the manifest on the way; the folder must be there.

        Raises:
            BackupError: it is not what the manifest says.
        """
        held = self.manifest.members[name]
        # What others may not do with the service's files they may not do with these.
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, held.mode & 0o700 | 0o600)
        with os.fdopen(handle, "wb") as file:
            self._copy(name, file)
            file.flush()
            os.fsync(file.fileno())

    def _copy(self, name: str, target: IO[bytes] | None) -> None:
        held = self.manifest.members[name]
        digest, size = hashlib.sha256(), 0
        try:
            with self._packed.open(name) as source:
                while chunk := source.read(_CHUNK):
                    size += len(chunk)
                    if size > held.size:
                        break
                    digest.update(chunk)
                    if target is not None:
                        target.write(chunk)
        except _DAMAGED as error:
            raise self._bad(f"{name} in it is damaged") from error
        if size != held.size or digest.hexdigest() != held.sha256:
            raise self._bad(f"{name} in it is not what the manifest says")

    def _read_manifest(self) -> Manifest:
        try:
            info = self._packed.getinfo(MANIFEST)
            if info.file_size > _LARGEST_MANIFEST:
                raise self._bad("its manifest is too large")
            with self._packed.open(info) as file:
                told = json.loads(file.read(_LARGEST_MANIFEST + 1))
            if told["format"] != FORMAT:
                raise self._bad("it is no backup of crossdesk")
            if told["version"] != VERSION:
                raise self._bad("another version of crossdesk made it: restore it with that one")
            return _manifest(told)
        except BackupError:
            raise
        except KeyError as error:
            raise self._bad("it is no backup of crossdesk") from error
        except (*_DAMAGED, TypeError, AttributeError, RecursionError) as error:
            raise self._bad("its manifest cannot be read") from error

    def _require_same_names(self) -> None:
        names = self._packed.namelist()
        told = set(self.manifest.members)
        for name in names:
            if name != MANIFEST and not _is_allowed(name, self.manifest.database):
                raise self._bad(f"it holds {name[:80]!r}, which belongs in no backup")
        if len(names) != len(set(names)) or set(names) - {MANIFEST} != told:
            raise self._bad("what it holds is not what its manifest says")
        if self.manifest.database not in told:
            raise self._bad("there is no database in it")
        for info in self._packed.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.is_dir() or kind not in (0, stat.S_IFREG):
                raise self._bad(f"{info.filename[:80]!r} in it is no plain file")

    def _bad(self, why: str) -> BackupError:
        return BackupError(f"{self.path} is not restored: {why}")


def _manifest(told: Mapping[str, Any]) -> Manifest:
    backend, revision = told["database"]["backend"], told["database"]["revision"]
    if backend not in ("sqlite", "postgresql") or not isinstance(revision, str):
        raise ValueError("no database that we know")
    return Manifest(
        str(told["crossdesk"])[:50],
        dt.datetime.fromisoformat(told["made_at"]),
        backend,
        revision,
        {name: _held(one) for name, one in told["members"].items()},
    )


def _held(told: Mapping[str, Any]) -> Held:
    size, digest, mode = told["size"], told["sha256"], int(told["mode"], 8)
    if not isinstance(size, int) or size < 0 or not isinstance(digest, str):
        raise ValueError("no size or no digest")
    return Held(size, digest, mode)


def _is_allowed(name: str, database: str) -> bool:
    """Whether a name stays below the folders that an archive may hold."""
    if name == database:
        return True
    parts = name.split("/")
    return (
        len(parts) > 1
        and parts[0] in FOLDERS
        and all(part not in ("", ".", "..") and len(part.encode("utf-8", "replace")) < 256 for part in parts)
        and not any(character in name for character in "\\\0:")
        and name.isprintable()
        # Where a restoration puts its own things.
        and not parts[1].startswith((STAGED, ASIDE))
    )


#: How the folders begin in which a restoration prepares what it brings, and keeps what it replaced.
STAGED, ASIDE = ".restoring-", ".before-restore-"
