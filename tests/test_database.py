"""The database: who waits for whom, what a full or locked one does, and what a column refuses."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot import database as module
from bot.database import Database, UTCDateTime, is_write, lock_now
from bot.errors import ConfigurationError, RowsBusyError, TryLaterError
from tests.conftest import BACKENDS
from tests.peers.postgres import Server

notes = sa.Table(
    "notes",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("text", sa.String),
    sa.Column("at", UTCDateTime),
)


#: A test that says so holds over both; the others are about one.
both = pytest.mark.parametrize("backend", BACKENDS)
postgresql = pytest.mark.parametrize("backend", ["postgresql"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database of SQLite lies."""
    return tmp_path / "blank.sqlite"


@pytest.fixture
def database(blank_url: str) -> Iterator[Database]:
    made = Database(blank_url)
    notes.create(made.engine)
    with made.begin() as connection:
        connection.execute(notes.insert().values(text="first"))
    yield made
    made.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, blank_url: str, database: Database) -> Iterator[Database]:
    """The same database for somebody who waits a tenth of a second for a lock, or for a connection."""
    monkeypatch.setattr(module, "SQLITE_BUSY_SECONDS", 0.1)
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.1)
    monkeypatch.setitem(module.SERVER_LIMITS, "lock_timeout", "100ms")
    made = Database(blank_url)
    yield made
    made.close()


def _text(connection: Connection, number: int = 1) -> str | None:
    return connection.execute(sa.select(notes.c.text).where(notes.c.id == number)).scalar_one_or_none()


def _write(connection: Connection, text: str) -> None:
    connection.execute(notes.update().where(notes.c.id == 1).values(text=text))


# --- Locks ---


@both
def test_reads_before_the_first_write_take_no_lock(database: Database, impatient: Database) -> None:
    with database.begin() as reader:
        assert _text(reader) == "first"
        with impatient.begin() as writer:
            _write(writer, "second")
        assert _text(reader) == "second"


def test_the_first_write_takes_the_lock_at_once(database: Database, impatient: Database) -> None:
    with database.begin() as writer:
        _write(writer, "second")
        with (
            pytest.raises(TryLaterError, match="the database cannot do this now: database is locked"),
            impatient.begin() as other,
        ):
            _write(other, "third")
        with impatient.begin() as reader:
            assert _text(reader) == "first"
    with database.begin() as reader:
        assert _text(reader) == "second"


def test_a_write_that_changes_nothing_takes_the_lock_too(database: Database, impatient: Database) -> None:
    with database.begin() as writer:
        writer.execute(notes.delete().where(notes.c.id == 99))
        with pytest.raises(TryLaterError), impatient.begin() as other:
            lock_now(other)


@both
def test_a_read_then_a_write_after_anothers_commit_works(database: Database, impatient: Database) -> None:
    with database.begin() as mine:
        assert _text(mine) == "first"
        with impatient.begin() as other:
            _write(other, "theirs")
        # In one long transaction SQLite would refuse this: the snapshot that was read is old.
        _write(mine, "mine")
        assert _text(mine) == "mine"
    with database.begin() as reader:
        assert _text(reader) == "mine"


def test_what_is_read_after_the_first_write_stays(database: Database, impatient: Database) -> None:
    with database.begin() as mine:
        lock_now(mine)
        assert _text(mine) == "first"
        with pytest.raises(TryLaterError), impatient.begin() as other:
            _write(other, "theirs")
        assert _text(mine) == "first"


@both
def test_threads_that_write_wait_for_each_other_and_all_succeed(database: Database) -> None:
    def add(number: int) -> None:
        for step in range(10):
            with database.begin() as connection:
                known = connection.execute(sa.select(sa.func.count()).select_from(notes)).scalar_one()
                assert known >= 1
                connection.execute(notes.insert().values(text=f"{number}-{step}"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(8)))
    with database.begin() as connection:
        texts = connection.execute(sa.select(notes.c.text)).scalars().all()
    assert len(texts) == len(set(texts)) == 81


