"""Lists of words: each is read once in a process, and a worker reads them before its first buyer comes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

_Words = TypeVar("_Words")
_ALL: list[Callable[[], Any]] = []


def read_once(read: Callable[[], _Words]) -> Callable[[], _Words]:
    """Have what a function reads kept; for what does not change while a process lives."""
    kept = cache(read)
    _ALL.append(kept)
    return kept


def read_all() -> None:
    """Read them now, as far as their modules are loaded: most of a second that the first buyer would wait."""
    for read in _ALL:
        read()
