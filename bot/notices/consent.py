"""Who may be written to, and when: consent, an opt-out, quiet hours and the weekly cap."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import insert_once
from bot.mailroom.conversations import Conversation
from bot.mailroom.tables import conversations
from bot.notices.kinds import Notice, NoticeKind
from bot.notices.tables import notices, opt_outs
from bot.settings import NoticeRules
from bot.shop.tables import customers

_WEEK = dt.timedelta(days=7)
#: What a buyer has asked for in so many words: no other consent is needed.
ASKED_FOR = frozenset({NoticeKind.RESTOCK})
_INSERT = insert_once(opt_outs)


def stop(connection: Connection, conversation_id: int, now: dt.datetime) -> None:
    """Have the store write first no more, to this buyer. Idempotent."""
    connection.execute(_INSERT[connection.dialect.name], {"conversation_id": conversation_id, "at": now})


def is_wanted(connection: Connection, talk: Conversation, kind: NoticeKind) -> bool:
    """Whether the buyer agreed to be written to, and has not said stop."""
    mine = opt_outs.c.conversation_id == talk.id
    if talk.customer_id is not None:
        own = sa.select(conversations.c.id).where(conversations.c.customer_id == talk.customer_id)
        mine = sa.or_(mine, opt_outs.c.conversation_id.in_(own))
    if connection.execute(sa.select(sa.func.count()).where(mine)).scalar_one():
        return False
    if kind in ASKED_FOR:
        return True
    agreed = sa.select(customers.c.consents_to_notices).where(customers.c.id == talk.customer_id)
    return bool(connection.execute(agreed).scalar())


def zone_of(connection: Connection, talk: Conversation, store: str) -> ZoneInfo:
    """The buyer's time zone; the store's where nobody knows who they are."""
    query = sa.select(customers.c.timezone).where(customers.c.id == talk.customer_id)
    return ZoneInfo(connection.execute(query).scalar() or store)


def loud_from(rules: NoticeRules, zone: ZoneInfo, now: dt.datetime) -> dt.datetime:
    """The first moment from now on that is not in the buyer's quiet hours."""
    local = now.astimezone(zone)
    begins, ends = rules.quiet.begins, rules.quiet.ends
    time = local.time()
    is_quiet = begins <= time < ends if begins <= ends else time >= begins or time < ends
    if not is_quiet:
        return now
    day = local.date() if time < ends else local.date() + dt.timedelta(days=1)
    return dt.datetime.combine(day, ends, zone).astimezone(dt.timezone.utc)


def room_from(
    connection: Connection, rules: NoticeRules, talk: Conversation, now: dt.datetime
) -> dt.datetime:
    """The first moment from now on at which the weekly cap has room for one more."""
    who = notices.c.conversation_id == talk.id
    if talk.customer_id is not None:
        # No two at once count each other out. What only names the buyer, as a turn does, need not wait.
        connection.execute(
            sa.select(customers.c.id)
            .where(customers.c.id == talk.customer_id)
            .with_for_update(key_share=True)
        )
        who = notices.c.customer_id == talk.customer_id
    told = sa.select(notices.c.at).where(who, notices.c.at > now - _WEEK).order_by(notices.c.at.desc())
    latest = connection.execute(told.limit(rules.per_week)).scalars().all()
    return now if len(latest) < rules.per_week else max(now, latest[-1] + _WEEK)


def told(connection: Connection, notice: Notice, talk: Conversation, now: dt.datetime) -> None:
    """Note that it was told."""
    connection.execute(
        notices.insert().values(
            key=notice.key,
            kind=notice.kind.value,
            conversation_id=talk.id,
            customer_id=talk.customer_id,
            at=now,
        )
    )