def test_a_counter_counted_under_the_lock_loses_nothing(database: Database) -> None:
    def count(_: int) -> None:
        with database.begin() as connection:
            lock_now(connection)
            _write(connection, str(int(_text(connection) or 0) + 1))

    with database.begin() as connection:
        _write(connection, "0")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(80)))
    with database.begin() as connection:
        assert _text(connection) == "80"


def test_a_writer_waits_for_the_lock_and_gets_it(database: Database) -> None:
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with database.begin() as connection:
            _write(connection, "held")
            holding.set()
            assert not done.wait(0.2)

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait()
    with database.begin() as connection:
        lock_now(connection)
        assert _text(connection) == "held"
        done.set()
    holder.join()


@both
def test_where_too_many_wait_already_another_is_told_to_come_later(impatient: Database) -> None:
    def crowd() -> None:
        with contextlib.ExitStack() as waiting:
            for _ in range(100):
                waiting.enter_context(impatient.begin())

    with pytest.raises(TryLaterError, match="too many wait for it already"):
        crowd()
    with impatient.begin() as connection:
        assert _text(connection) == "first"


@pytest.mark.parametrize(
    ("statement", "writes"),
    [
        ("SELECT 1", False),
        ("  \n select 1", False),
        ("PRAGMA journal_mode", False),
        ("EXPLAIN SELECT 1", False),
        ("INSERT INTO notes VALUES (1)", True),
        ("WITH x AS (SELECT 1) DELETE FROM notes", True),
        ("SAVEPOINT a", True),
        ("CREATE TABLE x (y)", True),
    ],
)
def test_what_needs_the_lock_is_known_by_its_first_word(statement: str, writes: bool) -> None:
    assert is_write(statement) is writes


# --- Units of work ---


