"""One run: sends the messages, kills and disturbs, waits for the answers, and hands all to the verdict."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
import json
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg2
import sqlalchemy as sa

from bot import schema
from bot.cli.opening import prepare_store
from bot.clock import SystemClock
from bot.database import Database
from bot.desk.people import People
from bot.mailroom.tables import conversations, outbox
from bot.settings import ROOT, Settings
from tests.chaos.script import Letter, write_letters
from tests.chaos.verdict import Mark, Verdict, judge, read_record, unanswered
from tests.peers.postgres import Server

T = TypeVar("T")

#: Processes of each kind.
PARTS = {"front": 2, "worker": 3, "deliverer": 2, "person": 1}
#: Which of them is killed: the more often it is named, the more often.
KILLED = ("front", "worker", "worker", "worker", "deliverer", "deliverer", "person")
#: How long a front may take to accept, in seconds, before the message is sent again.
ACCEPTED_WITHIN = 15.0
#: How much longer than they write it may take until all is accepted, in seconds, before it is given up.
ACCEPTED_AFTER = 900.0
#: How long what a killed deliverer was sending may take to be settled: its lease, and once more, in seconds.
SETTLED_WITHIN = 40.0
#: The part of the messages that may be answered after the last kill.
IN_PEACE = 0.03
#: The part of the messages that are sent twice.
TWICE = 0.05


@dataclass(frozen=True)
class Plan:
    """What one run is to be."""

    seed: int = 1
    messages: int = 10_000
    buyers: int = 500
    #: Over how long the messages are spread, in seconds.
    seconds: float = 420.0
    #: How often something is killed, and how often something else goes wrong, in seconds; 0: never.
    kill_every: float = 1.0
    disturb_every: float = 4.0
    #: The parts of the sendings after which the channel times out, and before which it is busy.
    timeouts: float = 0.02
    refusals: float = 0.02
    #: The farthest that the clock jumps back, in seconds.
    back: float = 5.0
    #: So long after the last answer it is given up, in seconds: leases and waits are over by then.
    patience: float = 60.0
    #: A way in which the mailroom is broken on purpose.
    fault: str | None = None
    #: The file of the real model, if it answers.
    model: str | None = None


class Run:
    """A database and all processes in one folder."""

    def __init__(self, plan: Plan, place: Path, url: str, server: Server | None, tell: Callable[[str], None]):
        self.plan, self.place, self.url, self.server, self.tell = plan, place, url, server, tell
        self.letters = write_letters(
            plan.seed, plan.messages, plan.buyers, plan.seconds, real=bool(plan.model)
        )
        self.record = place / "record"
        self.done: Counter[str] = Counter()
        self._clock = place / "clock"
        self._offset = 0.0
        self._chance = random.Random(f"driver {plan.seed}")
        self._unsent = 0
        #: A fault was seen: nothing more needs to be waited for.
        self._is_found_out = False
        self._in_peace = asyncio.Event()
        self._bags: dict[str, list[Any]] = {}

    async def judged(self) -> Verdict:
        """The verdict on the whole run."""
        self._set_clock(0.0)
        self._prepare()
        with self._running():
            begun = time.monotonic()
            trouble = [
                asyncio.create_task(self._every(self.plan.kill_every, self._kill)),
                asyncio.create_task(self._every(self.plan.disturb_every, self._disturb)),
            ]
            telling = asyncio.create_task(self._tell_on())
            await asyncio.wait_for(self._send_all(), self.plan.seconds + ACCEPTED_AFTER)
            self.tell(f"all accepted after {time.monotonic() - begun:.0f} s")
            # The last few have peace: a kill may cost a lease's length, and there would be no end.
            await self._wait(int(len(self.letters) * IN_PEACE))
            self._in_peace.set()
            await asyncio.gather(*trouble)
            self.tell(f"no more kills after {time.monotonic() - begun:.0f} s")
            await self._wait(0)
            # What is sent too often comes soon, too; and what a killed deliverer held is settled in the end.
            await asyncio.sleep(0 if self._is_found_out else 3.0)
            await self._settle()
            telling.cancel()
            self.tell(f"ended after {time.monotonic() - begun:.0f} s")
        verdict = judge(self.letters, read_record(self.record), self._marks(), self._died())
        verdict.counts.update(self.done)
        return verdict

    def _marks(self) -> list[Mark]:
        database = Database(self.url)
        columns = (outbox.c.key, conversations.c.sender, outbox.c.text, outbox.c.state, outbox.c.doubts)
        query = sa.select(*columns).join(conversations, conversations.c.id == outbox.c.conversation_id)
        with database.begin() as connection:
            marks = [Mark(*row) for row in connection.execute(query)]
        database.close()
        return marks

    def _died(self) -> list[str]:
        told = self.place / "died"
        return told.read_text(encoding="utf-8").splitlines() if told.exists() else []

    # --- Processes ---

    def _prepare(self) -> None:
        settings = Settings.load(self._environment())
        if self.plan.model:
            with contextlib.redirect_stdout(io.StringIO()):
                prepare_store(settings)
        else:
            database = Database(self.url)
            schema.upgrade(database)
            with database.begin() as connection:
                People(connection, settings.rules, SystemClock()).add_first_supervisor()
            database.close()
        if self.server is not None:
            self._ask(MAY_BE_FULL)

    def _environment(self) -> dict[str, str]:
        return {
            "CROSSDESK_DATABASE_URL": self.url,
            "CROSSDESK_FILES": str(self.place / "files"),
            "CROSSDESK_STORE": str(self.place / "store"),
        }

    @contextmanager
    def _running(self) -> Iterator[None]:
        (self.place / "files").mkdir(exist_ok=True)
        plan = self.place / "plan.json"
        asked = {
            "seed": self.plan.seed,
            "place": str(self.place),
            "clock": str(self._clock),
            "settings": self._environment(),
            "parts": PARTS,
            "fault": self.plan.fault,
            "model": self.plan.model,
        }
        plan.write_text(json.dumps(asked), encoding="utf-8")
        carrier_of = [self.place / "carrier", self.record, self.plan.seed, self.plan.timeouts]
        environment = {
            name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
        } | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", "CROSSDESK_LOG": "text"}
        with (self.place / "log").open("ab") as log:
            carrier = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.carrier", *map(str, [*carrier_of, self.plan.refusals])],
                cwd=ROOT,
                stderr=log,
            )
            nursery = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.nursery", str(plan)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
            )
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        self._orders = nursery.stdin
        try:
            if nursery.stdout.readline() != b"ready\n":
                raise RuntimeError((self.place / "log").read_text(encoding="utf-8", errors="replace")[-3000:])
            yield
        finally:
            with contextlib.suppress(BrokenPipeError):
                self._order("stop")
            try:
                nursery.wait(30)
            finally:
                nursery.kill()
                carrier.kill()
            carrier.wait()
            nursery.stdin.close()
            nursery.stdout.close()

    def _order(self, command: str) -> None:
        self._orders.write(command.encode() + b"\n")
        self._orders.flush()

    # --- What buyers do ---

    async def _send_all(self) -> None:
        by_buyer: dict[str, list[Letter]] = {}
        for letter in self.letters:
            by_buyer.setdefault(letter.buyer, []).append(letter)
        self._unsent = len(self.letters)
        begun = time.monotonic()
        self._again: set[asyncio.Task[None]] = set()
        await asyncio.gather(*(self._write(letters, begun) for letters in by_buyer.values()))
        await asyncio.gather(*self._again)

    async def _write(self, letters: Sequence[Letter], begun: float) -> None:
        for letter in letters:
            await asyncio.sleep(max(0.0, begun + letter.at - time.monotonic()))
            await self._send(letter)
            self._unsent -= 1
            if self._chance.random() < TWICE:
                self.done["sent in twice"] += 1
                self._again.add(asyncio.create_task(self._send(letter)))

    async def _send(self, letter: Letter) -> None:
        """Send until some front says that it has the message, as a channel does."""
        message = dataclasses.asdict(letter.inbound())
        line = json.dumps({**message, "sent_at": message["sent_at"].isoformat()}).encode() + b"\n"
        while True:
            front = self.place / f"front-{self._chance.randrange(PARTS['front'])}"
            answer = b""
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                reader, writer = await asyncio.open_unix_connection(str(front))
                try:
                    writer.write(line)
                    answer = await asyncio.wait_for(reader.readline(), ACCEPTED_WITHIN)
                finally:
                    writer.close()
            if answer == b"accepted\n":
                return
            self.done["refused by a front" if answer else "not answered by a front"] += 1
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))

    async def _wait(self, most: int) -> None:
        """Until at most so many answers are missing, or none has come for a long time.

        Other lines may come for ever: who waits for a person gets a new date each time that a clock runs out.
        """
        size, missing, since = -1, -1, time.monotonic()
        while time.monotonic() - since < self.plan.patience:
            now = self.record.stat().st_size
            if now != size:
                size = now
                record = read_record(self.record)
                if self.plan.fault and judge(self.letters, record).surely_bad:
                    self._is_found_out = True
                    return
                left = unanswered(self.letters, record)
                if left <= most:
                    return
                if left != missing:
                    missing, since = left, time.monotonic()
            await asyncio.sleep(0.5)

    async def _settle(self) -> None:
        """Until no row is under way any more; what stays so is seen by the verdict."""
        since = time.monotonic()
        while not self._is_found_out and time.monotonic() - since < SETTLED_WITHIN:
            if all(mark.state in ("sent", "unknown") for mark in self._marks()):
                return
            await asyncio.sleep(0.5)

    # --- What goes wrong ---

    async def _every(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        # What was begun is ended: a disk does not stay full.
        while seconds and not self._in_peace.is_set():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._in_peace.wait(), seconds)
                return
            await act()

    async def _kill(self) -> None:
        self.done["killed"] += 1
        self._order(f"kill {self._next('kill', KILLED)}")

    async def _disturb(self) -> None:
        kinds = [self._jump, self._jump, self._pause, self._fill]
        kinds.append(self._hold if self.server is None else self._cut)
        await self._next("disturb", kinds)()

    def _next(self, what: str, kinds: Sequence[T]) -> T:
        """One of them by chance, none a second time before all have been taken."""
        bag = self._bags.setdefault(what, [])
        if not bag:
            bag += self._chance.sample(kinds, len(kinds))
        taken: T = bag.pop()
        return taken

    async def _jump(self) -> None:
        """The clock jumps: mostly forward, which ends every lease at once; sometimes back a little."""
        forward = self._chance.random() < 0.7
        by = self._chance.uniform(1, 3600) if forward else -self._chance.uniform(0, self.plan.back)
        self.done["clock jumps"] += 1
        self._set_clock(self._offset + by)

    async def _pause(self) -> None:
        """A worker stands still, and when it goes on its lease is over."""
        self.done["pauses"] += 1
        self._order("pause worker 1.5")
        await asyncio.sleep(0.2)
        self._set_clock(self._offset + 20)

    async def _fill(self) -> None:
        """The disk is full for a moment."""
        self.done["full disks"] += 1
        if self.server is None:
            self._order("full on")
            await asyncio.sleep(1.0)
            self._order("full off")
            return
        await asyncio.to_thread(self._ask, "INSERT INTO chaos_full VALUES (now())")
        await asyncio.sleep(1.0)
        await asyncio.to_thread(self._ask, "DELETE FROM chaos_full")

    def _ask(self, statement: str) -> None:
        """Run a statement on the server, which nobody else cuts at this moment."""
        connection = psycopg2.connect(self.url)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    async def _hold(self) -> None:
        """Another program holds SQLite's write lock for a while."""
        self.done["write locks held"] += 1
        await asyncio.to_thread(self._lock)

    def _lock(self) -> None:
        path = self.url.removeprefix("sqlite:///")
        connection = sqlite3.connect(path, timeout=5, isolation_level=None)
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(1.5)
            connection.execute("ROLLBACK")
        connection.close()

    async def _cut(self) -> None:
        """The server ends every connection, or is itself started anew."""
        assert self.server is not None
        if self._chance.random() < 0.15:
            self.done["server restarts"] += 1
            await asyncio.to_thread(self.server.stop)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(self.server.start)
            return
        self.done["cuts"] += 1
        with contextlib.suppress(Exception):
            await asyncio.to_thread(self.server.cut, self.url.split("/")[-1].split("?")[0])

    def _set_clock(self, offset: float) -> None:
        self._offset = offset
        if not self._clock.exists():
            self._clock.write_bytes(bytes(8))
        with self._clock.open("r+b") as file:
            file.write(struct.pack("d", offset))

    async def _tell_on(self) -> None:
        while True:
            await asyncio.sleep(10.0)
            told = len(read_record(self.record))
            killed = self.done["killed"]
            self.tell(f"{self._unsent} to be accepted, {told} lines in the record, {killed} killed")


