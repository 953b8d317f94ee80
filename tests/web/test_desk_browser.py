"""The desk in a real browser, over a real desk and database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bot.desk.values.cases import CaseCard, Priority
from tests.web.conftest import Office
from tests.web.staff import PASSWORD

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
TABLET = {"width": 820, "height": 1180}
DESK = {"width": 1280, "height": 900}

Enter = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser, office: Office) -> Iterator[Enter]:
    """Sign somebody in; at the end nothing may have gone wrong on any page."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def entered(login: str, size: dict[str, int] = DESK, **more: Any) -> Page:
        context = browser.new_context(viewport=size, locale="en-GB", **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None,
        )
        page.goto(office.address + "/desk")
        page.get_by_label("Login").fill(login)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("#cases")).to_be_visible()
        return page

    yield entered
    for context in contexts:
        context.close()
    assert errors == []


def open_case(page: Page, case: Any) -> Page:
    page.goto(re.sub(r"/desk.*", f"/desk/cases/{case.id}", page.url))
    expect(page.locator("body.js #lines")).to_be_visible()
    return page


def claim(page: Page, case: Any) -> None:
    open_case(page, case)
    page.get_by_role("button", name="Claim this case").click()
    expect(page.get_by_label("Reply to the buyer").and_(page.locator("textarea"))).to_be_visible()


def reply(page: Page) -> Any:
    return page.locator("textarea#reply")


def note(page: Page) -> Any:
    return page.locator("textarea#note")


def test_new_cases_and_their_end_show_without_reload(office: Office, enter: Enter) -> None:
    office.staff.person("ana")
    office.staff.person("ben")
    ana = enter("ana")
    expect(ana.get_by_text("Nothing to do here.")).to_be_visible()
    case = office.staff.case(card=CaseCard(wants="my first case"))
    expect(ana.get_by_text("my first case")).to_be_visible()
    expect(ana).to_have_title("(1) Cases – Meridian Goods Desk")
    office.staff.case(card=CaseCard(wants="an urgent one"), priority=Priority.URGENT)
    expect(ana.locator("#cases .wants")).to_have_text(["an urgent one", "my first case"])
    expect(ana).to_have_title("(2) Cases – Meridian Goods Desk")
    claim(enter("ben"), case)
    expect(ana.locator(f"#case-{case.id}")).to_contain_text("Ben")
    expect(ana).to_have_title("(1) Cases – Meridian Goods Desk")


def test_a_buyer_is_answered(office: Office, enter: Enter) -> None:
    office.staff.person("ana", name="Ana Duarte")
    case = office.staff.case("Wo ist mein Paket?")
    page = enter("ana")
    page.get_by_role("link", name="My parcel").click()
    expect(page.get_by_text("Wo ist mein Paket?")).to_be_visible()
    expect(reply(page)).to_be_hidden()
    page.get_by_role("button", name="Claim this case").click()
    expect(page.get_by_text("The case is yours.")).to_be_visible()
    reply(page).fill("Guten Tag, ich sehe nach.")
    page.get_by_role("button", name="Send to the buyer").click()
    expect(page.locator("#lines .said.agent")).to_contain_text("Guten Tag, ich sehe nach.")
    expect(page.locator("#lines .said.agent")).to_contain_text("Being sent")
    expect(reply(page)).to_have_value("")
    assert office.staff.said_to_buyer(case) == ["Guten Tag, ich sehe nach."]
    office.staff.hears(office.staff.sender(case), "Vielen Dank!")
    expect(page.get_by_text("Vielen Dank!")).to_be_in_viewport()
    reply(page).fill("Gern.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#lines .said.agent")).to_have_count(2)
    page.locator("summary", has_text="Close").click()
    page.get_by_label("How it ended").select_option("solved")
    page.get_by_role("button", name="Close, the bot goes on").click()
    expect(page.get_by_text("the bot goes on with the buyer")).to_be_visible()
    expect(page.locator("#status")).to_contain_text("Closed: Solved")
    expect(reply(page)).to_be_hidden()


