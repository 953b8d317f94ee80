"""What Slack tells of its users, as messages of buyers: pure, and total over whatever may come."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.slack.access import CHANNEL
from adapters.slack.text import mentions, to_plain
from bot.messages import Inbound

#: Our buttons' ``action_id`` begins so; Slack wants each to be unique within its message.
BUTTON = "crossdesk:"
#: What somebody wants who names us and says nothing.
GREETING = "/service_greeting"
#: Subtypes of messages that people write.
SPOKEN = frozenset({"", "file_share", "thread_broadcast", "me_message"})
#: The most files of one message that are looked at, and characters of its text: Slack allows no more.
MOST_FILES, MOST_TEXT = 20, 40_000
_LONGEST_PAYLOAD = 2_000

_CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,30}")
_USER = re.compile(r"[UW][A-Z0-9]{1,30}")
_TEAM = re.compile(r"[TE][A-Z0-9]{1,30}")
_TS = re.compile(r"[0-9]{1,11}\.[0-9]{1,6}")
_FILE = re.compile(r"F[A-Za-z0-9]{1,40}")

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Us:
    """Whom the token makes us."""

    #: The workspace that the app is installed in: the channel's account.
    team: str
    #: The bot's id as a user, by which people name it.
    user: str
    #: Where the workspace is, such as ``https://shop.slack.com/``; empty if Slack does not say.
    url: str = ""


@dataclass(frozen=True)
class SentFile:
    """A file that came with a message and lies at Slack still."""

    id: str
    name: str
    media_type: str
    #: In bytes, as Slack says.
    size: int
    #: Where it is; None if Slack has it not, or not any more.
    url: str | None


@dataclass(frozen=True)
class Heard:
    """A buyer's message, before its files are fetched."""

    inbound: Inbound
    channel: str
    user: str
    files: tuple[SentFile, ...] = ()
    #: Whether it is for us only if this person and we are talking already.
    if_known: bool = False


@dataclass(frozen=True)
class Ignored:
    """Nothing that a buyer said to us."""

    why: str


@dataclass(frozen=True)
class Address:
    """Where a conversation takes place; as one string it is ``Inbound.sender``."""

    #: The user's own workspace: with Slack Connect it is not ours.
    team: str
    channel: str
    #: The thread's first message; empty for direct messages.
    thread: str
    user: str

    def __str__(self) -> str:
        return "/".join((self.team, self.channel, self.thread, self.user))

    @classmethod
    def read(cls, sender: str) -> Address | None:
        """The address that ``str`` gave; None if it is none."""
        parts = sender.split("/")
        return cls(*parts) if len(parts) == 4 and _CHANNEL.fullmatch(parts[1]) else None


def translate(body: object, us: Us) -> Heard | Ignored:
    """The body of an event or of a pressed button."""
    if not isinstance(body, Mapping):
        return Ignored("no object")
    if body.get("type") == "event_callback":
        event = body.get("event")
        if not isinstance(event, Mapping) or event.get("type") not in ("message", "app_mention"):
            return Ignored("another kind of event")
        return translate_message(event, us)
    if body.get("type") == "block_actions":
        return _pressed(body, us)
    return Ignored("another kind of request")


def translate_message(event: Json, us: Us) -> Heard | Ignored:
    """A message, as an event tells it; one of a channel's history, if its ``channel`` is put in."""
    if not _is(_CHANNEL, event.get("channel")):
        return Ignored("no channel")
    subtype = _text(event, "subtype")
    if subtype == "message_changed":
        return _changed(event, us)
    if subtype == "message_deleted":
        return _deleted(event, _mapping(event, "previous_message"), event.get("deleted_ts"), us)
    if subtype not in SPOKEN:
        return Ignored("nothing said")
    return _spoken(event, us, _text(event, "text"))


def _spoken(event: Json, us: Us, addressed_by: str) -> Heard | Ignored:
    """A message of a person's; ``addressed_by`` is the text that says whom it is for."""
    channel, user, ts = _text(event, "channel"), event.get("user"), event.get("ts")
    if event.get("bot_id") or event.get("bot_profile") or user in (us.user, "USLACKBOT"):
        return Ignored("a bot's words")
    if not _is(_USER, user) or not _is(_TS, ts):
        return Ignored("no user or no time")
    direct = channel.startswith("D")
    thread = event.get("thread_ts")
    # A message to which others have replied names itself.
    thread = thread if _is(_TS, thread) and thread != ts else None
    named = mentions(addressed_by)
    if not direct and us.user not in named and (thread is None or named):
        return Ignored("not for us")
    raw = _text(event, "text")
    text = to_plain(raw, us.user) or _forwarded(event, us.user)
    files = _files(event.get("files"))
    greets = not text and not files and us.user in mentions(raw)
    if not text and not files and not greets:
        return Ignored("nothing said")
    address = Address(_team(event, us), channel, "" if direct else str(thread or ts), str(user))
    inbound = Inbound(
        channel=CHANNEL,
        account=us.team,
        message_id=f"{channel}:{ts}",
        sender=str(address),
        text=text[:MOST_TEXT],
        sent_at=_moment(str(ts)),
        button=GREETING if greets else None,
        command=greets,
        # Somebody may answer in a thread of the direct messages: the reply belongs there.
        note={"thread": str(thread)} if direct and thread else {},
    )
    return Heard(inbound, channel, str(user), files, if_known=not direct and us.user not in named)


