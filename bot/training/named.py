"""What the bot finds named in a text, by the rules and the store's words as they stand."""

from __future__ import annotations

import datetime as dt

from bot.training.values import Mark
from nlu.entities.finder import EntityFinder
from nlu.entities.spans import Kind
from nlu.lexicon import Lexicon, LexiconFile


class Named:
    """Finds as the pipeline does; made once a process, for it takes a second at first."""

    def __init__(self) -> None:
        self._file = LexiconFile()
        self._lexicon: Lexicon | None = None
        self._finder: EntityFinder | None = None

    def __call__(self, text: str, language: str | None, now: dt.datetime) -> tuple[Mark, ...]:
        """What is named, in order.

        Args:
            text: a message.
            language: ISO 639-1; None: the store's fallback.
            now: aware; relative days are counted from it.
        """
        lexicon = self._file.current()
        if self._finder is None or lexicon is not self._lexicon:
            self._lexicon, self._finder = lexicon, EntityFinder(lexicon)
        spans = self._finder.find(text, language=language or lexicon.fallback_language, now=now)
        return tuple(
            Mark(span.start, span.end, span.kind.value, span.value if span.kind is Kind.PRODUCT else None)
            for span in spans
        )