def test_what_an_agent_is_writing_survives_news_and_reload(office: Office, enter: Enter) -> None:
    office.staff.person("ana")
    case = office.staff.case()
    page = enter("ana")
    claim(page, case)
    reply(page).fill("A long answer in the")
    reply(page).press("End")
    office.staff.hears(office.staff.sender(case), "Are you there?")
    expect(page.get_by_text("Are you there?")).to_be_visible()
    expect(reply(page)).to_be_focused()
    page.keyboard.type(" making")
    expect(reply(page)).to_have_value("A long answer in the making")
    page.reload()
    expect(reply(page)).to_have_value("A long answer in the making")
    page.get_by_role("button", name="Send to the buyer").click()
    expect(page.locator("#lines .said.agent")).to_contain_text("A long answer in the making")
    page.reload()
    expect(reply(page)).to_have_value("")


def test_a_note_cannot_be_taken_for_a_reply(office: Office, enter: Enter) -> None:
    office.staff.person("ana")
    case = office.staff.case()
    page = enter("ana")
    claim(page, case)
    reply(page).fill("for the buyer")
    page.locator("label", has_text="Private note").first.click()
    expect(note(page)).to_be_focused()
    expect(reply(page)).to_be_hidden()
    page.keyboard.type("for us alone")
    colours = [
        page.locator(form).evaluate("form => getComputedStyle(form).backgroundColor")
        for form in (".write.reply", ".write.private")
    ]
    assert colours[0] != colours[1]
    page.keyboard.press("Control+Enter")
    expect(page.locator("#lines .note")).to_contain_text("for us alone")
    expect(note(page)).to_have_value("")
    assert office.staff.said_to_buyer(case) == []
    page.locator("label", has_text="Reply to the buyer").first.click()
    expect(reply(page)).to_have_value("for the buyer")
    expect(reply(page)).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#lines .said.agent")).to_contain_text("for the buyer")
    assert office.staff.said_to_buyer(case) == ["for the buyer"]


def test_what_is_sent_while_another_act_is_under_way_waits_its_turn(office: Office, enter: Enter) -> None:
    office.staff.person("ana")
    case = office.staff.case()
    page = enter("ana")
    claim(page, case)
    held: list[Any] = []
    page.route("**/note", lambda route: held.append(route))
    note(page).evaluate("box => { box.value = 'for us alone' }")
    reply(page).fill("for the buyer")
    page.evaluate("document.querySelector('form.write.private').requestSubmit()")
    for _ in range(2):
        page.evaluate("document.querySelector('form.write.reply').requestSubmit()")
    while not held:
        page.wait_for_timeout(20)
    assert office.staff.said_to_buyer(case) == []
    held[0].continue_()
    expect(page.locator("#lines .said.agent")).to_contain_text("for the buyer")
    expect(page.locator("#lines .note")).to_contain_text("for us alone")
    assert office.staff.said_to_buyer(case) == ["for the buyer"]


def test_a_take_over_closes_the_others_composer_and_keeps_the_words(office: Office, enter: Enter) -> None:
    office.staff.person("ana", name="Ana Duarte")
    office.staff.person("sue", "supervisor", name="Sue Lim")
    case = office.staff.case()
    ana, sue = enter("ana"), enter("sue")
    claim(ana, case)
    reply(ana).fill("I was about to say")
    open_case(sue, case)
    expect(sue.locator("#status")).to_contain_text("Ana Duarte has this case")
    expect(reply(sue)).to_be_hidden()
    sue.get_by_role("button", name="Take over").click()
    expect(reply(sue)).to_be_visible()
    expect(ana.locator("#status")).to_contain_text("Sue Lim has this case")
    expect(reply(ana)).to_be_hidden()
    expect(note(ana)).to_be_visible()
    expect(reply(ana)).to_have_value("I was about to say")
    assert office.staff.said_to_buyer(case) == []


