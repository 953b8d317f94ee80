"""Conversations: one per channel, account and sender, owned by the bot or by a person."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import insert_once, lock_now
from bot.mailroom import line
from bot.mailroom.tables import conversations

# Built once: SQLAlchemy then knows at once how each is written.
_CONVERSATION = sa.bindparam("conversation", type_=sa.Integer)
_BY_ID = sa.select(conversations).where(conversations.c.id == _CONVERSATION)
_BY_SENDER = sa.select(conversations).where(
    *(conversations.c[name] == sa.bindparam(name) for name in ("channel", "account", "sender"))
)
# Nobody else writes what is held; rows that refer to it may still be written.
_HELD_BY_SENDER = _BY_SENDER.with_for_update(key_share=True)
_HOLD = (
    sa.select(conversations.c.id).where(conversations.c.id == _CONVERSATION).with_for_update(key_share=True)
)
#: Nothing is inserted where the sender has a conversation already.
_INSERT = insert_once(conversations)
_NEXT_POSITION = sa.select(conversations.c.next_position).where(conversations.c.id == _CONVERSATION)
_UPDATE = conversations.update().where(conversations.c.id == _CONVERSATION)
_TAKE_POSITION = _UPDATE.values(next_position=conversations.c.next_position + 1, last_at=sa.bindparam("now"))
_POSTED = _TAKE_POSITION.values(mail_at=sa.func.coalesce(conversations.c.mail_at, sa.bindparam("now")))
_POSTED_WHERE = _POSTED.returning(conversations.c.next_position)
_RECEIVED = _TAKE_POSITION.values(turn_order=line.JOINED)


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


_FIELDS = tuple(field.name for field in dataclasses.fields(Conversation))
#: The columns of a conversation, for rows in which another table's stand as well.
BESIDE = tuple(conversations.c[name].label(f"talk_{name}") for name in _FIELDS)


def beside(row: Any) -> Conversation:
    """The conversation of a row that was selected with ``BESIDE``."""
    values = {name: getattr(row, f"talk_{name}") for name in _FIELDS}
    return Conversation(**{**values, "owner": Owner(values["owner"])})


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


@dataclass(frozen=True)
class Held:
    """A conversation that nobody else writes until the unit of work ends."""

    conversation: Conversation
    #: The next free place in its transcript.
    next_position: int


def open_for(
    connection: Connection,
    *,
    channel: str,
    account: str,
    sender: str,
    sender_name: str | None,
    language: str,
    now: dt.datetime,
) -> Held:
    """The sender's conversation, made if this is their first message, and held."""
    address = {"channel": channel, "account": account, "sender": sender}
    lock_now(connection)
    row = connection.execute(_HELD_BY_SENDER, address).one_or_none()
    if row is None:
        make(connection, **address, sender_name=sender_name, language=language, now=now)
        row = connection.execute(_HELD_BY_SENDER, address).one()
    return Held(_conversation(row), row.next_position)


def make(
    connection: Connection,
    *,
    channel: str,
    account: str,
    sender: str,
    sender_name: str | None,
    language: str,
    now: dt.datetime,
) -> bool:
    """Make a sender's conversation, held by whoever made it; False if there is one.

    Where another process does the same at this moment, this waits for it, and then does nothing.
    """
    made = connection.execute(
        _INSERT[connection.dialect.name],
        {
            "channel": channel,
            "account": account,
            "sender": sender,
            "sender_name": sender_name,
            "language": language,
            "owner": Owner.BOT.value,
            "next_position": 1,
            "created_at": now,
            "last_at": now,
            "claim_number": 0,
        },
    )
    return bool(made.rowcount == 1)


def hold(connection: Connection, conversation_id: int) -> None:
    """Have nobody else write the conversation until the unit of work ends; what is read now stays.

    Who needs both a conversation and its case takes the conversation first: so two never wait for each other.
    """
    lock_now(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(_HOLD, {"conversation": conversation_id})


def received(connection: Connection, conversation_id: int, now: dt.datetime, *, waits: bool) -> None:
    """Take the next place in a held conversation's transcript, and one in the line if a turn must follow."""
    connection.execute(_RECEIVED if waits else _TAKE_POSITION, {"conversation": conversation_id, "now": now})


def set_owner(connection: Connection, conversation_id: int, owner: Owner) -> None:
    """Give the conversation to the bot or to a person."""
    _set(connection, conversation_id, owner=owner.value)


def set_language(connection: Connection, conversation_id: int, language: str) -> None:
    """Remember the language (BCP 47) in which the buyer is answered."""
    _set(connection, conversation_id, language=language)


def set_customer(connection: Connection, conversation_id: int, customer_id: int | None) -> None:
    """Remember whose conversation it is, after a checked identity."""
    _set(connection, conversation_id, customer_id=customer_id)


def posted(connection: Connection, conversation_id: int, now: dt.datetime) -> int:
    """Take the next place in the transcript, and one in the line of conversations that have mail.

    Positions are committed in the order of their numbers.
    """
    known = {"conversation": conversation_id, "now": now}
    if connection.dialect.name == "postgresql":
        # One way to the server instead of two.
        following: int = connection.execute(_POSTED_WHERE, known).scalar_one()
        return following - 1
    connection.execute(_POSTED, known)
    following = connection.execute(_NEXT_POSITION, {"conversation": conversation_id}).scalar_one()
    return following - 1


def _set(connection: Connection, conversation_id: int, **values: object) -> None:
    connection.execute(_UPDATE, {"conversation": conversation_id, **values})
