"""The walk by several processes at once: each has a store and an engine of its own."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bot.clock import SetClock
from bot.database import Database
from bot.dialogue.check.branches import Branches
from bot.dialogue.check.scripts import Scripts
from bot.dialogue.check.trying import Task, Tried, Trier
from bot.dialogue.check.walk import Walk, Walker
from bot.dialogue.check.world import NOON, fill, look, with_codes
from bot.dialogue.engine import Engine
from bot.dialogue.recovery import load_replies
from bot.settings import ROOT, Settings

#: More processes than these have no more to share: the last states are few.
MOST = 4


def processors() -> int:
    """How many processes walk: one for each processor that this one may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, MOST)


def walk_shared(
    model: Path,
    settings: Settings,
    empty: Path,
    processes: int,
    *,
    intents: Sequence[str] | None = None,
    deepest: int | None = None,
) -> Walk:
    """Walk every flow in a store that is filled for it; see ``Walker.walk``.

    The same is found, in the same order, whatever the number of processes.

    Args:
        model: made by ``train_policies``.
        settings: whose rules, replies and policies are walked.
        empty: an SQLite database with every table and nothing in them. It is filled, and beside it lie the
            processes' copies: whoever made the folder removes it.
        processes: how many.
        intents: those that conversations begin with; all that there are, and every form must be filled on the
            way, if left out.
        deepest: so many turns in a row at most.

    Raises:
        concurrent.futures.process.BrokenProcessPool: one of them came to an end or could not begin.
    """
    database = Database(f"sqlite:///{empty}")
    fill(str(database.url))
    samples, world = look(database, settings.rules)
    # What is copied must hold all that was written.
    database.close()
    own = _Own(model, settings, empty)
    scripts = Scripts.read(ROOT)
    with ProcessPoolExecutor(processes, initializer=_begin, initargs=(own,)) as pool:

        def doing(tasks: Iterable[Task]) -> Iterator[Tried]:
            return pool.map(_do, tasks)

        try:
            walker = Walker(doing, samples, world)
            if intents is not None:
                return walker.walk(intents, deepest=deepest)
            return walker.walk(scripts.domain["intents"], deepest=deepest, forms=scripts.forms)
        except BaseException:
            # Whoever stops it waits for what runs, and for nothing that has not begun.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@dataclass(frozen=True)
class _Own:
    """What a process makes its own store and engine of."""

    model: Path
    settings: Settings
    filled: Path

    def trier(self) -> Trier:
        # What fails on the way is a finding, with its place; the log would tell it without.
        logging.disable(logging.CRITICAL)
        path = self.filled.with_name(f"walked-{os.getpid()}.sqlite")
        shutil.copy(self.filled, path)
        branches = Branches(f"sqlite:///{path}")
        rules = with_codes(self.settings.rules)
        return Trier(branches, Engine.load(self.model), load_replies(self.settings), rules, SetClock(NOON))


#: The trier of this process, where it is one of those that walk.
_TRIERS: list[Trier] = []


def _begin(own: _Own) -> None:
    _TRIERS.append(own.trier())


def _do(task: Task) -> Tried:
    return _TRIERS[0].try_all(task)