def test_two_who_claim_at_once_see_who_was_first(office: Office, enter: Enter) -> None:
    office.staff.person("ana", name="Ana Duarte")
    office.staff.person("ben")
    case = office.staff.case()
    ana, ben = enter("ana"), enter("ben")
    open_case(ben, case)
    # Ben's page hears of nothing any more: he clicks on what he sees.
    ben.route(
        "**/desk/cases/*", lambda route: route.abort() if route.request.method == "GET" else route.continue_()
    )
    claim(ana, case)
    ben.get_by_role("button", name="Claim this case").click()
    expect(ben.locator("#flash")).to_contain_text("Ana Duarte")
    expect(reply(ben)).to_be_hidden()


def test_a_field_that_was_shown_stays_shown_on_this_page_only(office: Office, enter: Enter) -> None:
    office.staff.person("ana")
    case = office.staff.case()
    page = enter("ana")
    claim(page, case)
    page.get_by_role("button", name="Show e-mail").click()
    expect(page.locator("#card")).to_contain_text("lena.fischer@example.com")
    expect(page.locator("#lines")).to_contain_text("looked at: email")
    office.staff.hears(office.staff.sender(case), "Hello?")
    expect(page.get_by_text("Hello?")).to_be_visible()
    expect(page.locator("#card")).to_contain_text("lena.fischer@example.com")
    page.reload()
    expect(page.locator("#card")).not_to_contain_text("lena.fischer@example.com")


def test_a_suggested_reply_is_put_where_it_can_be_changed(office: Office, enter: Enter) -> None:
    office.staff.person("ana")
    case = office.staff.case()
    page = enter("ana")
    claim(page, case)
    reply(page).fill("Guten Tag!")
    page.get_by_text("Suggested replies").click()
    page.get_by_role("link", name="Use this").click()
    expect(reply(page)).to_have_value(re.compile("^Guten Tag!\n\n.*We have opened a trace"))
    expect(reply(page)).to_be_focused()
    assert office.staff.said_to_buyer(case) == []


def test_a_session_that_ends_elsewhere_leaves_the_words_on_the_page(office: Office, enter: Enter) -> None:
    office.staff.person("ana")
    case = office.staff.case()
    page = enter("ana")
    claim(page, case)
    reply(page).fill("not lost")
    other = page.context.new_page()
    other.goto(office.address + "/desk")
    other.locator(".me summary").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_label("Login")).to_be_visible()
    page.get_by_role("button", name="Send to the buyer").click()
    expect(page.locator("#lost")).to_contain_text("You are signed out. What you have written stays here.")
    expect(reply(page)).to_have_value("not lost")
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_label("Login").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(reply(page)).to_have_value("not lost")
    assert office.staff.said_to_buyer(case) == []


def test_the_desk_survives_a_restart_of_the_server(office: Office, enter: Enter) -> None:
    office.staff.person("ana")
    case = office.staff.case()
    page = enter("ana")
    claim(page, case)
    reply(page).fill("said once")
    office.serving.stop(office.frontend.stop)
    expect(page.locator("#lost")).to_contain_text("The connection was lost")
    page.get_by_role("button", name="Send to the buyer").click()
    expect(page.locator("#flash")).to_contain_text("Nothing is lost: please try again.")
    expect(reply(page)).to_have_value("said once")
    office.serving.start()
    office.serving.run(office.frontend.start())
    expect(page.locator("#lost")).to_be_hidden()
    page.get_by_role("button", name="Send to the buyer").click()
    expect(page.locator("#lines .said.agent")).to_contain_text("said once")
    assert office.staff.said_to_buyer(case) == ["said once"]
    office.staff.hears(office.staff.sender(case), "And again?")
    expect(page.get_by_text("And again?")).to_be_visible()


def test_an_answer_that_got_lost_is_not_said_twice(office: Office, enter: Enter) -> None:
    office.staff.person("ana")
    case = office.staff.case()
    page = enter("ana")
    claim(page, case)
    reply(page).fill("exactly once")
    lost = []

    def lose(route: Any) -> None:
        lost.append(route.fetch(max_redirects=0).status)
        route.abort()

    page.route("**/reply", lose, times=1)
    page.get_by_role("button", name="Send to the buyer").click()
    expect(page.locator("#flash")).to_contain_text("please try again")
    page.get_by_role("button", name="Send to the buyer").click()
    expect(reply(page)).to_have_value("")
    assert lost == [303]
    assert office.staff.said_to_buyer(case) == ["exactly once"]


