"""Training: one at a time, the old model stays until the new one is whole."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot.clock import SetClock
from bot.errors import ModelError
from bot.settings import ROOT, Settings, environment
from bot.training import background, learning, models, progress, versions
from bot.training.learning import Learnt
from bot.training.progress import State, Teller, lock_path
from bot.training.train import KEPT, MAKING, Progress, train


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Settings:
    return dataclasses.replace(settings, files=tmp_path / "files", store=tmp_path / "store")


class Trainer:
    """Stands in for the minutes that a training takes, not for what is done around it."""

    def __init__(self) -> None:
        self.at_work = 0
        self.together = 0
        self.done: list[str] = []
        self.fails = False
        self._guard = threading.Lock()

    def __call__(
        self,
        settings: Settings,
        folder: Path,
        name: str,
        progress: Progress,
        teller: Teller,
        *,
        whole: bool = False,
    ) -> Learnt:
        with self._guard:
            self.at_work += 1
            self.together = max(self.together, self.at_work)
        path = folder / f"{name}-{len(self.done)}.tar.gz"
        path.write_bytes(b"model")
        with self._guard:
            self.at_work -= 1
            self.done.append(path.name)
        if self.fails:
            raise ModelError("training failed: the stories contradict each other")
        return Learnt(path, "" if whole else "of-shipped", not whole)


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Trainer:
    made = Trainer()
    monkeypatch.setattr(learning, "learn", made)
    return made


def _change(place: Settings, text: str) -> None:
    (place.store / "nlu").mkdir(parents=True, exist_ok=True)
    (place.store / "nlu" / "own.yml").write_text(text, encoding="utf-8")


def test_a_trained_model_is_released_and_fresh(place: Settings, trainer: Trainer) -> None:
    told: list[str] = []
    version = train(place, told.append)
    assert models.current(place) == version
    assert not models.is_stale(place)
    assert told[0].startswith("Training the model")
    assert told[-1].startswith(f"Trained {version.name} in ")


def test_a_version_tells_what_was_taken_over_and_all_is_learnt_again_on_demand(
    place: Settings, trainer: Trainer
) -> None:
    first = versions.find(place, train(place, lambda _: None).name)
    assert (first.foundation, first.taken_over) == ("of-shipped", True)
    # However fresh the model is.
    again = versions.find(place, train(place, lambda _: None, whole=True).name)
    assert (again.foundation, again.taken_over) == ("", False)
    assert len(trainer.done) == 2


def test_a_damaged_note_of_the_release_is_mended_by_a_training(place: Settings, trainer: Trainer) -> None:
    train(place, lambda _: None)
    (models.models_folder(place) / "current.json").write_text("{", encoding="utf-8")
    version = train(place, lambda _: None)
    assert models.current(place) == version
    assert len(trainer.done) == 2


def test_a_training_that_fails_leaves_the_old_model_in_its_place(place: Settings, trainer: Trainer) -> None:
    old = train(place, lambda _: None)
    _change(place, "changed")
    trainer.fails = True
    with pytest.raises(ModelError, match="contradict"):
        train(place, lambda _: None)
    assert models.current(place) == old
    assert models.is_stale(place)


def test_data_that_change_during_a_training_leave_the_model_stale(
    place: Settings, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_and_train(*given: Any, whole: bool) -> Learnt:
        _change(place, "changed meanwhile")
        return trainer(*given, whole=whole)

    monkeypatch.setattr(learning, "learn", change_and_train)
    train(place, lambda _: None)
    assert models.is_stale(place)


def test_of_several_trainings_at_once_one_does_the_work(place: Settings, trainer: Trainer) -> None:
    with ThreadPoolExecutor(4) as threads:
        versions = set(threads.map(lambda _: train(place, lambda _: None), range(4)))
    assert trainer.together == 1
    assert len(trainer.done) == 1
    assert len(versions) == 1


def test_old_models_are_dropped_and_the_current_one_never(place: Settings, trainer: Trainer) -> None:
    for number in range(KEPT + 3):
        _change(place, f"{number}")
        version = train(place, lambda _: None)
        # As if all were made at once, or the clock went backwards.
        os.utime(models.models_folder(place) / version.name, (1_000_000 - number, 1_000_000 - number))
    left = {path.name for path in models.models_folder(place).glob("*.tar.gz")}
    assert version.name in left
    assert len(left) <= KEPT + 1


@pytest.mark.model
def test_a_broken_file_of_the_store_is_one_clear_line_and_the_old_model_stays(
    place: Settings, model_path: Path
) -> None:
    shutil.copytree(model_path.parent, models.models_folder(place))
    (place.store / "stories").mkdir(parents=True)
    (place.store / "stories" / "own.yml").write_text("rules: [{rule: broken", encoding="utf-8")
    old = models.current(place)
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "train"],
        cwd=ROOT,
        env={
            **os.environ,
            **environment(place),
            "CROSSDESK_DATABASE_URL": f"sqlite:///{place.files / 'crossdesk.sqlite'}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    said = [line for line in ran.stderr.splitlines() if line.startswith("crossdesk: ")]
    assert len(said) == 1
    assert said[0].startswith("crossdesk: training failed: ")
    assert "own.yml" in said[0]
    assert "Traceback" not in ran.stderr
    assert models.current(place) == old


# --- As others see it ---


def test_how_a_training_goes_and_ends_is_told_to_others(place: Settings, trainer: Trainer) -> None:
    assert progress.latest(place) is None
    version = train(place, lambda _: None, by="ada", release=False)
    done = progress.latest(place)
    assert done is not None
    assert (done.state, done.by, done.version, done.share) == (State.DONE, "ada", version.name, 1.0)
    # A candidate waits for a person.
    assert models.current(place) is None
    _change(place, "changed")
    trainer.fails = True
    with pytest.raises(ModelError):
        train(place, lambda _: None)
    failed = progress.latest(place)
    assert failed is not None
    assert (failed.state, failed.why) == (State.FAILED, "training failed: the stories contradict each other")


def test_the_time_left_is_told_by_what_each_step_took_before(place: Settings, clock: SetClock) -> None:
    models.models_folder(place).mkdir(parents=True)
    with lock_path(place).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        teller = Teller(place, "ada", {"A": 30.0, "B": 60.0, "C": 10.0}, clock)
        teller.begin()
        clock.advance(seconds=60)
        teller.finished("A", 60.0)
        teller.step("B")
        now = progress.latest(place)
    assert now is not None
    # Twice as slow as before so far.
    assert (now.state, now.step, now.share, now.left) == (State.RUNNING, "B", 0.3, 140.0)


def test_a_training_whose_process_is_gone_is_told_as_dead_with_its_last_words(place: Settings) -> None:
    models.models_folder(place).mkdir(parents=True)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    Teller(place, "ada", pid=gone.pid).begin()
    progress.log_path(place).write_text("MoodDetector …\nMemoryError\n", encoding="utf-8")
    dead = progress.latest(place)
    assert dead is not None
    assert dead.state is State.DIED
    assert dead.why.endswith("(its last words: MemoryError)")


def test_nothing_half_is_left_of_a_training_that_fails_or_was_killed(
    place: Settings, trainer: Trainer
) -> None:
    folder = models.models_folder(place)
    (folder / MAKING).mkdir(parents=True)
    (folder / MAKING / "killed.tar.gz").write_bytes(b"half")
    trainer.fails = True
    with pytest.raises(ModelError):
        train(place, lambda _: None)
    assert list(folder.glob("**/*.tar.gz")) == []
    assert not (folder / MAKING).exists()


def test_a_full_disk_leaves_the_old_model_and_says_so(
    place: Settings, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = train(place, lambda _: None)
    _change(place, "changed")

    def full(*_: object, whole: bool) -> Learnt:
        del whole
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(learning, "learn", full)
    with pytest.raises(ModelError, match="training failed: No space left on device"):
        train(place, lambda _: None)
    assert models.current(place) == old
    assert [path.name for path in models.models_folder(place).glob("*.tar.gz")] == [old.name]


def test_two_trainings_are_not_begun_at_once_and_none_is_stopped_that_is_not_there(place: Settings) -> None:
    models.models_folder(place).mkdir(parents=True)
    with pytest.raises(ModelError, match="no training is running"):
        progress.ask_to_stop(place)
    with lock_path(place).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ModelError, match="a training is running already"):
            background.start(place, "ada")
