"""The console's intents: listed, told with their examples and confusions, and a box to try the model in."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from adapters.web import console_intents
from bot.settings import Settings
from bot.training import models
from bot.training.releasing import Releases
from bot.training.tables import model_trials
from tests.training.judged import figures
from tests.training.test_versions import make
from tests.web.browsing import Door, Enter
from tests.web.conftest import Office
from tests.web.looking import SIZES, look
from tests.web.staff import PASSWORD, Staff

HOSTILE = '<script>alert("x")</script>'
ANSWER: dict[str, Any] = {
    "text": f"where is my blue lamp {HOSTILE} and can I pay later",
    "language": "en",
    "language_tag": "en",
    "intent": "logistics_where_is_parcel",
    "topic": "logistics",
    "confidence": 0.81,
    "ranking": [
        {"intent": "logistics_where_is_parcel", "confidence": 0.81},
        {"intent": "logistics_delay", "confidence": 0.1},
        {"intent": "order_state", "confidence": 0.02},
    ],
    "entities": [{"entity": "product", "start": 9, "end": 21, "value": HOSTILE}],
    "requests": [
        {"intent": "logistics_where_is_parcel", "confidence": 0.81, "start": 0, "end": 21},
        {"intent": "payment_methods", "confidence": 0.7, "start": 54, "end": 69},
    ],
    "mood": "angry",
    "threat": "legal",
    "model": "m1.tar.gz",
    "why": [
        {
            "intent": "logistics_where_is_parcel",
            "examples": [
                {"text": f"where is my lamp {HOSTILE}", "language": "en", "own": True, "nearness": 0.913},
                {"text": "أين مصباحي", "language": "ar", "own": False, "nearness": 0.8},
                {"text": None, "language": None, "own": None, "nearness": 0.79},
            ],
        }
    ],
}


@pytest.fixture
def kept(settings: Settings, staff: Staff, tmp_path: Path) -> Settings:
    """A released version with confusions, and a store with examples of its own."""
    return _kept(settings, staff, tmp_path)


def _kept(settings: Settings, staff: Staff, place: Path) -> Settings:
    own = dataclasses.replace(settings, store=place / "store", files=place / "files")
    models.models_folder(own).mkdir(parents=True)
    make(own, 1, figures=figures(wrong=["logistics_delay 1"]))
    Releases(own, staff.database, staff.clock).release("m1", "ada")
    learned = own.store / "nlu" / "en" / "learned.yml"
    learned.parent.mkdir(parents=True)
    learned.write_text(
        f"nlu:\n- intent: logistics_delay\n  examples: |\n    - late {HOSTILE}\n", encoding="utf-8"
    )
    return own


@pytest.fixture
def ada(staff: Staff, kept: Settings, enter: Enter) -> TestClient:
    staff.person("ada", "admin")
    return enter("ada")


@contextmanager
def worker(staff: Staff, answer: dict[str, Any]) -> Iterator[None]:
    """Somebody who answers whoever tries the model, as a worker does between turns."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.05):
            with staff.database.begin() as connection:
                waiting = model_trials.c.answer.is_(None)
                connection.execute(model_trials.update().where(waiting).values(answer=answer))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def tries(client: TestClient, text: str, **given: str) -> Any:
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/console/intents").text)
    assert csrf is not None
    return client.post("/console/intents/try", data={"csrf": csrf[1], "text": text, **given})


def test_all_intents_are_listed_with_their_queue_examples_and_accuracy(ada: TestClient) -> None:
    page = ada.get("/console/intents").text
    row = page[page.index(">logistics_delay</a>") :]
    assert "<td>logistics</td>" in row[:200]
    assert "62.9 % of 35" in row[:400]
    assert "82 intents" in page
    assert "82 intents, examples in German" in ada.get("/console/intents?language=de").text


def test_an_intent_is_shown_with_its_examples_and_confusions(ada: TestClient) -> None:
    page = ada.get("/console/intents/logistics_delay").text
    assert 'href="/console/intents/order_state">order_state</a>' in page
    assert "13 ×" in page
    assert "62.9 %" in page
    # The store's own come first, and are only words.
    assert page.index("late &lt;script&gt;") < page.index("</li>", page.index('class="said-so"'))
    assert HOSTILE not in page
    assert ">Not: " in page
    more = ada.get("/console/intents/logistics_delay?page=1").text
    assert 'start="101"' in more
    assert "late &lt;script&gt;" not in more
    assert (
        '<span class="words" dir="auto" lang="de">'
        in ada.get("/console/intents/logistics_delay?language=de").text
    )


