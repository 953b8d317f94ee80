"""The command line in this process, or as a process of its own."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from bot.cli import opening, run
from bot.settings import ROOT
from bot.shop.seed import seed

#: How long a command may take on a machine with much else to do, in seconds.
PATIENCE = 150


@dataclass
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    def refusal(self) -> str:
        """The one line that says what was wrong."""
        assert self.code == 2, (self.out, self.err)
        lines = [line for line in self.err.splitlines() if line]
        assert len(lines) == 1, self.err
        assert lines[0].startswith("crossdesk: ")
        return lines[0].removeprefix("crossdesk: ")


Crossdesk = Callable[..., Ran]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command keeps everything."""
    monkeypatch.setenv("CROSSDESK_DATABASE_URL", f"sqlite:///{tmp_path / 'crossdesk.sqlite'}")
    monkeypatch.setenv("CROSSDESK_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("CROSSDESK_STORE", str(tmp_path / "store"))
    return tmp_path


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    """Give back what a command does to this process's logging."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
def crossdesk(
    place: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    logging_as_it_was: None,
) -> Crossdesk:
    """Runs a command in this process: quick, because nothing has to be imported again."""

    def command(*arguments: str, typed: bytes = b"") -> Ran:
        capsys.readouterr()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed), encoding="utf-8"))
        code = run(arguments)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return command


@pytest.fixture
def small_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demonstration store in a size that is made in a second."""
    monkeypatch.setattr(opening, "seed", partial(seed, customers=800, orders=2000))


@pytest.fixture
def process(place: Path) -> Crossdesk:
    """Runs a command as a process of its own."""

    def command(*arguments: str, typed: bytes = b"") -> Ran:
        ran = subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=ROOT,
            env=os.environ,
            input=typed,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())

    return command
