"""The console's first page: what waits, how well versions understand, what was asked; with pictures."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.testclient import TestClient

from bot.clock import SetClock, SystemClock
from bot.settings import Settings
from bot.training import models, weeks
from bot.training.acts import Act, Entry, note
from bot.training.progress import Teller, lock_path
from bot.training.releasing import Releases
from bot.wording import acts as word_acts
from bot.wording import drafts
from tests.training.judged import figures
from tests.training.talks import LOST, SURE, Talks
from tests.training.test_versions import make
from tests.web.browsing import Door, Enter
from tests.web.conftest import Office
from tests.web.looking import SIZES, fits, look
from tests.web.staff import PASSWORD, Staff

HOSTILE = '<script>alert("x")</script>'


def own(settings: Settings, place: Path) -> Settings:
    return dataclasses.replace(settings, store=place / "store", files=place / "files")


def worked(staff: Staff, settings: Settings, place: Path) -> Talks:
    """Some weeks of talk, two versions of which the first serves, and messages that wait."""
    kept = own(settings, place)
    models.models_folder(kept).mkdir(parents=True)
    make(
        kept,
        1,
        made_by="ada",
        figures=figures(wrong=["logistics_delay 1", "order_state 3 de"], taken_for="service_threat"),
    )
    make(kept, 2, made_by="ada", figures=figures(wrong=["logistics_delay 1"]), fingerprint="other")
    talks = Talks(staff.database, kept, SetClock(staff.clock.now()))
    Releases(kept, staff.database, talks.clock).release("m1", "ada", reason=HOSTILE)
    talks.clock.advance(days=-21)
    for week in range(3):
        for number in range(6 + week):
            talks.say(f"where is my lamp {number}", SURE, buyer=f"b{week}{number}")
        talks.say("asdf gh", LOST, buyer=f"c{week}")
        talks.say("wo bleibt es", SURE, buyer=f"d{week}", language="de", intent="logistics_delay")
        talks.pass_time(days=7)
    talks.fill()
    while weeks.count(talks.database, kept, talks.clock):
        pass
    return talks


@pytest.fixture
def ada(staff: Staff, enter: Enter) -> TestClient:
    staff.person("ada", "admin")
    return enter("ada")


def test_an_empty_store_is_told_so(ada: TestClient) -> None:
    page = ada.get("/console").text
    assert "Nothing yet. What the bot does not understand comes to the" in page
    assert "No model is released yet" in page
    assert "No version was tested yet. A training with a comparison does it" in page
    assert "No buyer has written in the last 26 weeks." in page
    # "All languages" is what is shown, not what somebody must have written in.
    assert "yet in all languages" not in page
    assert "in all languages yet" not in page
    # One language: it is named.
    page = ada.get("/console?language=de").text
    assert "No buyer has written in German in the last 26 weeks." in page
    assert "<img" not in page
    # A picture of nothing is a picture all the same.
    for name in ("accuracy", "coverage", "drift"):
        assert ada.get(f"/console/pictures/{name}.svg").text.startswith("<svg")


def test_it_tells_what_waits_and_how_well_the_versions_are(
    ada: TestClient, staff: Staff, settings: Settings, tmp_path: Path
) -> None:
    worked(staff, settings, tmp_path)
    page = ada.get("/console").text
    assert re.search(r"<strong>3</strong> messages to decide", page)
    assert re.search(r">m2</a> waits to be compared and released", page)
    assert "right on <strong>90.0 %</strong> of 140 test messages" in page
    assert "the bot answered <strong>90.0 %</strong> of 10 messages" in page
    assert '<th scope="col">logistics_where_is_parcel</th>' in page
    assert "release m1" in page


def test_one_language_is_told_apart(
    ada: TestClient, staff: Staff, settings: Settings, tmp_path: Path
) -> None:
    worked(staff, settings, tmp_path)
    page = ada.get("/console?language=de").text
    assert "Accuracy of the versions, in German" in page
    assert "coverage.svg?language=de" in page
    assert "the bot answered <strong>100.0 %</strong> of 1 message in German itself" in page
    # Judged, but with nobody who wrote in it.
    page = ada.get("/console?language=ar").text
    assert "No buyer has written in Arabic in the last 26 weeks." in page
    assert "accuracy.svg?language=ar" in page
    # No language of the store: all of them.
    assert "in all languages" in ada.get("/console", params={"language": HOSTILE}).text


def test_a_picture_is_an_image_that_can_do_nothing(
    ada: TestClient, staff: Staff, settings: Settings, tmp_path: Path
) -> None:
    worked(staff, settings, tmp_path)
    for name in ("accuracy", "coverage", "drift"):
        answer = ada.get(f"/console/pictures/{name}.svg?language=en")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("image/svg+xml")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
    assert "logistics_where_is_parcel" in ada.get("/console/pictures/drift.svg").text
    assert ada.get("/console/pictures/secrets.svg").status_code == 404


def test_a_training_and_what_was_written_down_are_told_without_doing_anything(
    ada: TestClient, staff: Staff, settings: Settings, tmp_path: Path
) -> None:
    kept = own(settings, tmp_path)
    models.models_folder(kept).mkdir(parents=True)
    with staff.database.begin() as connection:
        note(connection, Entry(staff.clock.now(), HOSTILE, Act.TRAIN, reason=HOSTILE))
    import fcntl

    with lock_path(kept).open("w", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        teller = Teller(kept, HOSTILE, {"MoodDetector": 60.0}, SystemClock())
        teller.begin()
        teller.step("MoodDetector")
        page = ada.get("/console").text
    assert "A training is running" in page
    assert "learning moods" in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_words_that_are_changed_and_what_was_done_with_them_are_told(ada: TestClient, staff: Staff) -> None:
    at = staff.clock.now()
    changed = tuple(f"utter_{number} en" for number in range(5))
    with staff.database.begin() as connection:
        drafts.put(connection, drafts.Draft("utter_bye", "en", [], "b", "ada", at))
        word_acts.note(
            connection, word_acts.Entry(at, "ada", word_acts.Act.RELEASE, "w1", note=HOSTILE, changed=changed)
        )
    page = ada.get("/console").text
    assert '<a href="/console/words">1 reply</a> changed in the draft' in page
    assert "release words w1 (utter_0 en, utter_1 en, utter_2 en …)" in page
    assert HOSTILE not in page


@pytest.mark.parametrize("rank", ["trainee", "agent", "supervisor"])
@pytest.mark.parametrize("path", ["/console", "/console/pictures/coverage.svg"])
def test_the_overview_is_for_admins(rank: str, path: str, staff: Staff, enter: Enter, door: Door) -> None:
    staff.person("sam", rank)
    assert enter("sam").get(path).status_code == 403
    assert door().get(path).url.path == "/desk/sign-in"


# --- In a browser ---


@pytest.fixture
def entered(
    browser: Browser, office: Office, settings: Settings, tmp_path: Path
) -> Iterator[Callable[..., Page]]:
    """Sign an admin in; at the end nothing may have gone wrong on any page."""
    contexts, errors = [], []
    worked(office.staff, settings, tmp_path)
    office.staff.person("ada", "admin", name="Ada Admin")

    def enter(size: tuple[int, int], **more: Any) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="en-GB", **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: errors.append(dialog.message))
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.goto(office.address + "/console")
        page.get_by_label("Login").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="What waits")).to_be_visible()
        return page

    yield enter
    for context in contexts:
        context.close()
    assert errors == []


def drawn(page: Page) -> int:
    """How many pictures have arrived."""
    return int(page.evaluate("[...document.images].filter(one => one.complete && one.naturalWidth).length"))


@pytest.mark.browser
@pytest.mark.parametrize(("name", "scheme"), [("desk", "light"), ("tablet", "dark"), ("phone", "light")])
def test_the_overview_is_seen_at_every_width(entered: Callable[..., Page], name: str, scheme: str) -> None:
    page = entered(SIZES[name], color_scheme=scheme)
    page.wait_for_load_state("load")
    assert drawn(page) == 3
    fits(page, f"overview-{name}")
    for summary in page.get_by_text("The figures").all():
        summary.click()
    look(page, f"overview-{name}")


@pytest.mark.browser
def test_from_the_overview_one_comes_to_what_waits(entered: Callable[..., Page]) -> None:
    page = entered(SIZES["desk"])
    page.get_by_role("link", name="de", exact=True).click()
    expect(page.get_by_role("heading", name="Accuracy of the versions, in German")).to_be_visible()
    page.get_by_role("link", name="3 messages to decide").click()
    expect(page).to_have_url(re.compile("/console/inbox$"))
