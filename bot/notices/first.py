"""The first letter: to buyers who agreed to be written to, and never wrote."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.mailroom import conversations as talks
from bot.mailroom.conversations import Conversation, Owner
from bot.mailroom.tables import conversations
from bot.notices.kinds import Notice
from bot.settings import ShopRules
from bot.shop.contact import is_email, plain_email
from bot.shop.tables import customers, orders

#: The id of a conversation that is made only when its first letter is due.
NOT_MADE = 0


def talk_for(connection: Connection, rules: ShopRules, notice: Notice) -> Conversation | None:
    """Where the buyer of an order is written to who had no conversation when the notice was found.

    The newest in which they proved who they are, if there is one by now; else the one of the order's address,
    with the id ``NOT_MADE`` if nobody ever wrote from there. None where neither may be used: the store writes
    no first letters, the order has no address, or another buyer has proved to be behind it.
    """
    query = (
        sa.select(orders.c.email, customers.c.id, customers.c.language)
        .join(customers, customers.c.id == orders.c.customer_id)
        .where(orders.c.number == notice.order_number)
    )
    order = connection.execute(query).one_or_none()
    if order is None:
        return None
    known = (
        sa.select(conversations.c.id)
        .where(conversations.c.customer_id == order.id, conversations.c.channel.in_(rules.channels))
        .order_by(conversations.c.last_at.desc(), conversations.c.id.desc())
    )
    newest = connection.execute(known.limit(1)).scalar()
    if newest is not None:
        return talks.get(connection, newest)
    by, address = rules.notices.first_letters, plain_email(order.email)
    if by is None or by.channel not in rules.channels or not is_email(address):
        return None
    found = talks.find(connection, by.channel, by.account, address)
    if found is not None:
        return replace(found, customer_id=order.id) if found.customer_id in (None, order.id) else None
    never = dt.datetime.fromtimestamp(0, dt.timezone.utc)
    language = order.language if order.language in rules.languages else rules.fallback_language
    return Conversation(
        id=NOT_MADE,
        channel=by.channel,
        account=by.account,
        sender=address,
        # Nobody has proved to be that person: the letter greets without a name.
        sender_name=None,
        language=language,
        customer_id=order.id,
        owner=Owner.BOT,
        created_at=never,
        last_at=never,
    )


def made(connection: Connection, talk: Conversation, now: dt.datetime) -> Conversation | None:
    """The conversation, made if it was not; whose it is is noted, which proves nothing.

    None where somebody has begun it since we looked: to wait for what they write to it would be to hold what
    they may be waiting for.
    """
    if talk.id == NOT_MADE and not talks.make(
        connection,
        channel=talk.channel,
        account=talk.account,
        sender=talk.sender,
        sender_name=talk.sender_name,
        language=talk.language,
        now=now,
    ):
        return None
    held = talks.find(connection, talk.channel, talk.account, talk.sender)
    if held is None:
        return None
    if held.customer_id is None:
        talks.set_customer(connection, held.id, talk.customer_id)
    return replace(held, customer_id=talk.customer_id)
