"""From a misunderstood message to a model that understands it, and back: in a browser, and by commands.

A real training each, so it is a proof: some minutes on two cores.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from bot import schema
from bot.clock import SystemClock
from bot.database import Database
from bot.desk.people import People
from bot.desk.values.people import Rank
from bot.dialogue.tables import turns
from bot.settings import ROOT, Settings
from tests.e2e.test_main_job import SHOTS, browser
from tests.service.serving import Service, Visitor, serve

__all__ = ["browser"]

pytestmark = [pytest.mark.proof, pytest.mark.model, pytest.mark.timeout(3600)]

#: What this store's buyers call a price list, and nobody else: no model knows it before.
WORDS = "zwibbel the wumpus for my florp"
MEANS = "payment_methods"
#: What must go as before.
OWN = """
- name: a greeting, and a parcel
  situation: in_transit
  lines:
    - buyer: "hello"
      says: "Meridian Goods"
    - buyer: "where is my order {number}, email {email}"
      says: "{number}"
"""
PASSWORD = "a long enough password"
#: What a training may take on a busy machine, in seconds; and a change of models.
TRAINING, CHANGE = 1800, 120
SIZES = {"desk": {"width": 1280, "height": 900}, "tablet": {"width": 768, "height": 1024}}


@dataclass
class House:
    """A store with an admin, and the tests' model as its first version."""

    place: Path
    settings: Settings

    def intents(self) -> list[str]:
        """What each message was taken for, in order."""
        database = Database(f"sqlite:///{self.place / 'store.sqlite'}")
        with database.begin() as connection:
            found = list(connection.execute(sa.select(turns.c.intent).order_by(turns.c.id)).scalars())
        database.close()
        return found


@pytest.fixture
def house(tmp_path: Path, model_path: Path, settings: Settings) -> House:
    # A script of the store's own; those that come with crossdesk have their tests.
    (tmp_path / "store" / "conversations").mkdir(parents=True)
    (tmp_path / "store" / "shop.yml").write_text("releases: {scripts_of_each: 0}\n", encoding="utf-8")
    (tmp_path / "store" / "conversations" / "ours.yml").write_text(OWN, encoding="utf-8")
    # All of it, with what trainings remember of each other: the second one is quicker.
    shutil.copytree(model_path.parent.parent, tmp_path / "files")
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite'}")
    schema.upgrade(database)
    with database.begin() as connection:
        People(connection, settings.rules, SystemClock()).add("ada", "Ada Admin", Rank.ADMIN, PASSWORD)
    database.close()
    return House(tmp_path, settings)


