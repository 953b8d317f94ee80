"""The console's versions: released, refused, taken back and trained by admins, in a form and in a browser."""

from __future__ import annotations

import dataclasses
import fcntl
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from bot.clock import SystemClock
from bot.settings import Settings
from bot.training import models, progress, rollout
from bot.training.models import Fingerprints
from bot.training.progress import Teller
from tests.training.test_versions import make
from tests.web.browsing import Enter
from tests.web.conftest import Office
from tests.web.looking import look, shoot
from tests.web.staff import PASSWORD, Staff

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def kept(settings: Settings, tmp_path: Path) -> Settings:
    """Three versions, of which the last was made with other code."""
    own = dataclasses.replace(settings, store=tmp_path / "store", files=tmp_path / "files")
    models.models_folder(own).mkdir(parents=True)
    for number in (1, 2):
        make(own, number, made_by="ada")
    make(own, 3, made_by="ada", made_from=Fingerprints(code="other"))
    return own


@pytest.fixture
def ada(staff: Staff, kept: Settings, enter: Enter) -> TestClient:
    staff.person("ada", "admin")
    return enter("ada")


def act(client: TestClient, name: str, **given: str) -> Any:
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/console/versions").text)
    assert csrf is not None
    return client.post(f"/console/versions/{name}", data={"csrf": csrf[1], **given})


def serving(kept: Settings) -> str | None:
    released = models.current(kept)
    return None if released is None else released.name


def test_a_version_is_released_and_taken_back(ada: TestClient, kept: Settings) -> None:
    for name in ("m1.tar.gz", "m2.tar.gz"):
        assert act(ada, "release", version=name).status_code == 200
        assert serving(kept) == name
    page = act(ada, "rollback").text
    assert serving(kept) == "m1.tar.gz"
    assert "Back to the version before" in page
    assert page.index("roll back m1") < page.index("release m2") < page.index("release m1")


def test_what_stands_against_a_release_is_told_and_overridden_with_a_reason(
    ada: TestClient, kept: Settings
) -> None:
    refused = act(ada, "release", version="m3.tar.gz")
    assert refused.status_code == 409
    assert "made with other code than the one that runs" in refused.text
    assert serving(kept) is None
    page = act(ada, "release", version="m3.tar.gz", reason=HOSTILE).text
    assert serving(kept) == "m3.tar.gz"
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("name", "given", "status"),
    [
        ("release", {"version": "../../etc/passwd"}, 422),
        ("release", {"version": ""}, 422),
        ("rollback", {}, 422),
        ("stop", {}, 422),
        ("withdraw", {}, 422),
        ("shadow", {"version": "m1.tar.gz"}, 422),
        ("share", {"version": "m1.tar.gz", "percent": "ten"}, 422),
        ("destroy", {}, 404),
        ("release", {"version": "m1.tar.gz", "csrf": "forged"}, 403),
    ],
    ids=[
        "a path",
        "nothing",
        "nothing before",
        "no training",
        "no trial",
        "nothing serves",
        "no number",
        "no such act",
        "another site's form",
    ],
)
def test_an_act_that_cannot_be_is_refused_on_the_page(
    ada: TestClient, kept: Settings, name: str, given: dict[str, str], status: int
) -> None:
    assert act(ada, name, **given).status_code == status
    assert serving(kept) is None


@pytest.mark.parametrize("rank", ["trainee", "agent", "supervisor"])
def test_versions_are_for_admins(rank: str, staff: Staff, kept: Settings, enter: Enter) -> None:
    staff.person("sam", rank)
    client = enter("sam")
    assert client.get("/console/versions").status_code == 403
    assert client.post("/console/versions/rollback").status_code == 403


def test_a_candidate_runs_in_shadow_has_a_share_and_is_withdrawn(ada: TestClient, kept: Settings) -> None:
    act(ada, "release", version="m1.tar.gz")
    assert "No version was ever tried" in ada.get("/console/versions/trial").text
    assert "m2 runs in shadow" in act(ada, "shadow", version="m2.tar.gz").text
    assert "of 0 messages 0 would have gone otherwise" in ada.get("/console/versions/trial").text
    page = act(ada, "share", version="m2.tar.gz", percent="20").text
    assert "m2 has 20 % of the conversations" in page
    assert "Not understood" in page
    found = rollout.current(kept)
    assert found is not None
    assert (found.version, found.share, found.by) == ("m2.tar.gz", 20, "ada")
    page = act(ada, "withdraw").text
    assert rollout.current(kept) is None
    assert "On trial" not in page
    assert page.index("withdraw m2") < page.index("share m2") < page.index("shadow m2")


# --- In a browser ---


@pytest.mark.browser
def test_a_training_is_watched_and_stopped_and_a_version_released_and_taken_back(
    browser: Browser, office: Office, kept: Settings
) -> None:
    office.staff.person("ada", "admin", name="Ada Admin")
    lock = progress.lock_path(kept)
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page.set_default_timeout(15_000)
    page.goto(office.address + "/console/versions")
    page.get_by_label("Login").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Versions").click()
    # As a training in another process tells it.
    with lock.open("w", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        teller = Teller(kept, "ada", {"MoodDetector": 60.0, "RulePolicy": 60.0}, SystemClock())
        teller.begin()
        teller.step("MoodDetector")
        page.get_by_role("link", name="Versions").click()
        expect(page.get_by_text("learning moods, about")).to_be_visible()
        shoot(page, "versions-training")
        page.get_by_role("button", name="Stop the training").click()
        expect(page.get_by_text("The training stops")).to_be_visible()
        assert progress.stop_path(kept).exists()
    page.get_by_role("link", name="Versions").click()
    # Its lock is free, and it never said how it ended.
    expect(page.get_by_text("The latest one, by ada, died")).to_be_visible()
    page.locator("[id='m1.tar.gz']").get_by_role("button", name="Release").click()
    expect(page.get_by_text("Released: the workers change")).to_be_visible()
    page.locator("[id='m2.tar.gz']").get_by_role("button", name="Release").click()
    expect(page.locator("[id='m2.tar.gz']").get_by_text("released", exact=True)).to_be_visible()
    page.locator("[id='m3.tar.gz']").get_by_text("against its release").click()
    shoot(page, "versions-desk")
    page.locator("[id='m1.tar.gz']").get_by_label("Share of the conversations").fill("20")
    page.locator("[id='m1.tar.gz']").get_by_role("button", name="Give it a share").click()
    expect(page.get_by_text("m1 has 20 % of the conversations")).to_be_visible()
    shoot(page, "versions-trial")
    page.get_by_role("button", name="Roll back to m1").click()
    expect(page.locator("[id='m1.tar.gz']").get_by_text("released", exact=True)).to_be_visible()
    assert serving(kept) == "m1.tar.gz"
    page.set_viewport_size({"width": 820, "height": 1180})
    look(page, "versions-tablet")
