"""Bringing .venv to what the files ask for, in as little work as that takes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path
from typing import Iterator

from . import pythons, uv
from . import stamp as stamps
from .pythons import Python
from .stamp import Level, Stamp, Work
from .steps import SetupError, Step, failure, run, say


def ready(root: Path, level: Level) -> None:
    """Make .venv ready to run crossdesk (RUN) or to test it too (DEV); without a word if it is.

    Raises: SetupError, whose text says what to do.
    """
    if _work(root, level)[0] is Work.NOTHING:
        return
    with _only_one(root):
        # Another set-up may have done it while this one waited.
        work, stamp = _work(root, level)
        if work is not Work.NOTHING:
            whole = Step()
            _bring(root, stamps.level_to_keep(stamp, level), work, stamp)
            whole.done("Set-up done")


def tool(root: Path) -> uv.Uv:
    """Return a uv, installed first if need be."""
    with _only_one(root):
        return uv.obtain(root, pythons.search(root)[0])


def _work(root: Path, level: Level) -> tuple[Work, Stamp | None]:
    """Return what is left to do, and the stamp of a .venv that can be built on."""
    venv = root / ".venv"
    stamp = stamps.read(venv)
    if stamp is None or isinstance(pythons.probe(str(venv / "bin" / "python")), str):
        return Work.EVERYTHING, None
    python = stamp.python
    if os.environ.get("CROSSDESK_PYTHON"):
        asked, _ = pythons.search(root)
        if asked and os.path.realpath(asked.path) != os.path.realpath(python):
            python = asked.path
    work = stamps.work_left(stamp, stamps.wanted(root, stamps.level_to_keep(stamp, level), python))
    if work is Work.NOTHING and not (venv / "bin" / "crossdesk").exists():
        work = Work.PROJECT
    return work, stamp


def _bring(root: Path, level: Level, work: Work, stamp: Stamp | None) -> None:
    venv = root / ".venv"
    if work is Work.EVERYTHING or stamp is None:
        step = Step()
        python, refused = pythons.search(root)
        if python is not None:
            step.done(f"Python {python.version}: {python.path}")
        tool = uv.obtain(root, python)
        if python is None:
            step = Step()
            python = uv.fetch_python(tool, refused)
            step.done(f"Python {python.version}: {python.path}")
        _make(venv, tool, python)
        path = python.path
    else:
        path = stamp.python
        tool = uv.obtain(root, Python(path, ""))
        stamps.remove(venv)
    # Read before installing: a file changed meanwhile makes the next run install again.
    goal = stamps.wanted(root, level, path)
    if work is not Work.PROJECT:
        _install_packages(root, tool, level)
    _install_project(root, tool)
    stamps.write(venv, goal)


def _make(venv: Path, tool: uv.Uv, python: Python) -> None:
    step = Step()
    there = os.path.lexists(str(venv))
    if venv.is_symlink() or venv.is_file():
        venv.unlink()
    elif there:
        # Its stamp goes first: an interrupted removal must not leave a .venv that looks whole.
        stamps.remove(venv)
        shutil.rmtree(str(venv))
    outcome = run([tool.path, "venv", "--python", python.path, str(venv)])
    if outcome.code != 0:
        raise failure("Making .venv", outcome)
    step.done(".venv: made anew" if there else ".venv: made")


def _install_packages(root: Path, tool: uv.Uv, level: Level) -> None:
    step = Step()
    say(f"Installing what {level.requirements} pins: 3 GB, which takes long only if fetched …")
    command = [tool.path, "pip", "sync", "--require-hashes", *_into(root), str(root / level.requirements)]
    outcome = run(command)
    if outcome.code != 0:
        raise failure("Installing the packages", outcome)
    step.done(f"Packages of {level.requirements}: installed")
    # A step of its own, because uv is silent meanwhile.
    step = Step()
    say("Compiling them to byte code: without it every start would take half a minute longer …")
    outcome = run([*command, "--compile-bytecode"])
    if outcome.code != 0:
        raise failure("Compiling to byte code", outcome)
    step.done("Byte code: compiled")


def _install_project(root: Path, tool: uv.Uv) -> None:
    step = Step()
    command = [tool.path, "pip", "install", "--no-deps", "--no-build-isolation", "--reinstall", *_into(root)]
    outcome = run([*command, "--editable", "."], cwd=str(root))
    if outcome.code != 0:
        raise failure("Installing crossdesk itself", outcome)
    step.done("crossdesk itself: installed, in place")


def _into(root: Path) -> list[str]:
    return ["--python", str(root / ".venv" / "bin" / "python")]


@contextlib.contextmanager
def _only_one(root: Path) -> Iterator[None]:
    """Hold the project's set-up lock, together with every command that is started meanwhile."""
    folder = root / ".tools"
    try:
        folder.mkdir(exist_ok=True)
        lock = os.open(str(folder / "setup.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise SetupError(f"cannot write into {folder}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another set-up is at work in this folder: waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        # A set-up that is killed then keeps the next one out until the uv that it had started has ended.
        os.set_inheritable(lock, True)
        yield
    finally:
        os.close(lock)
