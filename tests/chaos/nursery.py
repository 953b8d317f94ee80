"""Starts the parts by forking, which takes a moment where starting Python with Rasa takes seconds.

``python -m tests.chaos.nursery PLAN`` reads a JSON file and then a command a line: ``kill ROLE``,
``pause ROLE SECONDS``, ``full on``, ``full off``, ``stop``. A part that dies is replaced, as a service
manager would.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import mmap
import os
import random
import resource
import select
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

#: A part that died is replaced after so long, in seconds.
REPLACED = 0.1
#: Workers are woken this often, in seconds; in ``serve`` the front does when something came.
WAKE = 0.05
#: From Linux's <sys/prctl.h>.
PR_SET_PDEATHSIG = 1
#: A file on a full disk may have no more bytes than this.
FULL = 0


@dataclass
class Part:
    role: str
    number: int
    pid: int
    name: str
    #: The worker's standard input.
    line: int | None = None
    #: When it goes on, if it is paused.
    resumes: float | None = None


class Nursery:
    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._chance = random.Random(f"nursery {plan['seed']}")
        self._parts: dict[int, Part] = {}
        self._due: list[tuple[float, str, int]] = []
        self._others: set[int] = set()
        self._full = False
        self._born = 0
        self._running = True

    def run(self) -> None:
        self._import()
        for role, count in self._plan["parts"].items():
            for number in range(count):
                self._start(role, number)
        print("ready", flush=True)
        typed = b""
        while self._running:
            readable, _, _ = select.select([0], [], [], WAKE)
            if readable:
                read = os.read(0, 4096)
                if not read:
                    break
                *lines, typed = (typed + read).split(b"\n")
                for line in lines:
                    self._obey(line.decode().split())
            self._look_after()
        for pid in [*self._parts, *self._others]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _import(self) -> None:
        from bot.dialogue.lean import keep_tensorflow_out

        keep_tensorflow_out()
        from bot import clock
        from bot.dialogue import engine
        from bot.dialogue.recovery import load_replies
        from bot.settings import Settings
        from tests.chaos import faults, parts, script

        set_clock(Path(self._plan["clock"]), clock.SystemClock)
        engine.quiet()
        # What each worker would do at its start is done once.
        self._settings = Settings.load(self._plan["settings"])
        self._replies = load_replies(self._settings)
        if self._plan["model"]:
            # The model's components look for the store's files where the environment says.
            os.environ.update(self._plan["settings"])
            loaded: Any = script.LabelledEngine.around(engine.Engine.load)
        else:
            loaded = script.ScriptedEngine
            loaded.place = Path(self._plan["place"])
        engine.Engine = loaded  # type: ignore[misc]
        self._parts_module = parts
        if self._plan["fault"]:
            faults.FAULTS[self._plan["fault"]]()

    def _main(self, role: str, number: int, name: str) -> Callable[[], object]:
        parts, settings, place = self._parts_module, self._settings, Path(self._plan["place"])
        mains: dict[str, Callable[[], object]] = {
            "front": lambda: asyncio.run(parts.receive(settings, place / f"front-{number}")),
            "worker": lambda: parts.work(settings, name, Path(self._plan["model"] or "scripted")),
            "deliverer": lambda: asyncio.run(parts.deliver(settings, place / "carrier")),
            "person": lambda: parts.attend(settings),
        }
        return mains[role]

    def _start(self, role: str, number: int) -> None:
        self._born += 1
        name = f"{role}-{number}-{self._born}"
        line = os.pipe() if role == "worker" else None
        pid = self._fork(self._main(role, number, name), None if line is None else line[0])
        if line is not None:
            os.close(line[0])
            os.set_blocking(line[1], False)
        self._parts[pid] = Part(role, number, pid, name, None if line is None else line[1])

    def _fork(self, main: Callable[[], object], line: int | None) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            # Whatever ends the nursery ends its parts.
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if line is None:
                line = os.open(os.devnull, os.O_RDONLY)
            os.dup2(line, 0)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            # No line of a brother may be kept open.
            for part in self._parts.values():
                if part.line is not None:
                    os.close(part.line)
            sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
            random.seed()
            self._limit(os.getpid())
            main()
            code = 0
        except BaseException:
            with contextlib.suppress(OSError):
                traceback.print_exc()
        finally:
            os._exit(code)

    def _obey(self, command: list[str]) -> None:
        if command[0] == "stop":
            self._running = False
        elif command[0] == "full":
            self._full = command[1] == "on"
            for pid in self._parts:
                self._limit(pid)
        elif command[0] == "kill":
            for part in self._some(command[1]):
                os.kill(part.pid, signal.SIGKILL)
        elif command[0] == "pause":
            for part in self._some(command[1]):
                os.kill(part.pid, signal.SIGSTOP)
                part.resumes = time.monotonic() + float(command[2])

    def _some(self, role: str) -> list[Part]:
        of_role = [part for part in self._parts.values() if part.role == role]
        return [self._chance.choice(of_role)] if of_role else []

    def _limit(self, pid: int) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (FULL if self._full else most, most))

    def _look_after(self) -> None:
        now = time.monotonic()
        for pid in list(self._others):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._others.discard(pid)
        for part in list(self._parts.values()):
            ended, status = os.waitpid(part.pid, os.WNOHANG)
            if ended:
                if not os.WIFSIGNALED(status):
                    self._note_death(part, status)
                self._died(part, now)
                continue
            if part.resumes is not None and part.resumes <= now:
                os.kill(part.pid, signal.SIGCONT)
                part.resumes = None
            if part.line is not None:
                with contextlib.suppress(BlockingIOError, BrokenPipeError):
                    os.write(part.line, b"\n")
        while self._due and self._due[0][0] <= now:
            _, role, number = self._due.pop(0)
            self._start(role, number)

    def _note_death(self, part: Part, status: int) -> None:
        """Nobody killed it: whatever happens around them, no part may end by itself."""
        with (Path(self._plan["place"]) / "died").open("a", encoding="utf-8") as told:
            told.write(f"{part.name} with {os.waitstatus_to_exitcode(status)}\n")

    def _died(self, part: Part, now: float) -> None:
        del self._parts[part.pid]
        if part.line is not None:
            os.close(part.line)
        self._due.append((now + REPLACED, part.role, part.number))
        # Half of them die where a front sees it, half as if their host had died.
        if part.role == "worker" and self._chance.random() < 0.5:
            main = partial(self._parts_module.take_back, self._settings, part.name, self._replies)
            self._others.add(self._fork(main, None))


def set_clock(offset: Path, kind: Any) -> None:
    """Have the clock of all parts go as many seconds wrong as an eight-byte file says."""
    with offset.open("r+b") as file:
        shared = mmap.mmap(file.fileno(), 8)
    right = kind.now
    import datetime as dt

    def now(self: Any) -> dt.datetime:
        (seconds,) = struct.unpack("d", shared[:8])
        moment: dt.datetime = right(self) + dt.timedelta(seconds=seconds)
        return moment

    kind.now = now


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Nursery(plan).run()


if __name__ == "__main__":
    main()
