"""The main job in a real browser: the buyer in one page, the store's agent in the other, all parts real."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot import schema
from bot.clock import SystemClock
from bot.database import Database
from bot.settings import Settings
from bot.shop.seed import seed
from bot.shop.situations import situations
from bot.shop.values import OrderSample

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.timeout(240)]

CHROMIUM = Path("/usr/bin/chromium")
#: Where the pictures of the last run lie, to be looked at.
SHOTS = Path(__file__).resolve().parent.parent.parent / "var" / "shots"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Shop:
    """A running crossdesk with its store."""

    process: subprocess.Popen[str]
    address: str
    password: str
    orders: dict[str, OrderSample]


@pytest.fixture
def shop(tmp_path: Path, model_path: Path, settings: Settings) -> Iterator[Shop]:
    """``crossdesk serve`` on a seeded store, with the tests' model."""
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    database = Database(url)
    schema.upgrade(database)
    with database.begin() as connection:
        seed(connection, 1, SystemClock().now().date())
        orders = situations(connection, settings.rules, SystemClock())
    database.close()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--port", "0"],
        env={
            **os.environ,
            "CROSSDESK_DATABASE_URL": url,
            "CROSSDESK_FILES": str(model_path.parent.parent),
            "CROSSDESK_STORE": str(model_path.parent.parent / "store"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    password = address = ""
    for line in process.stdout or ():
        password = (re.search(r"password '([^']+)'", line) or [password, password])[1]
        address = (re.search(r"(http://\S+)/chat", line) or [address, address])[1]
        if "Ctrl-C" in line:
            break
    yield Shop(process, address, password, orders)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert "nothing was lost" in rest


# For a module, not the session: while it is open, no test can run an event loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"needs Chromium at {CHROMIUM} (apt install chromium)")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))


def _says(page: Page, text: str) -> None:
    page.get_by_placeholder("Write a message").fill(text)
    page.keyboard.press("Enter")


def test_a_buyer_is_answered_then_handed_to_an_agent_whose_words_arrive(shop: Shop, browser: Browser) -> None:
    order = shop.orders["delay_strike"]
    buyer = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    agent = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    SHOTS.mkdir(parents=True, exist_ok=True)

    buyer.goto(f"{shop.address}/chat")
    _says(buyer, "Where is my parcel?")
    expect(buyer.get_by_text("Which order is it about?")).to_be_visible(timeout=60_000)
    _says(buyer, order.number)
    expect(buyer.get_by_text("e-mail address or phone number")).to_be_visible(timeout=20_000)
    _says(buyer, order.email)
    expect(buyer.get_by_text("A strike is holding up your parcel")).to_be_visible(timeout=20_000)
    buyer.screenshot(path=SHOTS / "chat-answered.png")

    _says(buyer, "I want to talk to a human please")
    expect(buyer.get_by_text("You'll have an answer here by")).to_be_visible(timeout=20_000)

    agent.goto(f"{shop.address}/desk")
    agent.get_by_label("Login").fill("supervisor")
    agent.get_by_label("Password").fill(shop.password)
    agent.keyboard.press("Enter")
    expect(agent.locator("#cases")).to_contain_text("talk to a human", timeout=10_000)
    agent.screenshot(path=SHOTS / "desk-queue.png")
    agent.get_by_role("link", name="I want to talk to a human").click()
    expect(agent.locator("#card")).to_contain_text(order.number)
    agent.get_by_role("button", name="Claim this case").click()

    _says(buyer, "Are you there?")
    expect(agent.get_by_text("Are you there?")).to_be_visible(timeout=20_000)
    agent.locator("textarea#reply").fill("Hello, I am looking into it for you.")
    agent.get_by_role("button", name="Send to the buyer").click()
    expect(buyer.get_by_text("Hello, I am looking into it for you.")).to_be_visible(timeout=20_000)
    expect(agent.locator("#lines .said.agent")).to_contain_text("Sent", timeout=20_000)
    buyer.screenshot(path=SHOTS / "chat-agent.png")
    agent.screenshot(path=SHOTS / "desk-case.png")

    buyer.reload()
    expect(buyer.get_by_text("Hello, I am looking into it for you.")).to_be_visible()

    agent.locator("summary", has_text="Close").click()
    agent.get_by_label("How it ended").select_option("solved")
    agent.get_by_role("button", name="Close, the bot goes on").click()
    expect(buyer.get_by_text("Is everything solved?")).to_be_visible(timeout=20_000)
    _says(buyer, "Yes, all solved")
    expect(buyer.get_by_text("Thank you for writing to")).to_be_visible(timeout=20_000)
