"""The chat on a page of another site, in a real browser that sends that site's frames none of our cookies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from adapters.web.chat import WebChat
from adapters.web.pages import Pages
from bot.clock import SystemClock
from bot.settings import Settings
from tests.web.conftest import SECRET, Shop
from tests.web.reception import MemoryReception
from tests.web.serving import Serving
from tests.web.test_chat_browser import DESK, PHONE
from tests.web.test_embedding import with_origins
from tests.web.test_files_browser import png

pytestmark = pytest.mark.browser

#: A store's page, with styles and a policy that must not reach the chat.
PAGE = """<!doctype html><html lang="{language}" dir="{direction}">
<head><meta charset="utf-8"><title>Harbour Goods</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="style-src 'self' 'sha256-x'; object-src 'none'">
<link rel="stylesheet" href="/shop.css"></head>
<body><main><h1>Harbour Goods</h1><p>Cups, and more cups.</p><p><a href="/other">Another page</a></p></main>
<script src="{chat}/chat/embed.js" defer></script></body></html>"""
STYLE = (
    "body { font-family: serif; margin: 2rem; background: #f6efe4; min-height: 60rem }"
    " button, div, iframe { color: red !important; border: 5px solid red }"
    " div { transform: rotate(3deg) !important }"
)

Enter = Callable[..., Page]


class Store:
    """Pages of a store's own, on another site than the chat."""

    def __init__(self) -> None:
        self.chat = ""
        self.serving = Serving(
            [Route("/shop.css", self._style), Route("/{page:path}", self._page)],
        )

    @property
    def address(self) -> str:
        # To a browser this is another site than 127.0.0.1.
        return self.serving.address.replace("127.0.0.1", "localhost")

    async def _page(self, request: Request) -> Response:
        language = request.query_params.get("l", "en")
        direction = "rtl" if language == "ar" else "ltr"
        return HTMLResponse(PAGE.format(chat=self.chat, language=language, direction=direction))

    async def _style(self, _: Request) -> Response:
        return Response(STYLE, media_type="text/css")


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store()
    made.serving.start()
    yield made
    made.serving.stop()


@pytest.fixture
def embedded(settings: Settings, reception: MemoryReception, store: Store) -> Iterator[Shop]:
    """The chat that this store's pages may show."""
    channel = WebChat(
        with_origins(settings, store.address), reception, secret=SECRET, clock=SystemClock(), pages=Pages()
    )
    reception.channel = channel
    shop = Shop(Serving(channel.routes()), channel, reception)
    shop.start()
    store.chat = shop.address
    yield shop
    shop.stop()


