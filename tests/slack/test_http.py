"""Slack as it calls us: signatures, time stamps, repeats, and whatever else comes to an open address."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import sqlalchemy as sa
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette

from adapters.slack.access import SHOP_APP, Access
from adapters.slack.buyers import SlackBuyers
from adapters.slack.wire import MOST_BYTES, Wire
from bot.clock import SystemClock
from bot.database import Database
from bot.errors import ConfigurationError, TryLaterError
from bot.mailroom.tables import inbox
from bot.serving.front import Front
from bot.settings import Settings
from tests.channels.house import until
from tests.channels.slack_rig import shared
from tests.peers.local_slack import ALICE, APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, TEAM
from tests.slack.edge import Edge, refusal

EVENT = {"type": "message", "channel": "D0DIRECT1", "user": ALICE, "ts": "1795367507.000001", "team": TEAM}


class Caller:
    """Slack, or somebody who says so."""

    def __init__(self, front: Front, wire: Wire, channel: SlackBuyers, edge: Edge) -> None:
        self.front, self.wire, self.channel, self.edge = front, wire, channel, edge
        app = Starlette(routes=list(channel.routes()))
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://shop.test")

    async def posts(
        self,
        body: str | bytes,
        *,
        at: float | None = None,
        secret: str = SIGNING_SECRET,
        kind: str = "application/json",
        **headers: str | bytes,
    ) -> httpx.Response:
        """A request, signed as Slack does."""
        stamp = str(int(time.time() if at is None else at))
        signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
        return await self.http.post(
            SHOP_APP.path,
            content=body,
            headers={
                "Content-Type": kind,
                "X-Slack-Request-Timestamp": stamp,
                "X-Slack-Signature": signature or "",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )

    def texts(self) -> list[str]:
        with self.front.database.begin() as connection:
            return [row.text for row in connection.execute(sa.select(inbox).order_by(inbox.c.id))]


def event(text: str, **more: Any) -> str:
    told = {
        "type": "event_callback",
        "team_id": TEAM,
        "event_id": "Ev01",
        "event": {**EVENT, "text": text, **more},
    }
    return json.dumps(told)


@pytest.fixture
async def caller(tmp_path: Path, settings: Settings, database: Database) -> AsyncIterator[Caller]:
    """An open door in HTTP mode."""
    edge = Edge(shared())
    await edge.start()
    clock = SystemClock()
    front = Front(dataclasses.replace(settings, files=tmp_path), database, clock)
    access = Access("http", edge.api, BOT_TOKEN, "", SIGNING_SECRET)
    wire = Wire(access, clock, partial(front.forged, "slack"))
    channel = SlackBuyers(front.settings, front, wire=wire, clock=clock)
    made = Caller(front, wire, channel, edge)
    try:
        yield made
    finally:
        await channel.stop()
        await made.http.aclose()
        await edge.stop()
        await front.workers.stop()


# --- What Slack sends ---


async def test_slacks_challenge_is_answered(caller: Caller) -> None:
    answer = await caller.posts(
        json.dumps({"type": "url_verification", "challenge": "3eZbrw1a", "token": "t"})
    )
    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZbrw1a"})


async def test_an_event_is_in_the_inbox_when_slack_is_told_so(caller: Caller) -> None:
    assert (await caller.posts(event("Hello"))).status_code == 200
    assert caller.texts() == ["Hello"]


async def test_a_repeat_is_taken_once_whatever_its_headers_say(caller: Caller) -> None:
    await caller.posts(event("Hello"))
    again = await caller.posts(event("Hello"), X_Slack_Retry_Num="1", X_Slack_Retry_Reason="http_timeout")
    # A first one that says it is a repeat: the one before it never came.
    other = await caller.posts(event("next", ts="1795367508.000001"), X_Slack_Retry_Num="2")
    assert (again.status_code, other.status_code) == (200, 200)
    assert caller.texts() == ["Hello", "next"]


async def test_a_repeat_is_taken_once_by_another_process_too(caller: Caller, settings: Settings) -> None:
    await caller.posts(event("Hello"))
    wire = Wire(caller.wire.access, SystemClock())
    other = Caller(
        caller.front,
        wire,
        SlackBuyers(caller.front.settings, caller.front, wire=wire, clock=SystemClock()),
        caller.edge,
    )
    assert (await other.posts(event("Hello"), X_Slack_Retry_Num="1")).status_code == 200
    await other.http.aclose()
    assert caller.texts() == ["Hello"]


async def test_a_pressed_button_comes_as_a_form(caller: Caller) -> None:
    await caller.posts(event("Hello"))
    pressed = {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": ALICE, "team_id": TEAM},
        "channel": {"id": "D0DIRECT1"},
        "message": {"ts": "1795367509.000001"},
        "actions": [{"action_id": "crossdesk:0", "value": "/service_affirm", "action_ts": "1795367510.1"}],
    }
    form = urlencode({"payload": json.dumps(pressed)})
    answer = await caller.posts(form, kind="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    with caller.front.database.begin() as connection:
        buttons = [row.button for row in connection.execute(sa.select(inbox).order_by(inbox.c.id))]
    assert buttons == [None, "/service_affirm"]


async def test_what_cannot_be_kept_is_to_be_sent_again(caller: Caller, monkeypatch: Any) -> None:
    async def closed(_: Any) -> Any:
        raise TryLaterError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(caller.front, "accept", closed)
        assert (await caller.posts(event("keep me"))).status_code == 503
    assert caller.texts() == []
    assert (await caller.posts(event("keep me"), X_Slack_Retry_Num="1")).status_code == 200
    assert caller.texts() == ["keep me"]


async def test_before_slack_says_who_we_are_nothing_is_taken(caller: Caller) -> None:
    caller.edge.faults["auth.test"] = refusal("invalid_auth")
    assert (await caller.posts(event("Hello"))).status_code == 503
    caller.edge.faults.clear()
    assert (await caller.posts(event("Hello"))).status_code == 200
    assert caller.texts() == ["Hello"]


@pytest.mark.parametrize(
    "kind", ["app_uninstalled", "tokens_revoked", "something_of_tomorrow", "reaction_added"]
)
async def test_what_is_nobodys_is_acknowledged(caller: Caller, kind: str) -> None:
    answer = await caller.posts(json.dumps({"type": "event_callback", "event": {"type": kind}}))
    assert answer.status_code == 200
    assert caller.texts() == []


async def test_events_of_the_real_emulator_are_taken_and_what_was_missed_is_fetched(caller: Caller) -> None:
    direct = caller.edge.slack.direct()
    caller.edge.slack.says(direct, "while you were away")
    await caller.channel.start()

    async def fetched() -> bool:
        return caller.texts() == ["while you were away"]

    await until(fetched, "what was missed")


# --- What somebody else sends ---


async def refused(caller: Caller, answer: httpx.Response) -> None:
    assert answer.status_code == 401
    counted = re.findall(rb'calls_forged_total\{channel="(\w+)"\} (\d+)', caller.front.figures.page())
    assert (b"other", b"1") in counted
    assert caller.texts() == []
    assert caller.edge.called == []


async def test_a_wrong_secret_is_refused_and_counted(caller: Caller) -> None:
    await refused(caller, await caller.posts(event("Hello"), secret="another-secret"))


@pytest.mark.parametrize("minutes", [-6, 6, -60 * 24 * 365])
async def test_an_old_request_or_one_of_tomorrow_is_refused(caller: Caller, minutes: int) -> None:
    await refused(caller, await caller.posts(event("Hello"), at=time.time() + minutes * 60))


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Slack_Signature": ""},
        {"X_Slack_Signature": "v0=" + "0" * 64},
        {"X_Slack_Signature": "v1=x"},
        {"X_Slack_Signature": b"v0=\xe9"},
        {"X_Slack_Request_Timestamp": ""},
        {"X_Slack_Request_Timestamp": "soon"},
        {"X_Slack_Request_Timestamp": "9" * 400},
        {"X_Slack_Request_Timestamp": "1e9"},
    ],
    ids=lambda headers: str(headers)[:50],
)
async def test_forged_headers_are_refused(caller: Caller, headers: dict[str, Any]) -> None:
    await refused(caller, await caller.posts(event("Hello"), **headers))


async def test_a_request_without_any_signature_is_refused(caller: Caller) -> None:
    await refused(caller, await caller.http.post(SHOP_APP.path, content=event("Hello")))


async def test_a_changed_body_is_refused(caller: Caller) -> None:
    body = event("Hello")
    stamp = str(int(time.time()))
    signature = SignatureVerifier(SIGNING_SECRET).generate_signature(timestamp=stamp, body=body)
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature or ""}
    await refused(caller, await caller.http.post(SHOP_APP.path, content=body + " ", headers=headers))


async def test_bytes_that_are_no_text_are_refused(caller: Caller) -> None:
    headers = {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=00"}
    await refused(caller, await caller.http.post(SHOP_APP.path, content=b"\xff\xfe{", headers=headers))


@pytest.mark.parametrize(
    "body", ["{", "[]", "null", "5", '"x"', "[" * 100_000, "payload=%7B", "payload=[]", "payload=5"], ids=len
)
async def test_a_signed_body_that_is_broken_stops_nothing(caller: Caller, body: str) -> None:
    kind = "application/x-www-form-urlencoded" if body.startswith("payload") else "application/json"
    assert (await caller.posts(body, kind=kind)).status_code in (200, 400)
    assert (await caller.posts(event("Hello"))).status_code == 200
    assert caller.texts() == ["Hello"]


async def test_a_hundred_megabytes_are_not_read(caller: Caller) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * 1_000_000

    assert (await caller.http.post(SHOP_APP.path, content=endless())).status_code == 413
    declared = {"Content-Length": str(100 * 1024 * 1024)}
    assert (await caller.http.post(SHOP_APP.path, content=b"x", headers=declared)).status_code == 413
    assert read * 1_000_000 < 2 * MOST_BYTES
    assert caller.texts() == []


async def test_only_posts_are_taken(caller: Caller) -> None:
    assert (await caller.http.get(SHOP_APP.path)).status_code == 405


async def test_a_replayed_request_within_five_minutes_stores_nothing_new(caller: Caller) -> None:
    await caller.posts(event("Hello"))
    assert (await caller.posts(event("Hello"))).status_code == 200
    assert caller.texts() == ["Hello"]


# --- Settings ---


@pytest.mark.parametrize(
    ("tokens", "names"),
    [
        (("", APP_TOKEN, ""), "CROSSDESK_SLACK_BOT_TOKEN"),
        (("xapp-1", APP_TOKEN, ""), "CROSSDESK_SLACK_BOT_TOKEN"),
        (("xoxb-é", APP_TOKEN, ""), "CROSSDESK_SLACK_BOT_TOKEN"),
        ((BOT_TOKEN, "", ""), "CROSSDESK_SLACK_APP_TOKEN"),
        ((BOT_TOKEN, BOT_TOKEN, ""), "CROSSDESK_SLACK_APP_TOKEN"),
    ],
)
def test_a_missing_or_swapped_token_is_named(tokens: tuple[str, str, str], names: str) -> None:
    with pytest.raises(ConfigurationError, match=names) as caught:
        Access("socket", "https://slack.com/api/", *tokens).check()
    assert BOT_TOKEN not in str(caught.value)


def test_http_mode_needs_the_signing_secret() -> None:
    with pytest.raises(ConfigurationError, match="CROSSDESK_SLACK_SIGNING_SECRET"):
        Access("http", "https://slack.com/api/", BOT_TOKEN, "", "").check()


@pytest.mark.parametrize(
    "options", [{"mode": "carrier pigeon"}, {"api": "http://slack.com/api/"}, {"tokens": "x"}], ids=str
)
def test_options_that_cannot_be_are_refused(settings: Settings, options: dict[str, str]) -> None:
    rules = settings.rules.copy(update={"channel_options": {"slack": options}})
    with pytest.raises(ConfigurationError, match=r"channel_options\.slack"):
        Access.load(dataclasses.replace(settings, rules=rules), {})


def test_secrets_are_not_shown() -> None:
    shown = repr(Access("socket", "https://slack.com/api/", BOT_TOKEN, APP_TOKEN, SIGNING_SECRET))
    assert not {BOT_TOKEN, APP_TOKEN, SIGNING_SECRET} & set(shown.replace("'", " ").split())
    assert BOT_TOKEN not in Access("socket", "", BOT_TOKEN, "", "").line


async def test_without_secrets_the_route_says_so(settings: Settings, database: Database) -> None:
    front = Front(settings, database, SystemClock())
    wire = Wire(Access("http", "https://slack.com/api/", "", "", ""), SystemClock())
    channel = SlackBuyers(settings, front, wire=wire, clock=SystemClock())
    caller = Caller(front, wire, channel, Edge(shared()))
    assert (await caller.posts(event("Hello"))).status_code == 503
    with pytest.raises(ConfigurationError):
        await channel.start()
    await caller.http.aclose()
    await front.workers.stop()
