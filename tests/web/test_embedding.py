"""The chat on a store's own pages: who may show it, and who a visitor is there."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from adapters.web.chat import WebChat
from adapters.web.pages import Pages
from adapters.web.shield import POLICY
from bot.clock import SetClock
from bot.errors import ConfigurationError
from bot.settings import Settings
from tests.web.conftest import SECRET
from tests.web.reception import MemoryReception

SHOP = "https://www.shop.example"


def with_origins(settings: Settings, *origins: Any) -> Settings:
    options = {"web": {"origins": list(origins)}}
    return dataclasses.replace(settings, rules=settings.rules.copy(update={"channel_options": options}))


@pytest.fixture
def embedded(settings: Settings, reception: MemoryReception, clock: SetClock) -> Iterator[TestClient]:
    """A browser that keeps no cookie of ours."""
    allowed = with_origins(settings, SHOP, "http://localhost:8080")
    chat = WebChat(allowed, reception, secret=SECRET, clock=clock, pages=Pages())
    reception.channel = chat
    with TestClient(Starlette(routes=list(chat.routes())), base_url="https://chat.test") as client:
        yield client
        assert not client.cookies


def arrive(client: TestClient, token: str = "") -> dict[str, str]:
    answer = client.post("/chat/visitor", headers=bearer(token))
    assert answer.status_code == 200
    found: dict[str, str] = answer.json()
    return found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def say(client: TestClient, token: str, text: str = "hello") -> Any:
    return client.post("/chat/messages", json={"id": str(uuid.uuid4()), "text": text}, headers=bearer(token))


def texts(client: TestClient, token: str) -> list[str]:
    answer = client.get("/chat/messages", headers=bearer(token))
    assert answer.status_code == 200
    return [line["text"] for line in answer.json()["messages"]]


def test_only_the_stores_own_pages_may_show_it(embedded: TestClient) -> None:
    page = embedded.get("/chat/embedded?lang=de")
    policy = page.headers["content-security-policy"]
    assert policy == POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {SHOP} http://localhost:8080")
    assert "x-frame-options" not in page.headers
    assert '<html lang="de"' in page.text
    assert 'action="/chat/embedded"' in page.text
    assert f"[&#34;{SHOP}&#34;, &#34;http://localhost:8080&#34;]" in page.text


def test_the_page_itself_stays_in_nobodys_frame(embedded: TestClient) -> None:
    answer = embedded.get("/")
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "data-origins" not in answer.text
    embedded.cookies.clear()


@pytest.mark.parametrize("path", ["/chat/embedded", "/chat/embed.js", "/chat/visitor"])
def test_without_origins_there_is_nothing_of_it(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


def test_any_page_may_load_the_script_which_says_its_words_in_each_language(embedded: TestClient) -> None:
    answer = embedded.get("/chat/embed.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    for words in ("Chat with us", "Chat \\u00f6ffnen", '"rtl"', '"page": "/chat/embedded"'):
        assert words in answer.text


def test_a_token_brings_the_history_back(embedded: TestClient) -> None:
    token = arrive(embedded)["token"]
    assert say(embedded, token).status_code == 202
    again = arrive(embedded, token)["token"]
    assert texts(embedded, again) == texts(embedded, token) == ["hello"]
    assert texts(embedded, arrive(embedded)["token"]) == []


@pytest.mark.parametrize("token", ["forged", "a.b.c", "é", "x" * 9_000])
def test_a_token_that_is_not_ours_is_nobodys(embedded: TestClient, token: str) -> None:
    headers = {"Authorization": b"Bearer " + token.encode()}
    assert embedded.get("/chat/messages", headers=headers).status_code == 401
    assert embedded.post("/chat/visitor", headers=headers).status_code == 200


def test_a_ticket_reads_and_never_writes(embedded: TestClient, reception: MemoryReception) -> None:
    mine = arrive(embedded)
    upload = embedded.post(
        f"/chat/files?name=cup.png&id={uuid.uuid4()}",
        content=b"x",
        headers={**bearer(mine["token"]), "Content-Type": "image/png"},
    )
    body = {"id": str(uuid.uuid4()), "files": [upload.json()["file"]]}
    (file,) = embedded.post("/chat/messages", json=body, headers=bearer(mine["token"])).json()["line"][
        "files"
    ]
    assert embedded.get(file["url"]).status_code == 401
    assert embedded.get(file["url"], params={"ticket": mine["ticket"]}).content == b"x"
    assert embedded.get(file["url"], params={"ticket": mine["token"]}).status_code == 401
    other = arrive(embedded)
    assert embedded.get(file["url"], params={"ticket": other["ticket"]}).status_code == 404
    ticket = {"ticket": mine["ticket"]}
    assert embedded.post("/chat/messages", json=body, params=ticket).status_code == 401
    assert embedded.get("/chat/messages", params=ticket).status_code == 401
    assert embedded.get("/chat/messages", headers=bearer(mine["ticket"])).status_code == 401


def test_other_sites_are_told_nothing(embedded: TestClient) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert embedded.post("/chat/visitor", headers=headers).status_code == 403
    assert "access-control-allow-origin" not in embedded.post("/chat/visitor").headers


def test_who_arrives_without_end_has_to_wait(embedded: TestClient) -> None:
    answers = [embedded.post("/chat/visitor").status_code for _ in range(121)]
    assert answers[-1] == 429
    assert set(answers[:-1]) == {200}


@pytest.mark.parametrize(
    "origin",
    [
        "www.shop.example",
        "http://www.shop.example",
        "https://www.shop.example/",
        "https://www.shop.example/chat",
        "https://*",
        "*",
        "https://a.example; script-src *",
        "https://a.example https://b.example",
        "null",
        "",
        7,
    ],
)
def test_what_is_no_origin_is_refused_with_its_place(
    settings: Settings, reception: MemoryReception, clock: SetClock, origin: Any
) -> None:
    with pytest.raises(ConfigurationError, match=r"shop\.yml: channel_options\.web\.origins\.0"):
        WebChat(with_origins(settings, origin), reception, secret=SECRET, clock=clock, pages=Pages())
