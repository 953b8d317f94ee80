"""Reading a claimed message before its unit of work: typed, pressed, or typed instead of pressed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.database import Database
from bot.dialogue import meaning
from bot.dialogue.actions.ratings import STAR
from bot.dialogue.engine import FALLBACK_INTENT, Engine, typed_text
from bot.dialogue.files import FILE_ALONE, is_bare
from bot.dialogue.turn import Understanding
from bot.mailroom import outbox
from bot.mailroom.conversations import Conversation
from bot.mailroom.inbox import MESSAGE, Claim, InboxRow
from bot.messages import Button


class MessageReader:
    """Understands what was claimed; the encoder works here, outside of the turn's unit of work."""

    def __init__(self, database: Database) -> None:
        self._database = database
        #: The newest buttons of what was claimed last.
        self._offered: tuple[Claim | None, Sequence[Button]] = (None, ())

    def recall(self, held: Claim, offered: Sequence[Button]) -> None:
        """Know already which buttons the claimed message may answer: then nobody needs to ask for them."""
        self._offered = (held, offered)

    def recalled(self, held: Claim) -> Sequence[Button]:
        """The buttons that are known to have been offered before the claimed message."""
        claimed, offered = self._offered
        return offered if claimed is held else ()

    def read(self, engine: Engine, held: Claim) -> Understanding:
        """What the message means by itself.

        Raises:
            TurnTimeoutError: the model took too long.
        """
        talk, row = held.conversation, held.row
        if row.kind != MESSAGE:
            return meaning.plain(row.kind, talk.language)
        if row.button is not None and row.command:
            return _pressed(engine, Button(row.text, row.button), talk)
        if row.button is not None:
            with self._database.begin() as connection:
                pressed = outbox.offered_button(connection, talk.id, row.button)
            return (
                meaning.plain("stale_button", talk.language)
                if pressed is None
                else _pressed(engine, pressed, talk)
            )
        typed = chosen(row, self.offered(held))
        if typed is not None:
            return _pressed(engine, typed, talk)
        text = typed_text(row.text)
        if not text:
            return meaning.plain(FILE_ALONE if is_bare(row) else FALLBACK_INTENT, talk.language)
        return engine.understand(
            text,
            {"language_hint": row.language_hint, "language": talk.language, "now": row.sent_at.isoformat()},
        )

    def offered(self, held: Claim) -> Sequence[Button]:
        """The buttons of the newest message to the buyer."""
        claimed, offered = self._offered
        if claimed is not held:
            with self._database.begin() as connection:
                offered = outbox.last_buttons(connection, held.conversation.id)
            self._offered = (held, offered)
        return offered


def chosen(row: InboxRow, offered: Sequence[Button]) -> Button | None:
    """Which of the buttons that were offered was pressed, or typed instead of pressing it."""
    if row.button is not None:
        return next((button for button in offered if button.payload == row.button), None)
    spoken = meaning.bare(row.text)
    number = meaning.number_of(spoken) or 0
    if row.numbered and 1 <= number <= len(offered):
        return offered[number - 1]
    # So many stars may be typed as their number.
    meant = (spoken, STAR * number)
    return next((button for button in offered if meaning.bare(button.title) in meant), None)


def _pressed(engine: Engine, button: Button, talk: Conversation) -> Understanding:
    """What a button means: its payload says it, its title is what the buyer said."""
    read = engine.understand(button.payload)
    # What a button carries is ours: a product's name in it threatens nobody.
    return replace(
        read, text=button.title, language=talk.language, language_known=True, mood="calm", threat=None
    )
