"""The console's words: changed, looked at, checked, released and taken back, in forms and in a browser."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.testclient import TestClient

from bot.dialogue import spoken
from bot.settings import Settings
from tests.web.browsing import Enter
from tests.web.conftest import Office
from tests.web.looking import SIZES, look
from tests.web.staff import PASSWORD, Staff

HOSTILE = '<script>alert("x")</script> <!channel> {by}'
KEY = "utter_handed_over"
GERMAN = "Ich habe Ihr Anliegen weitergegeben. Eine Antwort haben Sie hier bis {by}."
PAGE = "/console/words"


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Settings:
    return dataclasses.replace(settings, store=tmp_path / "store", files=tmp_path / "files")


@pytest.fixture
def ada(staff: Staff, enter: Enter) -> TestClient:
    staff.person("ada", "admin")
    return enter("ada")


@pytest.fixture
def ben(staff: Staff, enter: Enter) -> TestClient:
    staff.person("ben", "admin")
    return enter("ben")


def said(place: Settings, key: str = KEY, language: str = "de") -> str:
    return spoken.load(place).say(key, language, {"by": "BY"}).text


def fields(client: TestClient, act: str = "edit", key: str = KEY, language: str = "de") -> dict[str, str]:
    """The hidden fields of a form on the reply's page."""
    address = PAGE if act in ("release", "rollback", "again") else f"{PAGE}?key={key}&language={language}"
    found = re.search(rf'action="{PAGE}/{act}".*?</form>', client.get(address).text, re.DOTALL)
    assert found is not None, f"no form for {act}"
    pairs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', found[0])
    return {name: html.unescape(value) for name, value in pairs}


def send(client: TestClient, act: str, form: dict[str, str] | None = None, **typed: str) -> Any:
    given = fields(client, "edit" if act == "look" else act) if form is None else form
    return client.post(
        f"{PAGE}/{act}", data={**given, **{name.replace("_", "-"): it for name, it in typed.items()}}
    )


