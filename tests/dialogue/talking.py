"""A buyer, a worker and all that lies between them, without a channel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from rasa_sdk.events import EventType

from bot.clock import SetClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.people import People
from bot.desk.values.cases import Case
from bot.desk.values.people import Person, Rank
from bot.dialogue.actions.greeting import Greet
from bot.dialogue.actions.step import Slots, Speaker
from bot.dialogue.engine import Engine
from bot.dialogue.replies import Replies
from bot.dialogue.report import TurnReport
from bot.dialogue.tables import trackers, turns
from bot.dialogue.turn import Turn
from bot.dialogue.turns import TurnTaker
from bot.mailroom import inbox, outbox, transcript
from bot.mailroom.inbox import Claim
from bot.messages import Author, Button, TranscriptLine
from bot.settings import ShopRules
from tests.mailroom.letters import letter

#: A button that the tests offer: its flow is one action and one reply.
GREETING = Button("Hello", "/service_greeting")
#: What the bot says to it.
GREETED = "automated assistant"
#: How the bot says that it failed.
HONEST = "Something went wrong on our side"


@dataclass
class Talk:
    """One buyer's conversation with the bot."""

    database: Database
    rules: ShopRules
    replies: Replies
    clock: SetClock
    engine: Engine | None
    sender: str = "ana"
    id: int = 0
    reports: list[TurnReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = self.write("first").conversation_id
        with self.database.begin() as connection:
            connection.execute(inbox.inbox.update().values(state="done"))

    # --- The buyer ---

    def write(self, text: str = "", **more: Any) -> Any:
        with self.database.begin() as connection:
            message = letter(text, self.sender, **more)
            return inbox.accept(connection, message, language="en", now=self.clock.now())

    def offer(self, *buttons: Button) -> None:
        with self.database.begin() as connection:
            outbox.post(
                connection, self.id, "offered", now=self.clock.now(), buttons=buttons, author=Author.BOT
            )

    def press(self, button: Button = GREETING) -> None:
        """Press a button that was offered."""
        self.offer(button)
        self.write(button=button.payload)

    # --- The worker ---

    def taker(self, worker: str = "w1", **changed: Any) -> TurnTaker:
        """A worker's turn taker; ``changed`` are other rules of serving, or another engine or replies."""
        engine = changed.pop("engine", self.engine)
        replies = changed.pop("replies", self.replies)
        rules = self.rules.copy(update={"serving": self.rules.serving.copy(update=changed)})
        return TurnTaker(self.database, rules, replies, self.clock, engine, worker)

    def turn(self, **changed: Any) -> TurnReport | None:
        return self.taker(**changed).take_next()

    def turns(self, **changed: Any) -> list[str]:
        """Take turns, moving on to each next try, until nothing waits; returns what came of each."""
        notes = []
        while True:
            report = self.turn(**changed)
            if report is not None:
                self.reports.append(report)
                notes.append(report.note.split(" ")[0] if report.note.startswith("case") else report.note)
                continue
            with self.database.begin() as connection:
                following = inbox.next_try(connection)
            if following is None:
                return notes
            assert following > self.clock.now(), "something waits that nobody takes"
            self.clock.at = following

    def claim(self, worker: str = "w1") -> Claim:
        with self.database.begin() as connection:
            held = inbox.claim(connection, worker, now=self.clock.now(), lease=dt.timedelta(seconds=60))
        assert held is not None
        return held

    # --- What came of it ---

    def lines(self) -> list[TranscriptLine]:
        with self.database.begin() as connection:
            return transcript.lines(connection, self.id, limit=1000)

    def said(self) -> list[str]:
        """What the bot said, without what the tests offered."""
        return [line.text for line in self.lines() if line.author is Author.BOT and line.text != "offered"]

    def case(self) -> Case | None:
        with self.database.begin() as connection:
            return Cases(connection, self.rules, self.clock).open_case_of(self.id)

    def owner(self) -> str:
        with self.database.begin() as connection:
            return inbox.talks.get(connection, self.id).owner.value

    def states(self) -> list[tuple[str, int]]:
        """State and failed tries of each message since the first."""
        table = inbox.inbox.c
        with self.database.begin() as connection:
            found = connection.execute(sa.select(table.state, table.attempts).order_by(table.id)).all()
        return [(row.state, row.attempts) for row in found[1:]]

    def traces(self) -> tuple[int, int]:
        """How many trackers and turns are written down."""
        with self.database.begin() as connection:
            counts = [
                connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in (trackers, turns)
            ]
        return counts[0], counts[1]

    # --- The desk ---

    def person(self, login: str = "sue") -> Person:
        with self.database.begin() as connection:
            people = People(connection, self.rules, self.clock)
            known = next((one for one in people.list() if one.login == login), None)
            return known or people.add(login, login.capitalize(), Rank.SUPERVISOR, f"{login}'s long password")


def greeting_that(act: Any) -> AbstractContextManager[Any]:
    """Have the greeting's action do something else: ``act(turn, tracker, speaker)``."""
    return patch.object(Greet, "act", lambda _self, turn, tracker, speaker: act(turn, tracker, speaker))


def greeting_as(engine: Any, run: Callable[..., Awaitable[list[EventType]]]) -> AbstractContextManager[Any]:
    """Have the greeting's action be a coroutine function instead: ``run(dispatcher, tracker, domain)``."""
    executor = engine._agent.processor.action_endpoint._executor
    return patch.dict(executor.actions, {Greet.title: run})


_greet = Greet.act


def really_greet(turn: Turn, tracker: Any, speaker: Speaker) -> Slots:
    """What the greeting's action does as shipped."""
    return _greet(Greet(), turn, tracker, speaker)