def _changed(event: Json, us: Us) -> Heard | Ignored:
    message, before = _mapping(event, "message"), _mapping(event, "previous_message")
    if message.get("subtype") == "tombstone":
        return _deleted(event, before or message, message.get("ts"), us)
    edited = _mapping(message, "edited").get("ts")
    if not _is(_TS, edited):
        return Ignored("not changed by a person")
    if before and before.get("text") == message.get("text"):
        return Ignored("the words are the same")
    if _text(message, "subtype") not in SPOKEN:
        return Ignored("nothing said")
    addressed_by = _text(before, "text") if before else _text(message, "text")
    heard = _spoken({**message, "channel": event["channel"]}, us, addressed_by)
    if isinstance(heard, Ignored):
        return heard
    original = heard.inbound.message_id
    inbound = dataclasses.replace(
        heard.inbound,
        message_id=f"{original}:{edited}",
        edits=original,
        button=None,
        sent_at=_moment(str(edited)),
    )
    return dataclasses.replace(heard, inbound=inbound, files=())


def _deleted(event: Json, before: Json, ts: object, us: Us) -> Heard | Ignored:
    if not _is(_TS, ts):
        return Ignored("no time")
    # What it said decides whether it was for us, so it must have said something.
    spoken = {**before, "channel": event["channel"], "ts": ts, "text": before.get("text") or "…"}
    heard = _spoken(spoken, us, _text(before, "text"))
    if isinstance(heard, Ignored):
        return heard
    original = heard.inbound.message_id
    when = event.get("event_ts")
    inbound = dataclasses.replace(
        heard.inbound,
        message_id=f"{original}:deleted",
        edits=original,
        deletes=True,
        text="",
        button=None,
        sent_at=_moment(str(when)) if _is(_TS, when) else heard.inbound.sent_at,
    )
    return dataclasses.replace(heard, inbound=inbound, files=())


def _pressed(body: Json, us: Us) -> Heard | Ignored:
    actions = body.get("actions")
    action = actions[0] if isinstance(actions, Sequence) and actions else None
    if not isinstance(action, Mapping) or not _text(action, "action_id").startswith(BUTTON):
        return Ignored("not a button of ours")
    message, container, user = (_mapping(body, name) for name in ("message", "container", "user"))
    channel = _text(_mapping(body, "channel"), "id") or _text(container, "channel_id")
    ts = _text(message, "ts") or _text(container, "message_ts")
    thread = _text(message, "thread_ts") or _text(container, "thread_ts")
    value, pressed = _text(action, "value"), _text(action, "action_ts")
    if not (_is(_CHANNEL, channel) and _is(_TS, ts) and _is(_TS, pressed) and _is(_USER, user.get("id"))):
        return Ignored("no channel, user or time")
    if not value or len(value) > _LONGEST_PAYLOAD:
        return Ignored("nothing chosen")
    direct = channel.startswith("D")
    thread = thread if _is(_TS, thread) else ""
    if not direct and not thread:
        return Ignored("not in a thread")
    team = _text(user, "team_id") or _text(_mapping(body, "team"), "id")
    address = Address(
        team if _is(_TEAM, team) else us.team, channel, "" if direct else thread, str(user["id"])
    )
    inbound = Inbound(
        channel=CHANNEL,
        account=us.team,
        message_id=f"{channel}:{ts}:{pressed}",
        sender=str(address),
        text="",
        sent_at=_moment(pressed),
        button=value,
        note={"thread": thread} if direct and thread else {},
    )
    return Heard(inbound, channel, str(user["id"]), if_known=not direct)


def _team(event: Json, us: Us) -> str:
    for name in ("user_team", "source_team", "team"):
        if _is(_TEAM, event.get(name)):
            return str(event[name])
    return us.team


def _files(found: object) -> tuple[SentFile, ...]:
    if not isinstance(found, Sequence) or isinstance(found, str):
        return ()
    files = []
    for one in found[:MOST_FILES]:
        if not isinstance(one, Mapping) or not _is(_FILE, one.get("id")):
            continue
        size, mode = one.get("size"), _text(one, "mode")
        at_slack = not one.get("is_external") and mode not in ("external", "tombstone", "hidden_by_limit")
        files.append(
            SentFile(
                id=one["id"],
                name=_text(one, "name") or _text(one, "title") or "file",
                media_type=_text(one, "mimetype") or "application/octet-stream",
                size=size if isinstance(size, int) and 0 <= size < 2**53 else 0,
                url=(_text(one, "url_private_download") or _text(one, "url_private") or None)
                if at_slack
                else None,
            )
        )
    return tuple(files)


def _forwarded(event: Json, us: str) -> str:
    """The words of a message that was passed on, which stand where attachments of old stood."""
    found = event.get("attachments")
    one = found[0] if isinstance(found, Sequence) and not isinstance(found, str) and found else None
    if not isinstance(one, Mapping):
        return ""
    return to_plain(_text(one, "text") or _text(one, "fallback"), us)


def _moment(ts: str) -> dt.datetime:
    seconds, _, fraction = ts.partition(".")
    whole = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(seconds=int(seconds))
    return whole + dt.timedelta(microseconds=int(fraction.ljust(6, "0")))


def _text(source: Json, name: str) -> str:
    value = source.get(name)
    return value if isinstance(value, str) else ""


def _mapping(source: Json, name: str) -> Json:
    value = source.get(name)
    return value if isinstance(value, Mapping) else {}


def _is(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
