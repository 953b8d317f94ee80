"""Reads what people do at the desk in Slack: pure, and total over whatever may come."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence

from adapters.slack.desk.heard import (
    AskedWhy,
    CameHome,
    Commanded,
    Heard,
    Json,
    Nothing,
    Picked,
    Place,
    Pressed,
    Said,
    Submitted,
    View,
    Who,
)

#: What we make begins so: actions, modals, shortcuts.
OURS = "desk:"
#: The slash command.
COMMAND = "/desk"
#: Where a modal's only value of a kind is found.
VALUE = f"{OURS}value"
#: What is chosen in a message's menu.
SEND, WHY = f"{OURS}send", f"{OURS}why"
_LINE = re.compile(r"([0-9]{1,15}):l([0-9]{1,15})\.[0-9]{1,6}")
_USER = re.compile(r"[UW][A-Z0-9]{1,30}")
_TEAM = re.compile(r"[TE][A-Z0-9]{1,30}")
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,30}")
_TS = re.compile(r"[0-9]{1,11}\.[0-9]{1,6}")
_VIEW = re.compile(r"[A-Za-z0-9]{1,40}")
_NUMBER = re.compile(r"[0-9]{1,15}")
_SPOKEN = frozenset({"", "file_share", "thread_broadcast", "me_message"})
#: Slack's own limit of a message.
_LONGEST = 40_000


def hear(body: object, us: str, rooms: Collection[str]) -> Heard:
    """What a body says.

    Args:
        body: an event, an interaction or a slash command.
        us: our own id as a user.
        rooms: the ids of the channels in which the desk is.
    """
    if not isinstance(body, Mapping):
        return Nothing()
    kind = body.get("type")
    if kind == "event_callback":
        return _event(body, us, rooms)
    if kind in ("block_actions", "view_submission", "message_action"):
        return _interaction(body, str(kind), rooms)
    if body.get("command") == COMMAND:
        who = _who(body.get("team_id"), body.get("user_id"))
        return Nothing(ours=True) if who is None else Commanded(who, _text(body, "text")[:500].strip())
    return Nothing(ours=kind == "view_closed")


def _event(body: Json, us: str, rooms: Collection[str]) -> Heard:
    event = _mapping(body, "event")
    if event.get("type") == "app_home_opened":
        who = _who(body.get("team_id"), event.get("user"))
        return Nothing() if who is None or event.get("tab") != "home" else CameHome(who)
    channel = event.get("channel")
    if event.get("type") not in ("message", "app_mention") or not _among(rooms, channel):
        return Nothing()
    if event["type"] == "app_mention":
        # It comes as a message, too.
        return Nothing(ours=True)
    subtype = _text(event, "subtype")
    message, before = event, _mapping(event, "previous_message")
    if subtype == "message_changed":
        message = _mapping(event, "message")
        if message.get("text") == before.get("text"):
            return Nothing(ours=True)
        subtype = "" if message.get("subtype") != "tombstone" else "gone"
        edited, deleted = True, False
    elif subtype == "message_deleted":
        message, subtype, edited, deleted = before, _text(before, "subtype"), False, True
    else:
        edited = deleted = False
    ts, thread = message.get("ts"), message.get("thread_ts")
    mute = message.get("bot_id") or message.get("bot_profile") or message.get("user") in (us, "USLACKBOT")
    if mute or subtype not in _SPOKEN or not (_is(_TS, ts) and _is(_TS, thread)) or ts == thread:
        return Nothing(ours=True)
    team = (
        message.get("user_team") or message.get("source_team") or message.get("team") or body.get("team_id")
    )
    who = _who(team, message.get("user"))
    if who is None:
        return Nothing(ours=True)
    place = Place(str(channel), str(ts), str(thread))
    return Said(
        who,
        place,
        _text(message, "text")[:_LONGEST],
        bool(message.get("files")),
        edited,
        deleted,
        _text(_mapping(message, "edited"), "ts")[:30],
    )


def _interaction(body: Json, kind: str, rooms: Collection[str]) -> Heard:
    user = _mapping(body, "user")
    # Of somebody from another workspace it is their own.
    who = _who(user.get("team_id") or _mapping(body, "team").get("id"), user.get("id"))
    trigger = _text(body, "trigger_id")[:200]
    if kind == "message_action":
        return _picked(body, who, rooms, trigger)
    view = _view(_mapping(body, "view"))
    if kind == "view_submission":
        callback = _text(_mapping(body, "view"), "callback_id")
        if not callback.startswith(OURS):
            return Nothing()
        if who is None or view is None:
            return Nothing(ours=True)
        return Submitted(who, callback[len(OURS) :], view)
    actions = body.get("actions")
    action = (
        actions[0] if isinstance(actions, Sequence) and not isinstance(actions, str) and actions else None
    )
    name = _text(action, "action_id") if isinstance(action, Mapping) else ""
    if not isinstance(action, Mapping) or not name.startswith(OURS):
        return Nothing()
    place = _place(body)
    act, *numbers = name[len(OURS) :].split(":")
    told = view is not None
    if who is None or not (told or place is not None) or not all(_is(_NUMBER, one) for one in numbers):
        return Nothing(ours=True)
    if place is not None and place.channel not in rooms:
        return Nothing(ours=True)
    return Pressed(who, act, tuple(map(int, numbers)), trigger, _chosen(action), place, view)


def _picked(body: Json, who: Who | None, rooms: Collection[str], trigger: str) -> Heard:
    callback = _text(body, "callback_id")
    if not callback.startswith(OURS):
        return Nothing()
    message, channel = _mapping(body, "message"), _mapping(body, "channel").get("id")
    ts, thread = message.get("ts"), message.get("thread_ts")
    if who is None or not _among(rooms, channel) or not (_is(_TS, ts) and _is(_TS, thread)):
        return Nothing(ours=True)
    place = Place(str(channel), str(ts), str(thread))
    if callback == WHY:
        return AskedWhy(who, place, trigger, _lines(message))
    if callback != SEND:
        return Nothing(ours=True)
    return Picked(who, place, _text(message, "user"), _text(message, "text")[:_LONGEST])


def _lines(message: Json) -> tuple[tuple[int, int], ...]:
    """Which lines of which cases a message shows, by what its blocks are called (``thread.posts``)."""
    blocks = message.get("blocks")
    found = [
        _LINE.fullmatch(_text(block, "block_id"))
        for block in (blocks if isinstance(blocks, list) else ())
        if isinstance(block, Mapping)
    ]
    return tuple(dict.fromkeys((int(one[1]), int(one[2])) for one in found if one))


def _place(body: Json) -> Place | None:
    message, container = _mapping(body, "message"), _mapping(body, "container")
    channel = _mapping(body, "channel").get("id") or container.get("channel_id")
    ts = message.get("ts") or container.get("message_ts")
    thread = message.get("thread_ts") or container.get("thread_ts") or ts
    if not (_is(_CHANNEL, channel) and _is(_TS, ts) and _is(_TS, thread)):
        return None
    return Place(str(channel), str(ts), str(thread))


def _view(view: Json) -> View | None:
    if not _is(_VIEW, view.get("id")):
        return None
    try:
        told = json.loads(_text(view, "private_metadata") or "{}")
    except (ValueError, RecursionError):
        told = {}
    values: dict[str, str] = {}
    state = _mapping(_mapping(view, "state"), "values")
    for block, found in state.items():
        if not isinstance(block, str) or not isinstance(found, Mapping):
            continue
        for element in found.values():
            if isinstance(element, Mapping):
                values[block.partition("#")[0]] = _chosen(element)
    return View(str(view["id"]), _text(view, "hash")[:100], told if isinstance(told, Mapping) else {}, values)


def _chosen(element: Json) -> str:
    """What was typed, pressed or chosen."""
    option = _mapping(element, "selected_option")
    moment = element.get("selected_date_time")
    if isinstance(moment, int) and not isinstance(moment, bool):
        return str(moment)
    return (_text(option, "value") or _text(element, "value"))[:_LONGEST]


def _who(team: object, user: object) -> Who | None:
    return Who(str(team), str(user)) if _is(_TEAM, team) and _is(_USER, user) else None


def _text(source: Json, name: str) -> str:
    value = source.get(name)
    return value if isinstance(value, str) else ""


def _mapping(source: Json, name: str) -> Json:
    value = source.get(name)
    return value if isinstance(value, Mapping) else {}


def _among(rooms: Collection[str], channel: object) -> bool:
    return isinstance(channel, str) and channel in rooms


def _is(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
