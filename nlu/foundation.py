"""What is learnt from the shipped examples alone: kept, so that a store's own are learnt in seconds.

The shipped examples are some seventy thousand and change with the program; a store's own are some hundreds
and change every week. So a training has two parts. The first learns from the shipped ones alone, and each
component leaves in a folder what it would have to find out again: the foundation. The second learns the
store's own on top of it. The same files give the same model, whether the first part was done just now or
lay there from before: nothing is ever taken from another store's model, nor from one that serves.

A process says with `laid` and `built_on` which part it does. Where it says neither, as when stock
``rasa train`` runs, all examples are learnt together.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nlu.places import ROOT

#: Whatever is one of these, or below one, changes what is learnt from the shipped examples.
SOURCES = ("nlu", "config.yml", "requirements/run.txt")
#: Own examples beyond which all are learnt together: they are no addition any more.
MOST = 2_000
#: Written last: the digest of each file of a folder that is whole.
_LIST = "files.json"

_laying: Path | None = None
_ground: Path | None = None


def digest(root: Path = ROOT) -> str:
    """Return a digest of all that a foundation is made from."""
    found = hashlib.blake2b(digest_size=12)
    for source in SOURCES:
        base = root / source
        for path in [base] if base.is_file() else sorted(base.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def is_whole(folder: Path) -> bool:
    """Whether a folder holds a foundation as it was laid; not if a file is missing, cut or changed."""
    try:
        wanted = json.loads((folder / _LIST).read_text(encoding="utf-8"))
        return bool(wanted) and all(_digest_of(folder / name) == known for name, known in wanted.items())
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def laid(folder: Path) -> Iterator[None]:
    """Learn from the shipped examples alone, and leave their foundation in a folder, which is begun anew.

    If that ends in an error, the folder is none that `is_whole`.
    """
    global _laying
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _laying = folder
    try:
        yield
    finally:
        _laying = None
    names = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]
    known = {name: _digest_of(folder / name) for name in names}
    (folder / _LIST).write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


@contextmanager
def built_on(folder: Path) -> Iterator[None]:
    """Learn from the store's own examples alone, on the foundation in a folder."""
    global _ground
    _ground = folder
    try:
        yield
    finally:
        _ground = None


def being_laid() -> Path | None:
    """Where a component leaves what it has learnt from the shipped examples; None: nobody wants it."""
    return _laying


def ground() -> Path | None:
    """Where lies what the shipped examples have taught; None: all that is given is to be learnt from."""
    return _ground


def mark() -> str:
    """What Rasa's training cache must know: whether it is built on a foundation, and on which."""
    return "" if _ground is None else _digest_of(_ground / _LIST)


def _digest_of(path: Path) -> str:
    found = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()
