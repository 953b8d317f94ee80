"""``CROSSDESK_FILES`` is one folder for all processes: a token lies in it and in the database, to tell."""

from __future__ import annotations

import secrets
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import lock_now
from bot.errors import ConfigurationError
from bot.sharing.tables import marks

#: The folder's mark in the database, and the file in the folder that holds the same.
NAME, FILE = "files", "folder.token"
#: No token is longer; whatever else lies there is none.
LONGEST = 100


def mark(connection: Connection, folder: Path, *, anew: bool = False) -> str | None:
    """Mark the folder as the store's, if the store has none yet.

    Args:
        connection: a unit of work for this alone.
        folder: ``CROSSDESK_FILES`` of this process.
        anew: this is the right folder, whatever the database says.

    Returns:
        What is wrong with the folder, to be told to a person; None if it is the store's.

    Raises:
        ConfigurationError: the folder cannot be written.
    """
    lock_now(connection, "marks")
    token = _known(connection)
    if token is not None and not anew:
        return _difference(token, folder)
    found = read(folder)
    if found is None:
        found = secrets.token_hex(16)
        _write(folder, found)
    if token is None:
        connection.execute(marks.insert().values(name=NAME, token=found))
    else:
        connection.execute(marks.update().where(marks.c.name == NAME).values(token=found))
    return None


def difference(connection: Connection, folder: Path) -> str | None:
    """What is wrong with the folder, to be told to a person; None if it is the store's, or none is yet.

    Raises:
        ConfigurationError: its mark cannot be read.
    """
    token = _known(connection)
    return None if token is None else _difference(token, folder)


def read(folder: Path) -> str | None:
    """The token in the folder; None if there is none.

    Raises:
        ConfigurationError: it cannot be read.
    """
    path = folder / FILE
    try:
        # What is no text is no token of ours.
        with path.open(encoding="ascii", errors="replace") as file:
            return file.read(LONGEST).strip() or None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}): it tells which folder is the store's"
        ) from error


def _write(folder: Path, token: str) -> None:
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{token}\n", encoding="ascii")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror})") from error


def _known(connection: Connection) -> str | None:
    known: str | None = connection.execute(
        sa.select(marks.c.token).where(marks.c.name == NAME)
    ).scalar_one_or_none()
    return known


def _difference(token: str, folder: Path) -> str | None:
    found = read(folder)
    if found == token:
        return None
    seen = "has no mark of this store" if found is None else "belongs to another store"
    return (
        f"{folder} {seen}: mount the folder that the other processes use, or, if this is the right one, "
        "run `crossdesk doctor --adopt-files`"
    )
