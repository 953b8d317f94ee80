"""The fake channel: a process of its own that is never killed and writes down all that it was given to send.

``python -m tests.chaos.carrier SOCKET RECORD SEED TIMEOUTS REFUSALS``. What it records is on the disk before
it answers. By its own dice it answers that it is busy (nothing was sent), or sends and does not say so.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

#: How long sending takes, in seconds: the time in which a kill leaves an outcome unknown.
SENDING = (0.01, 0.08)
#: How long a refused sender is asked to wait, in seconds.
BUSY = 0.3


class Carrier:
    def __init__(self, record: Path, seed: str, timeouts: float, refusals: float) -> None:
        self._file = record.open("ab", buffering=0)
        self._chance = random.Random(f"carrier {seed}")
        self._timeouts, self._refusals = timeouts, refusals
        self._lines: list[tuple[dict[str, Any], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def serve(self, path: str) -> None:
        server = await asyncio.start_unix_server(self._met, path)
        async with server:
            await server.serve_forever()

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            asked = json.loads(await reader.readline() or b"{}")
            if "deliverer" in asked:
                # It stays on the line for as long as it lives.
                await reader.read()
                await self._record({"what": "gone", "by": asked["deliverer"]})
            elif asked:
                answer = await self._send(asked)
                writer.write(answer.encode() + b"\n")
                await writer.drain()
        writer.close()

    async def _send(self, asked: dict[str, Any]) -> str:
        if self._chance.random() < self._refusals:
            await self._record({"what": "refused", **asked})
            return f"busy {BUSY}"
        silent = self._chance.random() < self._timeouts
        await self._record({"what": "sent", **asked, "timed_out": silent})
        await asyncio.sleep(self._chance.uniform(*SENDING))
        return "timeout" if silent else "sent"

    async def _record(self, line: dict[str, Any]) -> None:
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.append((line, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await written

    async def _write(self) -> None:
        while self._lines:
            lines, self._lines = self._lines, []
            text = "".join(json.dumps({"at": round(time.time(), 3), **line}) + "\n" for line, _ in lines)
            self._file.write(text.encode())
            await asyncio.to_thread(os.fsync, self._file.fileno())
            for _, written in lines:
                written.set_result(None)
        self._writing = None


def main() -> None:
    path, record, seed, timeouts, refusals = sys.argv[1:]
    asyncio.run(Carrier(Path(record), seed, float(timeouts), float(refusals)).serve(path))


if __name__ == "__main__":
    main()