#: Has the server say that its disk is full while there is a row in a table of our own.
MAY_BE_FULL = """
CREATE TABLE chaos_full (since timestamptz);
CREATE FUNCTION chaos_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF EXISTS (SELECT 1 FROM chaos_full) THEN
RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
END IF;
RETURN NULL;
END $$;
CREATE TRIGGER chaos_full BEFORE INSERT OR UPDATE ON inbox EXECUTE FUNCTION chaos_full();
CREATE TRIGGER chaos_full BEFORE INSERT OR UPDATE ON outbox EXECUTE FUNCTION chaos_full();
"""


def run(plan: Plan, server: Server | None = None, tell: Callable[[str], None] = lambda _: None) -> Verdict:
    """One run over SQLite, or over PostgreSQL if a server is given; a run that went wrong is kept."""
    memory = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)
    place = Path(tempfile.mkdtemp(prefix="crossdesk-chaos-", dir=memory if memory.is_dir() else None))
    name = None if server is None else server.create()
    url = f"sqlite:///{place / 'crossdesk.sqlite'}" if server is None else server.url(str(name))
    verdict: Verdict | None = None
    try:
        verdict = asyncio.run(Run(plan, place, url, server, tell).judged())
        return verdict
    finally:
        if server is not None:
            server.drop(str(name))
        if verdict is not None and (verdict.good or plan.fault):
            shutil.rmtree(place)
        else:
            tell(f"everything is kept in {place}")
