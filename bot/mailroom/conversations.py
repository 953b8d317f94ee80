"""Conversations: one per channel, account and sender, owned by the bot or by a person."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from bot.mailroom.tables import conversations

# Built once: SQLAlchemy then knows at once how each is written.
_CONVERSATION = sa.bindparam("conversation", type_=sa.Integer)
_BY_ID = sa.select(conversations).where(conversations.c.id == _CONVERSATION)
_BY_SENDER = sa.select(conversations).where(
    *(conversations.c[name] == sa.bindparam(name) for name in ("channel", "account", "sender"))
)
_NEXT_POSITION = sa.select(conversations.c.next_position).where(conversations.c.id == _CONVERSATION)
_UPDATE = conversations.update().where(conversations.c.id == _CONVERSATION)
_TAKE_POSITION = _UPDATE.values(next_position=conversations.c.next_position + 1, last_at=sa.bindparam("now"))


class Owner(str, enum.Enum):
    """Who answers a conversation now."""

    BOT = "bot"
    AGENT = "agent"


@dataclass(frozen=True)
class Conversation:
    """One side's ongoing talk with the store on one channel."""

    id: int
    channel: str
    account: str
    sender: str
    sender_name: str | None
    language: str
    customer_id: int | None
    owner: Owner
    created_at: dt.datetime
    last_at: dt.datetime


def _conversation(row: Any) -> Conversation:
    return Conversation(
        id=row.id,
        channel=row.channel,
        account=row.account,
        sender=row.sender,
        sender_name=row.sender_name,
        language=row.language,
        customer_id=row.customer_id,
        owner=Owner(row.owner),
        created_at=row.created_at,
        last_at=row.last_at,
    )


def get(connection: Connection, conversation_id: int) -> Conversation:
    """The conversation with this id.

    Raises:
        LookupError: there is none.
    """
    row = connection.execute(_BY_ID, {"conversation": conversation_id}).one_or_none()
    if row is None:
        raise LookupError(f"there is no conversation {conversation_id}")
    return _conversation(row)


def find(connection: Connection, channel: str, account: str, sender: str) -> Conversation | None:
    """The conversation of a channel's sender, if they ever wrote."""
    row = connection.execute(
        _BY_SENDER, {"channel": channel, "account": account, "sender": sender}
    ).one_or_none()
    return None if row is None else _conversation(row)


def open_for(
    connection: Connection,
    *,
    channel: str,
    account: str,
    sender: str,
    sender_name: str | None,
    language: str,
    now: dt.datetime,
) -> Conversation:
    """The sender's conversation, made if this is their first message."""
    known = find(connection, channel, account, sender)
    if known is not None:
        return known
    try:
        with connection.begin_nested():
            connection.execute(
                conversations.insert().values(
                    channel=channel,
                    account=account,
                    sender=sender,
                    sender_name=sender_name,
                    language=language,
                    owner=Owner.BOT.value,
                    next_position=1,
                    created_at=now,
                    last_at=now,
                    claim_number=0,
                )
            )
    except IntegrityError:
        # Another process accepted the same stranger's first message a moment earlier.
        pass
    made = find(connection, channel, account, sender)
    if made is None:
        raise LookupError("the conversation vanished while it was opened")
    return made


def set_owner(connection: Connection, conversation_id: int, owner: Owner) -> None:
    """Give the conversation to the bot or to a person."""
    _set(connection, conversation_id, owner=owner.value)


def set_language(connection: Connection, conversation_id: int, language: str) -> None:
    """Remember the language (ISO 639-1) in which the buyer is answered."""
    _set(connection, conversation_id, language=language)


def set_customer(connection: Connection, conversation_id: int, customer_id: int | None) -> None:
    """Remember whose conversation it is, after a checked identity."""
    _set(connection, conversation_id, customer_id=customer_id)


def take_position(connection: Connection, conversation_id: int, now: dt.datetime) -> int:
    """Reserve the next place in the transcript. Positions are committed in the order of their numbers."""
    connection.execute(_TAKE_POSITION, {"conversation": conversation_id, "now": now})
    following: int = connection.execute(_NEXT_POSITION, {"conversation": conversation_id}).scalar_one()
    return following - 1


def _set(connection: Connection, conversation_id: int, **values: object) -> None:
    connection.execute(_UPDATE, {"conversation": conversation_id, **values})
