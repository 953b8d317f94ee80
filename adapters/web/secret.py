"""The key that signs visitors' cookies: from the environment, or made once and kept in a file."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from bot.errors import ConfigurationError

#: Takes precedence over the file, for stores that keep their secrets elsewhere.
VARIABLE = "CROSSDESK_SECRET"
FILE_NAME = "secret.key"
#: In characters; shorter keys could be guessed.
SHORTEST = 32


def load_secret(files: Path, environment: Mapping[str, str] | None = None) -> str:
    """The store's signing key. Makes it at the first run; afterwards always the same.

    Raises:
        ConfigurationError: the key is too short, or the file can neither be read nor made.
    """
    given = (os.environ if environment is None else environment).get(VARIABLE)
    if given:
        return _checked(given, f"the environment variable {VARIABLE}")
    path = files / FILE_NAME
    try:
        if not path.exists():
            _make(path)
        return _checked(path.read_text(encoding="ascii").strip(), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path} cannot be used: {error}; make the folder writable, or set {VARIABLE} "
            f"to {SHORTEST} random characters or more"
        ) from error


def _checked(key: str, source: str) -> str:
    if len(key) < SHORTEST:
        raise ConfigurationError(
            f"{source} holds {len(key)} characters: give at least {SHORTEST} random ones"
        )
    return key


def _make(path: Path) -> None:
    """Write a new key so that nobody ever sees half of it, and the first of two processes wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # another process was quicker: its key is the store's
    finally:
        draft.unlink(missing_ok=True)
