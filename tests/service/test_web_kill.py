"""The web chat's whole path, killed again and again: nothing lost, nothing twice, nothing out of order."""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.database import Database
from bot.settings import ROOT
from bot.shop.tables import customers
from tests.service.estate import SOMEBODY
from tests.service.running import PATIENCE, until

#: A visitor may send so many a minute.
EACH = 20
#: How long the last answer may take, in seconds: whoever was killed in mid-turn is waited for.
LONG = 400.0
KINDS = ("talk", "pair", "money", "talk")
ANSWER = re.compile(r"(\d+)\.(\d)/(\d) after (\d+)")


class Store:
    """A service that is killed and started anew on the same port, whose confirmed messages are counted."""

    def __init__(self, place: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.kills = 0
        self.confirmed = 0
        self.news = threading.Condition()
        self.place = place
        (place / "store").mkdir()
        (place / "store" / "shop.yml").write_text("serving: {workers: 1}\n")
        self.environment = {
            **os.environ,
            "CROSSDESK_DATABASE_URL": f"sqlite:///{place / 'crossdesk.sqlite'}",
            "CROSSDESK_FILES": str(place / "files"),
            "CROSSDESK_STORE": str(place / "store"),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.place / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.service.scripted", "serve", "--port", str(self.port)],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._answers, "the pages")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)
        self.kills += 1

    def confirms(self) -> None:
        with self.news:
            self.confirmed += 1
            self.news.notify_all()

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.place / "log").read_text()[-2000:]
        try:
            return httpx.get(f"{self.address}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
def store(tmp_path: Path, database: Database) -> Iterator[Store]:
    """With somebody in it: a demonstration would take long."""
    with database.begin() as connection:
        connection.execute(customers.insert().values(**SOMEBODY))
    made = Store(tmp_path)
    made.start()
    yield made
    made.kill()


class Visitor:
    """Somebody at an address of their own who sends each message until it is confirmed, as the page does."""

    def __init__(self, store: Store, number: int) -> None:
        self.store = store
        self.pace = random.Random(f"visitor {number}")
        # Each has a network of their own, as buyers have.
        network = f"127.0.{1 + number // 200}.{1 + number % 200}"
        self.http = httpx.Client(
            base_url=store.address, transport=httpx.HTTPTransport(local_address=network), timeout=10
        )

    def writes(self) -> list[dict[str, Any]]:
        """The conversation, once all is answered."""
        with self.http:
            self._until(lambda: self.http.get("/chat"), 200)
            for number in range(1, EACH + 1):
                text = f"{number} {self.pace.choice(KINDS)}"
                body = {"id": str(uuid.uuid4()), "text": text}
                self._until(lambda body=body: self.http.post("/chat/messages", json=body), 202)
                self.store.confirms()
                time.sleep(self.pace.uniform(0, 0.2))
            end = time.monotonic() + LONG
            while not (lines := self._lines()) or not _ends(lines):
                assert time.monotonic() < end, f"waited in vain for {EACH} answers: {lines[-3:]}"
                # Many who look all the time would leave no time to answer them.
                time.sleep(0.5)
            return lines

    def _lines(self) -> list[dict[str, Any]]:
        answer = self._until(lambda: self.http.get("/chat/messages"), 200)
        lines: list[dict[str, Any]] = answer.json()["messages"]
        return lines

    def _until(self, ask: Any, status: int) -> httpx.Response:
        def asked() -> httpx.Response | None:
            try:
                answer: httpx.Response = ask()
            except httpx.TransportError:
                return None
            assert answer.status_code in (status, 429, 503), answer.text
            return answer if answer.status_code == status else None

        found = until(asked, "an answer")
        assert found is not None
        return found


def _ends(lines: list[dict[str, Any]]) -> bool:
    last = ANSWER.fullmatch(lines[-1]["text"])
    return last is not None and (last[1], last[2]) == (str(EACH), last[3])


def _is_whole(lines: list[dict[str, Any]]) -> None:
    assert [line["position"] for line in lines] == list(range(1, len(lines) + 1))
    written = [line["text"] for line in lines if line["author"] == "buyer"]
    assert [int(text.split()[0]) for text in written] == list(range(1, EACH + 1))
    expected = [
        f"{number}.{part}/{parts} after {number - 1}"
        for number, text in enumerate(written, 1)
        for parts in [2 if text.endswith("pair") else 1]
        for part in range(1, parts + 1)
    ]
    assert [line["text"] for line in lines if line["author"] == "bot"] == expected


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("visitors", "kills"), [(2, 2), pytest.param(50, 8, marks=pytest.mark.proof)], ids=["some", "1,000"]
)
def test_nothing_is_lost_doubled_or_out_of_order_however_often_it_is_killed(
    store: Store, visitors: int, kills: int
) -> None:
    failed = threading.Event()

    def kill() -> None:
        chance = random.Random("kills")
        for number in range(1, kills + 1):
            # By what was written and not by the clock: a fast machine would be done before the first kill.
            due = number * visitors * EACH // (kills + 1)
            with store.news:
                store.news.wait_for(lambda due=due: store.confirmed >= due or failed.is_set())
            if failed.wait(chance.uniform(0, 0.3)):
                return
            store.kill()
            store.start()

    with ThreadPoolExecutor(1) as killers, ThreadPoolExecutor(visitors) as pool:
        killed = killers.submit(kill)
        try:
            found = list(pool.map(lambda number: Visitor(store, number).writes(), range(visitors)))
        except BaseException:
            with store.news:
                failed.set()
                store.news.notify_all()
            raise
        killed.result(PATIENCE)
    assert store.kills == kills
    for lines in found:
        _is_whole(lines)
