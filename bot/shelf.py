"""Versions of what an admin changes: kept as sealed files, one of which serves, noticed by whoever runs."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from bot.errors import CrossdeskError

log = logging.getLogger(__name__)

#: The version that is none: nothing is laid over what was shipped.
SHIPPED = "shipped"
#: Of released and older versions, how many are kept.
KEPT = 5
#: Characters of a note that are kept.
LONGEST_NOTE = 500
_CURRENT = "current"


@dataclass(frozen=True)
class Released:
    """What serves, and what served before."""

    name: str = SHIPPED
    previous: str | None = None


@dataclass(frozen=True)
class Version:
    """Something that was released once, by whom and when it was made; more stands in a subclass."""

    name: str
    #: ISO 8601.
    made_at: str = ""
    #: A login, or ``operator`` for the command line.
    made_by: str = ""
    #: What it is for, in the words of whoever made it.
    note: str = ""


AnyVersion = TypeVar("AnyVersion", bound=Version)


@dataclass(frozen=True)
class Shelf(Generic[AnyVersion]):
    """The versions that are kept in one folder; in the one that hosts share, a release reaches them all.

    Args:
        folder: where they lie.
        what: what they are versions of, in the plural: the name of their command, too.
        kind: makes a version from what its file holds.
        error: what is raised for a version that is none.
    """

    folder: Path
    what: str
    kind: Callable[..., AnyVersion]
    error: type[CrossdeskError]

    @property
    def current(self) -> Path:
        """Where it stands which version serves."""
        return self.folder / f"{_CURRENT}.json"

    def path(self, name: str) -> Path:
        """Where a version lies."""
        return self.folder / f"{name}.json"

    def released(self) -> Released:
        """Which version serves; the shipped one where nothing was ever released.

        Raises:
            CrossdeskError: the note of it is damaged; of the shelf's own kind, as all below.
        """
        try:
            return Released(**json.loads(self.current.read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return Released()
        except (OSError, ValueError, TypeError) as error:
            raise self.error(
                f"{self.current} is damaged: release a version with `crossdesk {self.what} release`"
            ) from error

    def now(self) -> Released:
        """What serves; the shipped version where the note of it is damaged, as processes have it."""
        try:
            return self.released()
        except CrossdeskError:
            return Released()

    def read(self, name: str) -> AnyVersion:
        """A version that is kept.

        Raises:
            CrossdeskError: it is gone, cut short or changed.
        """
        if name == SHIPPED:
            return self.kind(SHIPPED)
        try:
            record = json.loads(self.path(name).read_text(encoding="utf-8"))
            sealed, found = record.pop("digest"), self.kind(**record)
        except FileNotFoundError as error:
            raise self.error(
                f"there are no {self.what} '{name}': `crossdesk {self.what} versions` tells which"
            ) from error
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise self.error(f"the {self.what} {name} cannot be read: their file is damaged") from error
        if sealed != digest(record) or found.name != name:
            raise self.error(
                f"the {self.what} {name} are not as they were made: their file is cut or changed"
            )
        return found

    def listed(self) -> list[AnyVersion]:
        """Every version that is kept and whole, the newest first; the shipped one last."""
        names = {path.stem for path in self.folder.glob("*.json") if path.name[0] != "."}
        found = []
        for name in names - {_CURRENT}:
            try:
                found.append(self.read(name))
            except CrossdeskError:
                # Told where somebody asks for it.
                continue
        found.sort(key=lambda one: (one.made_at, one.name), reverse=True)
        return [*found, self.kind(SHIPPED)]

    def find(self, name: str) -> AnyVersion:
        """The version of this name, or of the one name that begins like this.

        Raises:
            CrossdeskError: there is none, there are several, or its file is not whole.
        """
        path = self.path(name)
        if name and path.parent == self.folder and path.exists() and name != _CURRENT:
            return self.read(name)
        found = [one for one in self.listed() if name and one.name.startswith(name)]
        if len(found) != 1:
            what = (
                f"several versions of {self.what} begin with '{name}'"
                if found
                else f"there are no {self.what} '{name}'"
            )
            raise self.error(f"{what}: `crossdesk {self.what} versions` tells their names")
        return found[0]

    def keep(self, version: AnyVersion) -> AnyVersion:
        """Keep a version; nothing is released by it.

        Raises:
            OSError: the folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        record = asdict(version)
        write_json(self.path(version.name), record | {"digest": digest(record)})
        return version

    def serve(self, name: str, before: str | None = None) -> Released:
        """Make a version the one that serves, at once or not at all; processes that run notice it themselves.

        Args:
            name: the version.
            before: what served until now, where it is another than was released last.

        Raises:
            CrossdeskError: there is no such version, or its file is not whole; the one before stays.
            OSError: the folder cannot be written.
        """
        version, now = self.read(name), self.now()
        previous = before or (now.previous if now.name == version.name else now.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.current, asdict(Released(version.name, previous)))
        return Released(version.name, previous)

    def drop_old(self) -> None:
        """Remove all but the latest few; never the one that serves, nor the one that served before."""
        serving = self.now()
        for version in self.listed()[KEPT:]:
            if version.name not in (serving.name, serving.previous, SHIPPED):
                self.path(version.name).unlink(missing_ok=True)

    def state(self, name: str) -> str:
        """What a version is to those who run: ``released``, ``before``, or nothing."""
        now = self.now()
        return "released" if name == now.name else "before" if name == now.previous else ""


Loaded = TypeVar("Loaded")


class Follower(Generic[Loaded]):
    """What serves, asked for before every turn: one look at a file's dates while nothing changes.

    Args:
        shelf: where it stands which version serves.
        first: makes what serves at the start.
        load: makes what serves after a release.
    """

    def __init__(self, shelf: Shelf[Any], first: Callable[[], Loaded], load: Callable[[], Loaded]) -> None:
        self._what, self._file, self._load = shelf.what, shelf.current, load
        # Looked at before it is read: what is released meanwhile is noticed at the next look.
        self._seen = self._look()
        self._now = first()

    def now(self) -> Loaded:
        """What serves; where what was released cannot be read, what served before. Never raises."""
        seen = self._look()
        if seen != self._seen:
            self._seen = seen
            try:
                self._now = self._load()
            except Exception as error:
                log.error("the %s that were released are left, those before go on: %s", self._what, error)
        return self._now

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._file)  # noqa: PTH116 (asked before every turn)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size


def new_name(what: str, at: Any) -> str:
    """A name for a version that is made now, unique for ever; later ones come after it."""
    return f"{what}-{at:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def digest(value: object) -> str:
    """The same for the same values: 16 hexadecimal digits."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def write_json(path: Path, value: object) -> None:
    """Write a file whole or not at all."""
    write_whole(path, json.dumps(value))


def write_text(path: Path, text: str) -> None:
    """The same for a text that people and other programs read, too: who may read the file stays."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    write_whole(path, text, mode)


def write_whole(path: Path, text: str, mode: int | None = None) -> None:
    """Write a text whole or not at all; for its owner only where no mode is given."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
