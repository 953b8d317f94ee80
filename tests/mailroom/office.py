"""The front's delivery over a shelf, for tests of both databases with the clock set by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import SetClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.undelivered import open_undelivered
from bot.desk.values.cases import Reason
from bot.mailroom import inbox, outbox
from bot.mailroom.delivery import Delivery
from bot.messages import Author, Weight
from bot.settings import Settings
from tests.mailroom.letters import letter
from tests.mailroom.shelf import Shelf

rows = outbox.outbox
STARTED = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)


@dataclass
class Office:
    """Two buyers, ana and ben, and who delivers to them."""

    database: Database
    clock: SetClock
    settings: Settings
    shelf: Shelf
    talks: dict[str, int]
    delivery: Delivery = field(init=False)
    #: By a clock that never jumps, in seconds.
    elapsed: float = 0.0

    def __post_init__(self) -> None:
        self.delivery = self.another()

    def post(self, *texts: str, to: str = "ana", weight: Weight = Weight.TALK) -> None:
        with self.database.begin() as connection:
            for text in texts:
                outbox.post(
                    connection,
                    self.talks[to],
                    text,
                    now=self.clock.now(),
                    author=Author.BOT,
                    weight=weight,
                    key=f"key of {text}",
                )

    async def deliver(self, delivery: Delivery | None = None) -> None:
        """Until nothing more is due now."""
        delivery = delivery or self.delivery
        while await delivery.deliver_due():
            await delivery.finish()

    def another(self, shelf: Shelf | None = None, **more: Any) -> Delivery:
        """A deliverer on another host."""

        def undelivered(connection: Connection, conversation_id: int, why: str) -> None:
            open_undelivered(connection, self.settings.rules, self.clock, conversation_id, why)

        channels = {"web": shelf or self.shelf}
        given: dict[str, Any] = {
            "chance": lambda: 0.0,
            "elapsed": lambda: self.elapsed,
            "moment": lambda _: self.moment(),
            **more,
        }
        return Delivery(self.database, channels, self.clock, undelivered, **given)

    def moment(self) -> dt.datetime:
        """By which deliverers agree on who is alive."""
        return STARTED + dt.timedelta(seconds=self.elapsed)

    def wait(self, seconds: float) -> None:
        """Time passes, by all clocks."""
        self.elapsed += seconds
        self.clock.advance(seconds=seconds)

    async def look_for(self, delivery: Delivery, seconds: int) -> int:
        """Have a deliverer look every second for so long; in how many conversations it began something."""
        begun = await delivery.deliver_due()
        for _ in range(seconds):
            self.wait(1)
            begun += await delivery.deliver_due()
        return begun

    async def outlast_the_dead(self) -> None:
        """Deliver until whoever is silent counts as dead, and then whatever is due."""
        await self.look_for(self.delivery, 15)
        await self.delivery.finish()
        await self.deliver()

    def add(self, channel: str, sender: str) -> str:
        """Have somebody else write; returns their name."""
        with self.database.begin() as connection:
            written = letter(sender=sender, channel=channel)
            receipt = inbox.accept(connection, written, language="en", now=self.clock.now())
        self.talks[sender] = receipt.conversation_id
        return sender

    def next_try(self, text: str) -> dt.datetime:
        with self.database.begin() as connection:
            found: dt.datetime = connection.execute(
                sa.select(rows.c.not_before).where(rows.c.text == text)
            ).scalar_one()
        return found

    def states(self) -> dict[str, str]:
        with self.database.begin() as connection:
            found = connection.execute(sa.select(rows.c.text, rows.c.state).order_by(rows.c.id)).all()
        return {row.text: row.state for row in found}

    def cases(self) -> list[Reason]:
        """Why each conversation's open case was opened."""
        with self.database.begin() as connection:
            desk = Cases(connection, self.settings.rules, self.clock)
            found = [desk.open_case_of(talk) for talk in self.talks.values()]
        return [case.reason for case in found if case is not None]
