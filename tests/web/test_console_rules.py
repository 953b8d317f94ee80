"""The console's rules: changed, looked at, checked, released and taken back, in forms and in a browser."""

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

from bot.settings import ROOT, Settings, read_rules
from bot.settings.released import own_file, shelf
from tests.web.browsing import Enter
from tests.web.conftest import Office
from tests.web.looking import SIZES, fits, look
from tests.web.staff import PASSWORD, Staff

HOSTILE = '<script>alert("x")</script>'
WINDOW = "returns.window_days"
PAGE = "/console/rules"
#: Where the hidden fields of each act's form are.
OPENED = {
    "assign": f"{PAGE}?setting={WINDOW}",
    "unassign": f"{PAGE}?setting={WINDOW}",
    "edit": f"{PAGE}?file=whole",
}


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


def window(place: Settings) -> int:
    return read_rules(ROOT / "shop.yml", own_file(place)).returns.window_days


def by_hand(place: Settings, text: str) -> None:
    own_file(place).parent.mkdir(parents=True, exist_ok=True)
    own_file(place).write_text(text, encoding="utf-8")


def fields(client: TestClient, act: str) -> dict[str, str]:
    """The hidden fields of a form."""
    page = client.get(OPENED.get(act, PAGE)).text
    found = re.search(rf'action="{PAGE}/{act}".*?</form>', page, re.DOTALL)
    assert found is not None, f"no form for {act}"
    pairs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', found[0])
    return {name: html.unescape(value) for name, value in pairs}


def send(client: TestClient, act: str, form: dict[str, str] | None = None, **typed: str) -> Any:
    given = fields(client, act) if form is None else form
    return client.post(f"{PAGE}/{act}", data={**given, **typed})


