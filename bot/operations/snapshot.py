"""The database as a file: copied while it serves, and put back in one step."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL

from bot import schema
from bot.database import Database
from bot.errors import BackupError, ConfigurationError, TryLaterError

#: SQLite's companions of a database file.
COMPANIONS = ("-wal", "-shm", "-journal")


def path_of(database: Database) -> Path | None:
    """The SQLite database's file; None on PostgreSQL.

    Raises:
        ConfigurationError: the database is in memory only.
    """
    if not database.is_sqlite:
        return None
    name = database.url.database
    if not name or name.startswith((":memory:", "file:")):
        raise ConfigurationError("this database is no plain file: name one in CROSSDESK_DATABASE_URL")
    return Path(name).absolute()


def copy(database: Database, target: Path) -> None:
    """Write the database as it is at one moment into a new file; others go on reading and writing.

    Raises:
        BackupError: it cannot be copied, or the copy is damaged.
    """
    if database.is_sqlite:
        _copy_sqlite(path_of(database), target)
    else:
        _run(
            "pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"], database.url
        )
        target.chmod(0o600)


def check_copy(path: Path) -> str | None:
    """The revision of a copied SQLite database; None if it has none.

    Raises:
        BackupError: it is damaged, or no database at all.
    """
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            (verdict,) = opened.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise BackupError(f"the database in it is damaged: {verdict}")
            rows = opened.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.Error as error:
        raise BackupError(f"the database in it is damaged: {error}") from error
    return str(rows[0][0]) if len(rows) == 1 else None


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Have the database for ourselves, where that can be had, else refuse.

    Raises:
        BackupError: another process has it open.
    """
    path = path_of(database)
    if path is None:
        others = _others(database)
        # Our own connection must not hold locks that `pg_restore` waits for.
        database.close()
        if others:
            raise BackupError(f"{others} other connection(s) use the database: stop the service first")
        yield
        return
    with ExitStack() as holding:
        if path.exists():
            held = holding.enter_context(contextlib.closing(_hold(path)))
            holding.callback(held.execute, "ROLLBACK")
        yield


def _others(database: Database) -> int:
    """How many other connections the server sees; one that has just been closed it sees a moment longer."""
    patience = time.monotonic() + _PATIENCE
    while True:
        with database.begin() as connection:
            others: int = connection.execute(sa.text(_OTHERS)).scalar_one()
        if not others or time.monotonic() > patience:
            return others
        time.sleep(0.05)


def _hold(path: Path) -> sqlite3.Connection:
    held = sqlite3.connect(path, timeout=0.5, isolation_level=None)
    try:
        # Whoever has it open has it in WAL mode, and that ends only if nobody else does: then no companions
        # are left beside it either.
        held.execute("PRAGMA journal_mode=DELETE").fetchone()
        held.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        held.close()
        if isinstance(error, sqlite3.OperationalError):
            raise BackupError(f"{path} is in use ({error}): stop the service first") from error
        raise BackupError(f"{path} is no database ({error}): move it away first") from error
    return held


#: How long a connection that has been closed is waited for, in seconds.
_PATIENCE = 2.0
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def is_known(revision: str) -> bool:
    """Whether this code can bring a database of that revision to its own."""
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    return revision in {script.revision for script in scripts.walk_revisions()}


def is_there(database: Database) -> bool:
    """Whether there is anything in the database, ours or not; makes no file."""
    path = path_of(database)
    if path is not None:
        return path.exists() and path.stat().st_size > 0
    return not schema.is_empty(database)


def load_dump(database: Database, dump: Path, revision: str) -> None:
    """Put a dump into a PostgreSQL database, in one transaction.

    Raises:
        BackupError: it cannot be; nothing was changed.
    """
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    if is_there(database):
        have = schema.version(database)
        if have != revision:
            # What the newer schema has more would stay, and no upgrade would fit what is there then.
            raise BackupError(
                f"the database is at revision {have or 'none'}, the archive at {revision}: "
                "give it an empty database (dropdb, createdb)"
            )
        options += ["--clean", "--if-exists"]
    database.close()
    name = database.url.database or ""
    _run("pg_restore", [*options, f"--dbname={name}", str(dump)], database.url)


def _copy_sqlite(path: Path | None, target: Path) -> None:
    if path is None or not path.exists():
        raise BackupError("there is no database yet: nothing is to be backed up")
    # Made before, so that SQLite never makes it with everybody's rights.
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as opened:
            opened.execute("VACUUM INTO ?", [str(target)])
    except sqlite3.OperationalError as error:
        raise TryLaterError(f"the database cannot be copied now: {error}") from error
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{path} cannot be copied: {error}") from error
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _run(program: str, arguments: Sequence[str], url: URL) -> None:
    """Run one of PostgreSQL's programs; the password goes through the environment, where nobody looks."""
    found = shutil.which(program)
    if found is None:
        raise BackupError(f"{program} is not on the PATH: install PostgreSQL's client programs")
    ran = subprocess.run(  # noqa: S603 (a list, and no shell)
        [found, "--no-password", *arguments],
        env={**os.environ, **_environment(url)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if ran.returncode:
        lines = [line for line in ran.stderr.splitlines() if line.strip()] or ["no word"]
        raise BackupError(f"{program} failed: {lines[0][:300]}")


#: What a URL's query may say, and libpq's variable for it.
_QUERY = {
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS",
    "service": "PGSERVICE",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}


def _environment(url: URL) -> dict[str, str]:
    known = {
        "PGHOST": url.host,
        "PGPORT": None if url.port is None else str(url.port),
        "PGUSER": url.username,
        "PGPASSWORD": None if url.password is None else str(url.password),
        "PGDATABASE": url.database,
    }
    for name, value in url.query.items():
        if name in _QUERY and isinstance(value, str):
            known[_QUERY[name]] = value
    return {name: value for name, value in known.items() if value}
