"""The console in a real browser: by keys alone, from a misunderstood message to an example and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.settings import Settings
from bot.training.values import Meaning, Verdict
from tests.training.talks import Talks
from tests.web.conftest import Office
from tests.web.looking import look, shoot
from tests.web.misunderstood import HOSTILE, misunderstood
from tests.web.staff import PASSWORD

pytestmark = pytest.mark.browser

DESK = {"width": 1280, "height": 900}
TABLET = {"width": 820, "height": 1180}

Enter = Callable[..., Page]


@pytest.fixture
def talks(office: Office, settings: Settings, tmp_path: Path) -> Talks:
    return misunderstood(office.staff, settings, tmp_path)


@pytest.fixture
def enter(browser: Browser, office: Office, talks: Talks) -> Iterator[Enter]:
    """Sign an admin in; at the end nothing may have gone wrong on any page."""
    contexts, errors = [], []
    office.staff.person("ada", "admin", name="Ada Admin")

    def entered(size: dict[str, int] = DESK) -> Page:
        context = browser.new_context(viewport=size, locale="en-GB")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: errors.append(dialog.message))
        page.on("console", lambda line: errors.append(line.text) if "Content Security" in line.text else None)
        page.goto(office.address + "/console/inbox")
        page.get_by_label("Login").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="5 messages in English")).to_be_visible()
        return page

    yield entered
    for context in contexts:
        context.close()
    assert errors == []


def press(page: Page, key: str) -> None:
    """Press a key once the page listens."""
    expect(page.locator("body.js")).to_be_visible()
    page.keyboard.press(key)


def test_a_group_is_decided_by_one_key_and_taken_back_by_another(enter: Enter, talks: Talks) -> None:
    page = enter()
    shoot(page, "inbox-desk")
    press(page, "1")
    expect(page.get_by_text("5 messages: logistics_where_is_parcel.")).to_be_visible()
    shoot(page, "inbox-decided")
    learned = talks.settings.store / "nlu" / "en" / "learned.yml"
    assert "- where is my stuff now\n" in learned.read_text(encoding="utf-8")
    press(page, "u")
    expect(page.get_by_text("Taken back: 5 messages")).to_be_visible()
    expect(page.get_by_role("heading", name="5 messages in English")).to_be_visible()
    assert not learned.exists()


def test_every_message_is_decided_without_a_mouse(enter: Enter, talks: Talks) -> None:
    page = enter()
    press(page, "/")
    page.keyboard.type("order_state")
    # The enter key means what was typed, and not the first button.
    press(page, "Enter")
    expect(page.get_by_text("5 messages: order_state.")).to_be_visible()
    for key in "sox1":
        before = page.url
        press(page, key)
        page.wait_for_url(lambda url, before=before: url != before)
    expect(page.get_by_text("Nothing waits here.")).to_be_visible()
    said = {str(act.verdict) for act in talks.review().acts()}
    assert {"order_state", "out_of_scope", "nothing to learn from"} <= said


def test_a_new_intent_is_added_by_keys(enter: Enter, talks: Talks) -> None:
    page = enter()
    press(page, "n")
    page.keyboard.type("logistics_stuff")
    press(page, "Tab")
    page.keyboard.type("asks for stuff; not for a delay")
    shoot(page, "inbox-new-intent")
    press(page, "Enter")
    expect(page.get_by_text("5 messages: logistics_stuff.")).to_be_visible()
    assert "logistics_stuff" in talks.review().intents()


def test_hostile_words_and_those_from_right_to_left_are_only_words(enter: Enter) -> None:
    page = enter()
    page.get_by_role("link", name="<script>").click()
    expect(page.locator(".group .words")).to_have_text(HOSTILE)
    page.get_by_role("link", name="أين طلبي").click()
    expect(page.get_by_role("heading", name="1 message in Arabic")).to_be_visible()
    assert page.locator(".group .words").evaluate("one => getComputedStyle(one).direction") == "rtl"
    shoot(page, "inbox-arabic")


def test_two_admins_at_once_do_not_decide_twice(enter: Enter, office: Office, talks: Talks) -> None:
    page = enter()
    bob = office.staff.person("bob", "admin")
    review = talks.review()
    review.label(review.actor(bob.login), 1, Verdict(Meaning.INTENT, "service_threat"), only=[1])
    press(page, "1")
    expect(page.get_by_text("Somebody else decided on these messages")).to_be_visible()
    assert len(review.acts()) == 1
    page.get_by_role("link", name="Second opinion").click()
    expect(page.get_by_role("heading", name="1 message in English")).to_be_visible()
    # What the first one said is not told.
    expect(page.get_by_text("service_threat")).to_have_count(0)
    press(page, "1")
    expect(page.get_by_role("link", name="Disputed 1")).to_be_visible()
    page.get_by_role("link", name="Disputed").click()
    expect(page.get_by_text("bob: service_threat")).to_be_visible()
    shoot(page, "inbox-disputed")


def test_the_examples_are_checked_by_a_key(enter: Enter, talks: Talks) -> None:
    page = enter()
    press(page, "1")
    expect(page.get_by_text("5 messages: logistics_where_is_parcel.")).to_be_visible()
    page.get_by_role("link", name="Examples").click()
    expect(page.get_by_role("cell", name="logistics_where_is_parcel")).to_be_visible()
    press(page, "c")
    expect(page.get_by_role("heading", name="What must be mended")).to_be_visible()
    shoot(page, "examples-checked")


def test_the_inbox_fits_a_tablet(enter: Enter) -> None:
    page = enter(TABLET)
    look(page, "inbox-tablet")


def test_words_are_marked_by_mouse_and_keys(enter: Enter, talks: Talks) -> None:
    page = enter()
    page.goto(page.url.split("/console")[0] + "/console/inbox?group=2")
    words = page.locator(".messages .words").first
    expect(words).to_have_text("can I pay with a gift card for the blue lamp")
    # The last word, as somebody chooses it.
    words.dblclick(position={"x": words.bounding_box()["width"] - 8, "y": 8})  # type: ignore[index]
    field = page.get_by_label("Words of the message")
    expect(field).to_have_value("lamp")
    expect(page.locator(".messages input[type=checkbox]").first).not_to_be_checked()
    shoot(page, "inbox-marking")
    field.fill("blue")
    page.get_by_label("are a", exact=True).select_option("colour")
    field.press("Enter")
    expect(page.get_by_label("Marked").get_by_text("colour “blue”")).to_be_visible()
    shoot(page, "inbox-marked")
    press(page, "1")
    expect(page.get_by_text("1 message:")).to_be_visible()
    assert "[blue](colour)" in (talks.settings.store / "nlu" / "en" / "learned.yml").read_text(
        encoding="utf-8"
    )