@both
def test_what_raises_leaves_nothing_behind(database: Database) -> None:
    def fail() -> None:
        with database.begin() as connection:
            _write(connection, "half")
            connection.execute(notes.insert().values(text="more"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.begin() as connection:
        assert connection.execute(sa.select(notes.c.text)).scalars().all() == ["first"]


@both
def test_what_raises_in_an_inner_part_keeps_the_outer_one(database: Database) -> None:
    def fail(connection: Connection) -> None:
        with connection.begin_nested():
            connection.execute(notes.insert().values(text="inner"))
            raise RuntimeError

    with database.begin() as connection:
        with pytest.raises(RuntimeError):
            fail(connection)
        connection.execute(notes.insert().values(text="outer"))
    with database.begin() as connection:
        assert connection.execute(sa.select(notes.c.text)).scalars().all() == ["first", "outer"]


@both
def test_an_interrupted_unit_leaves_the_pool_clean(database: Database, impatient: Database) -> None:
    def stop() -> None:
        with database.begin() as connection:
            _write(connection, "half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    # The connection went back to the pool without its lock.
    with impatient.begin() as other:
        _write(other, "whole")
    with database.begin() as connection:
        assert _text(connection) == "whole"


@both
def test_a_kill_in_the_middle_of_a_unit_leaves_nothing_half_done(blank_url: str, database: Database) -> None:
    database.close()
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, signal, sys\n"
            "from bot.database import Database\n"
            "with Database(sys.argv[1]).begin() as connection:\n"
            "    connection.exec_driver_sql(\"UPDATE notes SET text = 'half'\")\n"
            "    connection.exec_driver_sql(\"INSERT INTO notes (text) VALUES ('more')\")\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n",
            blank_url,
        ],
        check=False,
    )
    assert killed.returncode == -9
    with database.begin() as connection:
        assert connection.execute(sa.select(notes.c.text)).scalars().all() == ["first"]


def test_foreign_keys_are_held(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path / 'keys.sqlite'}")
    with made.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE a (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("CREATE TABLE b (a_id INTEGER NOT NULL REFERENCES a(id))")
    with pytest.raises(sa.exc.IntegrityError), made.begin() as connection:
        connection.exec_driver_sql("INSERT INTO b VALUES (7)")


def test_what_is_committed_is_on_the_disk(database: Database) -> None:
    with database.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        # 2 is FULL: every commit is synced.
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


@both
def test_what_is_inserted_once_is_compiled_once_and_says_what_happened(database: Database) -> None:
    statement = module.insert_once(notes)[database.engine.dialect.name]
    happened, compiled = [], []
    sa.event.listen(
        database.engine,
        "before_cursor_execute",
        lambda *given: compiled.append(given[4].compiled.cache_key and id(given[4].compiled)),
    )
    for number in (7, 7, 8):
        with database.begin() as connection:
            happened.append(connection.execute(statement, {"id": number, "text": "x"}).rowcount)
    assert happened == [1, 0, 1]
    assert None not in compiled
    assert len(set(compiled)) == 1


@both
def test_of_many_that_insert_the_same_at_once_one_does(database: Database) -> None:
    statement = module.insert_once(notes)[database.engine.dialect.name]

    def insert(_: int) -> int:
        with database.begin() as connection:
            return int(connection.execute(statement, {"id": 7, "text": "x"}).rowcount)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(insert, range(16))) == 1


# --- Columns ---


@both
def test_a_time_without_a_zone_never_reaches_the_database(database: Database) -> None:
    with pytest.raises(sa.exc.StatementError, match="a time without a zone"), database.begin() as connection:
        connection.execute(notes.insert().values(at=dt.datetime(2026, 1, 1)))  # noqa: DTZ001 (the point)
    with pytest.raises(sa.exc.StatementError, match="a time without a zone"), database.begin() as connection:
        connection.execute(sa.select(notes).where(notes.c.at < dt.datetime(2026, 1, 1)))  # noqa: DTZ001


@both
def test_a_time_of_any_zone_comes_back_as_the_same_moment_in_utc(database: Database) -> None:
    tokyo = dt.datetime(2026, 1, 1, 3, 0, 0, 123456, tzinfo=dt.timezone(dt.timedelta(hours=9)))
    with database.begin() as connection:
        connection.execute(notes.insert().values(id=2, at=tokyo))
        connection.execute(notes.insert().values(id=3, at=None))
    with database.begin() as connection:
        read = connection.execute(sa.select(notes.c.at).where(notes.c.id.in_((2, 3)))).scalars().all()
    assert read == [tokyo, None]
    assert read[0].tzinfo is dt.timezone.utc


@both
def test_times_of_different_zones_are_compared_as_moments(database: Database) -> None:
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.timezone.utc)
    with database.begin() as connection:
        connection.execute(notes.insert().values(id=2, at=noon))
        later = noon.astimezone(dt.timezone(dt.timedelta(hours=-8))) + dt.timedelta(seconds=1)
        found = connection.execute(sa.select(notes.c.id).where(notes.c.at < later)).scalars().all()
    assert found == [2]


# --- Failures ---


def test_a_full_disk_is_told_in_one_line_and_nothing_is_half_done(database: Database) -> None:
    with database.begin() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")

    def fill() -> None:
        with database.begin() as connection:
            connection.execute(notes.insert().values(text="small"))
            connection.execute(notes.insert().values(text="x" * 1_000_000))

    with pytest.raises(TryLaterError, match=r"^the database cannot do this now: database or disk is full$"):
        fill()
    with database.begin() as connection:
        assert connection.execute(sa.select(notes.c.text)).scalars().all() == ["first"]
        connection.execute(notes.insert().values(text="there is room for this"))


