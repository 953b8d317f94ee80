"""How a training goes, for whoever asks from another process: by whom, how far, how it ended."""

from __future__ import annotations

import datetime as dt
import enum
import fcntl
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from bot.clock import Clock, SystemClock
from bot.errors import ModelError
from bot.settings import Settings
from bot.shelf import write_json
from bot.training.models import models_folder

#: Characters of the last words of a training that died.
_LAST_WORDS = 300
#: Steps in words.
_DOING = {
    "LanguageDetector": "learning languages",
    "WordingVectors": "learning wordings",
    "RememberingIntentClassifier": "learning intents",
    "MoodDetector": "learning moods",
    "RulePolicy": "learning flows",
    "test set": "asking it for the test set",
    "conversations": "taking real conversations again",
    "scripts": "playing scripted conversations",
}


class State(str, enum.Enum):
    """How a training stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    #: By a person.
    STOPPED = "stopped"
    #: Its process is gone without a word: killed, out of memory, or the power went out.
    DIED = "died"


@dataclass(frozen=True)
class Training:
    """The latest training in this folder."""

    state: State
    by: str
    host: str
    pid: int
    begun_at: dt.datetime
    ended_at: dt.datetime | None = None
    #: What is being done, such as ``MoodDetector``.
    step: str = ""
    #: What is done of what there is to do, between 0 and 1; None where no training before tells.
    share: float | None = None
    #: In seconds; None where no training before tells.
    left: float | None = None
    #: Why it failed or died.
    why: str = ""
    #: The version that it made.
    version: str | None = None

    @property
    def doing(self) -> str:
        """What is being done, for whoever does not know a model's parts by their names."""
        return _DOING.get(self.step, "learning") if self.step else "beginning"


def latest(settings: Settings) -> Training | None:
    """The latest training, or None if there was none."""
    try:
        record = json.loads(_path(settings).read_text(encoding="utf-8"))
        known = {"state": State(record["state"]), "begun_at": dt.datetime.fromisoformat(record["begun_at"])}
        ended = record["ended_at"] and dt.datetime.fromisoformat(record["ended_at"])
        found = Training(**{**record, **known, "ended_at": ended})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if found.state is State.RUNNING and not is_locked(lock_path(settings)) and not _is_beginning(found):
        return replace(found, state=State.DIED, why=_last_words(settings))
    return found


def _is_beginning(found: Training) -> bool:
    """Whether its process is there and has not come to the lock yet: it has much to load first."""
    try:
        command = Path(f"/proc/{found.pid}/cmdline").read_bytes()
    except OSError:
        return False
    # Of a process that has ended and that nobody has asked about there is no command left.
    return found.host == socket.gethostname() and b"train" in command.split(b"\0")


def lock_path(settings: Settings) -> Path:
    """Held by the training that runs."""
    return models_folder(settings) / "training.lock"


def log_path(settings: Settings) -> Path:
    """What a training in the background says."""
    return models_folder(settings) / "training.log"


def stop_path(settings: Settings) -> Path:
    """Somebody who makes this file wants the training to stop."""
    return models_folder(settings) / "training.stop"


def ask_to_stop(settings: Settings) -> None:
    """Have the training that runs stop; it leaves nothing behind.

    Raises:
        ModelError: none runs.
    """
    if not is_locked(lock_path(settings)):
        found = latest(settings)
        running = found is not None and found.state is State.RUNNING
        why = "the training is only beginning: try again in a moment"
        raise ModelError(why if running else "no training is running")
    stop_path(settings).touch()


def is_locked(lock: Path) -> bool:
    """Whether somebody holds a lock; on a folder that hosts share, whichever host they are on."""
    try:
        with lock.open("r", encoding="utf-8") as file:
            # Shared: two who look at once are not in each other's way.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@dataclass
class Teller:
    """Writes down how this process's training goes.

    Args:
        settings: where.
        by: who wanted it.
        expected: how long each step took the last time, in seconds, in the order in which they come.
    """

    settings: Settings
    by: str
    expected: Mapping[str, float] = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock)
    #: The process that trains; this one if nobody says otherwise.
    pid: int = field(default_factory=os.getpid)
    #: How long each step took now.
    took: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._now = Training(State.RUNNING, self.by, socket.gethostname(), self.pid, self.clock.now())

    def begin(self) -> None:
        """Note that it begins."""
        stop_path(self.settings).unlink(missing_ok=True)
        self._tell(self._now)

    def step(self, name: str) -> None:
        """Note what is being done now."""
        share, left = self._ahead()
        self._tell(replace(self._now, step=name, share=share, left=left))

    def finished(self, name: str, seconds: float) -> None:
        """Note that a step is done."""
        self.took[name] = round(self.took.get(name, 0.0) + seconds, 1)
        share, left = self._ahead()
        self._tell(replace(self._now, share=share, left=left))

    def end(self, state: State, why: str = "", version: str | None = None) -> None:
        """Note how it ended."""
        share = 1.0 if state is State.DONE else self._now.share
        self._tell(
            replace(
                self._now,
                state=state,
                ended_at=self.clock.now(),
                why=why,
                version=version,
                step="",
                share=share,
                left=None,
            )
        )

    def _ahead(self) -> tuple[float | None, float | None]:
        whole = sum(self.expected.values())
        if not whole:
            return None, None
        left = sum(seconds for name, seconds in self.expected.items() if name not in self.took)
        spent = (self.clock.now() - self._now.begun_at).total_seconds()
        done = whole - left
        # As much slower or faster than the last time as it was so far.
        pace = spent / done if done > 0.1 * whole else 1.0
        return done / whole, round(left * max(pace, 0.1), 1)

    def _tell(self, now: Training) -> None:
        self._now = now
        record = asdict(now) | {
            "state": now.state.value,
            "begun_at": now.begun_at.isoformat(),
            "ended_at": None if now.ended_at is None else now.ended_at.isoformat(),
        }
        try:
            write_json(_path(self.settings), record)
        except OSError:
            # The disk is full: the training itself will say so.
            return


def _path(settings: Settings) -> Path:
    return models_folder(settings) / "training.json"


def _last_words(settings: Settings) -> str:
    try:
        lines = log_path(settings).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    why = "its process is gone: it was killed, or the machine had no memory left"
    return f"{why} (its last words: {last})"[:_LAST_WORDS] if last else why