#: What stands out of the screen to the right, once nothing does or after two seconds: a loaded machine may
#: still be laying the page out. The page's policy forbids `wait_for_function`, which evaluates a text.
TOO_WIDE = """() => new Promise(done => {
    const end = performance.now() + 2000
    const fits = () => document.documentElement.scrollWidth <= innerWidth
    const wide = () => [...document.querySelectorAll("body *")]
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
        .map(one => one.outerHTML.slice(0, 120))
    const late = () => performance.now() > end
    const look = () => fits() ? done([]) : late() ? done(wide()) : requestAnimationFrame(look)
    look()
})"""


@pytest.mark.parametrize("size", [PHONE, TABLET, DESK], ids=["phone", "tablet", "desk"])
def test_nothing_is_wider_than_the_screen(office: Office, enter: Enter, size: dict[str, int]) -> None:
    office.staff.person("ana", name="Ana-Maria de la Concepción Duarte y Villalobos")
    wide = "W" * 300
    case = office.staff.case(
        wide, card=CaseCard(wants=wide, name=wide, bot_did=(wide,), email=f"{wide}@x.test")
    )
    page = enter("ana", size)
    assert page.evaluate(TOO_WIDE) == []
    claim(page, case)
    assert page.evaluate(TOO_WIDE) == []
    expect(page.get_by_role("button", name="Send to the buyer")).to_be_visible()


def test_the_desk_works_without_scripts(office: Office, enter: Enter) -> None:
    office.staff.person("ana")
    case = office.staff.case()
    page = enter("ana", java_script_enabled=False)
    page.get_by_role("link", name="My parcel").click()
    page.get_by_role("button", name="Claim this case").click()
    expect(page.get_by_text("The case is yours.")).to_be_visible()
    reply(page).fill("Guten Tag!")
    page.get_by_role("button", name="Send to the buyer").click()
    expect(page.get_by_text("Your reply is on its way")).to_be_visible()
    page.locator("label", has_text="Private note").first.click()
    note(page).fill("calm now")
    page.get_by_role("button", name="Save the private note").click()
    expect(page.locator("#lines .note")).to_contain_text("calm now")
    page.locator("summary", has_text="Close").click()
    page.get_by_label("How it ended").select_option("solved")
    page.get_by_role("button", name="Close quietly").click()
    expect(page.get_by_text("The case is closed.", exact=True).first).to_be_visible()
    assert office.staff.said_to_buyer(case) == ["Guten Tag!"]


def test_a_case_can_be_worked_by_keyboard(office: Office, enter: Enter) -> None:
    office.staff.person("ana")
    case = office.staff.case()
    page = enter("ana")

    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if name in page.evaluate("document.activeElement.textContent || document.activeElement.id"):
                assert page.evaluate("document.activeElement.matches(':focus-visible')")
                return
        raise AssertionError(f"no way to {name} by keyboard")

    tab_to("My parcel")
    page.keyboard.press("Enter")
    expect(page.locator("body.js #lines")).to_be_visible()
    page.keyboard.press("Alt+c")
    expect(reply(page)).to_be_visible()
    page.keyboard.press("Alt+n")
    expect(note(page)).to_be_focused()
    page.keyboard.type("by keyboard")
    page.keyboard.press("Alt+r")
    expect(reply(page)).to_be_focused()
    page.keyboard.type("Guten Tag!")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#lines .said.agent")).to_contain_text("Guten Tag!")
    expect(note(page)).to_have_value("by keyboard")
    assert office.staff.said_to_buyer(case) == ["Guten Tag!"]


def test_streams_end_at_once_when_the_server_stops(office: Office, enter: Enter) -> None:
    office.staff.person("ana")
    page = enter("ana")
    case = office.staff.case(card=CaseCard(wants="seen by the stream"))
    expect(page.get_by_text("seen by the stream")).to_be_visible()
    assert office.frontend._hub.total() == 1
    office.serving.stop(office.frontend.stop)
    office.serving.start()
    office.serving.run(office.frontend.start())
    claim(page, case)
