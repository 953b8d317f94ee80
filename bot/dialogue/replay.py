"""Take a stored turn again: on what it read then, acting on nothing, with the same model or with another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import SetClock
from bot.database import Database
from bot.dialogue import tape
from bot.dialogue.composing import Composer
from bot.dialogue.engine import Engine
from bot.dialogue.meanwhile import keep_if_told, only_tell
from bot.dialogue.playing import OffTapeError, Player, Reader, TapeDatabase
from bot.dialogue.reading import MessageReader
from bot.dialogue.replies import Replies
from bot.dialogue.tables import turns
from bot.dialogue.turn import Said, Turn, Understanding
from bot.errors import CrossdeskError, TurnTimeoutError
from bot.mailroom import conversations
from bot.mailroom.conversations import Owner
from bot.mailroom.inbox import MESSAGE
from bot.mailroom.rows import InboxRow, row_of
from bot.mailroom.tables import inbox, outbox
from bot.messages import Button
from bot.settings import ShopRules

#: The table in which a turn's events are written.
_EVENTS = "trackers"


@dataclass(frozen=True)
class StoredTurn:
    """A turn as it was taken."""

    id: int
    conversation_id: int
    inbox_id: int
    at: dt.datetime
    model: str | None
    #: The words that were spoken: a version's name and a digest of all; None: nobody wrote it down.
    words: str | None
    intent: str | None
    confidence: float | None
    language: str
    flow: str | None
    steps: Sequence[Any]
    facts: Sequence[Any]
    #: What the model held likely, where that is of interest.
    reading: Any
    #: What the buyer wrote.
    row: InboxRow
    #: What was said.
    said: tuple[Said, ...]
    #: None where nothing of it was kept.
    tape: bytes | None
    #: What it stands on (``grounds.grounds_of``); None where that was not kept.
    grounds: Any = None


@dataclass(frozen=True)
class Replayed:
    """A stored turn, taken again."""

    turn: StoredTurn
    #: How it differs from then: ``texts``, ``buttons``, ``events`` … ; empty: it does not.
    differs: tuple[str, ...]
    understanding: Understanding | None = None
    said: tuple[Said, ...] = ()
    flow: str | None = None
    steps: tuple[Any, ...] = ()
    facts: tuple[Any, ...] = ()
    #: What was asked for that was not asked for then; what was said after that is not known for sure.
    off_tape: str | None = None
    #: Why it could not be taken to its end.
    failed: str | None = None
    #: The words that it was taken with: where they are others than then, other texts are no wonder.
    words: str = ""

    @property
    def other_words(self) -> bool:
        """Whether other words are spoken than then, as far as anybody wrote that down."""
        return self.turn.words is not None and self.turn.words != self.words


def stored(connection: Connection, conversation_id: int) -> list[StoredTurn]:
    """The turns that are kept of a conversation, the oldest first."""
    rows = connection.execute(
        sa.select(turns, inbox)
        .join(inbox, inbox.c.id == turns.c.inbox_id)
        .where(turns.c.conversation_id == conversation_id)
        .order_by(turns.c.id)
    ).all()
    said = _said_of(connection, conversation_id)
    return [_stored(row, said.get(row[turns.c.inbox_id], ())) for row in rows]


@dataclass
class Replayer:
    """Takes stored turns again; what is written goes nowhere.

    Args:
        database: where the turns are stored.
        rules: the store's.
        replies: what is said.
        engine: the model.
        reader: what is asked for off the tape is read here; None: the turn ends there.
    """

    database: Database
    rules: ShopRules
    replies: Replies
    engine: Engine
    reader: Reader | None = None
    _known: dict[int, conversations.Conversation] = field(default_factory=dict)

    def take(self, turn: StoredTurn) -> Replayed:
        """Take a turn again; tells how it differs from then, and never raises for what the turn does.

        Raises:
            ValueError: what it read was not kept, or is damaged.
        """
        if turn.tape is None:
            raise ValueError(f"turn {turn.id}: what it read was not kept")
        recorded = tape.read(turn.tape)
        played = TapeDatabase(self.database, recorded, self.reader)
        held = recorded.claim(turn.row, self._conversation(turn.conversation_id))
        reader = MessageReader(played)
        reader.recall(held, recorded.offered)
        composer = Composer(self.rules, self.replies, SetClock(turn.at))
        read: Understanding | None = None
        again: Turn | None = None
        try:
            read = reader.read(self.engine, held)
            with played.begin() as connection:
                again, rest = composer.prepare(connection, held, read, turn.at, recorded.offered)
                waits = recorded.meanwhile
                if waits is None:
                    # What is no message, such as a hand-back, is answered whoever has the conversation.
                    waits = held.conversation.owner is not Owner.BOT and turn.row.kind == MESSAGE
                below = only_tell(again) if waits else ()
                said = composer.speak(self.engine, again, held, rest, below)
                if waits:
                    keep_if_told(again, said)
        except OffTapeError as error:
            return self._ended(turn, read, again, played.player, str(error))
        except (TurnTimeoutError, MemoryError):
            raise
        except Exception as error:
            # Off the tape anything may be missing.
            why = str(error) if isinstance(error, CrossdeskError) else type(error).__name__
            return self._ended(turn, read, again, played.player, why)
        return Replayed(
            turn,
            tuple(_differences(turn, again, said, played.player)),
            again.understanding,
            tuple(said),
            again.flow,
            tuple(again.steps),
            tuple(again.facts),
            played.player.off_tape,
            words=self.replies.version,
        )

    def _ended(
        self, turn: StoredTurn, read: Understanding | None, taken: Turn | None, player: Player, why: str
    ) -> Replayed:
        return Replayed(
            turn,
            ("statements",),
            taken.understanding if taken else read,
            flow=taken.flow if taken else None,
            steps=tuple(taken.steps) if taken else (),
            off_tape=player.off_tape,
            failed=why,
            words=self.replies.version,
        )

    def _conversation(self, conversation_id: int) -> conversations.Conversation:
        if conversation_id not in self._known:
            with self.database.begin() as connection:
                self._known[conversation_id] = conversations.get(connection, conversation_id)
        return self._known[conversation_id]


def _differences(turn: StoredTurn, again: Turn, said: Sequence[Said], player: Player) -> Iterator[str]:
    if again.understanding.intent != turn.intent:
        yield "intent"
    if again.flow != turn.flow:
        yield "flow"
    if [one.text for one in said] != [one.text for one in turn.said]:
        yield "texts"
    if [one.buttons for one in said] != [one.buttons for one in turn.said]:
        yield "buttons"
    if _EVENTS in player.changed or list(again.steps) != list(turn.steps):
        yield "events"
    if player.off_tape is not None or player.left:
        yield "statements"


def _said_of(connection: Connection, conversation_id: int) -> dict[int, tuple[Said, ...]]:
    """What was said in each turn, by the inbox row that it answers."""
    found = connection.execute(
        sa.select(outbox.c.key, outbox.c.text, outbox.c.buttons, outbox.c.language)
        .where(outbox.c.conversation_id == conversation_id, outbox.c.key.like("turn:%"))
        .order_by(outbox.c.id)
    )
    said: dict[int, tuple[Said, ...]] = {}
    for row in found:
        _, inbox_id, number = row.key.split(":", 2)
        if number.isdigit():
            buttons = tuple(Button(**button) for button in row.buttons)
            said[int(inbox_id)] = (*said.get(int(inbox_id), ()), Said(row.text, buttons, row.language))
    return said


def _stored(row: Any, said: tuple[Said, ...]) -> StoredTurn:
    kept = {column.name: row[column] for column in turns.c}
    message = row_of(_Named({column.name: row[column] for column in inbox.c}))
    return StoredTurn(**kept, row=message, said=said)


class _Named:
    """Columns as attributes: both tables have some of the same name."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)
