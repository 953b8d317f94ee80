"""Many serving processes of one store over PostgreSQL, started, restarted and ended each for itself."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bot.database import Database
from bot.settings import ROOT
from bot.shop.tables import customers
from tests.service import pigeon
from tests.service.running import PATIENCE, until

T = TypeVar("T")

#: A shop with somebody in it needs no demonstration, which would take long.
SOMEBODY: dict[str, Any] = {
    "number": "CU-1",
    "language": "en",
    "country": "DE",
    "timezone": "Europe/Berlin",
    "consents_to_notices": True,
    "consents_to_marketing": False,
    "points": 0,
    **dict.fromkeys(("name", "email", "phone", "street", "city", "region", "postcode"), ""),
}
RULES = "channels: [web, pigeon]\nserving: {workers: 1}\n"


@dataclass
class Process:
    """One ``crossdesk serve --role …``."""

    roles: tuple[str, ...]
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self.said.append(line.rstrip("\n"))

    def ready(self) -> Process:
        """Wait until it does what its roles say."""
        words = "is ready" if "worker" in self.roles else "Stop with Ctrl-C."
        until(
            lambda: any(words in line for line in self.said) or self.process.poll() is not None,
            f"{self.roles}: {words}",
        )
        assert self.process.poll() is None, "\n".join(self.said)
        return self

    @property
    def address(self) -> str:
        (line,) = [line for line in self.said if line.startswith("Buyer's chat: ")]
        return line.removeprefix("Buyer's chat: ").removesuffix("/chat")

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code


class Estate:
    """A store: its database, its folders, the outside, and whatever serves it."""

    def __init__(self, place: Path, database_url: str) -> None:
        self.outside = place / "outside"
        (self.outside / "in").mkdir(parents=True)
        (place / "store").mkdir()
        (place / "store" / "shop.yml").write_text(RULES)
        pigeon.register(place / "packages")
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(place / "packages"),
            pigeon.PLACE: str(self.outside),
            "CROSSDESK_DATABASE_URL": database_url,
            "CROSSDESK_FILES": str(place / "files"),
            "CROSSDESK_STORE": str(place / "store"),
        }
        self.processes: list[Process] = []
        database = Database(database_url)
        with database.begin() as connection:
            connection.execute(customers.insert().values(**SOMEBODY))
        database.close()

    def start(self, *roles: str, before: Sequence[str] = (), **more: str) -> Process:
        """Start a process; ``before`` is what runs it."""
        given = [part for role in roles for part in ("--role", role)]
        port = ("--port", "0") if "web" in roles else ()
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "tests.service.scripted", "serve", *port, *given],
            cwd=ROOT,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.processes.append(Process(roles, process))
        return self.processes[-1]

    def restart(self, old: Process) -> Process:
        """A rolling restart's step: ask one to stop, start another in its place."""
        assert old.end() == 0, "\n".join(old.said)
        assert old.said[-1] == "Stopped; nothing was lost."
        self.processes.remove(old)
        return self.start(*old.roles).ready()

    def end(self) -> None:
        """Leave nothing behind."""
        for process in self.processes:
            process.process.kill()
            process.process.wait(PATIENCE)

    def drop(self, sender: str, number: int, kind: str = "talk") -> None:
        """Somebody writes on the channel of the tests."""
        draft = self.outside / f"{sender}.{number}"
        draft.write_text(f"{number} {kind}")
        draft.rename(self.outside / "in" / draft.name)

    def record(self) -> list[list[str]]:
        """What the outside has seen: the process, what it did, and with which words."""
        path = self.outside / "record"
        return [line.split(maxsplit=3) for line in path.read_text().splitlines()] if path.exists() else []

    def sent(self) -> list[tuple[str, str]]:
        """To whom what was sent, in order."""
        return [(line[2], line[3]) for line in self.record() if line[1] == "sent"]

    def answered(self, sender: str, number: int) -> bool:
        return any(to == sender and text.startswith(f"{number}.") for to, text in self.sent())

    def line_holder(self) -> int | None:
        """Which process has the line to the outside open."""
        told = [line for line in self.record() if line[1] in ("open", "close")]
        return int(told[-1][0]) if told and told[-1][1] == "open" else None

    def overlaps(self) -> int:
        return Counter(line[1] for line in self.record())["overlap"]


class Traffic:
    """Senders who go on writing until they are stopped; each message is numbered by its sender."""

    def __init__(self, estate: Estate, senders: int, pause: float) -> None:
        self.written: Counter[str] = Counter()
        self._estate = estate
        self._senders = [f"t{number}" for number in range(senders)]
        self._pause = pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        turn = 0
        while not self._stop.wait(self._pause):
            sender = self._senders[turn % len(self._senders)]
            turn += 1
            self._estate.drop(sender, self.written[sender] + 1)
            self.written[sender] += 1


def in_namespace_of(pid: int, act: Callable[[], T]) -> T:
    """What ``act`` gives, done in the network that a process is in."""
    done: list[Any] = []

    def run() -> None:
        # A namespace is a thread's own; this one ends with what it does.
        with Path(f"/proc/{pid}/ns/net").open() as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0x40000000) != 0:
                done.append(OSError(ctypes.get_errno(), "setns"))
                return
        try:
            done.append(act())
        except BaseException as error:
            done.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    assert done, "nothing came of it"
    if isinstance(done[0], BaseException):
        raise done[0]
    return done[0]


def took(since: float) -> float:
    return time.monotonic() - since