def problem(answer: Any) -> str:
    found = re.search(r'<p class="bad">(.*?)</p>', answer.text, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def test_a_reply_is_changed_released_and_taken_back(ada: TestClient, place: Settings) -> None:
    before = said(place)
    page = send(ada, "edit", text_0=GERMAN).text
    assert "In the draft. Nobody hears it" in page
    assert "The checker has nothing against these words." in page
    assert said(place) == before
    assert f"{KEY} <span" in ada.get(PAGE).text
    page = send(ada, "release", note="warmer").text
    assert "it is spoken from the next turn on" in page
    assert said(place) == GERMAN.replace("{by}", "BY")
    assert "warmer" in page
    assert "Back to the words before" in send(ada, "rollback").text
    assert said(place) == before
    assert "it is spoken from" in send(ada, "again").text
    assert said(place) == GERMAN.replace("{by}", "BY")


def test_replies_are_found_by_words_of_a_language_and_by_name(ada: TestClient) -> None:
    assert (
        f"<strong>{KEY}</strong>"
        in ada.get(PAGE, params={"find": "SERVICETEAM angaben", "language": "de"}).text
    )
    assert f"<strong>{KEY}</strong>" in ada.get(PAGE, params={"find": "handed_over"}).text
    assert "No reply says that." in ada.get(PAGE, params={"find": "<b>zzz"}).text
    assert "No reply says that." in ada.get(PAGE, params={"only": "draft"}).text
    assert ada.get(PAGE, params={"only": "nonsense", "language": "xx", "find": "x" * 5000}).status_code == 200


def test_what_the_checker_has_against_words_stands_beside_them_and_keeps_them_back(
    ada: TestClient, place: Settings
) -> None:
    before = said(place)
    page = send(ada, "edit", text_0="Bitte haben Sie Geduld. {foo}").text
    assert "asks to wait instead of naming a date" in page
    assert "nothing fills {foo}" in page
    # Nobody is told that all is well beside it.
    assert "cannot be released like this" in page
    assert 'class="good"' not in page
    assert 'aria-invalid="true"' in page
    assert "findings stand against its release" in ada.get(PAGE).text
    refused = send(ada, "release")
    assert refused.status_code == 409
    assert "nothing is released" in problem(refused)
    assert said(place) == before


def test_a_look_shows_words_that_are_kept_nowhere(ada: TestClient) -> None:
    page = send(ada, "look", text_0=GERMAN).text
    assert "Ich habe Ihr Anliegen weitergegeben. Eine Antwort haben Sie hier bis Mo" in page
    assert "Take it out of the draft" not in page
    assert "Nothing is being changed." in ada.get(PAGE).text


def test_hostile_words_are_shown_as_the_text_they_are(ada: TestClient) -> None:
    page = send(ada, "edit", text_0=HOSTILE).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "<script>alert" not in send(ada, "release", note=HOSTILE).text


@pytest.mark.parametrize(
    ("act", "typed", "status", "why"),
    [
        ("edit", {"text_0": "x" * 100_000}, 422, "100,000 characters"),
        ("edit", {"text_0": "x" * 300_000}, 413, ""),
        ("look", {"text_0": "x" * 5_000}, 422, "5,000 characters"),
        ("edit", {"text_0": "x", "title_0_0": "y"}, 422, "give each its words"),
        ("edit", {"text_0": "x", "csrf": "forged"}, 403, "out of date"),
        ("edit", {"text_0": "x", "key": "utter_nothing"}, 422, "there is no reply"),
        ("edit", {"text_0": "x", "language": "../x"}, 422, "does not speak"),
        ("edit", {}, 422, "give each its words"),
        ("drop", {"seen": "other"}, 409, "changed meanwhile"),
        ("destroy", {"text_0": "x"}, 404, "no such act"),
        ("same", {"text_0": "x"}, 404, "no such act"),
        ("again", {"version": "../../current"}, 422, "there are no words"),
        ("rollback", {"seen": "shipped"}, 422, "nothing to go back to"),
        ("release", {"seen": ""}, 409, "changed the draft"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    ada: TestClient, place: Settings, act: str, typed: dict[str, str], status: int, why: str
) -> None:
    before = said(place)
    answer = send(ada, act, fields(ada), **typed)
    assert answer.status_code == status
    assert why.replace("out of date", "") in problem(answer) or status == 413
    assert said(place) == before
    assert "Nothing is being changed." in ada.get(PAGE).text


def test_of_two_admins_the_second_is_told_and_loses_nothing(
    ada: TestClient, ben: TestClient, place: Settings
) -> None:
    looked = fields(ben)
    send(ada, "edit", text_0=GERMAN)
    mine = "Von Ben: eine Antwort haben Sie hier bis {by}."
    refused = send(ben, "edit", looked, text_0=mine)
    assert refused.status_code == 409
    assert "was changed meanwhile, by ada" in problem(refused)
    assert GERMAN in refused.text
    assert mine in refused.text
    # Who has seen it may write over it.
    again = re.findall(r'name="seen" value="(\w+)"', refused.text)[0]
    assert send(ben, "edit", {**looked, "seen": again}, text_0=mine).status_code == 200
    released = fields(ada, "release")
    send(ben, "edit", text_0=mine.replace("Ben", "Benjamin"))
    refused = send(ada, "release", released)
    assert refused.status_code == 409
    assert "somebody changed the draft meanwhile" in problem(refused)
    assert send(ada, "release").status_code == 200
    assert said(place).startswith("Von Benjamin")
    # A click that came too late rolls nothing back.
    late = {**fields(ben, "rollback"), "seen": "words-of-yesterday"}
    assert send(ben, "rollback", late).status_code == 409


@pytest.mark.parametrize("rank", ["trainee", "agent", "aftersales", "supervisor"])
def test_only_admins_change_words(staff: Staff, enter: Enter, rank: str) -> None:
    staff.person("kim", rank)
    kim = enter("kim")
    assert kim.get(PAGE).status_code == 403
    assert kim.post(f"{PAGE}/edit", data={"key": KEY, "language": "de", "text-0": "x"}).status_code == 403


def test_a_page_of_a_reply_that_is_none_says_so(ada: TestClient) -> None:
    assert ada.get(PAGE, params={"key": "utter_nothing"}).status_code == 404
    assert ada.get(PAGE, params={"key": KEY, "language": "xx"}).status_code == 404


def test_every_language_and_channel_is_shown_and_what_is_read_from_the_right_is_marked(
    ada: TestClient,
) -> None:
    page = ada.get(PAGE, params={"key": "utter_refund_policy", "everywhere": "yes"}).text
    assert page.count("<figcaption>Chat, Telegram, Slack</figcaption>") == 10
    assert page.count("<figcaption>E-mail</figcaption>") == 10
    assert 'class="bubble" lang="ar" dir="rtl"' in page
    assert page.count("<h3>") == 10


# --- In a browser ---


@pytest.fixture
def sign_in(browser: Browser, office: Office) -> Iterator[Callable[[str], Page]]:
    """An admin's page; at the end nothing may have gone wrong on it."""
    contexts, errors = [], []
    office.staff.person("ada", "admin", name="Ada Admin")

    def entered(size: str) -> Page:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: errors.append(dialog.message))
        page.on("console", lambda line: errors.append(line.text) if "Content Security" in line.text else None)
        page.goto(office.address + PAGE)
        page.get_by_label("Login").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="What the bot says")).to_be_visible()
        return page

    yield entered
    for context in contexts:
        context.close()
    assert errors == []


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
def test_from_a_search_to_a_release_and_back_in_a_browser(
    sign_in: Callable[[str], Page], place: Settings, size: str
) -> None:
    before = said(place, language="ar")
    page = sign_in(size)
    look(page, f"words-{size}-1-list")
    page.get_by_label("Words or name").fill("handed_over")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=KEY + " ").first.click()
    page.get_by_role("navigation", name="Languages").get_by_role("link", name="Arabic").click()
    text = page.get_by_label("Text")
    expect(text).to_have_attribute("dir", "rtl")
    was = text.input_value()
    text.fill(f"{was} <b>!</b> {{foo}}")
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_text("nothing fills {foo}")).to_be_visible()
    look(page, f"words-{size}-2-findings")
    page.get_by_label("Text").fill(f"{was} <b>!</b>")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_text("Nobody hears it before it is released.")).to_be_visible()
    expect(page.locator(".bubble").first).to_contain_text("<b>!</b>")
    look(page, f"words-{size}-3-draft")
    page.get_by_role("link", name="All words").click()
    page.get_by_label("What it is for").fill("livelier")
    page.get_by_role("button", name="Release the draft").click()
    expect(page.get_by_text("Released: it is spoken from the next turn on.")).to_be_visible()
    assert said(place, language="ar").endswith("<b>!</b>")
    page.get_by_text("would be said otherwise").first.click()
    look(page, f"words-{size}-4-released")
    page.get_by_role("button", name="Roll back to shipped").click()
    expect(page.get_by_text("Back to the words before")).to_be_visible()
    assert said(place, language="ar") == before
    page.goto(page.url.split("?")[0] + "?key=utter_refund_policy&language=ru&everywhere=yes")
    look(page, f"words-{size}-5-everywhere")
