"""Train in a process of its own, at low priority, while the bot serves."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from bot.errors import ModelError
from bot.settings import ROOT, Settings, environment
from bot.training.models import models_folder
from bot.training.progress import State, Teller, is_locked, latest, lock_path, log_path

#: What a training in the background leaves to whoever serves: it computes with one thread …
GENTLY = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
#: … and only when nobody else wants the processor.
NICENESS = 15


def step_back() -> None:
    """Only use what processor time nobody else wants, from here on."""
    os.nice(NICENESS)
    # Linux may share the processor among sessions first, and niceness counts within one alone: what leads a
    # session of its own, as what is begun here does, has to be nice for all of it.
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(NICENESS), encoding="ascii")
    if hasattr(os, "sched_setaffinity"):
        # The encoder takes a thread for each of these; one is left to who serves, caches and all.
        _first, *others = sorted(os.sched_getaffinity(0))
        if others:
            os.sched_setaffinity(0, others)


def start(settings: Settings, by: str) -> None:
    """Begin to train a candidate; returns at once. It goes on whatever becomes of this process.

    Raises:
        ModelError: a training is running already.
    """
    before = latest(settings)
    if is_locked(lock_path(settings)) or (before is not None and before.state is State.RUNNING):
        raise ModelError("a training is running already")
    models_folder(settings).mkdir(parents=True, exist_ok=True)
    with log_path(settings).open("w", encoding="utf-8") as log:
        begun = subprocess.Popen(  # noqa: S603 (our own program; a login is one argument)
            [sys.executable, "-m", "bot", "train", "--candidate", "--gently", "--by", by],
            cwd=ROOT,
            env={**os.environ, **environment(settings), **GENTLY},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # It says more itself once it has loaded what it needs.
    Teller(settings, by, pid=begun.pid).begin()
