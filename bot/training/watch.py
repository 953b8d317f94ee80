"""What is released, asked before every turn: one look at a file's dates while nothing changes."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from bot.clock import Clock
from bot.errors import ModelError
from bot.settings import Settings
from bot.training import models, rollout, versions
from bot.training.rollout import Rollout

log = logging.getLogger(__name__)


class Watch:
    """Implements ``bot.dialogue.swap.Releases`` over the folder of models."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = models.models_folder(settings) / "current.json"
        self._seen: tuple[int, int, int] | None = None
        self._name: str | None = None

    def newest(self) -> str | None:
        """See ``Releases``."""
        try:
            found = os.stat(self._file)  # noqa: PTH116 (asked before every turn)
        except OSError:
            return None
        seen = (found.st_mtime_ns, found.st_ino, found.st_size)
        if seen != self._seen:
            self._seen = seen
            try:
                released = models.current(self._settings)
                self._name = None if released is None else released.name
            except (ModelError, OSError) as error:
                log.error("nobody can tell which model is released, the one before goes on: %s", error)
                self._name = None
        return self._name

    def path(self, name: str) -> Path:
        """See ``Releases``."""
        versions.require_whole(self._settings, versions.find(self._settings, name))
        return models.models_folder(self._settings) / name


class RolloutWatch:
    """Implements ``bot.dialogue.sharing.Rollouts`` over the folder of models.

    Args:
        settings: where that is.
        released: what is released: with anything else, the rollout is over.
        clock: the time.
    """

    def __init__(self, settings: Settings, released: Watch, clock: Clock) -> None:
        self._released = released
        self._clock = clock
        self._file = rollout.path_of(settings)
        self._seen: tuple[int, int, int] | None = None
        self._found: Rollout | None = None

    def newest(self) -> str | None:
        """See ``Rollouts``."""
        try:
            found = os.stat(self._file)  # noqa: PTH116 (asked before every turn)
        except OSError:
            self._seen = self._found = None
            return None
        seen = (found.st_mtime_ns, found.st_ino, found.st_size)
        if seen != self._seen:
            self._seen, self._found = seen, rollout.read(self._file)
        tried = self._found
        if tried is None or tried.is_shadow or tried.against != self._released.newest():
            return None
        return tried.version

    def path(self, name: str) -> Path:
        """See ``Releases``."""
        return self._released.path(name)

    def includes(self, conversation_id: int) -> bool:
        """See ``Rollouts``."""
        return self._found is not None and self._found.includes(conversation_id, self._clock.now())


def to_start_with(settings: Settings) -> list[Path]:
    """The released model, and the one before it: what a worker tries to start with, in this order."""
    try:
        paths = [models.current_path(settings)]
    except ModelError:
        return []
    released = models.current(settings)
    if released is not None and released.previous is not None:
        before = models.models_folder(settings) / released.previous
        paths += [before] if before.exists() else []
    return paths
