"""The app's manifest asks for what the adapter uses, and for nothing else."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

import adapters.slack
from adapters.slack.desk.hearing import COMMAND, SEND, WHY
from adapters.slack.desk.roster import GROUP_SCOPES
from adapters.slack.examining import DESK_SCOPES, SCOPES

MANIFEST = YAML(typ="safe").load((Path(adapters.slack.__file__).parent / "manifest.yml").read_text("utf-8"))


def test_the_manifest_asks_for_the_scopes_that_doctor_looks_for() -> None:
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == SCOPES | DESK_SCOPES | GROUP_SCOPES


def test_every_event_has_the_scope_that_slack_wants_for_it() -> None:
    wants = {"app_mention": "app_mentions:read", "message.channels": "channels:history"}
    wants |= {f"message.{kind}": f"{kind}:history" for kind in ("groups", "im", "mpim")}
    events = set(MANIFEST["settings"]["event_subscriptions"]["bot_events"])
    # The home page needs none.
    events.remove("app_home_opened")
    assert {wants[event] for event in events} <= SCOPES
    assert len(events) == len(wants)


def test_people_can_write_to_the_app_and_press_its_buttons() -> None:
    assert MANIFEST["features"]["app_home"]["messages_tab_enabled"] is True
    assert MANIFEST["features"]["app_home"]["messages_tab_read_only_enabled"] is False
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] is True
    assert MANIFEST["settings"]["socket_mode_enabled"] is True


def test_the_desk_has_its_command_its_home_page_and_its_shortcuts() -> None:
    assert [one["command"] for one in MANIFEST["features"]["slash_commands"]] == [COMMAND]
    assert MANIFEST["features"]["app_home"]["home_tab_enabled"] is True
    shortcuts = MANIFEST["features"]["shortcuts"]
    assert {one["type"] for one in shortcuts} == {"message"}
    assert [one["callback_id"] for one in shortcuts] == [SEND, WHY]
