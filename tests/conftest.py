"""What holds for every test: on a laptop what needs a missing server is skipped by name, in CI nothing is.

And what many tests stand on: a store of their own in a temporary place, a fresh database, a set clock,
and the real model, which is trained once and kept between runs.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from bot import schema
from bot.clock import SetClock
from bot.database import Database
from bot.errors import CrossdeskError
from bot.memory import settle
from bot.settings import ROOT, Settings, ShopRules
from bot.training import models
from tests.peers.postgres import Server, programs

if TYPE_CHECKING:
    # Rasa takes seconds to import: only tests that load a model wait for it.
    from bot.dialogue.engine import Engine

NO_SKIPS = os.environ.get("CI") == "true"


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    # What a test logs may be no text at all, on purpose: between processes it must be.
    report.sections = [
        (name, said.encode("utf-8", "backslashreplace").decode()) for name, said in report.sections
    ]
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI allows no skip: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a test's skip into a failure that tells its reason."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same for a module that skips itself whole."""
    report = yield
    _refuse_skip(report)
    return report


#: For `make fuzz`: a hundred times as many examples of whatever anybody may send.
hypothesis.settings.register_profile("long", max_examples=10_000, deadline=None)

#: What the mailroom and all that claims must hold over.
BACKENDS = ("sqlite", "postgresql")
#: A Monday noon in the queues' time zone: every queue is open.
NOON = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.timezone.utc)
#: Where the tests' model is kept between runs.
KEPT = ROOT / "var" / "test-files"


@pytest.fixture(scope="session", autouse=True)
def own_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A place of the tests' own: no test ever touches the real database, files or store."""
    place = tmp_path_factory.mktemp("crossdesk")
    (place / "files").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in tuple(os.environ):
            if name.startswith("CROSSDESK_") and name != "CROSSDESK_PYTHON":
                patch.delenv(name)
        # Without byte code a process that loads Rasa takes half a minute longer.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("CROSSDESK_FILES", str(place / "files"))
        patch.setenv("CROSSDESK_STORE", str(place / "store"))
        patch.setenv("CROSSDESK_DATABASE_URL", f"sqlite:///{place / 'crossdesk.sqlite'}")
        yield place


@pytest.fixture(scope="session")
def settings(own_place: Path) -> Settings:
    """The shipped rules, in that place."""
    return Settings.load()


@pytest.fixture(scope="session")
def rules(settings: Settings) -> ShopRules:
    return settings.rules


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("database") / "empty.sqlite"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real server of PostgreSQL, started for the first test that needs it."""
    folder = programs()
    if folder is None:
        pytest.skip("there is no PostgreSQL here: apt-get install postgresql, or put its programs on PATH")
    server = Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def empty_database(postgres: Server) -> str:
    """The name of a database on it with every table and nothing in them, to be copied."""
    name = postgres.create()
    database = Database(postgres.url(name))
    schema.upgrade(database)
    database.close()
    return name


@pytest.fixture
def backend() -> str:
    """On which kind of database a test runs: ``sqlite`` or ``postgresql``.

    Where a test must hold over both, its module (or folder) has ``backend`` take each of ``BACKENDS``.
    """
    return "sqlite"


@pytest.fixture
def blank_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.sqlite'}"
        return
    server: Server = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database with every table."""
    if backend == "sqlite":
        path = tmp_path / "crossdesk.sqlite"
        shutil.copy(request.getfixturevalue("empty_file"), path)
        yield f"sqlite:///{path}"
        return
    server: Server = request.getfixturevalue("postgres")
    name = server.create(request.getfixturevalue("empty_database"))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database."""
    database = Database(database_url)
    yield database
    database.close()


def _kept_settings() -> Settings:
    return Settings.load(
        {
            "CROSSDESK_FILES": str(KEPT),
            "CROSSDESK_STORE": str(KEPT / "store"),
            "CROSSDESK_DATABASE_URL": f"sqlite:///{KEPT / 'crossdesk.sqlite'}",
        }
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    """Train the model before the first test starts, outside of any test's time limit."""
    if session.config.option.collectonly:
        return
    if not any("model_path" in getattr(item, "fixturenames", ()) for item in session.items):
        return
    kept = _kept_settings()
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "training.lock").open("w") as lock:
        # Several processes run the tests; one of them trains.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if models.is_stale(kept):
            _train(session, kept)


def _train(session: pytest.Session, kept: Settings) -> None:
    capture = session.config.pluginmanager.get_plugin("capturemanager")
    with contextlib.nullcontext() if capture is None else capture.global_and_fixture_disabled():
        print("\ntraining the tests' model, some minutes the first time …", file=sys.stderr)
    own = {
        "CROSSDESK_FILES": str(kept.files),
        "CROSSDESK_STORE": str(kept.store),
        "CROSSDESK_DATABASE_URL": kept.database_url,
    }
    with (KEPT / "training.log").open("w", encoding="utf-8") as log:
        subprocess.run(
            [sys.executable, "-m", "bot", "train"],
            env={**os.environ, **own},
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )


@pytest.fixture(scope="session")
def model_path() -> Path:
    """The real model, fresh."""
    kept = _kept_settings()
    try:
        path = models.current_path(kept)
    except CrossdeskError as error:
        pytest.fail(f"{error}; what training said: {KEPT / 'training.log'}")
    if models.is_stale(kept):
        pytest.fail(f"the model could not be trained anew; what training said: {KEPT / 'training.log'}")
    return path


@pytest.fixture(scope="session")
def engine(model_path: Path) -> Iterator[Engine]:
    """The real model, loaded once."""
    # Rasa switches the warnings of old libraries on again while it is imported: they are caught and dropped.
    with warnings.catch_warnings(record=True):
        from bot.dialogue.engine import Engine

        loaded = Engine.load(model_path)
    # It stays to the end: as in a worker, no round of the collector looks through it.
    settle()
    yield loaded
    loaded.close()
