"""A real ``crossdesk serve`` for tests, and a visitor of its chat page."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

#: Anything that a real service must do happens within this, in seconds.
PATIENCE = 60.0


@dataclass
class Service:
    """The process, what it has said so far, and where its pages are."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    address: str = ""
    _spoken: queue.Queue[str] = field(default_factory=queue.Queue)
    _readers: list[threading.Thread] = field(default_factory=list)

    def listen(self) -> None:
        """Collect both outputs in the background."""

        def read(stream: Any) -> None:
            with stream:
                for line in stream:
                    self._spoken.put(line.rstrip())

        for stream in (self.process.stdout, self.process.stderr):
            reader = threading.Thread(target=read, args=(stream,), daemon=True)
            reader.start()
            self._readers.append(reader)

    def wait_for(self, pattern: str) -> str:
        """The first line, old or new, that matches; fails when it does not come."""
        for line in self.lines:
            if re.search(pattern, line):
                return line
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                line = self._spoken.get(timeout=0.2)
            except queue.Empty:
                assert self.process.poll() is None, f"it ended: {self.lines}"
                continue
            self.lines.append(line)
            if re.search(pattern, line):
                return line
        raise AssertionError(f"no line matches {pattern!r}: {self.lines}")

    def stop(self) -> int:
        """Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        while not self._spoken.empty():
            self.lines.append(self._spoken.get())
        return code

    def worker_pid(self) -> int:
        """The process id of its worker, once it is ready."""
        self.wait_for("worker .* is ready")
        found = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=True
        )
        return int(found.stdout.split()[0])


def serve(database: Path, files: Path, *arguments: str, store: Path | None = None) -> Service:
    """Start ``crossdesk serve`` on a free port and wait until it has told its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--port", "0", *arguments],
        env={
            **os.environ,
            "CROSSDESK_DATABASE_URL": f"sqlite:///{database}",
            "CROSSDESK_FILES": str(files),
            "CROSSDESK_STORE": str(store or files / "store"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    service = Service(process)
    service.listen()
    line = service.wait_for(r"Buyer's chat: ")
    service.address = line.split(": ", 1)[1].strip().removesuffix("/chat")
    return service


class Visitor:
    """A buyer at the chat page, without a browser."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, headers={"Origin": address})
        self._client.get("/chat").raise_for_status()

    def leaves(self) -> None:
        """Close the connection."""
        self._client.close()

    def says(self, text: str, message_id: str | None = None) -> httpx.Response:
        """Post a message."""
        body = {"id": message_id or str(uuid4()), "text": text}
        return self._client.post("/chat/messages", json=body)

    def transcript(self) -> list[dict[str, Any]]:
        """Everything said so far."""
        messages: list[dict[str, Any]] = self._client.get("/chat/messages?after=0").json()["messages"]
        return messages

    def answer(self, count: int = 1) -> list[dict[str, Any]]:
        """The bot's and agents' messages, once there are so many."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            said = [line for line in self.transcript() if line["author"] != "buyer"]
            if len(said) >= count:
                return said
            time.sleep(0.05)
        raise AssertionError(f"nobody answered: {self.transcript()}")