def problem(answer: Any) -> str:
    found = re.search(r'<p class="bad">(.*?)</p>', answer.text, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def test_a_setting_is_changed_released_and_taken_back(ada: TestClient, place: Settings) -> None:
    page = send(ada, "assign", value="14").text
    assert "In the draft. Nothing goes by it" in page
    assert window(place) == 7
    page = ada.get(PAGE).text
    assert "<ins>  window_days: 14</ins>" in page
    assert re.search(
        rf"<strong>{WINDOW}</strong>\s*<del dir=\"auto\">7</del> <ins dir=\"auto\">14</ins>", page
    )
    assert re.search(r"Told in utter_\w+", page)
    assert 'href="/console/rules#draft">A draft of the rules' in ada.get("/console").text
    page = send(ada, "release", note="kinder").text
    assert "it holds from the next turn on" in page
    assert "kinder" in page
    assert window(place) == 14
    assert "release rules rules-" in ada.get("/console").text
    assert "Back to the rules before" in send(ada, "rollback").text
    assert window(place) == 7
    assert "it holds from the next turn on" in send(ada, "again").text
    assert window(place) == 14
    assert "the shipped value is to hold again" in send(ada, "unassign").text
    send(ada, "release")
    assert window(place) == 7


def test_settings_are_found_by_name_meaning_and_whose_they_are(ada: TestClient, place: Settings) -> None:
    assert f"<strong>{WINDOW}</strong>" in ada.get(PAGE, params={"find": "DELIVERY destination"}).text
    assert "No setting says that." in ada.get(PAGE, params={"find": "<b>zzz"}).text
    assert "No setting says that." in ada.get(PAGE, params={"only": "own"}).text
    by_hand(place, "stock: {low: 2}\n")
    page = ada.get(PAGE, params={"only": "own"}).text
    assert "1 setting." in page
    assert "written by hand" in page
    assert "Roll back" not in page
    assert ada.get(PAGE, params={"find": "x" * 5000, "only": "nonsense"}).status_code == 200


def test_what_waits_for_a_restart_is_named(ada: TestClient) -> None:
    assert "after a restart of the service" in ada.get(PAGE, params={"setting": "store.name"}).text
    form = {**fields(ada, "assign"), "setting": "store.name"}
    send(ada, "assign", form, value="Other")
    assert re.search(r"<strong>store.name</strong>\s*<span class=\"tag\"", ada.get(f"{PAGE}#draft").text)


def test_what_is_wrong_stands_beside_it_by_line_and_keeps_it_back(ada: TestClient, place: Settings) -> None:
    page = send(ada, "assign", value="soon").text
    assert "value is not a valid integer" in page
    # Nobody is told that all is well beside it.
    assert "cannot be released like this" in page
    assert 'class="good"' not in page
    assert 'aria-invalid="true"' in page
    assert "1 thing stands against its release" in ada.get(PAGE).text
    refused = send(ada, "release")
    assert refused.status_code == 409
    assert "nothing is released" in problem(refused)
    send(ada, "edit", text="stock:\n  lwo: 1\n")
    page = ada.get(OPENED["edit"]).text
    assert "shop.yml, line 2: " in page
    assert "known are: low" in page
    assert not own_file(place).exists()


def test_hostile_text_is_shown_as_the_text_it_is(ada: TestClient, place: Settings) -> None:
    for page in (
        send(ada, "edit", text=f"store: {{name: '{HOSTILE}'}}\n").text,
        ada.get(OPENED["edit"]).text,
        ada.get(PAGE, params={"setting": "store.name"}).text,
        ada.get(PAGE, params={"setting": HOSTILE}).text,
        send(ada, "release", note=HOSTILE).text,
    ):
        assert "<script>alert" not in page
    assert read_rules(ROOT / "shop.yml", own_file(place)).store.name == HOSTILE


@pytest.mark.parametrize(
    ("act", "typed", "status", "why"),
    [
        ("assign", {"value": "[1"}, 422, "this is not YAML"),
        ("assign", {"value": "1", "setting": "store.name.x"}, 422, "holds no others"),
        ("assign", {"value": "1", "csrf": "forged"}, 403, ""),
        ("assign", {"value": "1", "seen": "other"}, 409, "changed meanwhile"),
        ("edit", {"text": "x" * 300_000}, 413, ""),
        ("destroy", {}, 404, "no such act"),
        ("same", {}, 404, "no such act"),
        ("drop", {}, 422, "there is no draft"),
        ("release", {}, 422, "there is no draft"),
        ("release", {"seen": "other"}, 409, "changed the draft"),
        ("again", {"version": "../../current"}, 422, "there are no rules"),
        ("rollback", {}, 422, "nothing to go back to"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    ada: TestClient, place: Settings, act: str, typed: dict[str, str], status: int, why: str
) -> None:
    answer = send(ada, act, fields(ada, "assign"), **typed)
    assert answer.status_code == status
    assert why in problem(answer)
    assert not own_file(place).exists()
    assert "Nothing is being changed." in ada.get(PAGE).text


def test_of_two_admins_the_second_is_told_and_loses_nothing(
    ada: TestClient, ben: TestClient, place: Settings
) -> None:
    looked = fields(ben, "assign")
    send(ada, "assign", value="14")
    refused = send(ben, "assign", looked, value="15")
    assert refused.status_code == 409
    assert "changed meanwhile, by ada" in problem(refused)
    # What was typed is still there, to be saved by whoever looked.
    assert ">\n15</textarea>" in refused.text
    assert send(ben, "assign", value="15").status_code == 200
    released = fields(ada, "release")
    send(ben, "assign", value="16")
    refused = send(ada, "release", released)
    assert refused.status_code == 409
    assert "somebody changed the draft" in problem(refused)
    assert send(ada, "release").status_code == 200
    assert window(place) == 16
    late = fields(ben, "rollback")
    send(ada, "rollback")
    assert send(ben, "rollback", late).status_code == 409


def test_a_file_that_is_edited_by_hand_meanwhile_is_shown_and_not_written_over(
    ada: TestClient, place: Settings
) -> None:
    by_hand(place, "stock: {low: 2}\n")
    send(ada, "assign", value="14")
    by_hand(place, "stock: {low: 3}\n")
    assert "shop.yml was changed since" in ada.get(PAGE).text
    refused = send(ada, "release")
    assert refused.status_code == 409
    assert own_file(place).read_text(encoding="utf-8") == "stock: {low: 3}\n"
    page = ada.get(OPENED["edit"]).text
    assert "<del>stock: {low: 3}</del>" in page
    send(ada, "edit", text="stock: {low: 3}\nreturns: {window_days: 14}\n")
    assert send(ada, "release").status_code == 200
    assert window(place) == 14
    assert {one.made_by for one in shelf(place).listed()} == {"ada", "by hand", ""}


def test_a_file_that_was_broken_by_hand_is_told(ada: TestClient, place: Settings) -> None:
    own_file(place).parent.mkdir(parents=True, exist_ok=True)
    own_file(place).write_bytes(b"\xff")
    answer = ada.get(PAGE)
    assert "must mend it" in answer.text
    assert "shop.yml" in problem(answer)
    by_hand(place, "a: [1\n")
    assert ada.get(PAGE).status_code == 200


@pytest.mark.parametrize("rank", ["trainee", "agent", "aftersales", "supervisor"])
def test_only_admins_change_rules(staff: Staff, enter: Enter, rank: str) -> None:
    staff.person("kim", rank)
    kim = enter("kim")
    assert kim.get(PAGE).status_code == 403
    assert kim.post(f"{PAGE}/assign", data={"setting": WINDOW, "value": "1"}).status_code == 403


def test_a_page_of_a_setting_that_is_none_says_so_and_one_beside_others_can_be_made(
    ada: TestClient, place: Settings
) -> None:
    assert ada.get(PAGE, params={"setting": "nothing.at.all"}).status_code == 404
    swiss = "returns.window_days_by_country.CH"
    send(ada, "assign", {**fields(ada, "assign"), "setting": swiss}, value="10")
    assert ada.get(PAGE, params={"setting": swiss}).status_code == 200
    send(ada, "release")
    assert read_rules(ROOT / "shop.yml", own_file(place)).returns.window_days_by_country["CH"] == 10


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
        expect(page.get_by_role("heading", name="What the store has ruled")).to_be_visible()
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
    by_hand(place, "# Ours.\nreturns:\n  window_days: 9  # as promised\n")
    page = sign_in(size)
    look(page, f"rules-{size}-1-list")
    # The last tab: on a phone it is out of sight unless somebody brings it in.
    expect(page.get_by_role("navigation", name="Console").get_by_text("Rules")).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("window days, window days by country")).to_be_visible()
    page.get_by_text(re.compile("^returns ")).click()
    expect(page.get_by_role("link", name=f"{WINDOW} 9")).to_be_visible()
    page.get_by_label("Words or name").fill("window_days")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=f"{WINDOW} 9").click()
    page.get_by_label("Value").fill("many")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_text("value is not a valid integer")).to_be_visible()
    look(page, f"rules-{size}-2-findings")
    page.get_by_label("Value").fill("14")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_text("Nothing goes by it before it is released.")).to_be_visible()
    page.get_by_role("link", name="All rules").click()
    added = page.locator("ins", has_text="window_days: 14")
    expect(added).to_be_visible()
    # Beneath what it comes after, not beside it.
    fits(page, "the draft")
    draft, settings = (
        page.get_by_role("heading", name=name).evaluate("one => one.getBoundingClientRect().top")
        for name in ("The draft", "What the store has ruled")
    )
    # What is being changed is not beneath a long list, however narrow the screen.
    assert draft <= settings
    assert added.evaluate("one => one.offsetLeft - one.parentElement.firstElementChild.offsetLeft") == 0
    look(page, f"rules-{size}-3-draft")
    page.get_by_role("link", name="The whole file").click()
    lines = page.get_by_label("Lines", exact=True)
    lines.fill(lines.input_value() + "stock: {low: 3}\n")
    page.get_by_role("button", name="Save in the draft").click()
    page.get_by_role("link", name="Open it whole").click()
    look(page, f"rules-{size}-4-file")
    page.get_by_role("link", name="All rules").click()
    page.get_by_label("What it is for").fill("kinder")
    page.get_by_role("button", name="Release the draft").click()
    expect(page.get_by_text("Released: it holds from the next turn on.")).to_be_visible()
    assert window(place) == 14
    assert "# as promised" in own_file(place).read_text(encoding="utf-8")
    page.get_by_text("What would change").first.click()
    look(page, f"rules-{size}-5-released")
    page.get_by_role("button", name=re.compile("Roll back to rules-")).click()
    expect(page.get_by_text("Back to the rules before")).to_be_visible()
    assert window(place) == 9
