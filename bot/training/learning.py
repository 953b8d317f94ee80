"""Learn from the files that lie here: what Rasa does of a training, and what need not be done again."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue.lean import keep_tensorflow_out
from bot.errors import ModelError
from bot.settings import ROOT, Settings
from bot.training.progress import Teller

#: Told what is being done now.
Progress = Callable[[str], None]

#: Below the folder of files: what the shipped examples have taught, each in a folder of its digest's name.
FOUNDATIONS = Path("cache") / "foundation"
_HOOKS = "rasa.engine.training.hooks"


@dataclass(frozen=True)
class Learnt:
    """What came of it."""

    path: Path
    #: The digest of the foundation that was built on; empty: all examples were learnt together.
    foundation: str = ""
    #: Whether that lay there from a training before.
    taken_over: bool = False


class _StepsTold(logging.Handler):
    """Turns Rasa's lines on each component into progress."""

    def __init__(self, progress: Progress, teller: Teller) -> None:
        super().__init__(logging.INFO)
        self._progress = progress
        self._teller = teller
        self._begun = time.monotonic()
        # Rasa prints to standard output while it trains; ours must not be lost with that.
        self._output = sys.stdout

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        name = message.split("'")[1] if message.count("'") >= 2 else ""
        if message.startswith("Starting"):
            self._begun = time.monotonic()
            self._teller.step(name)
            self._tell(f"  {name} …")
        elif message.startswith("Finished"):
            seconds = time.monotonic() - self._begun
            self._teller.finished(name, seconds)
            self._tell(f"  {name} done in {seconds:.1f} s")
        elif message.startswith("Restored"):
            # As it was the last time.
            self._teller.finished(name, 0.0)

    def _tell(self, line: str) -> None:
        with contextlib.redirect_stdout(self._output):
            self._progress(line)


def learn(
    settings: Settings, folder: Path, name: str, progress: Progress, teller: Teller, *, whole: bool = False
) -> Learnt:
    """Learn from the shipped examples, and on top of what they taught from the store's own.

    What the shipped ones teach is kept, by a digest of all that it is made from, and taken over while that
    stays: the model is the same as if it had been learnt anew. Where the store's own examples are many, or
    where that is wanted, all are learnt together.

    Args:
        settings: where the files lie.
        folder: where the model is put.
        name: what it is called.
        progress: told what is being done.
        teller: told how far it is.
        whole: learn all together, and take nothing over.

    Raises:
        ModelError: the data, the domain or the stories do not fit together.
    """
    _prepare(settings)
    from nlu import foundation
    from nlu.importer import own_count

    try:
        own = own_count()
    except Exception as error:
        raise _failed(error) from error
    if whole or own > foundation.MOST:
        why = "as asked" if whole else f"the store has {own:,} of its own"
        progress(f"All examples are learnt together: {why}.")
        return Learnt(_rasa_train(folder, name, progress, teller, anew=whole))
    digest = foundation.digest()
    ground = settings.files / FOUNDATIONS / digest
    is_there = foundation.is_whole(ground)
    if is_there:
        progress(f"What the shipped examples teach is taken over from before ({digest}).")
    else:
        progress("The shipped examples are learnt first; what they teach is kept for the next training …")
        shutil.rmtree(ground.parent, ignore_errors=True)
        with foundation.laid(ground):
            path = _rasa_train(folder, name, progress, teller, anew=True)
        if not own:
            return Learnt(path, digest)
        path.unlink()
    progress(f"The store's own examples are learnt: {own:,}.")
    with foundation.built_on(ground):
        return Learnt(_rasa_train(folder, name, progress, teller), digest, is_there)


def _prepare(settings: Settings) -> None:
    # Rasa reads these when it is imported; two trainings must not share its cache.
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    # Rasa's own progress bars, hundreds of lines in a pipe, look at this; our lines tell the same.
    os.environ["LOG_LEVEL"] = "ERROR"
    os.environ["RASA_CACHE_DIRECTORY"] = str(settings.files / "cache" / "rasa")
    os.environ["CROSSDESK_STORE"] = str(settings.store)
    os.environ["CROSSDESK_FILES"] = str(settings.files)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    keep_tensorflow_out()


def _rasa_train(folder: Path, name: str, progress: Progress, teller: Teller, *, anew: bool = False) -> Path:
    from rasa.model_training import train as rasa_train

    from bot.dialogue.engine import quiet

    quiet()
    hooks = logging.getLogger(_HOOKS)
    steps = _StepsTold(progress, teller)
    hooks.addHandler(steps)
    hooks.setLevel(logging.INFO)
    hooks.propagate = False
    try:
        with _inside(ROOT), _scratch(folder), contextlib.redirect_stdout(io.StringIO()):
            result = rasa_train(
                domain="domain.yml",
                config="config.yml",
                training_files=["nlu/data", "stories"],
                output=str(folder),
                fixed_model_name=name,
                force_training=anew,
            )
    except Exception as error:
        # Files that a person wrote can be wrong in more ways than Rasa has names for.
        raise _failed(error) from error
    finally:
        hooks.removeHandler(steps)
        hooks.setLevel(logging.CRITICAL)
    if result.code != 0 or result.model is None:
        raise ModelError(
            "training failed: `rasa data validate --data nlu/data stories` tells which data do not fit"
        )
    return Path(result.model)


def _failed(error: Exception) -> ModelError:
    # Rasa tells in which component, and not what.
    told = [error] if error.__cause__ is None else [error, error.__cause__]
    said = (" ".join(str(one).split()) or type(one).__name__ for one in told)
    return ModelError(f"training failed: {': '.join(one.rstrip('.') for one in said)}")


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[None]:
    """Have what is only needed on the way lie where it is cleared away, whatever becomes of the process."""
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
