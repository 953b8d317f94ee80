"""Compare a model, or rules, with those in force on real conversations: whose outcome would have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import Database
from bot.dialogue.engine import Engine
from bot.dialogue.recovery import load_replies
from bot.dialogue.replay import Replayed, Replayer, stored
from bot.dialogue.tables import turns
from bot.settings import Settings, ShopRules
from bot.training.values import Difference, Outcome

#: Reads what was not read then.
Reader = Callable[[str, Any], tuple[int, Sequence[Sequence[Any]]]]


def differences(
    settings: Settings,
    database: Database,
    before: Engine,
    after: Engine,
    conversations: int,
    *,
    rules: ShopRules | None = None,
) -> Iterator[Difference]:
    """Take the latest conversations again with both models, up to the first turn in which they part.

    Reads only, and acts on nothing; the latest conversation first.

    Args:
        settings: the store's; the first model goes by its rules.
        database: holds the conversations.
        before: what serves.
        after: what might serve; the same one where only rules are to differ.
        conversations: so many of the latest.
        rules: by which the second model goes; None: by those in force, too.
    """
    replies = load_replies(settings)
    with database.begin() as connection:
        found = latest(connection, conversations)
    for conversation_id in found:
        # A look of its own at each: as long as one lasts, no database can tidy up behind its writers.
        with database.engine.connect() as connection:
            read = reader(connection)
            old, new = (
                Replayer(database, by, replies, engine, read)
                for engine, by in ((before, settings.rules), (after, rules or settings.rules))
            )
            for turn in stored(connection, conversation_id):
                if turn.tape is None:
                    continue
                then, now = outcome_of(old.take(turn)), outcome_of(new.take(turn))
                if then != now:
                    yield Difference(conversation_id, turn.id, turn.row.text, then, now)
                    break


def outcome_of(taken: Replayed) -> Outcome:
    """What came of a turn that was taken again."""
    return Outcome(
        taken.understanding.intent if taken.understanding else None,
        taken.flow,
        tuple(one.text for one in taken.said),
        tuple(button.title for one in taken.said for button in one.buttons),
        tuple(str(step["action"]) for step in taken.steps),
        known=taken.off_tape is None and taken.failed is None,
    )


def latest(connection: Connection, limit: int) -> list[int]:
    """The conversations of which anything can be taken again, the latest first."""
    newest = sa.func.max(turns.c.id)
    rows = connection.execute(
        sa.select(turns.c.conversation_id)
        .where(turns.c.tape.is_not(None))
        .group_by(turns.c.conversation_id)
        .order_by(newest.desc())
        .limit(limit)
    )
    return list(rows.scalars())


def reader(connection: Connection) -> Reader:
    """Reads what was not read then, as of today; on a connection that nothing was done with yet."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    def read(statement: str, given: Any) -> tuple[int, Sequence[Sequence[Any]]]:
        # What is locked there is only looked at here.
        found = connection.exec_driver_sql(statement.partition(" FOR ")[0], given)
        return len(found.keys()), [tuple(row) for row in found.all()]

    return read