def _fill(connection: Connection) -> None:
    """Meet a full disk; SQLite then takes back the whole transaction by itself."""
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(sa.exc.OperationalError, match="full"):
        connection.execute(notes.insert().values(text="x" * 1_000_000))
    connection.exec_driver_sql("PRAGMA max_page_count=1000000")


def test_an_error_that_is_swallowed_never_leads_to_half_a_unit(database: Database) -> None:
    def write_on() -> None:
        with database.begin() as connection:
            connection.execute(notes.insert().values(text="the refund"))
            _fill(connection)
            connection.execute(notes.insert().values(text="your refund is on its way"))

    def stop() -> None:
        with database.begin() as connection:
            connection.execute(notes.insert().values(text="the refund"))
            _fill(connection)

    for act in (write_on, stop):
        with pytest.raises(TryLaterError, match="it took back what was written before"):
            act()
    with database.begin() as connection:
        assert connection.execute(sa.select(notes.c.text)).scalars().all() == ["first"]
        # The next unit on the same connection is a new one.
        connection.execute(notes.insert().values(text="after"))
    with database.begin() as connection:
        assert connection.execute(sa.select(notes.c.text)).scalars().all() == ["first", "after"]


def test_a_disk_that_fills_up_in_the_middle_is_told_too(path: Path, database: Database) -> None:
    """The operating system itself refuses: no file may grow further."""
    database.close()
    code = (
        "import resource, signal, sys\n"
        "import sqlalchemy as sa\n"
        "from bot.database import Database\n"
        "from bot.errors import TryLaterError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "database = Database(sys.argv[1])\n"
        "with database.begin() as connection: connection.exec_driver_sql('SELECT 1')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    with database.begin() as connection:\n"
        "        connection.exec_driver_sql('INSERT INTO notes (text) VALUES (?)', ('a secret' * 100_000,))\n"
        "except TryLaterError as error:\n"
        "    print(error)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "with database.begin() as connection:\n"
        "    connection.exec_driver_sql(\"INSERT INTO notes (text) VALUES ('after')\")\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{path}"], capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith("the database cannot do this now: ")
    assert ran.stdout.count("\n") == 1
    assert "secret" not in ran.stdout + ran.stderr
    with database.begin() as connection:
        assert connection.execute(sa.select(notes.c.text)).scalars().all() == ["first", "after"]


def test_a_read_only_database_is_told_and_can_be_read(path: Path, database: Database) -> None:
    database.close()
    only = Database(f"sqlite:///file:{path}?mode=ro&uri=true")
    with only.begin() as connection:
        assert _text(connection) == "first"
    with (
        pytest.raises(TryLaterError, match="attempt to write a readonly database"),
        only.begin() as connection,
    ):
        _write(connection, "second")


def test_a_file_without_the_right_to_write_is_told(path: Path, database: Database) -> None:
    database.close()
    folder = path.parent
    code = (
        "import os, sys\n"
        "from bot.database import Database\n"
        "from bot.errors import TryLaterError\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try:\n"
        "    with Database(sys.argv[1]).begin() as connection:\n"
        "        connection.exec_driver_sql(\"UPDATE notes SET text = 'x'\")\n"
        "except TryLaterError as error:\n"
        "    print(error)\n"
    )
    # The folders that pytest makes are closed to others; the way to the file has to be open.
    above = [
        one for one in folder.parents if one.stat().st_uid == os.getuid() and not one.stat().st_mode & 0o001
    ]
    before = {one: one.stat().st_mode for one in (*above, folder)}
    for one in above:
        # Others are writing into them at this moment.
        one.chmod(0o755)
    folder.chmod(0o555)
    path.chmod(0o444)
    try:
        ran = subprocess.run(
            [sys.executable, "-c", code, f"sqlite:///{path}"], capture_output=True, text=True, check=True
        )
    finally:
        for one, mode in before.items():
            one.chmod(mode)
    assert ran.stdout.startswith("the database cannot do this now: ")


