"""The front's parts: what it promises channels, and how it opens doors and keeps workers."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import logging
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot import database as database_module
from bot import logs, service, workers
from bot.clock import SetClock
from bot.database import Database, lock_now, shared_now
from bot.desk.cases import Cases
from bot.desk.values.cases import Reason
from bot.errors import ConfigurationError, OperatorError, TryLaterError
from bot.mailroom import inbox
from bot.serving.doorbook import DoorBook
from bot.serving.doors import open_door
from bot.serving.front import Front
from bot.settings import Settings
from bot.sharing import doors
from bot.sharing.doors import DoorState
from bot.workers import WorkerPool
from tests.mailroom.letters import letter


@pytest.fixture
async def front(settings: Settings, database: Database, clock: SetClock) -> Front:
    return Front(settings, database, clock)


# --- What channels are promised ---


async def test_an_accepted_message_is_committed(front: Front, database: Database) -> None:
    receipt = await front.accept(letter("Hello", message_id="7"))
    with database.begin() as connection:
        row = connection.execute(sa.select(inbox.inbox)).one()
    assert (row.text, row.state, row.conversation_id) == ("Hello", "new", receipt.conversation_id)
    assert not (await front.accept(letter("Hello", message_id="7"))).fresh


@pytest.mark.parametrize(
    ("hint", "language"),
    [
        ("de", "de"),
        ("pt-BR", "pt"),
        ("ZH_hans", "zh"),
        ("sv", "en"),
        ("", "en"),
        (None, "en"),
        ("x" * 99, "en"),
    ],
)
async def test_a_strangers_language_is_the_channels_hint_if_the_store_speaks_it(
    front: Front, database: Database, hint: str | None, language: str
) -> None:
    receipt = await front.accept(letter("?", language_hint=hint))
    with database.begin() as connection:
        assert inbox.talks.get(connection, receipt.conversation_id).language == language


async def test_a_channel_is_told_to_try_later_while_the_database_is_locked(
    settings: Settings, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "SQLITE_BUSY_SECONDS", 0.1)
    front = Front(settings, Database(str(database.url)), clock)
    with database.begin() as connection:
        lock_now(connection)
        with pytest.raises(TryLaterError):
            await front.accept(letter("Hello", message_id="7"))
    assert (await front.accept(letter("Hello", message_id="7"))).fresh


async def test_many_messages_at_once_are_all_accepted(front: Front, database: Database) -> None:
    letters = [letter(f"{number}", sender=f"b{number % 7}") for number in range(60)]
    await asyncio.gather(*(front.accept(one) for one in letters))
    with database.begin() as connection:
        assert inbox.waiting_count(connection) == 60


async def test_a_transcript_belongs_to_its_sender(front: Front) -> None:
    await front.accept(letter("Hello"))
    assert [line.text for line in await front.transcript("web", "store", "ana")] == ["Hello"]
    for stranger in (("web", "store", "ben"), ("mail", "store", "ana"), ("web", "outlet", "ana")):
        assert list(await front.transcript(*stranger)) == []


async def test_a_message_that_did_not_arrive_opens_a_case(
    front: Front, database: Database, settings: Settings, clock: SetClock
) -> None:
    receipt = await front.accept(letter("Hello", sender_name="Ana"))
    with database.begin() as connection:
        front.undelivered(connection, receipt.conversation_id, "the buyer blocked the bot")
        case = Cases(connection, settings.rules, clock).open_case_of(receipt.conversation_id)
    assert case is not None
    assert (case.reason, case.card.why, case.card.name) == (
        Reason.UNDELIVERED,
        "the buyer blocked the bot",
        "Ana",
    )


# --- Doors ---


class Door:
    """Something that starts at last, or never."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.tries = 0

    async def start(self) -> None:
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture
async def book(database: Database, clock: SetClock) -> DoorBook:
    return DoorBook(database, clock, "host-1-a")


def _stands(database: Database) -> list[tuple[str, DoorState, str]]:
    with database.begin() as connection:
        return [(door.name, door.state, door.why) for door in doors.listed(connection)]


