"""The console's comparison: changed outcomes side by side, ruled on by one key each, and taken back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.testclient import TestClient

from bot.clock import SystemClock
from bot.database import Database
from bot.settings import Settings
from bot.training import models, outcomes, progress
from bot.training.comparing import Comparisons
from bot.training.outcomes import Changed, Ruling
from bot.training.releasing import Releases
from bot.training.values import Difference, Outcome
from tests.training import judged
from tests.training.test_judging import played
from tests.training.test_versions import make
from tests.web.browsing import Enter, fields, problem
from tests.web.conftest import Office
from tests.web.looking import look, shoot
from tests.web.staff import PASSWORD, Staff
from tests.web.test_console_versions import HOSTILE

PAGE = "/console/versions/m2/compare"
BEFORE = Outcome(
    "payment_methods",
    "payment_methods",
    ("You can pay by card, PayPal or bank transfer.",),
    ("Talk to a person",),
    ("action_payment_methods",),
    known=True,
)
AFTER = Outcome(
    "service_greeting",
    "greeting",
    ("Hello, I am Meri, the automated assistant.",),
    (),
    ("action_greet",),
    False,
)


@pytest.fixture
def kept(settings: Settings, staff: Staff, tmp_path: Path) -> Settings:
    """A version that serves, and one that would change three outcomes."""
    return prepared(settings, staff.database, tmp_path)


def prepared(settings: Settings, database: Database, place: Path) -> Settings:
    own = dataclasses.replace(settings, store=place / "store", files=place / "files")
    models.models_folder(own).mkdir(parents=True)
    before, after = (
        {**judged.figures(wrong), "scripts": played()}
        for wrong in (["logistics_delay"], ["logistics_where_is_parcel 1 "])
    )
    Releases(own, database, SystemClock()).release(make(own, 1, figures=before), "ada")
    make(own, 2, figures=after, fingerprint="other")
    texts = ("can I pay with PayPal?", HOSTILE, "which cards do you take")
    found = [Difference(number, number, text, BEFORE, AFTER) for number, text in enumerate(texts, start=1)]
    with database.begin() as connection:
        now = dt.datetime(2026, 11, 23, 12, tzinfo=dt.timezone.utc)
        pair = ("m2.tar.gz", "m1.tar.gz")
        outcomes.keep(connection, *pair, found, conversations=200, by="ada", at=now)
    return own


@pytest.fixture
def ada(staff: Staff, kept: Settings, enter: Enter) -> TestClient:
    staff.person("ada", "admin")
    return enter("ada")


@pytest.fixture
def comparisons(kept: Settings, staff: Staff) -> Comparisons:
    return Comparisons(kept, staff.database, SystemClock())


def changed(comparisons: Comparisons) -> tuple[Changed, ...]:
    return comparisons.of("m2").changed


def act(client: TestClient, name: str, page: str = PAGE, **given: str) -> Any:
    form = fields(client.get(PAGE).text, f"{PAGE}/approve")
    return client.post(f"{page}/{name}", data={**form, **given})


def test_changes_are_shown_side_by_side_and_ruled_on_until_the_release(
    ada: TestClient, comparisons: Comparisons, kept: Settings
) -> None:
    page = ada.get(PAGE).text
    assert "3 of 200 conversations would have gone otherwise" in page
    for words in ("can I pay with PayPal?", "payment_methods", "service_greeting", "as of the day"):
        assert words in page
    # On the test set: all, each language, what intents gained and lost, and how far sureness is off.
    table = re.sub(r"<[^>]+>|\s+", " ", page.split("On the test set", 1)[1].split("</details>")[0])
    told = " ".join(table.split())
    assert told.startswith(": 75.0 % right, 97.9 % with this version")
    assert "all 140 75.0 % 97.9 % +" in told
    assert "German 40 75.0 % 97.5 % +" in told
    worse, better = (
        told.index("logistics_where_is_parcel 35 100.0 % 91.4 %"),
        told.index("logistics_delay 35 0.0 % 100.0 % +100.0 and +100.0 better"),
    )
    assert worse < better
    assert "service_threat" not in told
    assert re.search(r"is off by 17\.\d %, and \d\.\d % with this version", told)
    assert ada.post("/console/versions/release", data={"version": "m2"}).status_code == 403
    for _ in range(2):
        assert act(ada, "approve").status_code == 200
    assert "Turned down." in act(ada, "turn-down").text
    said = [(one.ruling, one.ruled_by) for one in changed(comparisons)]
    assert said == [(Ruling.APPROVED, "ada"), (Ruling.APPROVED, "ada"), (Ruling.TURNED_DOWN, "ada")]
    form = fields(ada.get("/console/versions").text, "/console/versions/release")
    ada.post("/console/versions/release", data=form)
    released = models.current(kept)
    assert released is not None
    assert released.name == "m2.tar.gz"
    assert "nothing to compare it with" in ada.get(PAGE).text


def test_hostile_words_are_only_words(ada: TestClient, comparisons: Comparisons) -> None:
    page = ada.get(f"{PAGE}?change={changed(comparisons)[1].id}").text
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_the_last_word_is_taken_back(ada: TestClient, comparisons: Comparisons) -> None:
    act(ada, "turn-down")
    form = fields(ada.get(PAGE).text, f"{PAGE}/undo")
    assert "it waits again" in ada.post(f"{PAGE}/undo", data=form).text
    assert [one.ruling for one in changed(comparisons)] == [None, None, None]
    refused = ada.post(f"{PAGE}/undo", data=form)
    assert refused.status_code == 422
    assert "nothing of yours" in problem(refused)


def test_two_admins_do_not_rule_twice(ada: TestClient, comparisons: Comparisons) -> None:
    form = fields(ada.get(PAGE).text, f"{PAGE}/approve")
    first = changed(comparisons)[0].id
    comparisons.rule(first, Ruling.TURNED_DOWN, "ben")
    refused = ada.post(f"{PAGE}/approve", data=form)
    assert refused.status_code == 409
    assert problem(refused) == "Somebody else has ruled on this change while you looked."
    assert changed(comparisons)[0].ruled_by == "ben"


@pytest.mark.parametrize(
    ("name", "given", "status"),
    [
        ("approve", {"change": "99"}, 410),
        ("approve", {"change": "999999999999999"}, 410),
        ("approve", {"change": "-"}, 410),
        ("destroy", {}, 404),
        ("approve", {"csrf": "forged"}, 403),
    ],
    ids=["another change", "a huge number", "no number", "no such act", "another site's form"],
)
def test_an_act_that_cannot_be_is_refused_on_the_page(
    ada: TestClient, comparisons: Comparisons, name: str, given: dict[str, str], status: int
) -> None:
    assert act(ada, name, **given).status_code == status
    assert [one.ruling for one in changed(comparisons)] == [None, None, None]


def test_a_version_that_there_is_not_is_told(ada: TestClient) -> None:
    answer = ada.get("/console/versions/m9/compare")
    assert answer.status_code == 404
    assert "there is no model" in answer.text


@pytest.mark.parametrize("rank", ["trainee", "agent", "supervisor"])
def test_comparisons_are_for_admins(rank: str, staff: Staff, kept: Settings, enter: Enter) -> None:
    staff.person("sam", rank)
    client = enter("sam")
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}/approve", data={"change": "1"}).status_code == 403


def test_a_comparison_that_runs_or_failed_is_told_and_not_begun_twice(
    ada: TestClient, comparisons: Comparisons
) -> None:
    form = fields(ada.get(PAGE).text, f"{PAGE}/start")
    with comparisons.at_work("m2.tar.gz", "ben"):
        assert "It is being compared now" in ada.get(PAGE).text
        refused = ada.post(f"{PAGE}/start", data=form)
        assert (refused.status_code, problem(refused)) == (422, "a comparison is running already")
    with pytest.raises(OSError, match="disk"), comparisons.at_work("m2.tar.gz", "ben"):
        raise OSError("the disk is full")
    assert "The latest comparison failed: the disk is full" in ada.get(PAGE).text


# --- In a browser ---


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 768, 390])
def test_changes_are_ruled_on_by_keys_alone(
    width: int, browser: Browser, office: Office, settings: Settings, tmp_path: Path
) -> None:
    kept = prepared(settings, office.staff.database, tmp_path)
    comparisons = Comparisons(kept, office.staff.database, SystemClock())
    office.staff.person("ada", "admin", name="Ada Admin")
    page = browser.new_page(viewport={"width": width, "height": 900}, locale="en-GB")
    page.set_default_timeout(15_000)
    page.goto(office.address + PAGE)
    page.get_by_label("Login").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    # Signed in, one is where one wanted to be.
    expect(page.get_by_text("can I pay with PayPal?").first).to_be_visible()
    look(page, f"compare-{width}")
    _press(page, "a")
    expect(page.get_by_text("Approved.")).to_be_visible()
    expect(page.locator(".group .words")).to_have_text(HOSTILE)
    _press(page, "d")
    expect(page.get_by_text("Turned down.", exact=True)).to_be_visible()
    _press(page, "u")
    expect(page.get_by_text("Taken back: it waits again.")).to_be_visible()
    expect(page.locator(".group .words")).to_have_text(HOSTILE)
    shoot(page, f"compare-undone-{width}")
    assert [one.ruling for one in changed(comparisons)] == [Ruling.APPROVED, None, None]
    assert not progress.is_locked(models.models_folder(kept) / ".comparing.lock")
    page.close()


def _press(page: Page, key: str) -> None:
    expect(page.locator("body.js")).to_be_visible()
    page.keyboard.press(key)
