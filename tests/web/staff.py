"""A real desk over a real database, with people and a buyer: what the desk's pages show in tests."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher

import bot.desk.tables  # noqa: F401 (registers the tables)
from bot.clock import Clock
from bot.database import Database, metadata
from bot.desk.cases import Cases
from bot.desk.people import People
from bot.desk.requests import Requests
from bot.desk.service.desk import DatabaseDesk
from bot.desk.values.cases import Case, CaseCard, Likely, Priority, Reason, Standing
from bot.desk.values.people import Person, Rank
from bot.desk.values.requests import Request
from bot.dialogue.because import because
from bot.dialogue.grounds import grounds_of, version_of
from bot.dialogue.macros import ReplyMacros
from bot.dialogue.replies import Replies, read_folders
from bot.dialogue.tables import turns
from bot.mailroom import conversations, inbox, outbox, transcript
from bot.messages import Author, Button, Inbound, TranscriptLine
from bot.settings import ROOT, ShopRules
from bot.shop.money import Money

PASSWORD = "correct horse battery"

CARD = CaseCard(
    wants="My parcel CD-104233 is lost, write to lena.fischer@example.com",
    why="said twice that tracking has not moved",
    name="Lena Fischer",
    verified=True,
    standing=Standing.VALUED,
    language="de",
    timezone="Europe/Berlin",
    country="DE",
    email="lena.fischer@example.com",
    phone="+49 30 1234567",
    address="Lindenweg 5, 10115 Berlin",
    bot_did=("Checked the identity", "Looked up CD-104233", "Said that the parcel has no scan for 12 days"),
    order_number="CD-104233",
    order_state="in transit",
    parcel_state="no scan since 3 May, Leipzig",
    money_minor=8990,
    currency="EUR",
    suggested_replies=("We have opened a trace and will write to you by Friday.",),
    likely=(Likely("logistics_lost", 0.62), Likely("logistics_where_is_parcel", 0.31)),
)


@functools.cache
def _replies(languages: tuple[str, ...], fallback: str) -> Replies:
    """The shipped words, read once: that takes longer than most tests."""
    return Replies(read_folders([ROOT / "replies"], languages), fallback)


class Staff:
    """The desk's people and buyers."""

    def __init__(self, folder: Path, rules: ShopRules, clock: Clock) -> None:
        self.database = Database(f"sqlite:///{folder / 'desk.sqlite'}")
        metadata.create_all(self.database.engine)
        self.rules = rules
        self.clock = clock
        # Weak on purpose: these tests are not about how long hashing takes.
        self.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        replies = _replies(tuple(rules.languages), rules.fallback_language)
        ready = ReplyMacros(lambda: replies, rules.store.timezone)
        self.desk = DatabaseDesk(self.database, rules, clock, lambda: None, self.hasher, ready, because)
        self._buyers = 0

    def person(
        self, login: str, rank: str = "agent", name: str | None = None, queues: Sequence[str] = ()
    ) -> Person:
        with self.database.begin() as connection:
            people = People(connection, self.rules, self.clock, self.hasher)
            return people.add(login, name or login.capitalize(), Rank(rank), PASSWORD, queues=queues)

    def case(
        self,
        said: str = "My parcel is lost!",
        *,
        intent: str = "logistics_lost",
        reason: Reason = Reason.ASKED_FOR_HUMAN,
        priority: Priority = Priority.NORMAL,
        card: CaseCard = CARD,
        language: str = "de",
    ) -> Case:
        """A buyer of one's own, who talked with the bot until it handed over."""
        self._buyers += 1
        sender = f"buyer-{self._buyers}"
        with self.database.begin() as connection:
            talk = self.hears(sender, said, connection=connection)
            self.says(
                talk, "I will fetch a person.", buttons=(Button("Thanks", "/thanks"),), connection=connection
            )
            return Cases(connection, self.rules, self.clock).open(
                talk, intent=intent, reason=reason, card=card, language=language, priority=priority
            )

    def approval(self, amount: int = 1_900, most: int = 3_000, text: str = "Tindra Rain Jacket") -> Request:
        """A supervisor's yes is asked for, in minor units of the store's currency."""
        return self._asked(
            lambda known, talk: known.ask_approval(
                talk,
                "bargain",
                Money(amount, "EUR"),
                key=f"bargain:{talk}",
                most=Money(most, "EUR"),
                limit_kind="discount",
                question=f"{text}: the buyer would pay 110.00 EUR instead of 129.00 EUR",
                language="de",
            )
        )

    def question(self, words: str = "is the zip made of metal?") -> Request:
        """The product department is asked."""
        return self._asked(
            lambda known, talk: known.ask_department(
                talk, "fact", "product", key=f"fact:{talk}", question=words, language="de"
            )
        )

    def request(self, asked: Request) -> Request:
        """The request as it stands."""
        with self.database.begin() as connection:
            return Requests(connection, self.rules, self.clock).get(asked.id)

    def _asked(self, ask: Callable[[Requests, int], Request]) -> Request:
        self._buyers += 1
        with self.database.begin() as connection:
            talk = self.hears(f"buyer-{self._buyers}", "Geht das günstiger?", connection=connection)
            return ask(Requests(connection, self.rules, self.clock), talk)

    def hears(
        self,
        sender: str,
        text: str,
        *,
        button: str | None = None,
        connection: object = None,
        **more: Any,
    ) -> int:
        """A message of a buyer; gives the conversation."""
        if connection is None:
            with self.database.begin() as own:
                talk = self.hears(sender, text, button=button, connection=own, **more)
                Cases(own, self.rules, self.clock).buyer_wrote(talk)
                return talk
        now = self.clock.now()
        own = more.pop("message_id", f"{sender}:{now}:{text[:20]}{button}")
        message = Inbound("web", "chat", own, sender, text, now, button=button, **more)
        return inbox.accept(connection, message, language="de", now=now).conversation_id  # type: ignore[arg-type]

    def says(self, talk: int, text: str, *, buttons: tuple[Button, ...] = (), connection: object) -> None:
        """A message of the bot's."""
        outbox.post(connection, talk, text, now=self.clock.now(), author=Author.BOT, buttons=buttons)  # type: ignore[arg-type]

    def explains(self, case: Case, reply: str, *facts: Mapping[str, Any]) -> int:
        """The bot says one more thing, in a turn that is kept; gives its position."""
        now = self.clock.now()
        with self.database.begin() as connection:
            told = sa.select(sa.func.max(inbox.inbox.c.id)).where(
                inbox.inbox.c.conversation_id == case.conversation_id
            )
            row = connection.execute(told).scalar_one()
            connection.execute(
                turns.insert().values(
                    conversation_id=case.conversation_id,
                    inbox_id=row,
                    at=now,
                    model="20260601-a.tar.gz",
                    language="de",
                    intent="refund_return",
                    confidence=0.93,
                    flow="return",
                    steps=[{"action": "action_start_return", "policy": "RulePolicy"}],
                    facts=list(facts),
                    grounds=grounds_of(self.rules, version_of(self.rules), [reply]),
                )
            )
            outbox.post(
                connection,
                case.conversation_id,
                "Nein, leider.",
                now=now,
                author=Author.BOT,
                key=f"turn:{row}:0",
            )
        return self.lines(case)[-1].position

    def said_to_buyer(self, case: Case) -> list[str]:
        """What agents have sent, or will."""
        return [line.text for line in self.lines(case) if line.author is Author.AGENT]

    def lines(self, case: Case) -> list[TranscriptLine]:
        with self.database.begin() as connection:
            return transcript.lines(connection, case.conversation_id)

    def now(self, case: Case) -> Case:
        """The case as it stands."""
        with self.database.begin() as connection:
            return Cases(connection, self.rules, self.clock).get(case.id)

    def sender(self, case: Case) -> str:
        with self.database.begin() as connection:
            return conversations.get(connection, case.conversation_id).sender

    def close(self) -> None:
        self.database.close()


def moment() -> dt.datetime:
    """A Wednesday, 10:00 in Shanghai: every queue is at work."""
    return dt.datetime(2026, 6, 10, 2, 0, tzinfo=dt.timezone.utc)
