"""Compare a version with the released one, in a process of its own, and rule on what would change."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.clock import Clock
from bot.database import Database
from bot.errors import ErasedError, ModelError
from bot.settings import ROOT, Settings, environment
from bot.shelf import write_json
from bot.training import models, outcomes, versions
from bot.training.background import GENTLY
from bot.training.changes import Beside, beside
from bot.training.models import models_folder
from bot.training.outcomes import Changed, Ruling, Tally
from bot.training.progress import is_locked


@dataclass(frozen=True)
class Comparing:
    """The latest comparison that was begun in this folder."""

    version: str
    #: A login.
    by: str
    begun_at: dt.datetime
    #: Whether its process is at it now.
    running: bool = False
    #: Why it failed; empty: it did not.
    why: str = ""


@dataclass(frozen=True)
class Compared:
    """A version beside the released one, on the latest conversations."""

    version: str
    #: The released one; None where nothing is released, or this is it.
    against: str | None
    tally: Tally | None = None
    changed: tuple[Changed, ...] = ()
    #: On the test set; None where the two were not asked the same.
    test_set: Beside | None = None

    def of(self, number: int | None) -> Changed | None:
        """The change of this number; without one the first that waits, or else the first."""
        waiting = [one for one in self.changed if one.ruling is None] or list(self.changed)
        if number is None:
            return waiting[0] if waiting else None
        return next((one for one in self.changed if one.id == number), None)


@dataclass(frozen=True)
class Comparisons:
    """What pages and commands see of comparisons.

    Args:
        settings: where models lie.
        database: where changed outcomes are kept.
        clock: the time.
    """

    settings: Settings
    database: Database
    clock: Clock

    def start(self, name: str, by: str) -> None:
        """Begin to compare a version with the released one; returns at once.

        Raises:
            ModelError: a comparison is running already, or there is nothing to compare.
        """
        version = versions.find(self.settings, name)
        if models.current(self.settings) is None:
            raise ModelError("nothing is released yet to compare with")
        latest = self.latest()
        if latest is not None and latest.running:
            raise ModelError("a comparison is running already")
        with _log(self.settings).open("w", encoding="utf-8") as log:
            begun = subprocess.Popen(  # noqa: S603 (our own program; a login is one argument)
                [sys.executable, "-m", "bot", "models", "compare", version.name, "--gently", "--by", by],
                cwd=ROOT,
                env={**os.environ, **environment(self.settings), **GENTLY},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _note(self.settings, Comparing(version.name, by, self.clock.now()), begun.pid)

    @contextlib.contextmanager
    def at_work(self, version: str, by: str) -> Iterator[None]:
        """Note that this process compares; one at a time in a folder.

        Raises:
            ModelError: another process is at it.
        """
        begun = Comparing(version, by, self.clock.now())
        with _lock(self.settings).open("w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ModelError("a comparison is running already") from error
            _note(self.settings, begun, os.getpid())
            try:
                yield
            except BaseException as error:
                why = str(error) or type(error).__name__
                _note(self.settings, Comparing(version, by, begun.begun_at, why=why), os.getpid())
                raise

    def latest(self) -> Comparing | None:
        """The latest comparison that was begun, or None."""
        try:
            record = json.loads(_path(self.settings).read_text(encoding="utf-8"))
            pid = record.pop("pid")
            found = Comparing(**{**record, "begun_at": dt.datetime.fromisoformat(record["begun_at"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None
        running = not found.why and (is_locked(_lock(self.settings)) or _is_beginning(pid))
        return Comparing(found.version, found.by, found.begun_at, running, found.why)

    def of(self, name: str) -> Compared:
        """What is known of a version beside the released one.

        Raises:
            ModelError: there is no such version.
        """
        version = versions.find(self.settings, name)
        released = models.current(self.settings)
        if released is None or released.name == version.name:
            return Compared(version.name, None)
        with self.database.begin() as connection:
            tally = outcomes.tally(connection, version.name, released.name)
            changed = () if tally is None else tuple(outcomes.listed(connection, tally.id))
        live = versions.find(self.settings, released.name)
        known = beside(live.figures, version.figures)
        return Compared(version.name, released.name, tally, changed, known)

    def rule(self, change: int, ruling: Ruling, by: str) -> None:
        """Approve a changed outcome or turn it down; raises as ``outcomes.rule`` does."""
        with self.database.begin() as connection:
            outcomes.rule(connection, change, ruling, by=by, at=self.clock.now())

    def undo(self, name: str, by: str) -> int:
        """Take back one's own last ruling on a version; returns the change's number.

        Raises:
            ReviewError: there is none.
        """
        tally = self.of(name).tally
        if tally is None:
            raise ErasedError
        with self.database.begin() as connection:
            return outcomes.undo(connection, tally.id, by=by)


def _is_beginning(pid: int) -> bool:
    """Whether its process is there and has not come to the lock yet: it has much to load first."""
    try:
        return b"compare" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _note(settings: Settings, comparing: Comparing, pid: int) -> None:
    record = asdict(comparing) | {"begun_at": comparing.begun_at.isoformat(), "pid": pid}
    write_json(_path(settings), record)


def _path(settings: Settings) -> Path:
    # No version's record: its name begins with a point.
    return models_folder(settings) / ".comparing.json"


def _lock(settings: Settings) -> Path:
    return models_folder(settings) / ".comparing.lock"


def _log(settings: Settings) -> Path:
    return models_folder(settings) / "comparing.log"
