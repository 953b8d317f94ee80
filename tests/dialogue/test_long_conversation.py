"""What a turn costs does not grow with the conversation: counted in statements and in SQLite's own steps."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from bot.database import Database
from bot.dialogue.tables import turns
from bot.mailroom import inbox, outbox
from bot.mailroom.tables import conversations
from tests.dialogue.talking import GREETING, Talk

pytestmark = pytest.mark.model

#: Messages of the long conversation, in each direction.
LONG = 10_000
#: A deeper index and a longer number cost some steps; a table that is looked through costs thousands.
MORE_STEPS = 1.15


@dataclass
class Cost:
    """What the database was asked to do."""

    statements: int = 0
    #: Of SQLite's virtual machine: whatever it looks at costs some, whether or not it is given out.
    steps: int = 0


@contextmanager
def _counted(database: Database) -> Iterator[Cost]:
    cost = Cost()

    def step() -> int:
        cost.steps += 1
        return 0

    def count_steps(raw: sqlite3.Connection, *_: Any) -> None:
        raw.set_progress_handler(step, 1)

    def count_statement(*_: Any) -> None:
        cost.statements += 1

    database.close()
    sa.event.listen(database.engine, "connect", count_steps)
    sa.event.listen(database.engine, "after_cursor_execute", count_statement)
    try:
        yield cost
    finally:
        sa.event.remove(database.engine, "connect", count_steps)
        sa.event.remove(database.engine, "after_cursor_execute", count_statement)
        database.close()


def _lengthen(talk: Talk, number: int) -> None:
    """Give the conversation a past of so many messages, answered long ago."""
    with talk.database.begin() as connection:
        said = dict(connection.execute(sa.select(outbox.outbox).limit(1)).one()._mapping)
        wrote = dict(
            connection.execute(sa.select(inbox.inbox).where(inbox.inbox.c.state == "done").limit(1))
            .one()
            ._mapping
        )
        first = connection.execute(sa.select(conversations.c.next_position)).scalar_one()
        places = range(first, first + 2 * number, 2)
        for table, row, unique in ((inbox.inbox, wrote, "message_id"), (outbox.outbox, said, "key")):
            row.pop("id")
            shift, ended = (1, "sent") if table is outbox.outbox else (0, "done")
            connection.execute(
                table.insert(),
                [
                    {**row, unique: f"past {place}", "position": place + shift, "state": ended}
                    for place in places
                ],
            )
        past = connection.execute(
            sa.select(inbox.inbox.c.id).where(inbox.inbox.c.message_id.like("past %"))
        ).scalars()
        record = {
            "conversation_id": talk.id,
            "at": talk.clock.now(),
            "language": "en",
            "steps": [],
            "facts": [],
        }
        connection.execute(turns.insert(), [{**record, "inbox_id": row} for row in past])
        connection.execute(conversations.update().values(next_position=first + 2 * number))


def _cost_of_a_turn(talk: Talk) -> Cost:
    for _ in range(3):
        talk.press()
        talk.turns()
    with _counted(talk.database) as cost:
        talk.press(GREETING)
        assert talk.turns() == ["answered"]
    return cost


def test_the_ten_thousandth_message_costs_what_the_tenth_did(talk: Talk) -> None:
    for _ in range(6):
        talk.press()
        talk.turns()
    short = _cost_of_a_turn(talk)
    _lengthen(talk, LONG)
    long = _cost_of_a_turn(talk)
    assert short.steps > 100
    assert long.statements == short.statements
    assert long.steps <= short.steps * MORE_STEPS, (short, long)


def test_a_table_that_is_looked_through_would_be_noticed(talk: Talk) -> None:
    """The measure itself: without the index it tells of ten thousand rows."""
    _cost_of_a_turn(talk)
    short = _cost_of_a_turn(talk)
    _lengthen(talk, LONG)
    with talk.database.begin() as connection:
        for table in ("inbox", "outbox"):
            connection.exec_driver_sql(f"DROP INDEX ix_{table}_conversation_id_position")
            connection.exec_driver_sql(f"DROP INDEX ix_{table}_state_conversation_id_id")
    assert _cost_of_a_turn(talk).steps > short.steps * 10