def test_a_lost_folder_is_told(path: Path, database: Database) -> None:
    database.close()
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(TryLaterError, match="unable to open database file"), database.begin() as connection:
        _text(connection)


def test_a_file_that_is_no_database_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "letter.sqlite"
    path.write_text("Dear Sir or Madam, " * 100, encoding="utf-8")
    told = r"letter\.sqlite: file is not a database: restore a backup"
    with pytest.raises(ConfigurationError, match=told), Database(f"sqlite:///{path}").begin() as connection:
        connection.exec_driver_sql("SELECT * FROM notes")


def test_a_damaged_database_is_told_with_what_to_do(path: Path, database: Database) -> None:
    with database.begin() as connection:
        for number in range(200):
            connection.execute(notes.insert().values(text=f"{number}" * 200))
    database.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * 8192 + whole[12288:])
    told = r"blank\.sqlite: database disk image is malformed: restore a backup"
    with pytest.raises(ConfigurationError, match=told), Database(f"sqlite:///{path}").begin() as connection:
        connection.execute(sa.select(notes)).all()


@pytest.mark.parametrize("url", ["nonsense", "://", "mysql://root:hunter2@db/shop", "oracle+none://x"])
def test_a_url_that_is_none_is_told_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Database(url)
    assert "hunter2" not in str(refused.value)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"the database's folder .* cannot be made: "):
        Database(f"sqlite:///{tmp_path / 'file' / 'crossdesk.sqlite'}")


@both
def test_an_error_never_tells_what_a_buyer_wrote(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError) as clash, database.begin() as connection:
        connection.execute(notes.insert().values(id=1, text="my card is 4111 1111 1111 1111"))
    assert "4111" not in str(clash.value)


def test_a_server_that_is_away_is_told_to_be_away() -> None:
    away = Database("postgresql://crossdesk:hunter2@127.0.0.1:1/crossdesk")
    with (
        pytest.raises(TryLaterError, match="the database cannot do this now: ") as refused,
        away.begin() as connection,
    ):
        connection.exec_driver_sql("SELECT 1")
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


# --- PostgreSQL ---


@postgresql
def test_a_row_that_somebody_holds_is_waited_for_and_then_told_to_be_busy(
    database: Database, impatient: Database
) -> None:
    with database.begin() as holder:
        _write(holder, "mine")
        with pytest.raises(RowsBusyError, match="lock timeout"), impatient.begin() as other:
            _write(other, "theirs")
        with impatient.begin() as other:
            other.execute(notes.insert().values(text="another row"))
    with database.begin() as reader:
        assert _text(reader) == "mine"


@postgresql
def test_of_two_that_wait_for_each_other_one_is_told_to_come_later(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(notes.insert().values(text="second"))
    together = threading.Barrier(2)

    def cross(first: int) -> str:
        try:
            with database.begin() as connection:
                for number, wait in ((first, True), (3 - first, False)):
                    connection.execute(notes.update().where(notes.c.id == number).values(text=f"by {first}"))
                    if wait:
                        together.wait()
        except RowsBusyError:
            return "busy"
        return "done"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(cross, (1, 2))) == ["busy", "done"]
    with database.begin() as connection:
        assert _text(connection, 1) == _text(connection, 2)


@postgresql
def test_a_name_is_held_by_one_unit_at_a_time(database: Database) -> None:
    def count(_: int) -> None:
        with database.begin() as connection:
            lock_now(connection, "counter")
            _write(connection, str(int(_text(connection) or 0) + 1))

    with database.begin() as connection:
        _write(connection, "0")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(40)))
    with database.begin() as connection:
        assert _text(connection) == "40"


@postgresql
def test_a_statement_that_takes_too_long_is_ended(blank_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.SERVER_LIMITS, "statement_timeout", "100ms")
    hasty = Database(blank_url)
    with pytest.raises(TryLaterError, match="statement timeout"), hasty.begin() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(30)")
    hasty.close()


