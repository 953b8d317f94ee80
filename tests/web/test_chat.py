from __future__ import annotations

import asyncio
import json
import re
import uuid
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from adapters.web.chat import WebChat
from adapters.web.events import _event
from adapters.web.shield import POLICY
from bot.clock import SetClock
from bot.errors import TryLaterError
from bot.messages import Author, Button
from bot.settings import Settings
from tests.web.reception import MemoryReception


def post(client: TestClient, text: str = "hello", **more: Any) -> Any:
    return client.post("/chat/messages", json={"id": str(uuid.uuid4()), "text": text, **more})


def code_of(response: Any) -> str:
    code: str = response.json()["error"]["code"]
    return code


def stranger(chat: WebChat) -> TestClient:
    return TestClient(Starlette(routes=list(chat.routes())), base_url="http://shop.test")


def test_the_root_leads_to_the_chat(client: TestClient) -> None:
    answer = client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/chat")


def test_an_accepted_message_is_acknowledged_after_it_is_in_the_inbox(
    client: TestClient, reception: MemoryReception, clock: SetClock
) -> None:
    answer = post(client, "Where is CD-104233?", language="fr")
    assert answer.status_code == 202
    assert (answer.json()["fresh"], answer.json()["with_agent"]) == (True, False)
    (line,) = client.get("/chat/messages").json()["messages"]
    assert answer.json()["line"] == line
    (message,) = reception.accepted
    assert (message.channel, message.account, message.text) == ("web", "chat", "Where is CD-104233?")
    assert (message.sent_at, message.language_hint) == (clock.now(), "fr")


def test_a_message_posted_twice_is_accepted_once(client: TestClient, reception: MemoryReception) -> None:
    body = {"id": str(uuid.uuid4()), "text": "refund me"}
    first = client.post("/chat/messages", json=body)
    second = client.post("/chat/messages", json=body)
    assert (first.status_code, second.status_code) == (202, 202)
    assert (first.json()["fresh"], second.json()["fresh"]) == (True, False)
    assert second.json()["line"] is None
    assert len(reception.accepted) == 1


def test_a_full_house_says_when_to_come_back_and_confirms_nothing(
    client: TestClient, reception: MemoryReception
) -> None:
    reception.down = TryLaterError("the disk is full", retry_after=7.2)
    answer = post(client)
    assert (answer.status_code, answer.headers["retry-after"], code_of(answer)) == (503, "8", "later")
    assert "disk" not in answer.text
    reception.down = TryLaterError()
    assert post(client).headers["retry-after"] == "5"


def test_a_transcript_that_cannot_be_read_is_asked_for_again_later(
    client: TestClient, reception: MemoryReception
) -> None:
    reception.transcript_down = TryLaterError()
    assert client.get("/chat/messages").status_code == 503


def test_the_page_continues_after_the_last_position(client: TestClient, reception: MemoryReception) -> None:
    for text in ("one", "two", "three"):
        post(client, text)
    messages = client.get("/chat/messages?after=1").json()["messages"]
    assert [(line["position"], line["text"], line["author"]) for line in messages] == [
        (2, "two", "buyer"),
        (3, "three", "buyer"),
    ]


def test_open_pages_are_brought_what_they_would_have_fetched(
    chat: WebChat, client: TestClient, reception: MemoryReception
) -> None:
    post(client, "hello")
    sender = reception.accepted[0].sender
    page = chat._hub.subscribe(sender)
    reception.with_agent = True
    post(client, "line one\nline two: ü")
    say = reception.say(sender, "Yes?", buttons=(Button("No", "/deny"),), author=Author.AGENT, name="Lena")

    async def brought() -> list[bytes]:
        await say
        return [_event(signal) for signal in await anext(page.signals(5))]

    told = [event.decode("ascii") for event in asyncio.run(brought())]
    assert all(re.fullmatch(r"event: line\ndata: .+\n\n", event) for event in told)
    lines = [json.loads(event.partition("data: ")[2]) for event in told]
    assert lines == client.get("/chat/messages?after=1").json()["messages"]
    assert [line["text"] for line in lines] == ["line one\nline two: ü", "Yes?"]


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "", "٣", "9" * 40, "1;drop"])
def test_a_position_is_a_whole_number(client: TestClient, after: str) -> None:
    answer = client.get("/chat/messages", params={"after": after})
    assert (answer.status_code, code_of(answer)) == (422, "no_position")


