"""Several serving processes: who does what alone, who takes over, and who is refused."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.database import Database
from bot.errors import ConfigurationError, OperatorError, TryLaterError
from bot.serving import tenure
from bot.serving.alone import SUFFIX, alone_if_sqlite
from bot.serving.doorbook import DoorBook
from bot.serving.doors import by_line, keep_open
from bot.serving.roles import EVERYTHING, Role
from bot.serving.tenure import Tenure
from bot.sharing.tables import leases
from tests.peers.postgres import Server

#: How long anything may take on a machine with much else to do, in seconds.
PATIENCE = 20


@pytest.fixture
def backend() -> str:
    return "postgresql"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenure, "LENGTH", dt.timedelta(seconds=1.5))
    monkeypatch.setattr(tenure, "EVERY", 0.1)
    monkeypatch.setattr(tenure, "GIVE_UP", 0.7)
    monkeypatch.setattr(tenure, "LOOK", 0.05)


@pytest.fixture
def other(database_url: str) -> Iterator[Database]:
    """The same database, as another host reaches it."""
    made = Database(database_url)
    yield made
    made.close()


class Work:
    """Something that must not be done twice at once."""

    def __init__(self, doing: list[str], name: str) -> None:
        self.doing = doing
        self.name = name
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def __call__(self) -> None:
        assert self.doing == []
        self.doing.append(self.name)
        self.ended.clear()
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.doing.remove(self.name)
            self.begun.clear()
            self.ended.set()


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), PATIENCE)


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# --- Holding ---


async def test_one_does_it_and_another_takes_over_when_it_ends(database: Database, other: Database) -> None:
    doing: list[str] = []
    first, second = Work(doing, "first"), Work(doing, "second")
    one = asyncio.create_task(Tenure(database).hold("x", first))
    await soon(first.begun)
    two = asyncio.create_task(Tenure(other).hold("x", second))
    # Longer than a lease that nobody prolongs.
    done, _ = await asyncio.wait({one, two}, timeout=2)
    assert done == set()
    assert doing == ["first"]
    await end(one)
    await soon(second.begun)
    await end(two)
    assert doing == []


async def test_what_nobody_prolongs_is_taken_over_and_who_wakes_up_late_lets_go(
    database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    doing: list[str] = []
    first, second = Work(doing, "first"), Work(doing, "second")
    one = asyncio.create_task(Tenure(database).hold("x", first))
    await soon(first.begun)

    def fail(*_: object) -> None:
        raise TryLaterError("the database is away from here")

    sleepy = Tenure(other)
    two = asyncio.create_task(sleepy.hold("x", second))
    with monkeypatch.context() as patch:
        # Only the first one's signs of life fail: the second has none to give yet.
        patch.setattr(Tenure, "_extend", fail)
        await soon(first.ended)
    await soon(second.begun)
    assert doing == ["second"]
    await end(two)
    await soon(first.begun)
    await end(one)


async def test_a_process_prolongs_all_that_it_holds_in_one_statement_and_loses_each_by_itself(
    database: Database, other: Database
) -> None:
    keeping, works = Tenure(database), {name: Work([], name) for name in ("x", "y", "z")}
    holding = [asyncio.create_task(keeping.hold(name, work)) for name, work in works.items()]
    for work in works.values():
        await soon(work.begun)
    said: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    # Longer than a lease that nobody prolongs.
    await asyncio.sleep(2)
    assert all(work.begun.is_set() for work in works.values())
    assert 0 < len(said) <= 2 / tenure.EVERY + 2
    with other.begin() as connection:
        connection.execute(leases.update().where(leases.c.name == "y").values(holder="b", number=9))
    await soon(works["y"].ended)
    assert works["x"].begun.is_set()
    assert works["z"].begun.is_set()
    for task in holding:
        await end(task)


async def test_who_is_cut_off_from_the_database_lets_go_before_another_begins(
    database: Database, postgres: Server
) -> None:
    doing: list[str] = []
    work = Work(doing, "first")
    one = asyncio.create_task(Tenure(database).hold("x", work))
    await soon(work.begun)
    postgres.stop()
    try:
        await soon(work.ended)
    finally:
        postgres.start()
    await soon(work.begun)
    await end(one)


async def test_what_the_work_raises_is_not_swallowed_and_the_lease_is_free(
    database: Database, other: Database
) -> None:
    async def break_down() -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        await Tenure(database).hold("x", break_down)
    work = Work([], "second")
    two = asyncio.create_task(Tenure(other).hold("x", work))
    await soon(work.begun)
    await end(two)


# --- Doors ---


class Line:
    """A door of which only one may be open."""

    def __init__(self, open_doors: list[str], name: str, exclusive: str | None = "telegram:1") -> None:
        self.open_doors = open_doors
        self.name = name
        self.exclusive = exclusive
        self.failures: list[Exception] = []
        self.opened = asyncio.Event()

    async def start(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
        assert self.name not in self.open_doors
        self.open_doors.append(self.name)
        self.opened.set()

    async def stop(self) -> None:
        self.opened.clear()
        if self.name in self.open_doors:
            self.open_doors.remove(self.name)


def test_doors_of_one_line_go_together() -> None:
    doors = {name: Line([], name, line) for name, line in (("a", "x"), ("b", None), ("c", "y"), ("d", "x"))}
    assert {line: list(names) for line, names in by_line(doors).items()} == {"x": ["a", "d"], "y": ["c"]}  # type: ignore[arg-type]


async def test_a_line_is_open_in_one_process_and_then_in_another(database: Database, other: Database) -> None:
    open_doors: list[str] = []
    first = {name: Line(open_doors, name) for name in ("channel", "desk")}
    second = {name: Line(open_doors, name) for name in ("channel", "desk")}
    told: list[str] = []
    one = asyncio.create_task(
        keep_open(
            Tenure(database), "telegram:1", first, told.append, DoorBook(database, SystemClock(), "one")
        )
    )  # type: ignore[arg-type]
    await soon(first["desk"].opened)
    two = asyncio.create_task(
        keep_open(Tenure(other), "telegram:1", second, told.append, DoorBook(other, SystemClock(), "two"))
    )  # type: ignore[arg-type]
    await end(one)
    await soon(second["desk"].opened)
    assert sorted(open_doors) == ["channel", "desk"]
    await end(two)
    assert open_doors == []
    assert told == []


async def test_a_door_that_needs_a_person_does_not_close_the_one_that_shares_its_line(
    database: Database,
) -> None:
    open_doors: list[str] = []
    doors = {name: Line(open_doors, name) for name in ("channel", "desk")}
    doors["channel"].failures = [OperatorError("the token was revoked")]
    told: list[str] = []
    task = asyncio.create_task(
        keep_open(
            Tenure(database), "telegram:1", doors, told.append, DoorBook(database, SystemClock(), "one")
        )
    )  # type: ignore[arg-type]
    await soon(doors["desk"].opened)
    assert told == ["channel stays closed until a person acts: the token was revoked"]
    await end(task)
    assert open_doors == []


# --- On SQLite ---


def test_a_second_process_on_one_sqlite_file_is_refused_by_whatever_name_it_comes(tmp_path: Path) -> None:
    file = tmp_path / "store" / "crossdesk.sqlite"
    (tmp_path / "link").symlink_to(tmp_path / "store")
    with alone_if_sqlite(f"sqlite:///{file}", EVERYTHING):
        for name in (file, tmp_path / "link" / "crossdesk.sqlite"):
            with (
                pytest.raises(ConfigurationError, match=f"process {os.getpid()} serves from"),
                alone_if_sqlite(f"sqlite:///{name}", EVERYTHING),
            ):
                pass
        with alone_if_sqlite(f"sqlite:///{tmp_path / 'another.sqlite'}", EVERYTHING):
            pass
    # Free again, whatever is left in the lock's file.
    file.with_name(file.name + SUFFIX).write_bytes(b"\xff\x00 junk")
    with alone_if_sqlite(f"sqlite:///{file}", EVERYTHING):
        pass


def test_a_role_needs_a_database_that_can_be_shared(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigurationError, match="leave --role out"),
        alone_if_sqlite(f"sqlite:///{tmp_path / 'x.sqlite'}", frozenset({Role.WEB})),
    ):
        pass
    assert list(tmp_path.iterdir()) == []
    with alone_if_sqlite("postgresql://nobody@nowhere/x", frozenset({Role.WEB})):
        pass


async def test_on_sqlite_there_is_nobody_to_share_with(tmp_path: Path) -> None:
    # There are no tables: it is not asked.
    alone = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    work = Work([], "only")
    task = asyncio.create_task(Tenure(alone).hold("x", work))
    await soon(work.begun)
    await end(task)
