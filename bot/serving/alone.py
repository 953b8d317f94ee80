"""On SQLite one process serves, and a second one started by mistake is told so."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from bot.errors import ConfigurationError
from bot.serving.roles import EVERYTHING, Role

#: What the lock's file is called beside the database.
SUFFIX = ".serving"


@contextlib.contextmanager
def alone_if_sqlite(database_url: str, roles: frozenset[Role]) -> Iterator[None]:
    """Serve as the only process of an SQLite file while the block runs; of PostgreSQL there may be many.

    The operating system lets go of the lock whatever ends the process.

    Raises:
        ConfigurationError: another serves, or this one is to be one of several.
    """
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        yield
        return
    if roles != EVERYTHING:
        raise ConfigurationError(
            "on SQLite one process does everything: leave --role out, or give a PostgreSQL database in "
            "CROSSDESK_DATABASE_URL, which any number of processes and machines can share"
        )
    if not url.database or url.database.startswith((":memory:", "file:")):
        yield
        return
    # By whatever name the file is reached.
    database = Path(url.database).resolve()
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(database.with_name(database.name + SUFFIX), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"the database's folder {database.parent} cannot be written: {error.strerror}"
        ) from error
    with os.fdopen(descriptor, "r+", encoding="utf-8", errors="replace") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            number = file.read(20).strip()
            raise ConfigurationError(
                f"process {number or '?'} serves from {database} already, and SQLite is for one: stop it, or "
                "give another database in CROSSDESK_DATABASE_URL"
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