def test_a_visitor_sees_only_their_own_conversation(
    chat: WebChat, client: TestClient, reception: MemoryReception
) -> None:
    post(client, "my address is 5 Elm Street")
    other = stranger(chat)
    other.get("/chat")
    assert other.get("/chat/messages").json() == {"messages": []}
    post(other, "hello")
    assert reception.accepted[0].sender != reception.accepted[1].sender


def test_a_visitor_who_comes_back_finds_their_history(client: TestClient) -> None:
    post(client, "remember me")
    client.get("/chat")
    (line,) = client.get("/chat/messages").json()["messages"]
    assert line["text"] == "remember me"


def test_the_cookie_is_out_of_scripts_reach(chat: WebChat) -> None:
    cookie = stranger(chat).get("/chat").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    over_tls = TestClient(Starlette(routes=list(chat.routes())), base_url="https://shop.test")
    assert "secure" in over_tls.get("/chat").headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "forge", [lambda c: "someone", lambda c: c[:-2] + "xx", lambda c: "x" + c, lambda c: "é" * 9]
)
def test_a_forged_cookie_opens_nobodys_conversation(
    chat: WebChat, client: TestClient, reception: MemoryReception, forge: Any
) -> None:
    post(client, "secret")
    forged = stranger(chat)
    value = forge(client.cookies["crossdesk_visitor"])
    headers = {"cookie": f"crossdesk_visitor={value}".encode()}
    assert code_of(forged.get("/chat/messages", headers=headers)) == "no_visitor"
    answer = forged.post("/chat/messages", json={"id": str(uuid.uuid4()), "text": "x"}, headers=headers)
    assert (answer.status_code, code_of(answer)) == (401, "no_visitor")
    assert forged.get("/chat/events", headers=headers).status_code == 401
    assert len(reception.accepted) == 1