@pytest.fixture
def enter(browser: Browser, store: Store, embedded: Shop) -> Iterator[Enter]:
    """Open the store's page as somebody new."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def opened(size: dict[str, int] = DESK, path: str = "/", **more: Any) -> Page:
        context = browser.new_context(viewport=size, locale="en-GB", **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(store.address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def launcher(page: Page) -> Any:
    return page.get_by_role("button", name=re.compile("chat", re.IGNORECASE)).first


def chat(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def write(page: Page, text: str) -> None:
    chat(page).get_by_label("Your message").fill(text)
    chat(page).get_by_label("Your message").press("Enter")


def bubbles(page: Page) -> Any:
    return chat(page).locator("#messages .bubble")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_buyer_is_answered_and_found_again_on_the_next_page(
    enter: Enter, embedded: Shop, store: Store, size: dict[str, int]
) -> None:
    embedded.reception.script = lambda message: [(f"You said: {message.text}", ("Yes", "No"))]
    page = enter(size)
    assert page.locator("iframe").count() == 0
    launcher(page).click()
    expect(chat(page).get_by_label("Your message")).to_be_focused()
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_text(["You: hello", "Meri: You said: hello"])
    page.goto(store.address + "/other")
    # It was open: it opens by itself, and does not take the focus from the page.
    expect(bubbles(page)).to_have_count(2)
    assert page.evaluate("document.activeElement === document.body")
    chat(page).get_by_role("button", name="Close the chat").click()
    expect(chat(page).get_by_label("Your message")).to_be_hidden()
    page.reload()
    expect(launcher(page)).to_have_attribute("aria-expanded", "false")
    launcher(page).click()
    expect(bubbles(page)).to_have_count(2)
    assert len({message.sender for message in embedded.reception.accepted}) == 1
    assert page.context.cookies() == []


def test_a_photo_goes_both_ways_without_a_cookie(enter: Enter, embedded: Shop) -> None:
    page = enter()
    launcher(page).click()
    expect(chat(page).locator("#quick")).to_be_visible()
    chat(page).locator("#files").set_input_files(
        [{"name": "cup.png", "mimeType": "image/png", "buffer": png()}]
    )
    expect(chat(page).locator("#attached li")).to_contain_text("kB")
    write(page, "broken")
    picture = chat(page).locator("#messages img")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 320)
    assert page.context.cookies() == []


def test_news_behind_a_closed_launcher_is_counted(enter: Enter, embedded: Shop) -> None:
    page = enter()
    launcher(page).click()
    expect(chat(page).locator("#quick")).to_be_visible()
    write(page, "hello")
    expect(bubbles(page)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(launcher(page)).to_be_focused()
    expect(launcher(page)).to_have_attribute("aria-expanded", "false")
    for number in (1, 2):
        embedded.serving.run(embedded.reception.say(embedded.sender(), f"news {number}"))
    expect(page.locator(".unread")).to_have_text("2")
    launcher(page).click()
    expect(page.locator(".unread")).to_be_hidden()
    expect(bubbles(page)).to_have_count(3)


def test_a_page_of_nobody_we_know_cannot_show_it(
    browser: Browser, settings: Settings, reception: MemoryReception, store: Store
) -> None:
    channel = WebChat(
        with_origins(settings, "https://www.shop.example"),
        reception,
        secret=SECRET,
        clock=SystemClock(),
        pages=Pages(),
    )
    shop = Shop(Serving(channel.routes()), channel, reception)
    shop.start()
    store.chat = shop.address
    context = browser.new_context()
    try:
        page = context.new_page()
        refused: list[str] = []
        page.on("console", lambda line: refused.append(line.text) if "frame-ancestors" in line.text else None)
        page.goto(store.address)
        with page.expect_console_message(lambda line: "frame-ancestors" in line.text):
            launcher(page).click()
        assert chat(page).locator("#text").count() == 0
    finally:
        context.close()
        shop.stop()


def test_the_stores_styles_do_not_reach_it_and_it_speaks_the_pages_language(enter: Enter) -> None:
    page = enter(PHONE, "/?l=ar")
    button = page.get_by_role("button", name="فتح المحادثة")
    box = button.bounding_box()
    assert box is not None
    # In the corner where a line ends.
    assert box["x"] < 60
    assert button.evaluate("one => getComputedStyle(one).borderTopWidth") == "0px"
    button.click()
    expect(chat(page).locator("html")).to_have_attribute("dir", "rtl")
    frame = page.locator("iframe").bounding_box()
    assert frame == {"x": 0, "y": 0, "width": PHONE["width"], "height": PHONE["height"]}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- Accessibility


def findings(page: Page) -> list[str]:
    found = Axe().run(page, options={"iframes": True}).response["violations"]
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_on_a_stores_page(
    enter: Enter, embedded: Shop, size: dict[str, int], scheme: str
) -> None:
    embedded.reception.script = lambda message: [("See https://x.example/a and choose.", ("Yes", "No"))]
    page = enter(size, color_scheme=scheme)
    expect(launcher(page)).to_be_visible()
    assert findings(page) == []
    launcher(page).click()
    expect(chat(page).locator("#quick")).to_be_visible()
    chat(page).locator("#files").set_input_files(
        [{"name": "cup.png", "mimeType": "image/png", "buffer": png()}]
    )
    expect(chat(page).locator("#attached li")).to_contain_text("kB")
    assert findings(page) == []
    write(page, "hello")
    expect(bubbles(page)).to_have_count(2)
    assert findings(page) == []


@pytest.mark.parametrize("language", ["en", "ar", "ja"])
def test_axe_finds_nothing_on_our_own_page(browser: Browser, shop: Shop, language: str) -> None:
    shop.reception.script = lambda message: [("One moment.", ("Yes", "No"))]
    context = browser.new_context(viewport=PHONE)
    try:
        page = context.new_page()
        page.goto(f"{shop.address}/chat?lang={language}")
        expect(page.locator("#quick")).to_be_visible()
        assert findings(page) == []
        page.locator("#text").fill("hello")
        page.keyboard.press("Enter")
        expect(page.locator("#messages .bubble")).to_have_count(2)
        assert findings(page) == []
    finally:
        context.close()
