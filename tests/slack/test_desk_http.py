"""The desk where Slack calls us: what it did not sign does nothing, what it signed is answered in place."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette

from adapters.slack.access import SHOP_APP, Access
from adapters.slack.desk.frontend import SlackDesk
from adapters.slack.wire import Wire
from bot.clock import SystemClock
from bot.desk.people import People
from bot.desk.values.people import AccountKind
from bot.settings import Settings
from tests.channels.slack_rig import shared
from tests.peers.local_slack import ALICE, BOT_TOKEN, DESK, SIGNING_SECRET, TEAM
from tests.slack.desk_house import unhurried
from tests.slack.edge import Edge
from tests.web.staff import Staff


class Caller:
    """Slack, or somebody who says so."""

    def __init__(self, staff: Staff, frontend: SlackDesk) -> None:
        self.staff = staff
        app = Starlette(routes=list(frontend.routes()))
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://shop.test")

    async def posts(self, form: dict[str, str], *, secret: str = SIGNING_SECRET, late: float = 0) -> Any:
        body, stamp = urlencode(form), str(int(time.time() - late))
        signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signature or "",
        }
        return await self.http.post(SHOP_APP.path, content=body, headers=headers)


@pytest.fixture
async def caller(tmp_path: Path, settings: Settings, empty_file: Path) -> AsyncIterator[Caller]:
    """A process that serves pages; another one shows the cases."""
    shutil.copy(empty_file, tmp_path / "desk.sqlite")
    edge = Edge(shared())
    await edge.start()
    staff = Staff(tmp_path, settings.rules, SystemClock())
    unhurried(staff)
    rules = settings.rules.copy(update={"desk_options": {"slack": {"channels": {"default": DESK}}}})
    wire = Wire(Access("http", edge.api, BOT_TOKEN, "", SIGNING_SECRET), SystemClock())
    own = Settings(rules=rules, database_url="sqlite://", files=tmp_path, store=tmp_path)
    frontend = SlackDesk(own, staff.desk, wire=wire, clock=SystemClock())
    ana = staff.person("ana")
    with staff.database.begin() as connection:
        People(connection, rules, SystemClock()).link(ana, AccountKind.SLACK, f"{TEAM}/{ALICE}")
    made = Caller(staff, frontend)
    try:
        yield made
    finally:
        await frontend.stop()
        await made.http.aclose()
        await edge.stop()
        staff.close()


def click(case_id: int) -> dict[str, str]:
    payload = {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": ALICE, "team_id": TEAM},
        "trigger_id": "1.2.3",
        "channel": {"id": DESK},
        "message": {"ts": "1795367507.000001"},
        "actions": [{"action_id": f"desk:claim:{case_id}", "type": "button", "value": "x"}],
    }
    return {"payload": json.dumps(payload)}


@pytest.mark.parametrize(
    "how", [{"secret": "guessed"}, {"late": 600.0}, {"late": -600.0}], ids=["forged", "old", "of tomorrow"]
)
async def test_what_slack_did_not_sign_now_does_nothing(caller: Caller, how: dict[str, Any]) -> None:
    case = caller.staff.case()
    assert (await caller.posts(click(case.id), **how)).status_code == 401
    assert caller.staff.now(case).owner_id is None


async def test_a_signed_click_is_done_before_slack_is_answered(caller: Caller) -> None:
    case = caller.staff.case()
    for _ in range(2):
        assert (await caller.posts(click(case.id))).status_code == 200
    assert caller.staff.now(case).owner_id is not None


async def test_the_command_and_a_form_are_answered_in_place(caller: Caller) -> None:
    command = {"command": "/desk", "text": "stats", "team_id": TEAM, "user_id": ALICE, "trigger_id": "1.2"}
    answer = await caller.posts(command)
    assert answer.json()["response_type"] == "ephemeral"
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": "desk:counter",
        "private_metadata": json.dumps({"request": 99, "field": "amount"}),
        "state": {"values": {"amount": {"desk:value": {"type": "plain_text_input", "value": "5"}}}},
    }
    form = {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": ALICE, "team_id": TEAM},
        "view": view,
    }
    answer = await caller.posts({"payload": json.dumps(form)})
    assert answer.json()["response_action"] == "errors"
    assert "no request 99" in answer.json()["errors"]["amount"]