@pytest.mark.parametrize("query", ["page=9999", "page=-1", "page=x", "page=99999999999", "language=xx"])
def test_a_page_that_is_not_there_is_an_empty_one(ada: TestClient, query: str) -> None:
    assert ada.get(f"/console/intents/order_state?{query}").status_code == 200


@pytest.mark.parametrize("name", ["order_fly", "%3Cscript%3E", "..", "try"])
def test_what_is_no_intent_is_not_found(ada: TestClient, name: str) -> None:
    answer = ada.get(f"/console/intents/{name}")
    assert answer.status_code in (404, 200)
    assert "<script>alert" not in answer.text
    assert answer.status_code == 404 or name == ".."


def test_the_model_is_tried_and_says_why(ada: TestClient, staff: Staff) -> None:
    with worker(staff, ANSWER):
        page = tries(ada, "where is my lamp").text
    for said in (
        "<strong>logistics_where_is_parcel</strong>, 81.0 % sure",
        "threat: legal",
        "angry",
        "by m1",
        '<span class="near">0.91</span>',
        "an example that has changed since this model was trained",
        "pay later</span>",
    ):
        assert said in page, said
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;") >= 2
    # The words stay in the box, to be changed and tried again; in the database nothing stays.
    assert ">where is my lamp</textarea>" in page
    with staff.database.begin() as connection:
        assert connection.execute(model_trials.select()).all() == []


def test_nothing_with_a_meaning_and_what_is_not_understood_are_told(ada: TestClient, staff: Staff) -> None:
    with worker(
        staff, {**ANSWER, "intent": "nlu_fallback", "why": [], "entities": [], "requests": [], "threat": None}
    ):
        page = tries(ada, "CD-104233").text
    assert "<strong>Not understood</strong>" in page
    assert "no words are left" in page


def test_where_no_worker_answers_it_is_said_in_time(
    ada: TestClient, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_intents, "WAIT", 0.3)
    answer = tries(ada, HOSTILE)
    assert answer.status_code == 503
    assert "No worker has answered" in answer.text
    assert HOSTILE not in answer.text
    with staff.database.begin() as connection:
        assert connection.execute(model_trials.select()).all() == []


def test_what_a_worker_cannot_do_is_told(ada: TestClient, staff: Staff) -> None:
    with worker(staff, {"error": "no model serves: train one first"}):
        answer = tries(ada, "hello")
    assert answer.status_code == 503
    assert "no model serves: train one first" in answer.text


@pytest.mark.parametrize(
    ("text", "given", "status"),
    [("", {}, 422), ("x" * 2001, {}, 422), ("hello", {"csrf": "forged"}, 403)],
    ids=["nothing", "too long", "another site's form"],
)
def test_what_cannot_be_tried_is_refused(
    ada: TestClient, text: str, given: dict[str, str], status: int
) -> None:
    assert tries(ada, text, **given).status_code == status


@pytest.mark.parametrize("rank", ["trainee", "agent", "supervisor"])
def test_intents_are_for_admins(rank: str, staff: Staff, kept: Settings, enter: Enter, door: Door) -> None:
    staff.person("sam", rank)
    client = enter("sam")
    for path in ("/console/intents", "/console/intents/order_state"):
        assert client.get(path).status_code == 403
        assert door().get(path).url.path == "/desk/sign-in"
    assert client.post("/console/intents/try", data={"text": "hello"}).status_code == 403


def test_a_store_without_a_model_has_intents_all_the_same(staff: Staff, enter: Enter) -> None:
    staff.person("ada", "admin")
    client = enter("ada")
    assert "<td>–</td>" in client.get("/console/intents").text
    assert "Nobody has judged the released version" in client.get("/console/intents/order_state").text


# --- In a browser ---


@pytest.mark.browser
def test_an_admin_tries_a_message_and_looks_at_an_intent(
    browser: Browser, office: Office, settings: Settings, tmp_path: Path
) -> None:
    _kept(settings, office.staff, tmp_path)
    office.staff.person("ada", "admin", name="Ada Admin")
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
    errors: list[str] = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    page.set_default_timeout(15_000)
    page.goto(office.address + "/console/intents/logistics_delay?language=en")
    page.get_by_label("Login").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="logistics_delay")).to_be_visible()

    def looked_at(name: str) -> None:
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme="dark" if size == "tablet" else "light")
            look(page, f"{name}-{size}")

    looked_at("intent")
    page.get_by_role("link", name="All intents").click()
    expect(page.get_by_role("heading", name="82 intents")).to_be_visible()
    expect(page.locator("body.js")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("where is my lamp")
    with worker(office.staff, ANSWER):
        page.get_by_role("button", name="What does it mean?").click()
        expect(page.get_by_text("81.0 % sure")).to_be_visible()
    looked_at("tried")
    assert errors == []
