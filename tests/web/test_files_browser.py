"""Files in the chat page, in a real browser."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.errors import TryLaterError
from bot.messages import Attachment, Author
from tests.web.conftest import Shop
from tests.web.test_chat_browser import DESK, Visit, bubbles, visit, write

__all__ = ["visit"]

pytestmark = pytest.mark.browser


def png(width: int = 320, height: int = 240) -> bytes:
    """A real picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\xc0\x60\x20" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def choose(page: Page, *files: tuple[str, str, bytes]) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files(
        [{"name": name, "mimeType": kind, "buffer": content} for name, kind, content in files]
    )


def give(page: Page, how: str, name: str, kind: str, content: bytes) -> None:
    """Paste or drop a file."""
    page.evaluate(
        """([how, name, kind, content]) => {
          const data = new DataTransfer();
          const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
          data.items.add(new File([bytes], name, { type: kind }));
          const event = how === "paste"
            ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
            : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
          document.getElementById(how === "paste" ? "text" : "log").dispatchEvent(event);
        }""",
        [how, name, kind, base64.b64encode(content).decode()],
    )


def attached(page: Page) -> Any:
    return page.locator("#attached li")


def test_a_photo_and_a_paper_are_sent_with_words_and_shown(visit: Visit, shop: Shop) -> None:
    page = visit(DESK)
    choose(
        page, ("cup.png", "image/png", png()), ("bill.pdf", "application/pdf", b"%PDF-1.4 " + b"x" * 4_000)
    )
    expect(attached(page)).to_have_count(2)
    expect(attached(page).nth(1)).to_contain_text("bill.pdf")
    expect(attached(page).nth(1)).to_contain_text("4 kB")
    write(page, "it came broken")
    expect(bubbles(page)).to_have_count(1)
    expect(attached(page)).to_have_count(0)
    expect(page.locator("#unsent .bubble")).to_have_count(0)
    expect(bubbles(page)).to_contain_text("it came broken")
    picture = page.locator("#messages img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 320
    with page.expect_download() as saved:
        page.get_by_role("link", name="bill.pdf").click()
    assert saved.value.suggested_filename == "bill.pdf"
    (message,) = shop.reception.accepted
    assert [file.name for file in message.attachments] == ["cup.png", "bill.pdf"]
    page.reload()
    expect(page.locator("#messages .file")).to_have_count(2)


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_a_photo_alone_is_sent_by_paste_or_drop(visit: Visit, shop: Shop, how: str) -> None:
    page = visit()
    give(page, how, "cup.png", "image/png", png())
    expect(attached(page)).to_contain_text("cup.png")
    expect(page.get_by_role("button", name="Send")).to_have_attribute("aria-disabled", "false")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#messages img")).to_be_visible()
    (message,) = shop.reception.accepted
    assert (message.text, message.attachments[0].size) == ("", len(png()))


def test_what_the_store_does_not_take_is_told_before_it_is_sent(visit: Visit, shop: Shop) -> None:
    page = visit()
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if "/chat/files" in one.url else None)
    told = page.get_by_role("alert")
    give(page, "drop", "setup.exe", "application/x-msdownload", b"MZ")
    expect(told).to_have_text("setup.exe cannot be sent: please choose a photo or a PDF.")
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(20_000_001)], "film.mp4", { type: "video/mp4" }));
          const event = new DragEvent("drop", { dataTransfer: data, bubbles: true });
          document.getElementById("log").dispatchEvent(event);
        }"""
    )
    expect(told).to_have_text("film.mp4 is too large: 20 MB at most.")
    expect(attached(page)).to_have_count(0)
    choose(page, *((f"{number}.png", "image/png", png(8, 8)) for number in range(6)))
    expect(told).to_have_text("5 files at most with one message.")
    expect(attached(page)).to_have_count(5)
    assert not any("setup" in url or "film" in url for url in sent)
    expect(attached(page).last).to_contain_text("kB")
    page.get_by_role("button", name="Send").click()
    expect(bubbles(page)).to_have_count(1)
    expect(told).to_be_hidden()


def test_a_file_can_be_taken_off_again(visit: Visit, shop: Shop) -> None:
    page = visit()
    choose(page, ("one.png", "image/png", png()), ("two.png", "image/png", png()))
    page.get_by_role("button", name="Remove one.png").click()
    expect(page.get_by_label("Your message")).to_be_focused()
    write(page, "only the second")
    expect(page.locator("#messages .file")).to_have_count(1)
    assert [file.name for file in shop.reception.accepted[0].attachments] == ["two.png"]


def test_a_file_that_could_not_be_sent_is_kept_and_sent_again(visit: Visit, shop: Shop) -> None:
    shop.reception.down = TryLaterError("the disk is full", retry_after=1)
    page = visit()
    choose(page, ("cup.png", "image/png", png()))
    expect(attached(page)).to_contain_text("could not be sent")
    shop.reception.down = None
    page.get_by_role("button", name="Try again").click()
    expect(attached(page)).to_contain_text("kB")
    write(page, "here")
    expect(page.locator("#messages img")).to_be_visible()


def test_a_file_of_ours_can_be_saved_and_one_that_was_not_kept_is_said(visit: Visit, shop: Shop) -> None:
    page = visit()
    write(page, "my invoice, please")
    expect(bubbles(page)).to_have_count(1)
    folder = shop.reception.place / "attachments"
    folder.mkdir(exist_ok=True)
    (folder / "ours").write_bytes(b"%PDF-1.4")
    files = (
        Attachment("invoice.pdf", "application/pdf", 8, "attachments/ours"),
        Attachment("film.mov", "video/quicktime", 9, ""),
    )
    said = shop.reception.say(
        shop.sender(), "Here it is.", author=Author.AGENT, name="Lena", attachments=files
    )
    shop.serving.run(said)
    with page.expect_download() as saved:
        page.get_by_role("link", name="invoice.pdf").click()
    assert saved.value.path().read_bytes() == b"%PDF-1.4"
    expect(bubbles(page).last).to_contain_text("film.mov was not kept.")
