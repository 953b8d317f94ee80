"""The console's page of one version: what it takes for what, by language and sureness, and drawn."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from bot.reports.gallery import Picture
from bot.settings import Settings
from bot.training import models
from tests.training.judged import LABELLED, figures
from tests.training.test_versions import make
from tests.web.browsing import Door, Enter
from tests.web.conftest import Office
from tests.web.looking import SIZES, look
from tests.web.staff import PASSWORD, Staff

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def kept(settings: Settings, tmp_path: Path) -> Settings:
    """A version with errors, one without, one of an older program, and one that nobody judged."""
    own = dataclasses.replace(settings, store=tmp_path / "store", files=tmp_path / "files")
    models.models_folder(own).mkdir(parents=True)
    make(own, 1, made_by=HOSTILE, figures=figures(wrong=["logistics_delay 1", "service_threat 2"]))
    make(own, 2, figures=figures())
    older = {
        name: share
        for name, share in figures().items()
        if name not in ("confusions", "reliability", "intents")
    }
    make(own, 3, figures=older)
    make(own, 4)
    return own


@pytest.fixture
def ada(staff: Staff, kept: Settings, enter: Enter) -> TestClient:
    staff.person("ada", "admin")
    return enter("ada")


def test_a_version_tells_what_it_takes_for_what(ada: TestClient) -> None:
    page = ada.get("/console/versions/m1").text
    assert "of 140 test messages" in page
    assert ">logistics_delay</a></th><td>order_state</td><td>13</td>" in page
    assert '<th scope="row">Arabic</th><td>20</td>' in page
    assert '<th scope="row">50 to 60 %</th>' in page
    assert HOSTILE not in page
    for one in Picture:
        assert f'src="/console/versions/m1/{one.value}.svg" alt="' in page
        answer = ada.get(f"/console/versions/m1/{one.value}.svg")
        assert answer.headers["content-type"].startswith("image/svg+xml")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.text.startswith("<svg")
    # Shades have names: the same picture for whoever cannot see it.
    assert "logistics_delay" in ada.get("/console/versions/m1/confusion.svg").text


def test_a_version_without_errors_says_so(ada: TestClient) -> None:
    page = ada.get("/console/versions/m2").text
    assert "Right on <strong>100.0 %</strong>" in page
    assert "Nothing: every test message is right." in page


def test_a_version_of_an_older_program_tells_what_is_known(ada: TestClient) -> None:
    page = ada.get("/console/versions/m3").text
    assert "Right on <strong>100.0 %</strong>" in page
    assert "languages.svg" in page
    assert "confusion.svg" not in page
    assert ada.get("/console/versions/m3/confusion.svg").status_code == 404


def test_a_version_that_nobody_judged_says_how_to(ada: TestClient) -> None:
    page = ada.get("/console/versions/m4").text
    assert "crossdesk models compare m4" in page
    assert "<img" not in page
    assert ada.get("/console/versions/m4/languages.svg").status_code == 404


@pytest.mark.parametrize("name", ["m9", "m", "..%2Fcurrent", "%3Cscript%3E"])
def test_a_version_that_is_not_there_is_none(ada: TestClient, name: str) -> None:
    answer = ada.get(f"/console/versions/{name}")
    assert answer.status_code == 404
    assert "<script>" not in answer.text
    assert ada.get(f"/console/versions/{name}/confusion.svg").status_code == 404


def test_only_known_pictures_are_drawn(ada: TestClient) -> None:
    assert ada.get("/console/versions/m1/secrets.svg").status_code == 404


@pytest.mark.parametrize("path", ["/console/versions/m1", "/console/versions/m1/confusion.svg"])
def test_figures_are_for_admins(path: str, staff: Staff, kept: Settings, enter: Enter, door: Door) -> None:
    staff.person("sam", "supervisor")
    assert enter("sam").get(path).status_code == 403
    assert door().get(path).url.path == "/desk/sign-in"


@pytest.mark.browser
def test_figures_are_seen_at_every_width(browser: Browser, office: Office, kept: Settings) -> None:
    office.staff.person("ada", "admin", name="Ada Admin")
    make(kept, 5, figures=figures(wrong=[f"{one.intent} 1" for one in LABELLED], taken_for="logistics_delay"))
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
    errors: list[str] = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.set_default_timeout(15_000)
    page.goto(office.address + "/console/versions/m5")
    page.get_by_label("Login").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    # Where one wanted to go before signing in.
    expect(page.get_by_role("heading", name="What is taken for what")).to_be_visible()
    for name, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if name == "tablet" else "light")
        page.reload(wait_until="load")
        for summary in page.get_by_text("The figures").all():
            summary.click()
        assert page.evaluate("[...document.images].filter(one => one.naturalWidth > 0).length") == 3
        look(page, f"figures-{name}")
    assert errors == []
