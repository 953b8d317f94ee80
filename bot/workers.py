"""The worker processes of one front: started, woken, replaced when they die, and stopped in peace."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Mapping
from uuid import uuid4

from anyio import to_thread

from bot.clock import SystemClock
from bot.database import Database
from bot.dialogue.recovery import Recovery, describe, load_replies
from bot.dialogue.worker import REFUSES, SERVES, TRIES
from bot.errors import CrossdeskError, TryLaterError
from bot.settings import Settings, environment

log = logging.getLogger(__name__)

#: How long a stopping worker may finish its turn, in seconds, before it is killed; it is taken again then.
STOP_SECONDS = 25.0
#: Waits before a dead worker is replaced, in seconds; the last one repeats.
RESTART_WAITS = (0.0, 1.0, 5.0, 15.0)
#: A worker that lived this long did not die of its start, in seconds.
SETTLED_AFTER = 60.0


#: The exit code, to us, of a worker that the machine did not let start.
NOT_STARTED = -1


#: A worker takes one turn at a time: more threads in its arithmetic only wait for each other, and burn
#: a core while they do. Measured: half the CPU a turn. And glibc's heap for each thread, of which most are
#: short-lived, cost 50 MB.
LEAN = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "MALLOC_ARENA_MAX": "2",
}


class WorkerDiedError(CrossdeskError):
    """The worker process died in the middle of the turn."""


class WorkerPool:
    """Keeps a number of worker processes alive."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        on_turn: Callable[[], None],
        on_line: Callable[[str], None] = lambda _: None,
        on_models: Callable[[Mapping[str, str]], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._on_turn = on_turn
        #: Told every line of a worker, for counting.
        self._on_line = on_line
        #: Told which models serve here, and why one does not that should; empty: it serves.
        self._on_models = on_models
        self._serving: dict[str, str] = {}
        #: Candidates that have a share here.
        self._tried: dict[str, str] = {}
        self._refused: dict[str, tuple[str, str]] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        #: Those whose model is loaded; only they can be in the middle of a turn.
        self._loaded: set[str] = set()
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False
        self.ready = asyncio.Event()

    @property
    def loaded(self) -> int:
        """How many workers have their model and take turns now."""
        return len(self._loaded)

    async def start(self, count: int) -> None:
        """Start the workers; messages wait in the inbox until the first is ready."""
        self._keepers = [asyncio.create_task(self._keep()) for _ in range(count)]

    def wake(self) -> None:
        """Tell the workers that there may be something in the inbox."""
        for process in self._processes.values():
            if process.stdin is not None and not process.stdin.is_closing():
                with contextlib.suppress(ConnectionError):
                    process.stdin.write(b"\n")

    async def stop(self) -> None:
        """Close the lines and wait until the turns in progress are finished."""
        self._stopping = True
        for name, process in self._processes.items():
            if name not in self._loaded and process.returncode is None:
                process.kill()
            elif process.stdin is not None:
                process.stdin.close()
        if self._keepers:
            _, late = await asyncio.wait(self._keepers, timeout=STOP_SECONDS)
            for process in self._processes.values():
                if late and process.returncode is None:
                    process.kill()
            await asyncio.gather(*self._keepers, return_exceptions=True)

    async def _keep(self) -> None:
        deaths = 0
        loop = asyncio.get_running_loop()
        while not self._stopping:
            name = f"worker-{os.getpid()}-{uuid4().hex[:8]}"
            begun = loop.time()
            try:
                code = await self._run(name)
            except OSError as error:
                log.error("no worker can be started now: %s", error.strerror)
                code = NOT_STARTED
            if self._ended_well(code):
                return
            log.error("worker %s ended with code %s", name, code)
            await self._recover(name)
            deaths = 0 if loop.time() - begun > SETTLED_AFTER else deaths + 1
            if not self._stopping:
                await asyncio.sleep(RESTART_WAITS[min(deaths, len(RESTART_WAITS) - 1)])

    def _ended_well(self, code: int) -> bool:
        """Whether the worker was told to end: its line was closed, or it was stopped while it loaded."""
        return code == 0 or self._stopping

    async def _run(self, name: str) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "worker",
            "--name",
            name,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**LEAN, **os.environ, **environment(self._settings)},
            # Ctrl-C in a terminal reaches the whole group: only the front heeds it and tells the workers.
            start_new_session=True,
        )
        self._processes[name] = process
        try:
            if process.stdout is None:
                return await process.wait()
            async for line in process.stdout:
                if line.strip() == b"ready":
                    self._loaded.add(name)
                    self.ready.set()
                    log.info("worker %s is ready", name)
                told = line.decode("utf-8", "replace")
                self._hear_of_models(name, told)
                self._on_line(told)
                self._on_turn()
            return await process.wait()
        finally:
            del self._processes[name]
            self._loaded.discard(name)
            self._serving.pop(name, None)
            self._tried.pop(name, None)
            self._refused.pop(name, None)

    def _hear_of_models(self, worker: str, line: str) -> None:
        """Note which model a worker serves with, or that it refuses one."""
        word, _, rest = line.strip().partition(" ")
        if word == SERVES:
            self._serving[worker] = rest
            self._refused.pop(worker, None)
            log.info("worker %s serves with the model %s", worker, rest)
        elif word == TRIES:
            self._tried.pop(worker, None)
            if rest:
                self._tried[worker] = rest
                log.info("worker %s has the candidate %s for a share of the conversations", worker, rest)
        elif word == REFUSES:
            model, _, why = rest.partition(" ")
            self._refused[worker] = (model, why)
        else:
            return
        serving = (*self._serving.values(), *self._tried.values())
        self._on_models(dict(self._refused.values()) | dict.fromkeys(serving, ""))

    async def _recover(self, name: str) -> None:
        """Give back what the dead worker held, so that its turn runs again."""
        recovery = Recovery(self._database, self._settings.rules, load_replies(self._settings), SystemClock())
        try:
            freed = await to_thread.run_sync(recovery.take_back, name, WorkerDiedError())
        except TryLaterError as error:
            # The lease ends by itself.
            log.warning("what %s held waits for its lease to end: %s", name, error)
            return
        except Exception as error:
            # Whatever it is, there must be a worker again.
            log.error("what %s held waits for its lease to end: %s", name, describe(error))
            return
        if freed:
            log.warning("took back %s turn(s) of %s", freed, name)
            self.wake()
            self._on_turn()
