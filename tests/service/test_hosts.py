"""Roles apart, each any number of times, over one PostgreSQL; the turns are scripted, all else is real."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.peers.postgres import Server
from tests.service.estate import Estate, Process, Traffic, in_namespace_of, took
from tests.service.running import PATIENCE, until

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc"),
]

#: How long another may take to do what a dead one did, in seconds.
TAKEN_OVER = 15.0


@pytest.fixture(scope="module")
def estate(
    postgres: Server, empty_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Estate]:
    """Two of everything."""
    name = postgres.create(empty_database)
    made = Estate(tmp_path_factory.mktemp("estate"), postgres.url(name))
    try:
        for roles in (("web",), ("worker",), ("channels", "delivery", "timers")):
            for _ in range(2):
                made.start(*roles)
        for process in made.processes:
            process.ready()
        yield made
    finally:
        made.end()
        postgres.drop(name)


def of(estate: Estate, role: str) -> list[Process]:
    return [process for process in estate.processes if role in process.roles]


class Page:
    """A chat page that listens."""

    def __init__(self, address: str, cookies: httpx.Cookies | None = None) -> None:
        self.http = httpx.Client(base_url=address, cookies=cookies, timeout=httpx.Timeout(30, read=PATIENCE))
        assert self.http.get("/chat").status_code == 200
        self.events: list[str] = []
        self._closing = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        until(lambda: "event: ready" in self.events, "the page's stream")

    def _listen(self) -> None:
        try:
            with self.http.stream("GET", "/chat/events") as stream:
                for line in stream.iter_lines():
                    self.events.append(line)
                    if self._closing:
                        return
        except httpx.HTTPError:
            return

    def write(self, text: str) -> None:
        body = {"id": str(uuid.uuid4()), "text": text}
        assert self.http.post("/chat/messages", json=body).status_code == 202

    def close(self) -> None:
        self._closing = True
        # Something to be heard, so that the stream is left.
        body = {"id": str(uuid.uuid4()), "text": "99 talk"}
        self.http.post("/chat/messages", json=body)
        self._thread.join(PATIENCE)
        self.http.close()

    def heard(self, text: str) -> bool:
        return any(line.startswith("data: {") and text in line for line in self.events)


def test_a_line_reaches_the_page_that_is_open_in_another_process(estate: Estate) -> None:
    first, second = of(estate, "web")
    here = Page(first.address)
    there = Page(second.address, here.http.cookies)
    stranger = Page(second.address)
    here.write("1 talk")
    until(lambda: here.heard("1.1/1 after 0"), "the answer on one page")
    until(lambda: there.heard("1.1/1 after 0"), "the answer on the page that is open elsewhere")
    there.write("2 talk")
    until(lambda: here.heard("2.1/1 after 1"), "the other way round")
    assert not stranger.heard("after")
    lines = here.http.get("/chat/messages").json()["messages"]
    assert [line["text"] for line in lines if line["author"] == "bot"] == ["1.1/1 after 0", "2.1/1 after 1"]
    for page in (here, there, stranger):
        page.close()


def test_what_only_one_may_poll_is_polled_by_one_and_taken_over_when_it_dies(estate: Estate) -> None:
    pollers = {process.process.pid: process for process in of(estate, "channels")}
    dying = pollers[until(estate.line_holder, "somebody who polls")]
    estate.drop("before", 1)
    until(lambda: estate.answered("before", 1), "an answer")
    dying.end(signal.SIGKILL)
    dead_since = time.monotonic()
    estate.processes.remove(dying)
    (living,) = of(estate, "channels")
    estate.drop("after", 1)
    until(lambda: estate.line_holder() == living.process.pid, "another who polls")
    until(lambda: estate.answered("after", 1), "an answer by another")
    assert took(dead_since) < TAKEN_OVER
    assert estate.overlaps() == 0
    estate.start(*dying.roles).ready()


def test_a_rolling_restart_under_traffic_answers_every_message_once_and_in_order(estate: Estate) -> None:
    traffic = Traffic(estate, senders=8, pause=0.1)
    pages = 0
    try:
        for old in tuple(estate.processes):
            new = estate.restart(old)
            if "web" in new.roles:
                page = Page(new.address)
                page.write("1 talk")
                until(lambda page=page: page.heard("1.1/1 after 0"), "an answer on a page")  # type: ignore[misc]
                page.close()
                pages += 1
    finally:
        traffic.stop()
    assert pages == 2
    assert min(traffic.written.values()) > 5
    for sender, last in traffic.written.items():
        until(lambda sender=sender, last=last: estate.answered(sender, last), f"the last answer to {sender}")  # type: ignore[misc]
    sent = [line for line in estate.sent() if line[0] in traffic.written]
    for sender, last in traffic.written.items():
        expected = [f"{number}.1/1 after {number - 1}" for number in range(1, last + 1)]
        assert [text for to, text in sent if to == sender] == expected
    assert Counter(sent).most_common(1)[0][1] == 1
    assert estate.overlaps() == 0


def _namespaces_are_allowed() -> bool:
    tried = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    return tried.returncode == 0


def test_roles_in_networks_of_their_own_meet_in_the_database_alone(
    postgres: Server, empty_database: str, tmp_path: Path
) -> None:
    if not _namespaces_are_allowed():
        pytest.skip("needs the right to make network namespaces (CAP_SYS_ADMIN): run as root, or in CI")
    name = postgres.create(empty_database)
    estate = Estate(tmp_path, postgres.url(name))
    alone = ("unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    try:
        web = estate.start("web", before=alone)
        others = [estate.start(*roles, before=alone) for roles in (("worker",), ("delivery", "timers"))]
        for process in (web, *others):
            process.ready()
        networks = {Path(f"/proc/{process.process.pid}/ns/net").readlink() for process in (web, *others)} | {
            Path("/proc/self/ns/net").readlink()
        }
        assert len(networks) == 4
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{web.address}/healthz")

        def visit() -> None:
            with httpx.Client(base_url=web.address, timeout=30) as buyer:
                buyer.get("/chat")
                buyer.post("/chat/messages", json={"id": str(uuid.uuid4()), "text": "1 talk"})
                until(
                    lambda: "1.1/1 after 0" in buyer.get("/chat/messages").text,
                    "an answer from the other networks",
                )

        in_namespace_of(web.process.pid, visit)
        for process in (web, *others):
            assert process.end() == 0
    finally:
        estate.end()
        postgres.drop(name)


def test_a_second_service_on_one_sqlite_file_is_refused_in_one_line(tmp_path: Path) -> None:
    import os

    from bot.serving.alone import alone_if_sqlite
    from bot.serving.roles import EVERYTHING
    from bot.settings import ROOT

    url = f"sqlite:///{tmp_path / 'crossdesk.sqlite'}"
    environment = {**os.environ, "CROSSDESK_DATABASE_URL": url, "CROSSDESK_FILES": str(tmp_path / "files")}

    def refused(*arguments: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "bot", "serve", "--port", "0", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stdout) == (2, "")
        (line,) = ran.stderr.splitlines()
        return line

    with alone_if_sqlite(url, EVERYTHING):
        assert f"process {os.getpid()} serves from" in refused()
    assert "on SQLite one process does everything" in refused("--role", "web", "--role", "worker")
