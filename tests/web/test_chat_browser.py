"""The chat page in a real browser, against a real server."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bot.errors import TryLaterError
from bot.messages import Author, Correction
from tests.web.conftest import Shop

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}

Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, shop: Shop) -> Iterator[Visit]:
    """Open the chat as a new visitor; at the end nothing may have gone wrong on any page."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def opened(size: dict[str, int] = PHONE, locale: str = "en-GB", **more: Any) -> Page:
        context = browser.new_context(viewport=size, locale=locale, **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None,
        )
        page.goto(shop.address)
        expect(page.locator("#quick")).to_be_visible()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def write(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def bubbles(page: Page) -> Any:
    return page.locator("#messages .bubble")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_question_is_answered_and_a_choice_made(visit: Visit, shop: Shop, size: dict[str, int]) -> None:
    shop.reception.script = lambda message: (
        [("Noted.", ())] if message.button else [("Your order number, please?", ("I have none", "A person"))]
    )
    page = visit(size)
    expect(page.get_by_text("Welcome to Meridian Goods")).to_be_visible()
    assert shop.reception.accepted == []
    page.get_by_role("button", name="Where is my parcel?").click()
    expect(page.get_by_text("Your order number, please?")).to_be_visible()
    expect(page.locator("#quick")).to_be_hidden()
    page.get_by_role("button", name="A person").click()
    expect(bubbles(page).last).to_contain_text("Noted.")
    expect(page.get_by_role("button", name="A person")).to_have_count(0)
    expect(bubbles(page)).to_have_text(
        ["You: Where is my parcel?", "Meri: Your order number, please?", "You: A person", "Meri: Noted."]
    )
    assert [message.button for message in shop.reception.accepted] == [None, '/inform{"choice": "A person"}']


@pytest.mark.parametrize("size", [PHONE, DESK, {"width": 320, "height": 480}], ids=["phone", "desk", "small"])
def test_nothing_is_wider_than_the_screen(visit: Visit, shop: Shop, size: dict[str, int]) -> None:
    shop.reception.script = lambda message: [("https://x.example/" + "y" * 300, ("z" * 200, "short"))]
    page = visit(size)
    write(page, "W" * 500)
    expect(bubbles(page)).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.get_by_role("log").evaluate("log => log.scrollWidth <= log.clientWidth")
    expect(page.get_by_role("button", name="Send")).to_be_in_viewport()


def test_a_long_conversation_does_not_lengthen_the_page(visit: Visit, shop: Shop) -> None:
    shop.reception.script = lambda message: [("first\n\n" * 6, ())]
    page = visit(PHONE)
    for number in range(3):
        write(page, f"question {number}")
        expect(bubbles(page)).to_have_count(2 * number + 2)
    assert page.get_by_role("log").evaluate("log => log.scrollHeight > log.clientHeight")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_history_is_there_after_a_reload(visit: Visit, shop: Shop) -> None:
    shop.reception.script = lambda message: [(f"You said: {message.text}", ())]
    page = visit()
    write(page, "first")
    expect(page.get_by_text("You said: first")).to_be_visible()
    page.reload()
    expect(bubbles(page)).to_have_text(["You: first", "Meri: You said: first"])
    expect(page.locator("#quick")).to_be_hidden()
    write(page, "second")
    expect(bubbles(page)).to_have_count(4)


def test_an_agents_words_arrive_by_themselves_in_all_open_tabs(visit: Visit, shop: Shop) -> None:
    shop.reception.with_agent = True
    page = visit()
    write(page, "a human please")
    expect(bubbles(page)).to_have_count(1)
    other = page.context.new_page()
    other.goto(shop.address)
    expect(bubbles(other)).to_have_text(["You: a human please"])
    text = "I am <b>Lena</b>: see https://track.example/a?b=1&c=(2)."
    shop.serving.run(shop.reception.say(shop.sender(), text, author=Author.AGENT, name="Lena Brandt"))
    for tab in (page, other):
        expect(bubbles(tab).last).to_have_text(f"Lena Brandt: {text}")
        expect(tab.locator("#with")).to_have_text("You are talking with Lena Brandt")
        link = tab.get_by_role("link")
        expect(link).to_have_attribute("href", "https://track.example/a?b=1&c=(2)")
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(page.locator("#typing")).to_be_hidden()
    write(other, "thanks")
    expect(bubbles(page).last).to_have_text("You: thanks")


def test_an_agents_words_are_changed_and_taken_back_on_all_pages(visit: Visit, shop: Shop) -> None:
    page = visit(PHONE)
    write(page, "when does it ship?")
    expect(bubbles(page)).to_have_count(1)

    def says(text: str, corrects: Correction | None = None) -> None:
        said = shop.reception.say(shop.sender(), text, author=Author.AGENT, name="Lena", corrects=corrects)
        shop.serving.run(said)

    says("On <i>Monday</i>.")
    says("My number is 555.")
    first, second = (line.position for line in shop.reception.lines[shop.sender()][-2:])
    says("On <i>Tuesday</i>.", Correction(first, "1", "On <i>Monday</i>.", deletes=False))
    says("", Correction(second, "2", "My number is 555.", deletes=True))
    shown = [
        "You: when does it ship?",
        "Lena: On <i>Tuesday</i>. (edited)",
        "Lena: This message was taken back.",
    ]
    expect(bubbles(page)).to_have_text(shown)
    write(page, "thanks")
    page.reload()
    expect(bubbles(page)).to_have_text([*shown, "You: thanks"])
    told = page.evaluate("fetch('/chat/messages?after=0').then((answer) => answer.text())")
    assert "Monday" not in told
    assert "555" not in told


HOSTILE = [
    "<img src=x onerror=document.title='owned'>",
    "<script>document.title='owned'</script>",
    "javascript:document.title='owned' https://javascript:alert(1) http://[::bad",
    "{{ 7*7 }} ${7*7} </p></div>",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L" * 20,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_only_ever_text(visit: Visit, shop: Shop, text: str) -> None:
    shop.reception.script = lambda message: [(message.text, (message.text,))]
    page = visit()
    write(page, text)
    expect(page.locator("#messages .chip")).to_have_count(1)
    for bubble in bubbles(page).all():
        assert text in (bubble.text_content() or "")
    assert page.title() == "Meridian Goods – Chat"
    assert page.locator("#messages img, #messages script, #messages a").count() == 0


def test_a_bots_turn_shows_that_it_is_writing_and_then_does_not(visit: Visit, shop: Shop) -> None:
    shop.reception.script = lambda message: [("Here you are.", ())]
    shop.reception.may_answer = False
    page = visit()
    write(page, "hello")
    expect(page.locator("#typing")).to_be_visible()
    expect(page.locator("#typing-text")).to_have_text("Meri is writing")
    shop.serving.call(shop.reception.answer)
    expect(page.get_by_text("Here you are.")).to_be_visible()
    expect(page.locator("#typing")).to_be_hidden()


def test_lines_are_fetched_only_where_one_is_missing(visit: Visit, shop: Shop) -> None:
    shop.reception.script = lambda message: [(f"Answer to {message.text}", ())]
    page = visit().context.new_page()
    numbers = itertools.count(1)
    # It fetches when it opens, and when its stream does.
    with page.expect_event("requestfinished", lambda one: "after=" in one.url and next(numbers) == 2):
        page.goto(shop.address)
    fetched: list[str] = []
    page.on("request", lambda one: fetched.append(one.url) if "after=" in one.url else None)
    write(page, "one")
    expect(page.get_by_text("Answer to one")).to_be_visible()
    write(page, "two")
    expect(page.get_by_text("Answer to two")).to_be_visible()
    assert fetched == []
    shop.reception.add(shop.sender(), Author.BOT, "This one gets lost.")
    shop.serving.run(shop.reception.say(shop.sender(), "And this arrives."))
    expect(page.get_by_text("And this arrives.")).to_be_visible()
    texts = ["one", "Answer to one", "two", "Answer to two", "This one gets lost.", "And this arrives."]
    expect(bubbles(page)).to_contain_text(texts)
    assert [url.partition("?")[2] for url in fetched] == ["after=4"]


def test_an_unsent_message_is_kept_shown_and_sent_when_the_inbox_opens(visit: Visit, shop: Shop) -> None:
    shop.reception.down = TryLaterError(retry_after=1)
    page = visit()
    write(page, "do not lose me")
    expect(page.get_by_text("Not sent yet.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("do not lose me")).to_be_visible()
    expect(page.get_by_text("Not sent yet.")).to_be_visible()
    shop.reception.down = None
    expect(bubbles(page)).to_have_text(["You: do not lose me"])
    expect(page.locator("#unsent .bubble")).to_have_count(0)
    assert [message.text for message in shop.reception.accepted] == ["do not lose me"]


def test_an_unsent_message_can_be_taken_back(visit: Visit, shop: Shop) -> None:
    shop.reception.down = TryLaterError(retry_after=60)
    page = visit()
    write(page, "never mind")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("never mind")).to_have_count(0)
    shop.reception.down = None
    write(page, "this instead")
    expect(bubbles(page)).to_have_text(["You: this instead"])
    assert [message.text for message in shop.reception.accepted] == ["this instead"]


@pytest.mark.parametrize("gets_through", [False, True])
def test_a_message_taken_back_while_it_is_sent_again_is_gone_or_shown_as_sent(
    gets_through: bool, visit: Visit, shop: Shop
) -> None:
    shop.reception.down = TryLaterError(retry_after=60)
    page = visit()
    write(page, "never mind")
    expect(page.get_by_text("Not sent yet.")).to_be_visible()
    held: list[Any] = []
    page.route("**/chat/messages", lambda route: held.append(route))
    with page.expect_request("**/chat/messages"):
        page.get_by_role("button", name="Try again").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("button", name="Remove")).to_be_disabled()
    if gets_through:
        shop.reception.down = None
    held[0].continue_()
    page.unroute("**/chat/messages")
    if gets_through:
        expect(bubbles(page)).to_have_text(["You: never mind"])
        expect(page.locator("#unsent .bubble")).to_have_count(0)
    else:
        expect(page.get_by_text("never mind")).to_have_count(0)
        shop.reception.down = None
    write(page, "this instead")
    sent = ["never mind", "this instead"] if gets_through else ["this instead"]
    expect(bubbles(page)).to_have_text([f"You: {text}" for text in sent])
    assert [message.text for message in shop.reception.accepted] == sent


def test_a_confirmation_lost_on_its_way_does_not_show_the_message_twice(visit: Visit, shop: Shop) -> None:
    page = visit()
    lost = []

    def lose(route: Any) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    page.route("**/chat/messages*", lose)
    write(page, "only once")
    expect(bubbles(page)).to_have_text(["You: only once"])
    expect(page.locator("#unsent .bubble")).to_have_count(0)
    assert [response.status for response in lost] == [202]
    assert len(shop.reception.accepted) == 1


def test_the_page_survives_a_restart_of_the_server(visit: Visit, shop: Shop) -> None:
    shop.reception.script = lambda message: [(f"Answer to {message.text}", ())]
    page = visit()
    write(page, "one")
    expect(page.get_by_text("Answer to one")).to_be_visible()
    shop.stop()
    expect(page.get_by_text("The connection was lost.")).to_be_visible()
    write(page, "two")
    expect(page.get_by_text("Not sent yet.")).to_be_visible()
    shop.start()
    expect(page.get_by_text("Answer to two")).to_be_visible()
    expect(page.locator("#notice")).to_be_hidden()
    expect(bubbles(page)).to_have_text(["You: one", "Meri: Answer to one", "You: two", "Meri: Answer to two"])
    shop.serving.run(shop.reception.say(shop.sender(), "And one thing more."))
    expect(bubbles(page).last).to_have_text("Meri: And one thing more.")


def test_who_writes_too_fast_is_told_kindly_and_loses_nothing(visit: Visit, shop: Shop) -> None:
    page = visit()
    for number in range(21):
        write(page, f"message {number}")
    expect(page.get_by_text("That was quick!")).to_be_visible()
    expect(page.locator(".bubble", has_text=re.compile("message 20$"))).to_have_count(1)
    assert len(shop.reception.accepted) == 20


def test_a_message_that_is_too_long_stays_in_the_composer(visit: Visit, shop: Shop) -> None:
    page = visit()
    write(page, "x" * 4_001)
    expect(page.locator("#counter")).to_have_text(
        "This is too long for one message: 4,001 of 4,000 characters."
    )
    expect(page.get_by_label("Your message")).to_have_value("x" * 4_001)
    assert shop.reception.accepted == []
    page.keyboard.press("Backspace")
    expect(page.locator("#counter")).to_have_text("4,000 of 4,000 characters")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_count(1)
    expect(page.locator("#counter")).to_be_hidden()


def test_everything_can_be_done_by_keyboard(visit: Visit, shop: Shop) -> None:
    shop.reception.script = lambda message: [] if message.button else [("Which colour?", ("Blue", "Green"))]
    page = visit(DESK)
    focused = []
    for _ in range(9):
        page.keyboard.press("Tab")
        focused.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        )
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", focused
    quick = ["Where is my parcel?", "Is it in stock?", "Payment problem", "Returns and refunds"]
    assert focused == ["lang", "log", *quick, "text", "attach", "send"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("a shirt")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("size M")
    page.keyboard.press("Enter")
    expect(page.locator("#messages .chip")).to_have_count(2)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(bubbles(page).last).to_have_text("You: Green")
    expect(page.get_by_label("Your message")).to_be_focused()
    assert [message.text for message in shop.reception.accepted] == ["a shirt\nsize M", ""]


def test_a_word_in_the_making_is_not_sent(visit: Visit, shop: Shop) -> None:
    page = visit()
    page.get_by_label("Your message").fill("にほん")
    page.evaluate(
        "document.getElementById('text').dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    expect(page.get_by_label("Your message")).to_have_value("にほん")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_text(["You: にほん"])


def test_an_arabic_browser_gets_a_page_from_right_to_left(visit: Visit, shop: Shop) -> None:
    shop.reception.script = lambda message: [("رقم الطلب CD-104233 في الطريق.", ()), ("An English line.", ())]
    page = visit(locale="ar-EG")
    assert page.evaluate("document.documentElement.dir") == "rtl"
    page.get_by_role("button", name="أين طردي؟").click()
    expect(bubbles(page)).to_have_count(3)
    assert shop.reception.accepted[0].text == "أين طردي؟"
    assert shop.reception.accepted[0].language_hint == "ar"
    directions = bubbles(page).evaluate_all("all => all.map(one => getComputedStyle(one).direction)")
    assert directions[1:] == ["rtl", "ltr"]
    boxes = [bubble.bounding_box() for bubble in bubbles(page).all()]
    assert all(boxes)
    # The buyer's own words stand at the end of the line: on the left.
    assert boxes[0]["x"] < 40  # type: ignore[index]
    assert boxes[1]["x"] + boxes[1]["width"] > 340  # type: ignore[index]


def test_the_language_can_be_chosen_and_is_remembered(visit: Visit, shop: Shop) -> None:
    page = visit()
    write(page, "hello")
    expect(bubbles(page)).to_have_count(1)
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_placeholder("Nachricht schreiben")).to_be_visible()
    expect(bubbles(page)).to_have_text(["Sie: hello"])
    page.goto(shop.address)
    expect(page.get_by_placeholder("Nachricht schreiben")).to_be_visible()
    page.get_by_label("Ihre Nachricht").fill("hallo")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_count(2)
    assert [message.language_hint for message in shop.reception.accepted] == ["en", "de"]


def test_news_is_read_out_and_history_is_not(visit: Visit, shop: Shop) -> None:
    page = visit()
    log = page.get_by_role("log")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log).to_have_attribute("aria-label", "Conversation")
    html = page.request.get(shop.address + "/chat").text()
    assert 'aria-live="off"' in html


def test_a_reader_of_old_messages_is_not_torn_away(visit: Visit, shop: Shop) -> None:
    page = visit()
    write(page, "\n".join(["a long story"] * 60))
    expect(bubbles(page)).to_have_count(1)
    page.evaluate("document.getElementById('log').scrollTop = 0")
    expect(page.locator("#newer")).to_be_hidden()
    shop.serving.run(shop.reception.say(shop.sender(), "Something new"))
    expect(page.get_by_role("button", name="New messages")).to_be_visible()
    assert page.evaluate("document.getElementById('log').scrollTop") == 0
    page.get_by_role("button", name="New messages").click()
    expect(page.get_by_text("Something new")).to_be_in_viewport()
    expect(page.locator("#newer")).to_be_hidden()


def test_streams_end_when_a_tab_is_closed(visit: Visit, shop: Shop) -> None:
    page = visit()
    other = page.context.new_page()
    other.goto(shop.address)
    expect(other.get_by_role("log")).to_have_attribute("aria-live", "polite")
    other.wait_for_function("performance.getEntriesByType('resource').length > 3")
    other.close()
    page.close()
    patience = time.monotonic() + 15
    while shop.chat._hub.total():
        assert time.monotonic() < patience, "a stream outlived its tab"
        time.sleep(0.01)
