"""The pages for watching: alive, ready, figures, and only for those who may look."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from starlette.applications import Starlette

from bot.clock import Clock, SetClock, SystemClock
from bot.database import Database
from bot.errors import ConfigurationError
from bot.networks import LOOPBACK, read_networks
from bot.operations.figures import Figures
from bot.operations.watching import Watching

Ask = Callable[..., httpx.Response]


class Pages:
    """The pages as they are served, asked from wherever the test likes."""

    def __init__(self, database: Database, clock: SetClock) -> None:
        self.workers: int | None = 1
        self.database = database
        self.clock: Clock = SystemClock()
        self.figures = Figures(["web"], database, clock)

    async def ask(
        self, path: str, host: str = "127.0.0.1", watchers: str = LOOPBACK, **headers: str
    ) -> httpx.Response:
        networks = read_networks("X", watchers)
        watching = Watching(self.figures, self.database, networks, lambda: self.workers, self.clock)
        door = httpx.ASGITransport(Starlette(routes=list(watching.routes())), client=(host, 4711))
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=door, base_url="http://x") as client:
            return await client.get(path, headers=sent)


@pytest.fixture
def pages(database: Database, clock: SetClock) -> Pages:
    return Pages(database, clock)


async def test_a_process_that_lives_says_so_to_everybody(pages: Pages) -> None:
    pages.workers = 0
    answer = await pages.ask("/healthz", "203.0.113.9")
    assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_the_figures_are_read_by_prometheus(pages: Pages) -> None:
    answer = await pages.ask("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "crossdesk_workers_ready 1.0" in answer.text


# --- Ready ---


@pytest.mark.parametrize(("workers", "ready"), [(2, True), (0, False), (None, True)])
async def test_a_process_is_ready_once_a_worker_is_if_it_is_to_have_any(
    pages: Pages, workers: int | None, ready: bool
) -> None:
    pages.workers = workers
    answer = await pages.ask("/readyz")
    assert answer.status_code == (200 if ready else 503)
    assert answer.text == ("ready\n" if ready else "workers: none is ready\n")


async def test_a_process_on_another_schema_is_not_ready(pages: Pages, database: Database) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    answer = await pages.ask("/readyz")
    assert answer.status_code == 503
    assert answer.text.startswith("database: the database is at revision 9999")


async def test_a_process_whose_database_is_away_is_not_ready_and_tells_no_secret(
    clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    away = Pages(Database("postgresql://crossdesk:hunter2@127.0.0.1:1/crossdesk"), clock)
    answer = await away.ask("/readyz")
    assert answer.status_code == 503
    assert answer.text.startswith("database: ")
    assert "hunter2" not in answer.text + caplog.text
    assert "crossdesk_database_up 0.0" in (await away.ask("/metrics")).text


async def test_an_error_that_nobody_foresaw_is_told_by_its_kind_only(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Database) -> None:
        raise RuntimeError("PAPAYA")

    monkeypatch.setattr("bot.schema.require_current", broken)
    answer = await pages.ask("/readyz")
    assert (answer.status_code, answer.text) == (503, "database: RuntimeError\n")


async def test_what_is_missing_is_one_line_each(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Database) -> None:
        raise ConfigurationError("damaged\nin two lines")

    monkeypatch.setattr("bot.schema.require_current", refused)
    pages.workers = 0
    answer = await pages.ask("/readyz")
    assert answer.text == "database: damaged in two lines\nworkers: none is ready\n"


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_a_clock_that_is_wrong_is_told_and_keeps_nobody_away(pages: Pages, clock: SetClock) -> None:
    pages.clock = clock
    answer = await pages.ask("/readyz")
    assert answer.status_code == 200
    assert answer.text.startswith("ready\nclock: this machine is ")


# --- Who may look ---


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
@pytest.mark.parametrize(
    ("host", "watchers", "headers", "status"),
    [
        ("::1", LOOPBACK, {}, 200),
        ("203.0.113.9", LOOPBACK, {}, 403),
        ("10.0.0.7", LOOPBACK, {}, 403),
        ("10.0.0.7", "10.0.0.0/24", {}, 200),
        ("10.0.0.7", "10.0.0.0/24", {"X_Forwarded_For": "10.0.0.7"}, 200),
        ("127.0.0.1", "none", {}, 403),
        # A proxy on this machine that is not believed passes on anybody's request.
        ("127.0.0.1", LOOPBACK, {"X_Forwarded_For": "203.0.113.9"}, 403),
        ("127.0.0.1", LOOPBACK, {"X_Forwarded_For": "127.0.0.1"}, 403),
        ("::ffff:127.0.0.1", LOOPBACK, {"Forwarded": "for=127.0.0.1"}, 403),
        ("127.0.0.1", LOOPBACK, {"X_Real_IP": "127.0.0.1"}, 403),
        ("127.0.0.1", LOOPBACK, {"Via": "1.1 proxy"}, 403),
        ("testclient", LOOPBACK, {}, 403),
    ],
)
async def test_only_those_who_may_look_are_answered(
    pages: Pages, path: str, host: str, watchers: str, headers: dict[str, str], status: int
) -> None:
    answer = await pages.ask(path, host, watchers, **headers)
    assert answer.status_code == status
    assert ("CROSSDESK_WATCHERS" in answer.text) == (status == 403)
