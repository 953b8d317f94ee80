"""Train a model from the files that lie here, one training at a time, with progress told."""

from __future__ import annotations

import contextlib
import fcntl
import io
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from bot.errors import ModelError
from bot.settings import ROOT, Settings
from bot.training.models import ModelVersion, current_path, fingerprint, is_stale, models_folder, release

#: Told what is being done now.
Progress = Callable[[str], None]

#: Of released and older models, how many are kept.
KEPT = 5
_HOOKS = "rasa.engine.training.hooks"


class _StepsTold(logging.Handler):
    """Turns Rasa's lines on each component into progress."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(logging.INFO)
        self._progress = progress
        self._begun = time.monotonic()
        # Rasa prints to standard output while it trains; ours must not be lost with that.
        self._output = sys.stdout

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        name = message.split("'")[1] if message.count("'") >= 2 else ""
        if message.startswith("Starting"):
            self._begun = time.monotonic()
            self._tell(f"  {name} …")
        elif message.startswith("Finished"):
            self._tell(f"  {name} done in {time.monotonic() - self._begun:.1f} s")

    def _tell(self, line: str) -> None:
        with contextlib.redirect_stdout(self._output):
            self._progress(line)


def train(settings: Settings, progress: Progress) -> ModelVersion:
    """Train and release a model, unless the released one is fresh; one training at a time in a folder.

    Raises:
        ModelError: the data, the domain or the stories do not fit together; the old model stays.
    """
    folder = models_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder / "training.lock", progress):
        print_of = fingerprint(settings)
        if not is_stale(settings):
            progress("The model is fresh.")
            return ModelVersion(current_path(settings).name, print_of)
        name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{print_of[:8]}"
        begun = time.monotonic()
        progress("Training the model: some minutes the first time, on two cores …")
        path = _rasa_train(settings, folder, name, progress)
        version = ModelVersion(path.name, print_of)
        release(settings, version)
        _drop_old(folder, path)
        progress(f"Trained {path.name} in {time.monotonic() - begun:.0f} s.")
        return version


def _rasa_train(settings: Settings, folder: Path, name: str, progress: Progress) -> Path:
    # Rasa reads these when it is imported; two trainings must not share its cache.
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    # Rasa's own progress bars, hundreds of lines in a pipe, look at this; our lines tell the same.
    os.environ["LOG_LEVEL"] = "ERROR"
    os.environ["RASA_CACHE_DIRECTORY"] = str(settings.files / "cache" / "rasa")
    os.environ["CROSSDESK_STORE"] = str(settings.store)
    os.environ["CROSSDESK_FILES"] = str(settings.files)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from rasa.model_training import train as rasa_train

    from bot.dialogue.engine import quiet

    quiet()
    hooks = logging.getLogger(_HOOKS)
    teller = _StepsTold(progress)
    hooks.addHandler(teller)
    hooks.setLevel(logging.INFO)
    hooks.propagate = False
    try:
        with _inside(ROOT), contextlib.redirect_stdout(io.StringIO()):
            result = rasa_train(
                domain="domain.yml",
                config="config.yml",
                training_files=["nlu/data", "stories"],
                output=str(folder),
                fixed_model_name=name,
                force_training=False,
            )
    except Exception as error:
        # Files that a person wrote can be wrong in more ways than Rasa has names for.
        raise ModelError(
            f"training failed: {' '.join(str(error).split()) or type(error).__name__}"
        ) from error
    finally:
        hooks.removeHandler(teller)
        hooks.setLevel(logging.CRITICAL)
    if result.code != 0 or result.model is None:
        raise ModelError(
            "training failed: `rasa data validate --data nlu/data stories` tells which data do not fit"
        )
    return Path(result.model)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


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


def _drop_old(folder: Path, newest: Path) -> None:
    models = sorted(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in models[KEPT:]:
        if path != newest:
            path.unlink(missing_ok=True)
