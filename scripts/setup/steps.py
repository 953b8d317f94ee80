"""One line for each step with the time it took, and commands that are run without a word unless they fail."""

from __future__ import annotations

import collections
import os
import queue
import subprocess
import sys
import threading
import time
from typing import IO, Iterator, NamedTuple, Sequence, cast

HEARTBEAT_SECONDS = 15.0
SHOWN_LINES = 30
SHOWN_LETTERS = 160

# What would make our Python, uv or pip look at another installation, or leave out the byte code that
# TensorFlow and Rasa take half a minute longer to start without.
FOREIGN = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
)

NETWORK_SIGNS = (
    "dns error",
    "name or service not known",
    "name resolution",
    "nodename nor servname",
    "error sending request",
    "newconnectionerror",
    "connection refused",
    "network is unreachable",
    "no route to host",
    "timed out",
)


class SetupError(Exception):
    """Set-up cannot go on; the text says what to do."""


class Outcome(NamedTuple):
    """How a command ended, and the last lines it wrote."""

    code: int
    lines: Sequence[str]


def say(text: str) -> None:
    """Write a line where it is seen at once, and never into what a command gives on standard output."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


class Step:
    """Times a step; `done` writes its line."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def done(self, text: str) -> None:
        """Say what was done, and how long it took."""
        say(f"{text} ({time.monotonic() - self._start:.1f} s)")


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what belongs to another Python; index settings stay."""
    return {name: value for name, value in os.environ.items() if name not in FOREIGN}


def run(command: Sequence[str], *, cwd: str | None = None) -> Outcome:
    """Run a command to its end, repeating its latest line now and then so that a long one is seen to live.

    What has been made inheritable stays open in it: the set-up's lock, first of all.
    """
    start = time.monotonic()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=clean_environment(),
            cwd=cwd,
            close_fds=False,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        return Outcome(127, [f"{command[0]}: {error.strerror}"])
    kept: collections.deque[str] = collections.deque(maxlen=SHOWN_LINES)
    for line in _lines_or_silence(cast(IO[str], process.stdout)):
        if line is not None:
            kept.append(line)
        elif kept:
            say(f"  {time.monotonic() - start:.0f} s: {kept[-1].strip()}")
    return Outcome(process.wait(), list(kept))


def _lines_or_silence(output: IO[str]) -> Iterator[str | None]:
    """Yield a command's lines, and None each time HEARTBEAT_SECONDS have gone by."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        with output:
            for line in output:
                if line.strip():
                    lines.put(line.rstrip())
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    beat = time.monotonic() + HEARTBEAT_SECONDS
    while True:
        try:
            line = lines.get(timeout=max(0.0, beat - time.monotonic()))
            if line is None:
                return
            yield line
        except queue.Empty:
            beat = time.monotonic() + HEARTBEAT_SECONDS
            yield None


def failure(what: str, outcome: Outcome) -> SetupError:
    """Make the error for a command that failed: what it said, what that means and what to do."""
    said = "\n".join(f"  {line}" for line in outcome.lines)
    signs = [line.strip() for line in outcome.lines if any(sign in line.lower() for sign in NETWORK_SIGNS)]
    if signs:
        return SetupError(
            f"{what} failed: the network, or the package index configured here, could not be reached. "
            f"Check it, then run the same command again; what has been fetched is kept.\n"
            f"  {signs[-1][-SHOWN_LETTERS:]}"
        )
    if "no space left" in said.lower():
        advice = "The disk is full: crossdesk needs about 5 GB. Make room, then run the same command again."
    else:
        advice = "Run the same command again once this cause is gone."
    return SetupError(f"{what} failed (exit code {outcome.code}):\n{said}\nsetup: {advice}")
