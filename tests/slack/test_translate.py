"""What Slack tells, as messages of buyers: as documented, as the emulator sends it, and as nobody does."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.slack.translate import Address, Heard, Ignored, Us, translate

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
US = Us("T9TK3CUKW", "U0LAN0Z89")
#: Whom the emulator's token makes us.
PEER = Us("T01TEST", "U0BOT")


def as_json(found: Heard | Ignored) -> Any:
    """A translation as a golden file holds it: what differs from nothing."""
    if isinstance(found, Ignored):
        return {"ignored": found.why}
    nothing = {None, (), "", False}
    inbound = {
        name: str(value) if name == "sent_at" else value
        for name, value in vars(found.inbound).items()
        if name not in ("channel", "account") and (isinstance(value, dict) or value not in nothing)
    }
    files = [dataclasses.asdict(file) for file in found.files]
    return {
        **{name: value for name, value in inbound.items() if value != {}},
        **({"files": files} if files else {}),
        **({"if_known": True} if found.if_known else {}),
    }


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_what_slack_tells_becomes_what_the_file_says(path: Path) -> None:
    told = json.loads(path.read_text(encoding="utf-8"))
    assert as_json(translate(told["body"], PEER if path.stem.startswith("peer_") else US)) == told["expected"]


def test_there_are_golden_files_for_all_that_the_manifest_subscribes_to() -> None:
    assert len(GOLDEN) >= 35


# --- Whatever may come ---

_IDS = st.sampled_from(
    ["D024BE91L", "C061EG9T2", US.user, "U2147483697", US.team, "1355517523.000005", "1.", "x", "9" * 300, ""]
)
_LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | _IDS
_VALUE = st.recursive(
    _LEAF, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_IDS, inner, max_size=2), max_leaves=4
)
_NAMES = [
    "type",
    "subtype",
    "channel",
    "user",
    "text",
    "ts",
    "thread_ts",
    "event_ts",
    "deleted_ts",
    "team",
    "user_team",
    "bot_id",
    "files",
    "attachments",
    "message",
    "previous_message",
    "edited",
    "container",
    "actions",
    "id",
    "channel_id",
    "message_ts",
    "action_id",
    "value",
    "action_ts",
    "team_id",
    "mode",
    "mimetype",
    "size",
    "name",
    "fallback",
    "is_external",
]
_KINDS = st.sampled_from(
    [
        "message",
        "app_mention",
        "event_callback",
        "block_actions",
        "message_changed",
        "message_deleted",
        "file_share",
        "thread_broadcast",
        "tombstone",
        "crossdesk:0",
    ]
)
_OBJECT = st.recursive(
    st.dictionaries(st.sampled_from(_NAMES), _VALUE | _KINDS, max_size=10),
    lambda inner: st.dictionaries(
        st.sampled_from(_NAMES), inner | st.lists(inner, max_size=2) | _IDS | _KINDS
    ),
    max_leaves=5,
)
_BODY = st.one_of(
    _VALUE,
    _OBJECT,
    st.builds(lambda event: {"type": "event_callback", "event": event}, _VALUE | _OBJECT),
    st.builds(
        lambda event: {"type": "event_callback", "event": {"type": "message", **event}},
        st.fixed_dictionaries(
            {"channel": _IDS, "user": _IDS, "ts": _IDS, "text": st.text(max_size=60)},
            optional=dict.fromkeys(("subtype", "message", "files", "team"), _OBJECT | _IDS | _KINDS),
        ),
    ),
    st.builds(lambda rest: {"type": "block_actions", **rest}, _OBJECT),
)


@given(_BODY)
@settings(deadline=None)
@example({"type": "event_callback", "event": {"type": "message", "channel": "D1", "text": "<" * 50_000}})
def test_no_body_is_too_broken_to_be_read(body: Any) -> None:
    found = translate(body, US)
    if isinstance(found, Heard):
        message = found.inbound
        assert message.account == US.team
        assert message.text or message.button or found.files or message.deletes or message.edits
        assert max(len(message.sender), len(message.message_id)) <= 200
        address = Address.read(message.sender)
        assert address is not None
        assert address.channel == found.channel


@pytest.mark.parametrize("sender", ["", "a/b/c", "T1/notes/1.1/U1", "T1/C1/1.1/U1/more", "visitor"])
def test_what_is_no_place_on_slack_is_none(sender: str) -> None:
    assert Address.read(sender) is None
