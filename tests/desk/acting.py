"""Drives the desk in tests: each act in a unit of work of its own, as the service does it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from argon2 import PasswordHasher

from bot.clock import SetClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.people import People
from bot.desk.values.cases import Case, CaseCard, Reason
from bot.desk.values.history import CaseEvent
from bot.desk.values.people import Person, Rank
from bot.mailroom import conversations
from bot.mailroom.conversations import Owner
from bot.mailroom.tables import inbox, outbox
from bot.settings import ShopRules

T = TypeVar("T")

#: A Wednesday, 10:00 in Shanghai, where every queue of the shipped shop.yml is at work.
WEDNESDAY = dt.datetime(2026, 6, 10, 2, 0, tzinfo=dt.timezone.utc)
#: Hashing that takes no time; the real parameters have a test of their own.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse"
CARD = CaseCard(
    wants="Where is my parcel? Write to anna@example.com",
    name="Anna",
    email="anna@example.com",
    phone="+49 30 901820",
    address="Ringstraße 5, 10115 Berlin",
    country="DE",
    suggested_replies=("It is at customs.",),
)


def fast(database: Database) -> None:
    """Do not wait for the disk: what a power cut leaves is not asked of the desk's tests."""
    if database.is_sqlite:
        sa.event.listen(database.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))


class Acting:
    """The desk as its people use it."""

    def __init__(self, database: Database, rules: ShopRules, clock: SetClock) -> None:
        self.database = database
        self.rules = rules
        self.clock = clock
        self._senders = itertools.count(1)

    def act(self, work: Callable[[Cases], T]) -> T:
        with self.database.begin() as connection:
            return work(Cases(connection, self.rules, self.clock))

    def staff(self, work: Callable[[People], T]) -> T:
        with self.database.begin() as connection:
            return work(People(connection, self.rules, self.clock, CHEAP))

    def person(self, login: str, rank: str, queues: Sequence[str] = ()) -> Person:
        return self.staff(
            lambda people: people.add(login, login.title(), Rank(rank), PASSWORD, queues=queues)
        )

    def conversation(self) -> int:
        with self.database.begin() as connection:
            return conversations.open_for(
                connection,
                channel="web",
                account="store",
                sender=f"buyer {next(self._senders)}",
                sender_name=None,
                language="de",
                now=self.clock.now(),
            ).conversation.id

    def open(self, conversation_id: int | None = None, **values: Any) -> Case:
        about: dict[str, Any] = {
            "intent": "logistics_where_is_parcel",
            "reason": Reason.ASKED_FOR_HUMAN,
            "card": CARD,
            "language": "de",
            **values,
        }
        talk = self.conversation() if conversation_id is None else conversation_id
        return self.act(lambda cases: cases.open(talk, **about))

    def claimed(self, person: Person, **values: Any) -> Case:
        case = self.open(**values)
        return self.act(lambda cases: cases.claim(case.id, person))

    def answered(self, person: Person) -> Case:
        case = self.claimed(person)
        return self.act(lambda cases: cases.reply(case.id, person, "It is at customs.", case.fence))

    def get(self, case: Case) -> Case:
        return self.act(lambda cases: cases.get(case.id))

    def events(self, case: Case) -> Sequence[CaseEvent]:
        return self.act(lambda cases: cases.events(case.id))

    def kinds(self, case: Case) -> list[str]:
        return [event.kind.value for event in self.events(case)]

    def said(self) -> list[tuple[int, str, str | None]]:
        """What lies in the outbox: conversation, text, the name beside it."""
        with self.database.begin() as connection:
            rows = connection.execute(sa.select(outbox).order_by(outbox.c.id)).all()
        return [(row.conversation_id, row.text, row.author_name) for row in rows]

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """What the bot was told through the inbox: kind and payload."""
        with self.database.begin() as connection:
            rows = connection.execute(sa.select(inbox).order_by(inbox.c.id)).all()
        return [(row.kind, row.data["event"]) for row in rows]

    def owner_of(self, conversation_id: int) -> Owner:
        with self.database.begin() as connection:
            return conversations.get(connection, conversation_id).owner
