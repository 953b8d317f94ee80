"""What is released, asked before every turn: one look at a file's dates while nothing changes."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from bot.errors import ModelError
from bot.settings import Settings
from bot.training import models, versions

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