async def _written(book: DoorBook, database: Database, *told: tuple[str, DoorState, str]) -> None:
    """Wait until the database says what the book was told."""
    keeping = asyncio.create_task(book.keep())
    try:
        for _ in range(1000):
            if _stands(database) == list(told):
                break
            await asyncio.sleep(0.01)
        assert _stands(database) == list(told)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def _opened(door: Door, book: DoorBook) -> list[str]:
    told: list[str] = []
    await asyncio.wait_for(open_door("telegram", door.start, told.append, book), 5)
    return told


async def test_a_door_that_is_away_is_tried_until_it_opens(book: DoorBook, database: Database) -> None:
    door = Door(*(TryLaterError("away", retry_after=0.01) for _ in range(5)))
    assert await _opened(door, book) == []
    assert door.tries == 6
    await _written(book, database, ("telegram", DoorState.OPEN, ""))
    # Who ends takes back what it told.
    assert _stands(database) == []


@pytest.mark.parametrize("error", [OperatorError("the token was revoked"), ConfigurationError("no token")])
async def test_a_door_that_needs_a_person_says_so_and_holds_nobody_up(
    error: Exception, book: DoorBook, database: Database
) -> None:
    door = Door(error)
    assert await _opened(door, book) == [f"telegram stays closed until a person acts: {error}"]
    assert door.tries == 1
    await _written(book, database, ("telegram", DoorState.CLOSED, str(error)))


