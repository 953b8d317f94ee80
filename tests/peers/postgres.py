"""A real PostgreSQL server: in a temporary folder, on a Unix socket, gone when the tests are done."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import psycopg2

#: Where Debian puts its programs, which are on nobody's PATH; the newest wins.
DEBIAN = Path("/usr/lib/postgresql")
#: How long the server may take to start, in seconds, on a machine with much else to do.
PATIENCE = 60
#: What its files may need, in bytes.
ROOM = 2**30
SETTINGS = {"max_connections": "200", "listen_addresses": ""}
#: What makes it fast: what a power cut leaves is asked of no test.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


def programs() -> Path | None:
    """The folder with ``initdb`` and ``postgres``; None if there is none on this machine."""
    versions = sorted(DEBIAN.glob("[0-9]*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        versions.append(Path(on_path).resolve().parent)
    return next((folder for folder in versions if (folder / "initdb").exists()), None)


def _memory() -> Path | None:
    """A folder in memory, where copying a database costs half; None if there is none with room."""
    shared = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)
    roomy = os.access(shared, os.W_OK) and shutil.disk_usage(shared).free >= ROOM
    return shared if roomy else None


class Server:
    """One server process with any number of databases.

    Args:
        folder: its programs.
        careful: whether it keeps what it confirms, as one that is in use does; otherwise it is fast.
    """

    def __init__(self, folder: Path, *, careful: bool = False) -> None:
        self._programs = folder
        self._settings = SETTINGS if careful else SETTINGS | CARELESS
        place = tempfile.mkdtemp(prefix="crossdesk-pg-", dir=None if careful else _memory())
        self._place = Path(place)
        self._process: subprocess.Popen[bytes] | None = None
        self._names = count(1)
        # PostgreSQL refuses to run as root.
        self._user = self._someone() if os.getuid() == 0 else None
        if self._user is not None:
            os.chown(self._place, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-D", "data", "-U", "crossdesk", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    @staticmethod
    def _someone() -> pwd.struct_passwd:
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        return known.get("postgres") or known["nobody"]

    def start(self) -> None:
        """Start and wait until it answers."""
        # Its own words go to its own file; the socket lies beside the data.
        options = {**self._settings, "unix_socket_directories": str(self._place)}
        given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self._place / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", "data", *given],
                stdout=log,
                stderr=subprocess.STDOUT,
                **self._as_user(),
            )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg2.OperationalError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError((self._place / "log").read_text(encoding="utf-8")) from None
                time.sleep(0.02)

    @property
    def pid(self) -> int:
        """Of the process whose children are all others of the server.

        Raises:
            RuntimeError: it does not run.
        """
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process.pid

    def stop(self) -> None:
        """End at once, as if the machine had stopped; ``start`` brings it back with what was committed."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self._place)

    def url(self, name: str) -> str:
        return f"postgresql://crossdesk@/{name}?host={self._place}"

    def create(self, template: str = "template1") -> str:
        """A new database, a copy of another to which nobody is connected; returns its name."""
        name = f"test_{next(self._names)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def cut(self, name: str) -> int:
        """End every connection to a database from the other side; returns how many there were."""
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        found = self.execute(ended, name)
        return len(found)

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement as the administrator; returns its rows."""
        connection = psycopg2.connect(host=str(self._place), user="crossdesk", dbname="postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        ran = subprocess.run(
            [self._programs / program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            **self._as_user(),
        )
        if ran.returncode:
            raise RuntimeError(f"{program}: {ran.stderr}")

    def _as_user(self) -> Mapping[str, Any]:
        given: dict[str, Any] = {"cwd": self._place, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}}
        if self._user is not None:
            given |= {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": ()}
        return given
