"""What understanding must know of the store, with what buyers were found to call its products."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from bot.settings import Settings
from bot.shop.lexicon import write_lexicon
from bot.training.marks import names


def write_words(connection: Connection, settings: Settings) -> bool:
    """Write the lexicon of the store's words; says whether it changed. Every process reads it anew then.

    Raises:
        OSError: the folder cannot be written.
    """
    return write_lexicon(connection, settings.rules, settings.files / "lexicon.json", names(connection))