async def test_a_line_that_breaks_in_mid_run_is_told_once_until_it_is_whole(
    book: DoorBook, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    book.trouble("telegram", "nobody has opened it")
    await _opened(Door(), book)
    for _ in range(3):
        book.trouble("telegram", "the token was revoked\x00" + "!" * 1000)
    assert caplog.text.count("telegram is in trouble: the token was revoked") == 1
    why = ("the token was revoked" + "!" * 1000)[:300]
    await _written(book, database, ("telegram", DoorState.WAITING, why))
    book.trouble("telegram", None)
    await _written(book, database, ("telegram", DoorState.OPEN, ""))
    book.drop("telegram")
    await _written(book, database)


async def test_a_process_that_fell_silent_has_no_door_open(database: Database, clock: SetClock) -> None:
    door = doors.Door("telegram", "host-1-a", DoorState.OPEN, "", clock.now())
    with database.begin() as connection:
        doors.tell(connection, "host-1-a", [door])
        doors.tell(connection, "host-2-b", [dataclasses.replace(door, holder="host-2-b")])
        assert [one.holder for one in doors.listed(connection)] == ["host-1-a", "host-2-b"]
        late = shared_now(connection) - doors.SILENT
        table = doors.doors
        connection.execute(table.update().where(table.c.holder == "host-1-a").values(seen_at=late))
        assert [one.holder for one in doors.listed(connection)] == ["host-2-b"]
        # One whose clock ran ahead, as before a restart of the machine, is gone too.
        ahead = shared_now(connection) + doors.SILENT
        connection.execute(table.update().values(seen_at=ahead))
        assert list(doors.listed(connection)) == []
        doors.tell(connection, "host-3-c", [])
        assert connection.execute(sa.select(table)).all() == []


async def test_a_part_of_the_front_that_breaks_is_never_ignored() -> None:
    async def go_on() -> None:
        await asyncio.Event().wait()

    async def end() -> None:
        return

    async def break_down() -> None:
        raise RuntimeError("a bug")

    tasks = [asyncio.create_task(part()) for part in (go_on, end, break_down)]
    with pytest.raises(RuntimeError, match="a bug"):
        await asyncio.wait_for(service.first_failure(tasks), 5)
    tasks[0].cancel()


# --- Workers ---


class Count:
    """Counts what happens, and waits for it."""

    def __init__(self) -> None:
        self.times = 0
        self._more = asyncio.Event()

    def __call__(self, *_: object) -> bool:
        self.times += 1
        self._more.set()
        return True

    async def reach(self, times: int) -> None:
        while self.times < times:
            self._more.clear()
            await asyncio.wait_for(self._more.wait(), 10)


@pytest.fixture
async def heard(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Callable[[str], Count]]:
    """Counts the log lines that hold some words."""
    filters = []

    def count(words: str) -> Count:
        counted = Count()
        filters.append(lambda record: words not in record.getMessage() or counted())
        caplog.handler.addFilter(filters[-1])
        return counted

    with caplog.at_level(logging.DEBUG, "bot.workers"):
        yield count
    for one in filters:
        caplog.handler.removeFilter(one)


@pytest.fixture
async def pool(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[[str], WorkerPool]]:
    """A pool whose workers run a line of Python in place of the model."""
    monkeypatch.setattr(workers, "RESTART_WAITS", (0.0, 0.05))
    made: list[WorkerPool] = []
    really = asyncio.create_subprocess_exec

    def build(code: str, turned: Callable[[], None] = lambda: None) -> WorkerPool:
        async def start(*_: Any, **more: Any) -> Any:
            return await really(sys.executable, "-c", code, **more)

        monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
        made.append(WorkerPool(settings, database, turned))
        return made[-1]

    yield build
    for one in made:
        await one.stop()


OBEDIENT = "import sys; print('ready', flush=True); [print('turn', flush=True) for _ in sys.stdin]"


async def test_a_worker_is_woken_and_tells_of_its_turns(pool: Any) -> None:
    turned = asyncio.Event()
    one = pool(OBEDIENT, turned.set)
    await one.start(1)
    await asyncio.wait_for(one.ready.wait(), 10)
    turned.clear()
    one.wake()
    await asyncio.wait_for(turned.wait(), 10)


async def test_a_worker_that_dies_is_replaced(pool: Any, heard: Any) -> None:
    one, deaths = pool("import os; print('ready', flush=True); os.abort()"), heard("ended with code -6")
    await one.start(1)
    await deaths.reach(3)


async def test_a_worker_that_the_machine_does_not_let_start_is_tried_again(
    pool: Any, heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, refused = pool(OBEDIENT), heard("no worker can be started now: Resource temporarily unavailable")
    really, tries = asyncio.create_subprocess_exec, [0]

    async def start(*arguments: Any, **more: Any) -> Any:
        tries[0] += 1
        if tries[0] < 3:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        return await really(*arguments, **more)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    await one.start(1)
    await asyncio.wait_for(one.ready.wait(), 10)
    assert refused.times == 2


async def test_a_recovery_that_breaks_does_not_leave_the_front_without_a_worker(
    pool: Any, heard: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: Any) -> int:
        raise RuntimeError("PAPAYA")

    monkeypatch.setattr(workers.Recovery, "take_back", break_down)
    one = pool("import os; print('ready', flush=True); os.abort()")
    told = heard("waits for its lease to end: RuntimeError")
    await one.start(1)
    await told.reach(2)
    assert "PAPAYA" not in caplog.text


async def test_a_stop_waits_for_the_turn_and_leaves_nobody(pool: Any) -> None:
    code = (
        "import sys, time\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
        "time.sleep(0.5)\n"
        "print('turn', flush=True)\n"
    )
    words = Count()
    one = pool(code, words)
    await one.start(2)
    await words.reach(2)
    await asyncio.wait_for(one.stop(), 10)
    assert words.times == 4
    assert one._processes == {}


async def test_a_worker_that_will_not_stop_is_killed(pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "STOP_SECONDS", 0.3)
    one = pool("import time; print('ready', flush=True); time.sleep(60)")
    await one.start(1)
    await asyncio.wait_for(one.ready.wait(), 10)
    await asyncio.wait_for(one.stop(), 5)
    assert one._processes == {}


# --- Logs ---


def test_libraries_that_log_addresses_and_words_are_not_heard(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logs.set_up()
        logging.getLogger("bot.workers").info("a worker is ready")
        for name in ("httpx", "httpcore.connection", "sqlalchemy.engine", "uvicorn.access", "rasa.core", "x"):
            logging.getLogger(name).info("PAPAYA https://api.example/botTOKEN/sendMessage")
        logging.getLogger("py.warnings").warning("PAPAYA is deprecated")
        said = capsys.readouterr().err
    finally:
        root.handlers[:], root.level = handlers, level
        logging.captureWarnings(False)
    assert "a worker is ready" in said
    assert said.count("\n") == 1
    assert "PAPAYA" not in said
