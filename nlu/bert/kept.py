"""Files that can be made again: read if they are whole, else made and kept for the next process."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

_DIGEST_BYTES = 16


def kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return what `make` makes, from the file at `path` if an earlier call has left it there whole.

    A file that was cut short or changed is made anew; where nothing can be written, nothing is kept.
    """
    with contextlib.suppress(OSError):
        found = path.read_bytes()
        if _digest(found[_DIGEST_BYTES:]) == found[:_DIGEST_BYTES]:
            return found[_DIGEST_BYTES:]
    made = make()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, _digest(made) + made)
    return made


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there as a whole or not at all: other processes make it at the same time."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        try:
            file.write(content)
            file.close()
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()
