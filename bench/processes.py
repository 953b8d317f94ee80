"""Processes under measurement: started, counted with all their children from /proc, and stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

#: Seconds in which a process may end by itself before it is killed.
PATIENCE = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")


def end_by_signals() -> None:
    """Have the task that runs be cancelled when somebody stops the program: what it started must not stay."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)


@dataclass(frozen=True)
class Stat:
    """What matters of /proc/<pid>/stat."""

    parent: int
    #: Ended, and not yet waited for.
    ended: bool
    #: Of the process and of its children that have ended.
    cpu_seconds: float

    @classmethod
    def parse(cls, line: str) -> Stat:
        # The command's name stands in brackets and may hold blanks and brackets itself.
        fields = line[line.rindex(")") + 2 :].split()
        return cls(int(fields[1]), fields[0] in "ZX", sum(map(int, fields[11:15])) / _TICKS)


def pss_of(smaps_rollup: str) -> int:
    """The bytes of ``Pss:``: pages that several processes share are counted once, in parts."""
    for line in smaps_rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no Pss in smaps_rollup")


def family(roots: Sequence[int], stats: Mapping[int, Stat]) -> list[int]:
    """Those of the roots that live and all that descend from them."""
    children: dict[int, list[int]] = {}
    for pid, stat in stats.items():
        children.setdefault(stat.parent, []).append(pid)
    found: list[int] = []
    waiting = [pid for pid in roots if pid in stats]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, ())
    return found


def all_stats() -> dict[int, Stat]:
    """Every living process of the machine."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = Stat.parse(path.read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        if not stat.ended:
            found[int(path.parent.name)] = stat
    return found


class Group:
    """The processes of one side."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._roots: list[subprocess.Popen[bytes]] = []
        self._watched: list[int] = []

    def start(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        """Start a process; what it says goes to the log."""
        with self._log.open("ab") as log:
            self._roots.append(
                subprocess.Popen(
                    command,
                    env=dict(environment),
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # Ctrl-C is ours to handle: the processes are then stopped in order.
                    start_new_session=True,
                )
            )

    def watch(self, pid: int) -> None:
        """Count a process, with its children, that somebody else has started and stops."""
        self._watched.append(pid)

    def said(self) -> str:
        """All that the processes have said."""
        return self._log.read_text(errors="replace")

    def require_alive(self) -> None:
        for root in self._roots:
            if root.poll() is not None:
                raise RuntimeError(f"{root.args} ended with {root.returncode}:\n{self.said()[-3000:]}")

    def cpu_seconds(self) -> float:
        """What all of them have used so far, children that ended included."""
        stats = all_stats()
        return sum(stats[pid].cpu_seconds for pid in self._pids(stats))

    def memory(self) -> int:
        """The sum of their proportional set sizes, in bytes."""
        total = 0
        for pid in self._pids(all_stats()):
            # One that has ended meanwhile needs no memory any more.
            with suppress(FileNotFoundError, ProcessLookupError):
                total += pss_of(Path(f"/proc/{pid}/smaps_rollup").read_text())
        return total

    def count(self) -> int:
        return len(self._pids(all_stats()))

    def stop(self) -> None:
        """End them as an operator would; what doesn't heed is killed."""
        pids = family([root.pid for root in self._roots], all_stats())
        try:
            for root in self._roots:
                if root.poll() is None:
                    root.send_signal(signal.SIGINT)
            for root in self._roots:
                with suppress(subprocess.TimeoutExpired):
                    root.wait(PATIENCE)
        finally:  # also at a second Ctrl-C
            for pid in set(pids) & set(all_stats()):
                _kill_if_ours(pid, self._log)
            for root in self._roots:
                root.wait()

    def _pids(self, stats: Mapping[int, Stat]) -> list[int]:
        return family([*(root.pid for root in self._roots), *self._watched], stats)


def _kill_if_ours(pid: int, log: Path) -> None:
    """Kill a child that has outlived its parent, unless the number belongs to another process by now."""
    with suppress(FileNotFoundError, ProcessLookupError):
        if Path(f"/proc/{pid}/fd/2").resolve() == log.resolve():
            os.kill(pid, signal.SIGKILL)


@contextmanager
def running(log: Path) -> Iterator[Group]:
    """A group that is stopped when the block ends, however it ends."""
    group = Group(log)
    try:
        yield group
    finally:
        group.stop()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
