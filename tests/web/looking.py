"""Looking at a page as a person does: does it fit the screen, can everybody use it, and a picture of it."""

from __future__ import annotations

import os

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: The screens that a page is looked at on, in CSS pixels.
SIZES = {"desk": (1280, 900), "tablet": (768, 1024), "phone": (390, 844)}


def shoot(page: Page, name: str) -> None:
    """A picture for whoever wants to look: set SCREENSHOTS to a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.wait_for_load_state()
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def fits(page: Page, name: str) -> None:
    """Fail if the page is wider than the screen."""
    # A text is there before the style sheets are; without them nothing lies where it will.
    page.wait_for_load_state()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} is {wide} pixels wider than the screen"


def look(page: Page, name: str) -> None:
    """Fail if the page is wider than the screen or axe finds something; take a picture."""
    fits(page, name)
    found = Axe().run(page).response["violations"]
    assert [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found] == []
    shoot(page, name)