def until(is_so: Callable[[], Any], seconds: float, what: str) -> Any:
    """Ask again until it is so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := is_so():
            return found
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds} s: {what}")


# --- In a browser ---


@pytest.fixture
def service(house: House) -> Iterator[Service]:
    found = serve(house.place / "store.sqlite", house.place / "files", store=house.place / "store")
    yield found
    assert found.stop() == 0


@pytest.mark.browser
def test_an_admin_teaches_the_bot_a_word_and_takes_it_back(
    house: House, service: Service, browser: Browser
) -> None:
    service.wait_for("worker .* is ready")

    def taken_for() -> str:
        """What somebody new is understood as who says it now."""
        before = len(house.intents())
        buyer = Visitor(service.address)
        buyer.says(WORDS).raise_for_status()
        until(lambda: len(house.intents()) > before, CHANGE, "a turn")
        buyer.leaves()
        return house.intents()[-1]

    assert taken_for() == "nlu_fallback"
    page = browser.new_context(viewport=SIZES["desk"], locale="en-GB").new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{service.address}/console/inbox")
    page.get_by_label("Login").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Console")).to_be_visible()
    _look_again(page, "/console/inbox", "1 message in English", CHANGE)
    shoot(page, "learning-1-inbox")
    expect(page.locator("body.js")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(MEANS)
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"1 message: {MEANS}.")).to_be_visible()

    page.goto(f"{service.address}/console/versions")
    page.get_by_role("button", name="Train a candidate").click()
    expect(page.get_by_text("The training has begun.")).to_be_visible()
    shoot(page, "learning-2-training")
    _look_again(page, "/console/versions", "The latest one, by ada, is done", TRAINING)
    first = page.locator(".kept > li").first
    expect(first.get_by_text("against its release")).to_be_visible()
    first.get_by_role("link", name="Whose outcome it would change").click()
    expect(page.get_by_text("1 of 1 conversation would have gone otherwise")).to_be_visible()
    for side, intent in (("Released", "nlu_fallback"), ("Candidate", MEANS)):
        expect(page.get_by_label(side, exact=True)).to_contain_text(intent)
    shoot(page, "learning-3-compare")
    expect(page.locator("body.js")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("Approved.")).to_be_visible()

    page.get_by_role("link", name="All versions").click()
    first = page.locator(".kept > li").first
    expect(first.get_by_text("Nothing stands against its release")).to_be_visible()
    shoot(page, "learning-4-versions")
    first.get_by_role("button", name="Release").click()
    expect(page.get_by_text("Released: the workers change")).to_be_visible()
    until(lambda: taken_for() == MEANS, CHANGE, "the new version understands it")

    page.goto(f"{service.address}/console/versions")
    page.get_by_role("button", name="Roll back to").click()
    expect(page.get_by_text("Back to the version before")).to_be_visible()
    until(lambda: taken_for() == "nlu_fallback", CHANGE, "the old version serves again")
    page.goto(f"{service.address}/console/versions")
    shoot(page, "learning-5-rolled-back")


def _look_again(page: Page, path: str, text: str, seconds: float) -> None:
    """Have the page anew until it says so."""
    address = page.url.split("/console")[0].split("/desk")[0]

    def says() -> bool:
        page.goto(f"{address}{path}")
        return page.get_by_text(text).count() > 0

    until(says, seconds, text)


def shoot(page: Page, name: str) -> None:
    """Pictures to be looked at, at both widths; nothing may stick out."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        page.screenshot(path=SHOTS / f"{name}-{size}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, size)
    page.set_viewport_size(SIZES["desk"])  # type: ignore[arg-type]


# --- By commands alone ---


def test_an_operator_teaches_the_bot_a_word_and_takes_it_back_by_commands(house: House) -> None:
    def crossdesk(*arguments: str, typed: str = "", code: int = 0) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                "CROSSDESK_DATABASE_URL": f"sqlite:///{house.place / 'store.sqlite'}",
                "CROSSDESK_FILES": str(house.place / "files"),
                "CROSSDESK_STORE": str(house.place / "store"),
            },
            input=typed,
            capture_output=True,
            text=True,
            timeout=TRAINING,
            check=False,
        )
        assert ran.returncode == code, (arguments, ran.stdout[-2000:], ran.stderr[-2000:])
        return ran.stdout if code == 0 else ran.stderr

    def taken_for(sender: str) -> str:
        line = json.dumps({"sender": sender, "text": WORDS})
        crossdesk("converse", "--database", str(house.place / "store.sqlite"), typed=f"{line}\n")
        return house.intents()[-1]

    assert taken_for("ben") == "nlu_fallback"
    crossdesk("review", "fill")
    (group,) = json.loads(crossdesk("review", "list", "--json"))
    crossdesk("review", "label", str(group.get("id") or group["group"]), MEANS)
    began = time.monotonic()
    crossdesk("train", "--candidate")
    print(f"a candidate after {time.monotonic() - began:.0f} s")
    candidate = json.loads(crossdesk("models", "list", "--json"))[0]["name"]
    assert "neither approved nor turned down" in crossdesk("models", "release", candidate, code=2)
    (change,) = json.loads(crossdesk("models", "changes", candidate, "--json"))
    crossdesk("models", "approve", str(change["id"]))
    crossdesk("models", "release", candidate)
    assert taken_for("eva") == MEANS
    crossdesk("models", "rollback", "--reason", "nobody means that")
    assert taken_for("tom") == "nlu_fallback"
    assert "nobody means that" in crossdesk("models", "log")
