"""Train a model from the files that lie here, one training at a time, with progress told."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TextIO

from bot.clock import SystemClock
from bot.errors import ModelError
from bot.settings import Settings
from bot.training import learning, models, versions
from bot.training.learning import Progress
from bot.training.models import ModelVersion, current_path, fingerprint, is_stale, models_folder
from bot.training.progress import State, Teller, lock_path, stop_path
from bot.training.versions import KEPT

__all__ = ["KEPT", "Progress", "train"]

#: Says that something is being done, while it is done.
Step = Callable[[str], AbstractContextManager[None]]
#: Asked of a model that was just made: figures to keep with it.
Judge = Callable[[Path, Step], Mapping[str, object]]

#: Below the folder of models: what is not whole yet, on the same disk.
MAKING = ".making"
#: How often somebody may want a training to stop, and how long it may take to heed it, in seconds.
STOP_EVERY, STOP_WITHIN = 0.5, 3.0
#: Exit code of a training that was stopped.
STOPPED = 3


def train(
    settings: Settings,
    progress: Progress,
    *,
    by: str = "operator",
    release: bool = True,
    judge: Judge | None = None,
    whole: bool = False,
) -> ModelVersion:
    """Train a model, unless there is a fresh one; one training at a time in a folder.

    Args:
        settings: where the files lie.
        progress: told what is being done.
        by: who wants it, a login.
        release: release it; else it is a candidate, which waits for somebody to compare it.
        judge: tells figures to be kept with it.
        whole: learn all examples together, whatever was learnt before and however fresh the model is.

    Raises:
        ModelError: the data, the domain or the stories do not fit together, or the disk is full; the old
            model stays, and nothing half is left.
    """
    folder = models_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(lock_path(settings), progress):
        made_from = fingerprint(settings)
        fresh = None if whole else _fresh(settings, made_from, release=release)
        if fresh is not None:
            progress("The model is fresh.")
            return fresh
        teller = Teller(settings, by, expected=_expected(settings))
        teller.begin()
        try:
            with _heeding_stop(settings, teller):
                version = _made(settings, progress, teller, made_from, judge, whole)
            if release:
                version = _released(settings, version)
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt)
            teller.end(State.STOPPED if stopped else State.FAILED, "" if stopped else str(error))
            raise
        finally:
            shutil.rmtree(folder / MAKING, ignore_errors=True)
        versions.drop_old(settings, keep=frozenset({version.name}))
        teller.end(State.DONE, version=version.name)
        return version


def _fresh(settings: Settings, made_from: str, *, release: bool) -> ModelVersion | None:
    """A model that was made from these very files."""
    if not is_stale(settings):
        return ModelVersion(current_path(settings).name, made_from)
    if release:
        return None
    same = [one for one in versions.listed(settings) if one.digest and one.fingerprint == made_from]
    return ModelVersion(same[0].name, made_from) if same else None


def _made(
    settings: Settings,
    progress: Progress,
    teller: Teller,
    made_from: str,
    judge: Judge | None,
    whole: bool,
) -> ModelVersion:
    """Make a model beside the others, and put it among them once it is whole."""
    folder = models_folder(settings)
    making = folder / MAKING
    # What a training left that was killed.
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    parts = models.fingerprints(settings)
    name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{made_from[:8]}"
    begun = time.monotonic()
    progress("Training the model: some minutes the first time, on two cores …")
    try:
        learnt = learning.learn(settings, making, name, progress, teller, whole=whole)
        path = learnt.path
        figures = {} if judge is None else judge(path, lambda name: _step(teller, name))
        version = versions.Version(
            path.name,
            made_from,
            SystemClock().now(),
            made_by=teller.by,
            made_from=parts,
            digest=versions.digest_of(path),
            seconds=round(time.monotonic() - begun, 1),
            steps=dict(teller.took),
            figures=figures,
            foundation=learnt.foundation,
            taken_over=learnt.taken_over,
        )
        _sync(path)
        versions.write_down(settings, version)
        path.replace(folder / path.name)
    except OSError as error:
        raise ModelError(f"training failed: {error.strerror or error}") from error
    progress(f"Trained {path.name} in {version.seconds:.0f} s.")
    return ModelVersion(version.name, made_from)


@contextlib.contextmanager
def _step(teller: Teller, name: str) -> Iterator[None]:
    teller.step(name)
    since = time.monotonic()
    yield
    teller.finished(name, time.monotonic() - since)


def _released(settings: Settings, version: ModelVersion) -> ModelVersion:
    return versions.release(settings, version.name, by_choice=False)


def _expected(settings: Settings) -> dict[str, float]:
    """How long each step took the last time that all of them were done."""
    known = [dict(one.steps) for one in versions.listed(settings) if one.steps]
    # The newest one of these: what was taken over then is likely taken over now.
    return max(known, key=len, default={})


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def _heeding_stop(settings: Settings, teller: Teller) -> Iterator[None]:
    """End the training when somebody asks for it, wherever it is."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(STOP_EVERY):
            if not stop_path(settings).exists():
                continue
            stop_path(settings).unlink(missing_ok=True)
            import _thread

            _thread.interrupt_main()
            if over.wait(STOP_WITHIN):
                return
            # In the middle of a long computation nothing else is heeded.
            teller.end(State.STOPPED)
            shutil.rmtree(models_folder(settings) / MAKING, ignore_errors=True)
            os._exit(STOPPED)

    threading.Thread(target=look, daemon=True).start()
    try:
        yield
    finally:
        over.set()


@contextlib.contextmanager
def _only_one(lock: Path, progress: Progress) -> Iterator[None]:
    file: TextIO
    with lock.open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Another training is running here; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
