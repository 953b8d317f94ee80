"""Models on disk: which one is current, and whether it still fits the files it was made from."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.errors import ModelError
from bot.settings import ROOT, Settings

#: Everything that a model is made from, below the project's root; the store's own folder is added.
SOURCES = ("config.yml", "domain.yml", "nlu", "stories", "replies", "requirements/run.txt")
_SUFFIXES = {".yml", ".yaml", ".py", ".txt"}


@dataclass(frozen=True)
class ModelVersion:
    """A trained model."""

    #: The file's name below ``CROSSDESK_FILES/models``.
    name: str
    #: Of the files it was made from.
    fingerprint: str


def models_folder(settings: Settings) -> Path:
    """Where models lie; shared between hosts."""
    return settings.files / "models"


def fingerprint(settings: Settings, root: Path = ROOT) -> str:
    """A digest of all that a model is made from: data, domain, stories, our components, versions."""
    digest = hashlib.sha256()
    own = (settings.store / part for part in ("nlu", "stories", "replies"))
    for base in (*(root / source for source in SOURCES), *own):
        for path in _files(base):
            digest.update(str(path.relative_to(base.parent)).encode())
            digest.update(b"\0")
            digest.update(path.read_bytes())
            digest.update(b"\0")
    return digest.hexdigest()


def current(settings: Settings) -> ModelVersion | None:
    """The released model, or None if none was ever released."""
    path = models_folder(settings) / "current.json"
    try:
        version = ModelVersion(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path} is damaged: run `crossdesk train`") from error
    return version if (models_folder(settings) / version.name).exists() else None


def current_path(settings: Settings) -> Path:
    """The released model's file.

    Raises:
        ModelError: there is none yet.
    """
    version = current(settings)
    if version is None:
        raise ModelError("there is no trained model yet: run `crossdesk train`")
    return models_folder(settings) / version.name


def is_stale(settings: Settings) -> bool:
    """Whether the released model is missing or made from other files than those that lie here now."""
    try:
        version = current(settings)
    except ModelError:
        # A damaged note of the release is mended by a training.
        return True
    return version is None or version.fingerprint != fingerprint(settings)


def release(settings: Settings, version: ModelVersion) -> None:
    """Make a model the current one, at once or not at all."""
    folder = models_folder(settings)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".json")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(version), file)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(folder / "current.json")


def _files(base: Path) -> Iterator[Path]:
    if base.is_file():
        yield base
        return
    if base.is_dir():
        yield from sorted(
            path for path in base.rglob("*") if path.suffix in _SUFFIXES and "__pycache__" not in path.parts
        )
