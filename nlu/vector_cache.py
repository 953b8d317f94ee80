"""Vectors of texts seen before, on disk, so that no phrase is encoded twice."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

_log = logging.getLogger(__name__)

#: What the disk keeps of a vector: half precision changes no decision and halves the file.
STORED = np.float16
#: Vectors kept: some 90 MB.
CAPACITY = 100_000
#: SQLite's limit of variables in a statement is 999 on old builds.
_BATCH = 500
#: SQLite does not wait for the lock while another process makes the file what it is: that is tried once more.
_TRIES = 2
#: How long each try waits for the lock.
_LOCK_SECONDS = 0.5

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS vectors (id INTEGER PRIMARY KEY, text_hash BLOB NOT NULL UNIQUE, vector BLOB
    NOT NULL)
"""

Result = TypeVar("Result")
Vector = npt.NDArray[np.float32]


class VectorCache:
    """The vectors that one encoder made, kept in an SQLite file that several processes may share.

    A cache may lose, never fail: a file that cannot be read is thrown away and begun anew, and where the disk
    is full or another process holds the lock, nothing is found and nothing kept.
    """

    def __init__(self, path: Path, encoder: str, dimension: int, *, capacity: int = CAPACITY) -> None:
        """Keep at most `capacity` vectors at `path`, those of different encoders apart by name."""
        self._path = path
        self._encoder = encoder.encode()
        self._dimension = dimension
        self._capacity = capacity
        self._connection: sqlite3.Connection | None = None
        self._owner = 0
        self._newest = 0
        self._lock = threading.Lock()

    def get(self, texts: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors of those texts that are known."""
        return self._attempt(lambda connection: self._read(connection, texts)) or {}

    def put(self, vectors: Mapping[str, Vector]) -> None:
        """Keep the vectors of these texts."""
        self._attempt(lambda connection: self._write(connection, vectors))

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            self._forget()

    def _hash(self, text: str) -> bytes:
        # Buyers' words are personal: the file holds none of them.
        digest = hashlib.blake2b(self._encoder, digest_size=16)
        digest.update(b"\0" + text.encode("utf-8", "surrogatepass"))
        return digest.digest()

    def _read(self, connection: sqlite3.Connection, texts: Sequence[str]) -> dict[str, Vector]:
        found: dict[str, Vector] = {}
        ageing: dict[str, Vector] = {}
        by_hash = {self._hash(text): text for text in texts}
        hashes = list(by_hash)
        for start in range(0, len(hashes), _BATCH):
            batch = hashes[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            query = f"SELECT id, text_hash, vector FROM vectors WHERE text_hash IN ({marks})"  # noqa: S608
            for number, key, blob in connection.execute(query, batch):
                if len(blob) == self._dimension * np.dtype(STORED).itemsize:
                    vector = np.frombuffer(blob, dtype=STORED).astype(np.float32)
                    found[by_hash[key]] = vector
                    if number < self._newest - self._capacity // 2:
                        ageing[by_hash[key]] = vector
        if ageing:
            # What is still in use is numbered anew, for the lowest numbers go first.
            self._write(connection, ageing)
        return found

    def _write(self, connection: sqlite3.Connection, vectors: Mapping[str, Vector]) -> None:
        rows = [(self._hash(text), vector.astype(STORED).tobytes()) for text, vector in vectors.items()]
        connection.executemany("INSERT OR REPLACE INTO vectors (text_hash, vector) VALUES (?, ?)", rows)
        (self._newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM vectors").fetchone()
        connection.execute("DELETE FROM vectors WHERE id <= ?", (self._newest - self._capacity,))
        connection.commit()

    def _attempt(self, work: Callable[[sqlite3.Connection], Result]) -> Result | None:
        """Do the work on the open file; None where that goes wrong."""
        with self._lock:
            for _ in range(_TRIES):
                try:
                    return work(self._open())
                except (sqlite3.OperationalError, OSError) as error:
                    # Locked, full, read-only, gone: the file may be good, the moment is not.
                    _log.debug("The vector cache %s is left aside: %s", self._path, error)
                    self._forget()
                except sqlite3.DatabaseError as error:
                    _log.warning("The vector cache %s is broken (%s) and begun anew", self._path, error)
                    self._forget()
                    self._remove()
                    break
            return None

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._owner == os.getpid():
            return self._connection
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=_LOCK_SECONDS, check_same_thread=False)
        try:
            # Losing the last vectors in a crash costs milliseconds, syncing would cost them at every message.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(_SCHEMA)
            (self._newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM vectors").fetchone()
        except sqlite3.Error:
            connection.close()
            raise
        self._connection, self._owner = connection, os.getpid()
        return connection

    def _forget(self) -> None:
        if self._connection is not None and self._owner == os.getpid():
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink()
