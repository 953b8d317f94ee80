"""What set-up did, written last: a .venv without its stamp is half-made."""

from __future__ import annotations

import contextlib
import enum
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

# Raise it when .venv must be made anew for a reason that no file tells.
FORMAT = 1
NAME = ".crossdesk-setup.json"


class Level(enum.IntEnum):
    """How much is installed; the higher holds the lower."""

    RUN = 1
    DEV = 2

    @property
    def requirements(self) -> str:
        """The pinned requirements of this level, relative to the project's root."""
        return f"requirements/{self.name.lower()}.txt"


class Work(enum.Enum):
    """What is left to do."""

    NOTHING = "nothing"
    PROJECT = "project"
    PACKAGES = "packages"
    EVERYTHING = "everything"


class Stamp(NamedTuple):
    """The state that a .venv was brought to."""

    format: int
    root: str
    python: str
    level: int
    packages: str
    project: str


def wanted(root: Path, level: Level, python: str) -> Stamp:
    """Return the stamp of a .venv of this level as the files ask for now."""
    return Stamp(
        FORMAT,
        str(root),
        python,
        int(level),
        digest(root, [level.requirements]),
        # What the project is installed with: its entry points and packages, and the names it depends on.
        digest(root, ["pyproject.toml", "requirements/run.in"]),
    )


def digest(root: Path, names: list[str]) -> str:
    """Return one hash over these files, whose order and borders count."""
    total = hashlib.sha256()
    for name in names:
        total.update(hashlib.sha256((root / name).read_bytes()).digest())
    return total.hexdigest()


def level_to_keep(stamp: Stamp | None, asked: Level) -> Level:
    """Return the level to bring .venv to: what was added for tests stays when only running is asked for."""
    return asked if stamp is None else max(asked, Level(stamp.level))


def work_left(stamp: Stamp | None, goal: Stamp) -> Work:
    """Compare what was done with what is wanted."""
    if stamp is None or stamp[:3] != goal[:3]:
        return Work.EVERYTHING
    if (stamp.level, stamp.packages) != (goal.level, goal.packages):
        return Work.PACKAGES
    return Work.NOTHING if stamp.project == goal.project else Work.PROJECT


def read(folder: Path) -> Stamp | None:
    """Read a folder's stamp; one that is missing, cut short or of another format is none."""
    try:
        stamp = Stamp(**json.loads((folder / NAME).read_text(encoding="utf-8")))
        Level(stamp.level)
    except (OSError, ValueError, TypeError):
        return None
    return stamp


def write(folder: Path, stamp: Stamp) -> None:
    """Put the stamp there whole or not at all."""
    draft = folder / (NAME + ".new")
    draft.write_text(json.dumps(stamp._asdict(), indent=1) + "\n", encoding="utf-8")
    draft.replace(folder / NAME)


def remove(folder: Path) -> None:
    """Say that the folder is in work."""
    with contextlib.suppress(FileNotFoundError):
        (folder / NAME).unlink()
