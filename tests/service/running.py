"""``crossdesk serve`` as a process of its own, and a buyer who visits its chat page."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from bot.settings import ROOT

#: How long anything may take on a machine with much else to do, in seconds.
PATIENCE = 120.0

T = TypeVar("T")


def until(look: Callable[[], T], what: str) -> T:
    """What ``look`` finds once it finds something."""
    end = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)
    return found


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass
class Service:
    """A started ``crossdesk serve``."""

    place: Path
    arguments: tuple[str, ...] = ()
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve", "--port", "0", *self.arguments],
            cwd=ROOT,
            env={
                **os.environ,
                "CROSSDESK_DATABASE_URL": f"sqlite:///{self.place / 'crossdesk.sqlite'}",
                "CROSSDESK_FILES": str(self.place / "files"),
                "CROSSDESK_STORE": str(self.place / "store"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream: Any, lines: list[str]) -> None:
        with stream:
            for line in stream:
                lines.append(line.rstrip("\n"))

    def open(self) -> Service:
        """Wait until the pages are there."""
        until(lambda: "Stop with Ctrl-C." in self.out or self.process.poll() is not None, "the pages")
        assert self.process.poll() is None, "\n".join(self.err)
        return self

    def ready(self) -> Service:
        """Wait until a worker has its model."""
        self.open()
        until(lambda: self.workers_ready() > 0, "a worker")
        return self

    def workers_ready(self) -> int:
        return sum("is ready" in line for line in self.err)

    def worker(self) -> int:
        """The process id of the one worker."""
        (pid,) = until(lambda: children(self.process.pid), "the worker's process")
        return pid

    def said(self, pattern: str) -> list[str]:
        """What the lines on standard output hold of a pattern's first group."""
        return [match[1] for line in self.out if (match := re.search(pattern, line))]

    @property
    def address(self) -> str:
        return self.said(r"Buyer's chat: (http://\S+)/chat")[0]

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to stop; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            for reader in self._readers:
                reader.join(10)


class Buyer:
    """Somebody with the chat page open."""

    def __init__(self, service: Service, cookies: Any = None) -> None:
        self.http = httpx.Client(base_url=service.address, cookies=cookies, timeout=30)
        assert self.http.get("/chat").status_code == 200

    def write(self, text: str, key: str | None = None) -> httpx.Response:
        return self.http.post("/chat/messages", json={"id": key or str(uuid.uuid4()), "text": text})

    def lines(self) -> list[dict[str, Any]]:
        answer = self.http.get("/chat/messages")
        assert answer.status_code == 200
        lines: list[dict[str, Any]] = answer.json()["messages"]
        return lines

    def answers(self) -> list[str]:
        return [line["text"] for line in self.lines() if line["author"] == "bot"]

    def answered(self, times: int) -> list[str]:
        """What the bot has said once it has spoken so often."""
        return (
            until(lambda: (found := self.answers()) and len(found) >= times and found, f"{times} answers")
            or []
        )

    def close(self) -> None:
        self.http.close()