def test_a_cookie_signed_with_another_secret_is_not_ours(
    settings: Settings, reception: MemoryReception, clock: SetClock, client: TestClient
) -> None:
    from adapters.web.pages import Pages

    moved = WebChat(settings, reception, secret="another secret", clock=clock, pages=Pages())
    visitor = stranger(moved)
    visitor.cookies.set("crossdesk_visitor", client.cookies["crossdesk_visitor"])
    assert visitor.get("/chat/messages").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.test"},
        {"sec-fetch-site": "same-site", "origin": "http://other.shop.test"},
        {"origin": "https://evil.test"},
        {"origin": "http://shop.test.evil.test"},
        {"origin": "null"},
    ],
)
def test_another_sites_page_cannot_write_for_a_visitor(
    client: TestClient, reception: MemoryReception, headers: dict[str, str]
) -> None:
    answer = client.post("/chat/messages", json={"id": str(uuid.uuid4()), "text": "x"}, headers=headers)
    assert (answer.status_code, code_of(answer)) == (403, "cross_site")
    assert reception.accepted == []


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "same-origin"}, {"origin": "http://shop.test"}, {"origin": "https://SHOP.test"}, {}],
)
def test_the_stores_own_page_can_write(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/chat/messages", json={"id": str(uuid.uuid4()), "text": "x"}, headers=headers)
    assert answer.status_code == 202


def test_a_form_of_another_page_is_no_json(client: TestClient) -> None:
    answer = client.post("/chat/messages", content=b'{"id":"x"}', headers={"content-type": "text/plain"})
    assert (answer.status_code, code_of(answer)) == (415, "not_json")


def test_a_huge_body_is_not_read_to_its_end(client: TestClient, reception: MemoryReception) -> None:
    read = 0

    def endless() -> Any:
        nonlocal read
        for _ in range(1_000):
            read += 1
            yield b"x" * 16_384

    kind = {"content-type": "application/json"}
    answer = client.post("/chat/messages", content=b"x" * 70_000, headers=kind)
    assert (answer.status_code, code_of(answer)) == (413, "too_large")
    lying = client.post("/chat/messages", content=b"x" * 70_000, headers={**kind, "content-length": "9" * 50})
    assert lying.status_code == 413
    assert client.post("/chat/messages", content=endless(), headers=kind).status_code == 413
    assert reception.accepted == []


def test_a_text_over_the_limit_says_what_the_limit_is(client: TestClient, reception: MemoryReception) -> None:
    answer = post(client, "x" * 4_001)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "too_long"
    assert answer.json()["error"]["limit"] == 4_000
    assert post(client, "x" * 4_000).status_code == 202


def test_broken_json_gets_a_clear_answer_and_the_next_message_is_taken(client: TestClient) -> None:
    answer = client.post("/chat/messages", content=b"{oops", headers={"content-type": "application/json"})
    assert (answer.status_code, code_of(answer)) == (400, "not_json")
    assert post(client).status_code == 202


def test_a_visitor_who_writes_too_fast_is_told_when_to_go_on(
    client: TestClient, reception: MemoryReception
) -> None:
    answers = [post(client, str(number)) for number in range(21)]
    assert [answer.status_code for answer in answers] == [202] * 20 + [429]
    assert code_of(answers[-1]) == "too_fast"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert len(reception.accepted) == 20


def test_new_cookies_do_not_lift_the_limit_of_an_address(chat: WebChat) -> None:
    statuses = []
    for _ in range(5):
        visitor = stranger(chat)
        visitor.get("/chat")
        statuses += [post(visitor).status_code for _ in range(15)]
    assert statuses == [202] * 60 + [429] * 15


def test_a_button_can_be_pressed_by_whom_it_was_offered_to(
    chat: WebChat, client: TestClient, reception: MemoryReception
) -> None:
    post(client)
    sender = reception.accepted[0].sender
    reception.add(sender, Author.BOT, "Which one?", buttons=(Button("Größe 38", '/inform{"size": "38"}'),))
    token = client.get("/chat/messages?after=1").json()["messages"][0]["buttons"][0]["payload"]
    answer = client.post("/chat/messages", json={"id": str(uuid.uuid4()), "button": token})
    assert answer.status_code == 202
    assert (reception.accepted[-1].button, reception.accepted[-1].text) == ('/inform{"size": "38"}', "")
    other = stranger(chat)
    other.get("/chat")
    stolen = other.post("/chat/messages", json={"id": str(uuid.uuid4()), "button": token})
    made_up = client.post("/chat/messages", json={"id": str(uuid.uuid4()), "button": '/inform{"size": "38"}'})
    assert [code_of(stolen), code_of(made_up)] == ["unknown_button", "unknown_button"]


@pytest.mark.parametrize(
    "path", ["/chat", "/", "/chat/messages", "/chat/static/chat.js", "/chat/static/chat.css"]
)
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path, follow_redirects=False).headers
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == ("no-cache" if "static" in path else "no-store")


def test_refusals_carry_the_security_headers_too(chat: WebChat) -> None:
    answer = stranger(chat).get("/chat/messages")
    assert answer.status_code == 401
    assert answer.headers["content-security-policy"] == POLICY


def test_static_files_stay_in_their_folder(client: TestClient) -> None:
    assert client.get("/chat/static/../chat.py").status_code == 404
    assert client.get("/chat/static/%2e%2e/chat.py").status_code == 404
    assert client.get("/chat/static/..%2fchat.py").status_code == 404
