"""Files of the web chat and the desk: taken within limits, handed out to those whose they are, never run."""

from __future__ import annotations

import dataclasses
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from itsdangerous import TimestampSigner
from starlette.testclient import TestClient

from adapters.web.chat import WebChat
from adapters.web.files import POLICY
from adapters.web.visitors import FILE_LIFETIME
from bot.errors import TryLaterError
from bot.messages import Attachment, Author, Correction
from bot.settings import Settings
from tests.web.browsing import Door, Enter
from tests.web.reception import MemoryReception
from tests.web.staff import Staff
from tests.web.test_chat import code_of, post, stranger

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50

#: As the page makes one; the same in every process that runs tests.
AN_ID = "10ba34ea-0932-4551-9731-3256fc7e6d4b"


def upload(
    client: TestClient,
    name: str = "cup.png",
    content: Any = PNG,
    kind: str = "image/png",
    key: str | None = None,
    **headers: str,
) -> Any:
    return client.post(
        f"/chat/files?name={quote(name)}&id={key or uuid.uuid4()}",
        content=content,
        headers={"Content-Type": kind, **headers},
    )


def kept(folder: Path) -> list[Path]:
    return [path for path in (folder / "attachments").rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def emptied(settings: Settings) -> None:
    for path in kept(settings.files):
        path.unlink()


def test_a_file_goes_with_its_message_and_comes_back_to_its_visitor(
    client: TestClient, reception: MemoryReception
) -> None:
    taken = upload(client, "Täßchen <b>.png")
    assert taken.status_code == 201
    line = post(client, "it is broken", files=[taken.json()["file"]]).json()["line"]
    assert line["files"] == [
        {"name": "Täßchen <b>.png", "size": len(PNG), "picture": True, "url": "/chat/files/1/0"}
    ]
    (message,) = reception.accepted
    assert [(file.name, file.media_type) for file in message.attachments] == [
        ("Täßchen <b>.png", "image/png")
    ]
    answer = client.get("/chat/files/1/0")
    assert answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_a_message_may_be_a_file_alone(client: TestClient, reception: MemoryReception) -> None:
    token = upload(client).json()["file"]
    body = {"id": str(uuid.uuid4()), "files": [token]}
    assert client.post("/chat/messages", json=body).status_code == 202
    assert reception.accepted[0].text == ""


def test_a_file_of_yesterday_is_attached_anew(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The house-keeping has taken it by then."""
    token = upload(client).json()["file"]
    later = int(time.time() + FILE_LIFETIME.total_seconds()) + 60
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: later)

    assert code_of(post(client, "look", files=[token])) == "unknown_file"


def test_a_visitor_sees_and_sends_only_files_of_their_own(client: TestClient, chat: WebChat) -> None:
    token = upload(client).json()["file"]
    post(client, "mine", files=[token])
    with stranger(chat) as other:
        assert other.get("/chat/files/1/0").status_code == 401
        other.get("/chat")
        assert other.get("/chat/files/1/0").status_code == 404
        assert code_of(post(other, "stolen", files=[token])) == "unknown_file"


@pytest.mark.parametrize("path", ["2/0", "1/1", "1/99", "0/0", f"{2**40}/0", f"1/{2**70}", "1/x", "-1/0"])
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    post(client, "look", files=[upload(client).json()["file"]])
    assert client.get(f"/chat/files/{path}").status_code == 404


@pytest.mark.parametrize(
    "path", ["", "../secret", "attachments/../lexicon.json", "/etc/passwd", "attachments"]
)
def test_nothing_but_attachments_is_handed_out(
    client: TestClient, reception: MemoryReception, settings: Settings, path: str
) -> None:
    (settings.files / "lexicon.json").write_text("{}")
    (settings.files.parent / "secret").write_text("secret")
    post(client)
    file = Attachment("x", "text/plain", 1, path)
    reception.add(reception.accepted[0].sender, Author.AGENT, "here", attachments=(file,))
    assert client.get("/chat/files/2/0").status_code == 404


def test_a_file_that_was_taken_back_is_no_longer_handed_out(
    client: TestClient, reception: MemoryReception, settings: Settings
) -> None:
    (settings.files / "attachments").mkdir(exist_ok=True)
    (settings.files / "attachments" / "label.txt").write_text("label")
    post(client)
    sender = reception.accepted[0].sender
    file = Attachment("label.txt", "text/plain", 5, "attachments/label.txt")
    reception.add(sender, Author.AGENT, "here", attachments=(file,))
    assert client.get("/chat/files/2/0").status_code == 200
    back = Correction(2, "2", "here", deletes=True)
    reception.add(sender, Author.AGENT, "", corrects=back)
    assert client.get("/chat/files/2/0").status_code == 404


@pytest.mark.parametrize("kind", ["application/pdf", "image/tiff", "text/plain", "video/mp4"])
def test_what_is_no_picture_of_the_web_is_only_ever_saved(client: TestClient, kind: str) -> None:
    post(client, "look", files=[upload(client, kind=kind).json()["file"]])
    answer = client.get("/chat/files/1/0")
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "kind", ["text/html", "image/svg+xml", "IMAGE/SVG+XML; x=1", "application/x-msdownload", "", "x" * 9_000]
)
def test_kinds_that_the_store_does_not_take_are_refused(
    client: TestClient, settings: Settings, kind: str
) -> None:
    answer = upload(client, kind=kind)
    assert (answer.status_code, code_of(answer)) == (415, "file_kind")
    assert kept(settings.files) == []


def test_a_file_is_never_larger_than_the_store_takes(
    client: TestClient, settings: Settings, reception: MemoryReception, chat: WebChat
) -> None:
    most = settings.rules.attachments.megabytes * 1_000_000
    answer = upload(client, content=b"x", **{"Content-Length": str(most + 1)})
    assert (answer.status_code, code_of(answer)) == (413, "file_too_large")

    def without_a_length() -> Any:
        for _ in range(most // 1_000_000 + 1):
            yield b"x" * 1_000_000

    answer = upload(client, content=without_a_length())
    assert (answer.status_code, code_of(answer)) == (413, "file_too_large")
    assert kept(settings.files) == []


def test_a_file_sent_again_is_the_same_file(client: TestClient, settings: Settings) -> None:
    key = str(uuid.uuid4())
    assert upload(client, key=key).json() == upload(client, key=key).json()
    assert len(kept(settings.files)) == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "no_name"),
        ("?name=x", "no_name"),
        (f"?id={AN_ID}", "no_name"),
        ("?name=x&id=../../x", "no_name"),
        (f"?name=%E2%80%AE&id={AN_ID}", "no_name"),
    ],
)
def test_a_file_needs_a_name_and_a_key(client: TestClient, query: str, code: str) -> None:
    answer = client.post(f"/chat/files{query}", content=PNG, headers={"Content-Type": "image/png"})
    assert (answer.status_code, code_of(answer)) == (422, code)


def test_an_empty_file_is_none(client: TestClient) -> None:
    assert code_of(upload(client, content=b"")) == "empty"


def test_strangers_and_other_sites_send_no_files(
    client: TestClient, chat: WebChat, settings: Settings
) -> None:
    with stranger(chat) as other:
        assert upload(other).status_code == 401
    assert upload(client, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert upload(client, Origin="https://evil.example").status_code == 403
    assert kept(settings.files) == []


def test_who_sends_very_many_has_to_wait(client: TestClient) -> None:
    answers = [upload(client, content=b"x") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [201] * 30 + [429]
    assert int(answers[-1].headers["retry-after"]) > 60


def test_a_full_disk_is_told_as_such(client: TestClient, reception: MemoryReception) -> None:
    reception.down = TryLaterError("the disk is full", retry_after=7)
    answer = upload(client)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


def test_the_page_tells_the_limits_before_anything_is_sent(client: TestClient) -> None:
    page = client.get("/chat?lang=en").text
    assert "Photos, PDF and other files up to 20 MB each." in page
    assert 'accept="image/*,audio/*,video/*,application/pdf,text/plain"' in page


# --- the desk

FILE = Attachment("cup <b>.png", "image/png", 58, "attachments/ab/photo")
LOST = Attachment("film.mov", "video/quicktime", 90_000_000, "")


@pytest.fixture
def case(staff: Staff, settings: Settings) -> Any:
    folder = settings.files / "attachments" / "ab"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "photo").write_bytes(PNG)
    staff.person("ana")
    case = staff.case()
    staff.hears(
        staff.sender(case),
        "",
        attachments=(FILE, dataclasses.replace(FILE, name="c.pdf", media_type="application/pdf"), LOST),
    )
    return case


def test_an_agent_sees_name_kind_and_size_and_what_was_not_kept(enter: Enter, case: Any) -> None:
    page = enter("ana").get(f"/desk/cases/{case.id}").text
    assert "cup &lt;b&gt;.png</bdi></a> (image/png, 1 kB)" in page
    assert page.count("<img") == 1
    assert "film.mov</bdi> (video/quicktime) was not kept" in page
    assert "(a choice)" not in page


def test_a_click_saves_a_file_and_no_browser_runs_it(enter: Enter, case: Any) -> None:
    client = enter("ana")
    answer = client.get(f"/desk/cases/{case.id}/files/3/0")
    assert answer.content == PNG
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''cup%20%3Cb%3E.png"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (
        client.get(f"/desk/cases/{case.id}/files/3/1").headers["content-type"] == "application/octet-stream"
    )


def test_files_are_for_those_who_are_signed_in(door: Door, case: Any) -> None:
    answer = door().get(f"/desk/cases/{case.id}/files/3/0", follow_redirects=False)
    assert answer.status_code in (303, 401)
    assert PNG not in answer.content


@pytest.mark.parametrize("path", ["3/2", "3/3", "2/0", "99/0"])
def test_the_desk_has_no_other_files(enter: Enter, case: Any, path: str) -> None:
    assert enter("ana").get(f"/desk/cases/{case.id}/files/{path}").status_code == 404
