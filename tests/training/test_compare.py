"""A candidate on real conversations: everybody whose outcome would have changed, and nobody else."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import pytest
import sqlalchemy as sa

from bot import schema
from bot.clock import SetClock
from bot.database import Database
from bot.dialogue.recovery import load_replies
from bot.settings import Settings

with warnings.catch_warnings(record=True):
    # Rasa switches the warnings of old libraries on again while it is imported: they are caught and dropped.
    from bot.dialogue.engine import Engine
    from bot.training.compare import differences
    from tests.dialogue.talking import Talk

pytestmark = pytest.mark.model

ASKED = (
    ("hello", "can I pay with PayPal?", "thank you"),
    ("where is my parcel?",),
    ("which payment methods do you accept?", "hello"),
    ("I want to talk to a person",),
    ("hello", "how can I return something?"),
)


@pytest.fixture
def talk(database: Database, settings: Settings, clock: SetClock, engine: Engine) -> Talk:
    return Talk(database, settings.rules, load_replies(settings), clock, engine)


class Worse:
    """The same model, which takes whatever is about paying for a greeting."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.model = "worse"

    def understand(self, text: str, *more: Any) -> Any:
        read = self._engine.understand(text, *more)
        return self.changed(read, "service_greeting") if read.intent.startswith("payment_") else read

    @staticmethod
    def changed(read: Any, intent: str) -> Any:
        return dataclasses.replace(read, intent=intent, requests=())

    def take(self, turn: Any) -> Any:
        return self._engine.take(turn)


def _everything(database: Database) -> dict[str, Any]:
    with database.begin() as connection:
        tables = schema.every_table().tables.items()
        return {name: connection.execute(sa.select(table)).all() for name, table in tables}


def test_every_conversation_whose_outcome_changes_is_listed_up_to_where_it_parts(
    talk: Talk, settings: Settings
) -> None:
    own = dataclasses.replace(settings, rules=talk.rules)
    for number, words in enumerate(ASKED):
        buyer = Talk(
            talk.database, talk.rules, talk.replies, talk.clock, talk.engine, sender=f"buyer {number}"
        )
        for one in words:
            buyer.write(one)
            buyer.turns()
    before = _everything(talk.database)
    found = list(differences(own, talk.database, talk.engine, Worse(talk.engine), 100))  # type: ignore[arg-type]
    # The latest conversation first, of each the first turn that differs.
    assert [one.text for one in found] == ["which payment methods do you accept?", "can I pay with PayPal?"]
    for one in found:
        assert (one.before.intent, one.after.intent) == ("payment_methods", "service_greeting")
        assert {"intent", "flow", "said"} <= set(one.what)
        assert "automated assistant" in one.after.said[0]
        assert one.before.known
    # It acted on nothing.
    assert _everything(talk.database) == before
    assert list(differences(own, talk.database, talk.engine, talk.engine, 100)) == []  # type: ignore[arg-type]