@postgresql
def test_a_unit_of_work_that_went_silent_lets_go_of_its_rows(blank_url: str, database: Database) -> None:
    """Its host may have died: nobody there will ever end it."""
    silent = Database(blank_url, idle_seconds=0.1)

    def fall_silent() -> None:
        with silent.begin() as connection:
            _write(connection, "half")
            with database.begin() as other:
                _write(other, "whole")
            _text(connection)

    with pytest.raises(TryLaterError):
        fall_silent()
    with database.begin() as connection:
        assert _text(connection) == "whole"
    silent.close()


@postgresql
def test_a_connection_that_was_cut_is_told_and_the_next_one_works(
    database: Database, postgres: Server
) -> None:
    def cut_off() -> None:
        with database.begin() as connection:
            _write(connection, "half")
            postgres.cut(str(database.url.database))
            _write(connection, "more")

    with pytest.raises(TryLaterError, match="the database cannot do this now: "):
        cut_off()
    with database.begin() as connection:
        assert _text(connection) == "first"


@postgresql
def test_a_connection_that_was_cut_while_it_lay_in_the_pool_is_not_even_noticed(
    database: Database, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PING_AFTER", 0.0)
    for unit_of_work in (database.begin, database.look):
        with database.begin() as connection:
            assert _text(connection) == "first"
        postgres.cut(str(database.url.database))
        with unit_of_work() as connection:
            assert _text(connection) == "first"


@postgresql
def test_a_connection_that_was_just_used_is_not_asked_whether_it_lives(
    database: Database, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PING_AFTER", 3600.0)
    with database.begin() as connection:
        assert _text(connection) == "first"
    postgres.cut(str(database.url.database))
    with pytest.raises(TryLaterError), database.begin() as connection:
        _text(connection)
    with database.begin() as connection:
        assert _text(connection) == "first"


@both
def test_whoever_only_looks_sees_at_each_look_what_others_have_committed(database: Database) -> None:
    with database.look() as looking:
        assert _text(looking) == "first"
        with database.begin() as connection:
            _write(connection, "second")
        assert _text(looking) == "second"


@postgresql
def test_whoever_only_looks_leaves_no_transaction_open_and_the_next_unit_is_one(database: Database) -> None:
    def fail() -> None:
        with database.begin() as connection:
            _write(connection, "half")
            raise RuntimeError

    mine = sa.text("SELECT state FROM pg_stat_activity WHERE pid = :pid")
    with database.begin() as watching, database.look() as looking:
        pid = looking.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        assert watching.execute(mine, {"pid": pid}).scalar_one() == "idle"
    with pytest.raises(RuntimeError):
        fail()
    with database.begin() as connection:
        assert _text(connection) == "first"


@postgresql
def test_a_server_that_only_reads_is_told_to_come_later(database: Database) -> None:
    """After a fail-over, the old one may still answer, as a copy of the new one."""

    def write() -> None:
        with database.begin() as connection:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            _write(connection, "second")

    with pytest.raises(TryLaterError, match="read-only transaction"):
        write()


@postgresql
def test_a_server_that_does_not_know_us_is_told_to_the_operator(blank_url: str) -> None:
    wrong = Database(blank_url.replace("/test_", "/no_such_test_"))
    with (
        pytest.raises(ConfigurationError, match=r"refuses: .*does not exist: see CROSSDESK_DATABASE_URL"),
        wrong.begin() as connection,
    ):
        connection.exec_driver_sql("SELECT 1")


@postgresql
def test_the_operators_own_options_win(blank_url: str) -> None:
    own = Database(f"{blank_url}&options=-c%20lock_timeout%3D7s&application_name=shop")
    with own.begin() as connection:
        asked = [
            connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("lock_timeout", "statement_timeout", "application_name", "transaction_isolation")
        ]
    assert asked == ["7s", "30s", "shop", "read committed"]
    own.close()
