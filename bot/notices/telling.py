"""Telling what is due: now, later, or not at all."""

from __future__ import annotations

import datetime as dt
import logging

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import Database
from bot.desk.tables import cases
from bot.desk.values.cases import CaseState
from bot.mailroom import conversations, inbox, timers
from bot.mailroom.conversations import Conversation, Owner
from bot.mailroom.timers import Timer
from bot.notices import consent, finding, first, still
from bot.notices.kinds import NOTICE, Notice, NoticeKind, key_of
from bot.settings import ShopRules

log = logging.getLogger(__name__)

#: Who is writing, or being helped by a person, is not interrupted: it is looked again after this.
BUSY = dt.timedelta(minutes=30)
#: How often it is looked whether something is there again, and for how long.
RESTOCK_EVERY, RESTOCK_FOR = dt.timedelta(minutes=15), dt.timedelta(days=90)
#: What could not be told for so long is not told at all.
STALE = dt.timedelta(days=10)


class Notices:
    """Finds and tells what the store writes first, by ``notices`` in ``shop.yml``."""

    def __init__(self, database: Database, rules: ShopRules) -> None:
        self._database = database
        self._rules = rules

    def look(self, now: dt.datetime) -> int:
        """Look through the shop's data once; returns how much was found.

        Raises:
            TryLaterError: the database is away; nothing is lost.
        """
        if not self._rules.notices.kinds:
            return 0
        with self._database.begin() as connection:
            found = finding.found(connection, self._rules, now)
        for notice in found:
            # One conversation is held at a time: a turn that has one may wait for another's timer.
            with self._database.begin() as connection:
                # Another may have set it since, and for later: a day that was agreed.
                if timers.find(connection, notice.key) is None:
                    _set(connection, notice, now, now)
        return len(found)

    def needed(self, connection: Connection, timer: Timer) -> int | None:
        """The conversation that a first letter would go to just now, if there is one."""
        found = self._talk_for(connection, Notice.of(timer))
        return found.id if found is not None and found.id != first.NOT_MADE else None

    def _talk_for(self, connection: Connection, notice: Notice) -> Conversation | None:
        if notice.conversation_id is None:
            return first.talk_for(connection, self._rules, notice)
        return conversations.get(connection, notice.conversation_id)

    def fire(self, connection: Connection, timer: Timer, now: dt.datetime) -> dt.datetime | None:
        """Tell it, or say when to look again; the handler of ``NOTICE`` timers.

        They fire with ``needed`` held.
        """
        notice = Notice.of(timer)
        found = self._talk_for(connection, notice)
        if found is None:
            return None
        if found.id not in (first.NOT_MADE, timer.held):
            # Where they proved just now who they are: held from the start it is written to, the next time.
            return now
        talk, rules, kind = found, self._rules.notices, notice.kind
        waited = now - timer.due_at
        if kind.value not in rules.kinds or not consent.is_wanted(connection, talk, kind):
            return None
        is_true = still.is_true(connection, self._rules, notice, talk.customer_id, now)
        if kind is NoticeKind.RESTOCK and not is_true:
            return now + RESTOCK_EVERY if waited < RESTOCK_FOR else None
        if not is_true or (waited > STALE and kind is not NoticeKind.RESTOCK):
            return None
        later = max(
            _free_from(connection, talk, now),
            consent.room_from(connection, rules, talk, now),
        )
        later = consent.loud_from(rules, consent.zone_of(connection, talk, self._rules.store.timezone), later)
        if later > now:
            return later
        if notice.conversation_id is None:
            made = first.made(connection, talk, now)
            if made is None:
                return now
            talk = made
        consent.told(connection, notice, talk, now)
        inbox.accept_event(connection, talk.id, NOTICE, {"key": notice.key, **notice.data}, now=now)
        return None


def _free_from(connection: Connection, talk: Conversation, now: dt.datetime) -> dt.datetime:
    """When the buyer may be written to without being interrupted."""
    is_open = sa.and_(cases.c.conversation_id == talk.id, cases.c.state != CaseState.CLOSED.value)
    if talk.owner is not Owner.BOT or connection.execute(sa.select(cases.c.id).where(is_open)).first():
        return now + BUSY
    return max(now, talk.last_at + BUSY)


def ask_restock(connection: Connection, conversation_id: int, product: str, now: dt.datetime) -> None:
    """Tell the buyer, who asked for it, once there are pieces of a product or SKU again."""
    # Once it was told, it may be asked for again.
    about = f"{conversation_id}:{product}:{now:%Y%m%d%H%M%S}"
    notice = Notice(NoticeKind.RESTOCK, key_of(NoticeKind.RESTOCK, about), conversation_id, product=product)
    waiting = timers.pending_about(connection, notice.subject)
    if not any(one.conversation_id == conversation_id for one in waiting):
        _set(connection, notice, now + RESTOCK_EVERY, now)


def ask_later(
    connection: Connection, conversation_id: int, product: str, now: dt.datetime, hours: int
) -> None:
    """Ask once, later, why a product was not bought."""
    key = key_of(NoticeKind.NOT_BOUGHT, f"{conversation_id}:{product}")
    notice = Notice(NoticeKind.NOT_BOUGHT, key, conversation_id, product=product)
    if timers.find(connection, key) is None:
        _set(connection, notice, now + dt.timedelta(hours=hours), now)


def remind_at(
    connection: Connection,
    rules: ShopRules,
    talk: Conversation,
    number: str,
    due: dt.datetime,
    now: dt.datetime,
) -> bool:
    """Have the second reminder to pay come at the moment that was agreed.

    False if there were two already, or if the order is not one that this buyer has to pay.
    """
    for kind in (NoticeKind.UNPAID, NoticeKind.BALANCE):
        notice = Notice(kind, key_of(kind, number, 2), talk.id, order_number=number)
        if still.is_true(connection, rules, notice, talk.customer_id, now):
            return _set(connection, notice, due, now)
    return False


def _set(connection: Connection, notice: Notice, due: dt.datetime, now: dt.datetime) -> bool:
    return timers.schedule(
        connection,
        notice.key,
        kind=NOTICE,
        subject=notice.subject,
        due=due,
        now=now,
        conversation_id=notice.conversation_id,
        data=notice.data,
    )
