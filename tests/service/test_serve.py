"""The whole service as a real process: first run, Ctrl-C, a killed worker, a taken port."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot import schema
from bot.database import Database
from bot.shop.seed import seed
from tests.conftest import NOON
from tests.service.serving import PATIENCE, Service, Visitor, serve

pytestmark = [pytest.mark.model, pytest.mark.timeout(180)]


@pytest.fixture
def files(model_path: Path) -> Path:
    """The folder in which the tests' model lies."""
    return model_path.parent.parent


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with people and goods, made once."""
    path = tmp_path_factory.mktemp("seeded") / "store.sqlite"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    with database.begin() as connection:
        seed(connection, 1, NOON.date())
    database.close()
    return path


@pytest.fixture
def service(tmp_path: Path, files: Path, seeded: Path) -> Iterator[Service]:
    shutil.copy(seeded, tmp_path / "store.sqlite")
    running = serve(tmp_path / "store.sqlite", files)
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture
def visit() -> Iterator[Callable[[Service], Visitor]]:
    """Opens the chat page; closes what it opened."""
    opened: list[Visitor] = []

    def open_page(of: Service) -> Visitor:
        opened.append(Visitor(of.address))
        return opened[-1]

    yield open_page
    for visitor in opened:
        visitor.leaves()


Visit = Callable[[Service], Visitor]


def test_the_first_run_makes_a_store_and_tells_the_password_once(tmp_path: Path, files: Path) -> None:
    first = serve(tmp_path / "store.sqlite", files)
    told = "\n".join(first.lines)
    assert "Making the database" in told
    assert "password '" in told

    assert first.stop() == 0
    again = serve(tmp_path / "store.sqlite", files)

    assert "password" not in "\n".join(again.lines)
    assert "Training" not in "\n".join(again.lines)
    assert again.stop() == 0


def test_a_message_is_answered_once_however_often_it_is_posted(service: Service, visit: Visit) -> None:
    visitor = visit(service)
    first = visitor.says("hello", "7b1d2f0e-4f6d-4d57-9c1b-6f8f1f6a0001")
    second = visitor.says("hello", "7b1d2f0e-4f6d-4d57-9c1b-6f8f1f6a0001")
    visitor.answer()
    visitor.says("thank you")
    said = visitor.answer(2)

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json()["fresh"] is False
    assert len(said) == 2
    assert "automated assistant of" in said[0]["text"]


def test_ctrl_c_finishes_what_was_accepted_or_leaves_it_for_the_next_run(
    service: Service, tmp_path: Path, files: Path, visit: Visit
) -> None:
    service.wait_for("is ready")
    visitor = visit(service)
    for number in range(5):
        assert visitor.says(f"hello {number}").status_code == 202

    assert service.stop() == 0
    assert "nothing was lost" in "\n".join(service.lines)

    database = tmp_path / "store.sqlite"
    # Whatever the stop caught in the inbox is answered by the next run, each message once.
    again = serve(database, files)
    again.wait_for("is ready")
    with contextlib.closing(sqlite3.connect(database)) as connection:
        keys = "select count(*), count(distinct key) from outbox"
        waiting = "select count(*) from inbox where state = 'new'"
        end = time.monotonic() + PATIENCE
        while connection.execute(waiting).fetchone()[0] and time.monotonic() < end:
            time.sleep(0.1)
        said, distinct = connection.execute(keys).fetchone()
        heard = connection.execute("select count(*) from inbox where state = 'done'").fetchone()[0]
    assert again.stop() == 0
    assert heard == 5
    assert said == distinct >= 5


def test_a_killed_worker_is_replaced_and_its_buyer_answered(service: Service, visit: Visit) -> None:
    worker = service.worker_pid()
    visitor = visit(service)
    visitor.says("hello")
    visitor.answer()

    os.kill(worker, signal.SIGKILL)
    visitor.says("what can you do?")
    said = visitor.answer(2)

    assert len(said) == 2
    service.wait_for("ended with code -9")


def test_a_taken_port_is_one_clear_line_and_exit_code_2(
    service: Service, tmp_path: Path, files: Path
) -> None:
    port = service.address.rsplit(":", 1)[1]
    shutil.copy(tmp_path / "store.sqlite", tmp_path / "other.sqlite")
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "serve", "--port", port],
        env={
            **os.environ,
            "CROSSDESK_DATABASE_URL": f"sqlite:///{tmp_path / 'other.sqlite'}",
            "CROSSDESK_FILES": str(files),
            "CROSSDESK_STORE": str(files / "store"),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr.strip().splitlines()[-1].startswith(f"crossdesk: cannot listen on 127.0.0.1:{port}")
    assert "Traceback" not in ended.stderr
