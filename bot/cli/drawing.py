"""Pictures as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.errors import ConfigurationError


def write_pictures(folder: Path, pictures: Mapping[str, str]) -> list[Path]:
    """Write pictures, by their names, as ``<name>.svg``; returns the files.

    Raises:
        ConfigurationError: the folder is a file.
        OSError: it cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file: name a folder for the pictures")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, drawn in pictures.items():
        path = folder / f"{name}.svg"
        path.write_text(drawn, encoding="utf-8")
        written.append(path)
    return written
