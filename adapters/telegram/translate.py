"""Telegram's updates to our values: pure, and total over whatever JSON there may be."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from adapters.telegram.contents import CHANNEL, UNREADABLE, Media, media_of, text_of
from adapters.telegram.shapes import Chat, Membership, Message, Press, Update, User
from bot.messages import Inbound
from bot.settings import OrderNumberPattern

PRIVATE = "private"
#: What we ask Telegram to tell.
KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
#: What the dialogue understands by a command; every other one is read as text.
COMMANDS: Mapping[str, str] = {
    "start": "/service_greeting",
    "help": "/service_capabilities",
    "language": "/service_language",
    "human": "/service_human",
    "stop": '/notice_answer{"notice_answer": "stop"}',
}
#: The longest word that a link to the bot can carry.
LONGEST_LINK = 64

_COMMAND = re.compile(r"/(?P<name>[A-Za-z0-9_]{1,32})(?:@\w+)?(?:\s+(?P<rest>.*))?", re.DOTALL)
_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")


@dataclass(frozen=True)
class Written:
    """A buyer's message, an edit, or a command."""

    message: Inbound
    media: tuple[Media, ...] = ()
    #: The album that it is a part of.
    album: str | None = None


@dataclass(frozen=True)
class Pressed:
    """A button; its payload may stand for another, longer one."""

    message: Inbound
    #: By which Telegram is told that the press arrived.
    query: str


@dataclass(frozen=True)
class Left:
    """A buyer has blocked the bot."""

    sender: str


@dataclass(frozen=True)
class Group:
    """The bot is in a group, where no buyer's order may be spoken of."""

    chat: int
    language: str | None = None


@dataclass(frozen=True)
class Passed:
    """Nothing to answer."""

    why: str


Happening = Written | Pressed | Left | Group | Passed


def translate(raw: object, account: str, orders: Sequence[OrderNumberPattern], now: dt.datetime) -> Happening:
    """What an update means.

    Args:
        raw: an update as Telegram's JSON has it.
        account: the bot's id.
        orders: how the store's order numbers look, for links to the bot from an order's page.
        now: when a button counts as pressed.
    """
    update = _read(raw)
    if isinstance(update, Passed):
        return update
    message = update.message or update.edited_message
    if message is not None:
        return _message(message, update, account, orders)
    if update.callback_query is not None:
        return _press(update.callback_query, account, now)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    return Passed("a kind of update that nobody asked for")


def together(parts: Sequence[Written]) -> Written:
    """An album's parts, in order, as one message."""
    first = parts[0]
    captions = [part.message.text for part in parts if part.message.text]
    # With another part it is another message: nothing new is taken for known.
    numbers = "+".join(part.message.message_id.rpartition(":")[2] for part in parts)
    message = replace(first.message, message_id=f"{first.message.sender}:{numbers}", text="\n".join(captions))
    return Written(message, tuple(one for part in parts for one in part.media), first.album)


def _read(raw: object) -> Update | Passed:
    """The update, of a message at least who wrote it: what cannot be read of it an agent may ask for."""
    if not isinstance(raw, dict):
        return Passed("not as Telegram documents it: no object")
    why = ""
    for some in (raw, _barely(raw)):
        try:
            return Update.parse_obj(some)
        except ValidationError as error:
            why = why or ".".join(map(str, error.errors()[0]["loc"]))[:100]
        except RecursionError:
            why = why or "nested too deeply"
    return Passed(f"not as Telegram documents it: {why}")


def _barely(raw: Mapping[str, Any]) -> object:
    message = raw.get("message")
    if not isinstance(message, dict):
        return {}
    kept = {key: message[key] for key in ("message_id", "date", "chat", "from") if key in message}
    return {"update_id": raw.get("update_id"), "message": kept}


def _message(
    message: Message, update: Update, account: str, orders: Sequence[OrderNumberPattern]
) -> Happening:
    chat, sender = message.chat, message.sender
    if chat.type != PRIVATE:
        return _group(chat, sender)
    if sender is not None and sender.is_bot:
        return Passed("a bot wrote it")
    edited = update.edited_message is not None
    if edited and message.location is not None:
        return Passed("a location that moves")
    number = f"{chat.id}:{message.message_id}"
    media = media_of(message, account)
    text = text_of(message)
    if not text and not media:
        if message.note is not None:
            return Passed("Telegram's own note of what was done in the chat")
        text = UNREADABLE
    inbound = Inbound(
        channel=CHANNEL,
        account=account,
        message_id=f"{number}:edit:{update.update_id}" if edited else number,
        sender=str(chat.id),
        text=text,
        sent_at=_moment((message.edit_date if edited else None) or message.date),
        sender_name=_name(sender),
        language_hint=_language(sender),
        edits=number if edited else None,
    )
    if message.text is not None and not edited:
        inbound = _command(inbound, orders)
    return Written(inbound, media, None if edited else message.media_group_id)


def _command(message: Inbound, orders: Sequence[OrderNumberPattern]) -> Inbound:
    """A message that may be a command, as what the dialogue understands by it."""
    found = _COMMAND.fullmatch(message.text)
    payload = None if found is None else COMMANDS.get(found["name"].lower())
    if found is None or payload is None:
        return message
    order = _order(found["rest"] or "", orders) if found["name"].lower() == "start" else None
    if order is not None:
        payload = f"/order_state{json.dumps({'order_number': order})}"
    return replace(message, button=payload, command=True)


def _order(text: str, patterns: Sequence[OrderNumberPattern]) -> str | None:
    if len(text) > LONGEST_LINK:
        return None
    for pattern in patterns:
        found = re.fullmatch(pattern.regex, text.strip())
        if found is not None:
            return pattern.normal.format(**found.groupdict(default=""))
    return None


def _press(press: Press, account: str, now: dt.datetime) -> Happening:
    chat = press.message.chat if press.message is not None else None
    if chat is not None and chat.type != PRIVATE:
        return Passed("a button in a group")
    # Of a message that is too old Telegram may not tell the chat: a private one bears its buyer's number.
    sender = press.sender.id if chat is None else chat.id
    message = Inbound(
        channel=CHANNEL,
        account=account,
        message_id=f"press:{press.id}",
        sender=str(sender),
        text="",
        sent_at=now,
        button=press.data or UNREADABLE,
        sender_name=_name(press.sender),
        language_hint=_language(press.sender),
    )
    return Pressed(message, press.id)


def _membership(change: Membership) -> Happening:
    status = change.new_chat_member.status
    if change.chat.type == PRIVATE:
        return Left(str(change.chat.id)) if status == "kicked" else Passed(f"the bot is a {status[:20]}")
    if status in ("left", "kicked"):
        return Passed("the bot is out of a group")
    return _group(change.chat, change.sender)


def _group(chat: Chat, sender: User | None) -> Group:
    return Group(chat.id, _language(sender))


def _name(user: User | None) -> str | None:
    if user is None:
        return None
    return " ".join(filter(None, (user.first_name, user.last_name))).strip() or None


def _language(user: User | None) -> str | None:
    found = _LANGUAGE.fullmatch((user.language_code if user else None) or "")
    return found[1].lower() if found else None


def _moment(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc)
