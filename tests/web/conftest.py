"""The chat and the desk with ports of our own behind them, and a browser before them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from starlette.applications import Starlette
from starlette.testclient import TestClient

from adapters.web.chat import WebChat
from adapters.web.desk import WebDesk
from adapters.web.pages import Pages
from bot.clock import Clock, SetClock, SystemClock
from bot.settings import ROOT, Settings, read_rules
from bot.training.releasing import Releases
from bot.training.review import Review
from tests.web.browsing import Door, Enter, sign_in
from tests.web.reception import MemoryReception
from tests.web.serving import Serving
from tests.web.staff import Staff, moment

CHROMIUM = Path("/usr/bin/chromium")
SECRET = "a secret of the tests, long enough for them"


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("files")
    rules = read_rules(ROOT / "shop.yml")
    return Settings(rules=rules, database_url="sqlite://", files=folder, store=folder / "store")


@pytest.fixture
def clock() -> SetClock:
    return SetClock(dt.datetime(2024, 5, 6, 12, 0, tzinfo=dt.timezone.utc))


@pytest.fixture
def reception(settings: Settings) -> MemoryReception:
    return MemoryReception(settings.files, settings.rules.attachments)


@pytest.fixture
def chat(settings: Settings, reception: MemoryReception, clock: SetClock) -> WebChat:
    channel = WebChat(settings, reception, secret=SECRET, clock=clock, pages=Pages())
    reception.channel = channel
    return channel


@pytest.fixture
def client(chat: WebChat) -> Iterator[TestClient]:
    """A visitor who has opened the page."""
    with TestClient(Starlette(routes=list(chat.routes())), base_url="http://shop.test") as visitor:
        assert visitor.get("/chat").status_code == 200
        yield visitor


# For a module, not the session: while it is open, no test can run an event loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"needs Chromium at {CHROMIUM} (apt install chromium)")
    # As patient as the pages: two processes run tests.
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )


@dataclasses.dataclass
class Shop:
    """A served chat."""

    serving: Serving
    chat: WebChat
    reception: MemoryReception

    @property
    def address(self) -> str:
        return self.serving.address

    def sender(self) -> str:
        """The one visitor who has written."""
        return self.reception.accepted[-1].sender

    def stop(self) -> None:
        self.serving.stop(self.chat.stop)

    def start(self) -> None:
        self.serving.start()
        self.serving.run(self.chat.start())


@pytest.fixture
def shop(settings: Settings, reception: MemoryReception) -> Iterator[Shop]:
    channel = WebChat(settings, reception, secret=SECRET, clock=SystemClock(), pages=Pages())
    reception.channel = channel
    shop = Shop(Serving(channel.routes()), channel, reception)
    shop.start()
    yield shop
    shop.stop()


@pytest.fixture
def staff(settings: Settings, clock: SetClock, tmp_path: Path) -> Iterator[Staff]:
    clock.at = moment()
    staff = Staff(tmp_path, settings.rules, clock)
    yield staff
    staff.close()


@dataclasses.dataclass
class Office:
    """A served desk, by the machine's own clock."""

    serving: Serving
    frontend: WebDesk
    staff: Staff

    @property
    def address(self) -> str:
        return self.serving.address


@pytest.fixture
def office(settings: Settings, tmp_path: Path) -> Iterator[Office]:
    staff = Staff(tmp_path, settings.rules, SystemClock())
    frontend = WebDesk(
        settings,
        staff.desk,
        secret=SECRET,
        clock=SystemClock(),
        pages=Pages(),
        review=_review(settings, staff, tmp_path, SystemClock()),
        releases=_releases(settings, staff, tmp_path, SystemClock()),
    )
    office = Office(Serving(frontend.routes()), frontend, staff)
    office.serving.start()
    yield office
    office.serving.stop(frontend.stop)
    staff.close()


@pytest.fixture
def frontend(settings: Settings, staff: Staff, clock: SetClock, tmp_path: Path) -> WebDesk:
    review = _review(settings, staff, tmp_path, clock)
    releases = _releases(settings, staff, tmp_path, clock)
    return WebDesk(
        settings, staff.desk, secret=SECRET, clock=clock, pages=Pages(), review=review, releases=releases
    )


def _releases(settings: Settings, staff: Staff, place: Path, clock: Clock) -> Releases:
    own = dataclasses.replace(settings, store=place / "store", files=place / "files")
    return Releases(own, staff.database, clock)


def _review(settings: Settings, staff: Staff, place: Path, clock: Clock) -> Review:
    return Review(staff.database, dataclasses.replace(settings, store=place / "store"), clock)


@pytest.fixture
def door(frontend: WebDesk) -> Iterator[Door]:
    """A browser that has not signed in."""
    opened: list[TestClient] = []

    def browser() -> TestClient:
        client = TestClient(Starlette(routes=list(frontend.routes())), base_url="http://desk.test")
        opened.append(client)
        return client

    yield browser
    for client in opened:
        client.close()


@pytest.fixture
def enter(door: Door) -> Enter:
    """Sign somebody in who exists."""

    def entered(login: str) -> TestClient:
        client = door()
        answer = sign_in(client, login)
        assert answer.status_code == 200, answer.text
        assert answer.url.path == "/desk"
        return client

    return entered
