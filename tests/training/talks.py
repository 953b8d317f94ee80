"""Stored turns of many buyers, as workers leave them, and the inbox that is filled from them."""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.dialogue.tables import trackers, turns
from bot.mailroom import inbox
from bot.mailroom.inbox import inbox as messages
from bot.settings import Settings
from bot.training.filling import Filler
from bot.training.grouping import Vector
from bot.training.reading import View
from bot.training.review import Review
from bot.training.tables import review_items
from bot.training.values import Group
from tests.mailroom.letters import letter

SURE = (("logistics_where_is_parcel", 0.93), ("logistics_delay", 0.03))
TORN = (("logistics_where_is_parcel", 0.48), ("logistics_delay", 0.41), ("order_state", 0.02))
LOST = (("logistics_where_is_parcel", 0.3), ("logistics_delay", 0.2), ("order_state", 0.1))


class WordVectors:
    """Vectors by common words: quick, and near where the words are the same."""

    name = "words"

    def __call__(self, texts: list[str]) -> Vector:
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.casefold().split():
                row[zlib.crc32(word.encode()) % 64] += 1
            row /= np.linalg.norm(row) or 1
        return rows


@dataclass
class Talks:
    """Buyers who write, and what the bot made of it."""

    database: Database
    settings: Settings
    clock: SetClock

    def say(
        self,
        text: str,
        ranking: tuple[tuple[str, float], ...] | None = LOST,
        *,
        buyer: str = "ana",
        intent: str | None = None,
        form: str | None = None,
        language: str = "en",
        later: float = 60,
        **more: Any,
    ) -> int:
        """A buyer's message and its turn, some seconds after the one before; returns the message's number."""
        self.clock.advance(seconds=later)
        now = self.clock.now()
        acted = intent or ("nlu_fallback" if ranking and ranking[0][1] < 0.45 else (ranking or SURE)[0][0])
        left = more.pop("leaves", None)
        turn = {"steps": [], "facts": [], "flow": None, "model": "m1", **more}
        with self.database.begin() as connection:
            got = inbox.accept(
                connection, letter(text, buyer, sender_name="Ana Lindqvist"), language=language, now=now
            )
            talk = got.conversation_id
            number = connection.execute(
                sa.select(sa.func.max(messages.c.id)).where(messages.c.conversation_id == talk)
            ).scalar_one()
            connection.execute(messages.update().values(state="done"))
            reading = None if ranking is None else {"ranking": [list(one) for one in ranking], "form": form}
            connection.execute(
                turns.insert().values(
                    conversation_id=talk,
                    inbox_id=number,
                    at=now,
                    language=language,
                    intent=acted,
                    confidence=ranking[0][1] if ranking else 1.0,
                    reading=reading,
                    **turn,
                )
            )
            connection.execute(trackers.delete().where(trackers.c.conversation_id == talk))
            connection.execute(
                trackers.insert().values(
                    conversation_id=talk, events="[]", memory={"form": left}, updated_at=now
                )
            )
        return int(number)

    def filler(self, encode: Any = None) -> Filler:
        return Filler(self.database, self.settings, self.clock, encode or WordVectors(), uuid4().hex)

    def fill(self, encode: Any = None) -> None:
        own = self.filler(encode)
        while own.fill():
            pass

    def review(self) -> Review:
        return Review(self.database, self.settings, self.clock)

    def groups(self, view: View = View.WAITING) -> list[Group]:
        return self.review().groups(view)

    def reasons(self) -> dict[str, list[str]]:
        """Why each message is in the inbox, by its text."""
        with self.database.begin() as connection:
            return {
                row.text: row.reasons
                for row in connection.execute(sa.select(review_items).order_by(review_items.c.id))
            }

    def pass_time(self, **by: float) -> None:
        self.clock.at += dt.timedelta(**by)
