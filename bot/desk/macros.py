"""Macros: the store's ready texts, picked in the agent's language and sent in the buyer's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.desk import clocks
from bot.desk.cases import Cases
from bot.desk.values.cases import Case
from bot.desk.values.people import Person
from bot.desk.values.replies import Macro
from bot.mailroom import conversations


class MacroBook(Protocol):
    """Where the texts are; the bot's own replies are kept in the same place."""

    def names(self) -> Sequence[str]:
        """The names of all macros, in the order in which they are offered."""
        ...

    def fill(
        self,
        name: str,
        language: str,
        values: Mapping[str, str | dt.datetime],
        *,
        channel: str,
        timezone: str | None,
        now: dt.datetime,
    ) -> tuple[str, str, Sequence[str]]:
        """A macro's text in a language, or in the store's fallback.

        Args:
            name: one of ``names``.
            language: ISO 639-1.
            values: what goes into its places; moments are told as that language does.
            channel: where it will be read.
            timezone: the reader's, IANA; the store's if it is not known.
            now: the moment.

        Returns:
            The text, its language, and the places without a value: they stand in it as ``{name}``.
        """
        ...


class NoMacros:
    """For a desk without ready texts."""

    def names(self) -> Sequence[str]:
        """None."""
        return ()

    def fill(
        self,
        name: str,
        language: str,
        values: Mapping[str, str | dt.datetime],
        *,
        channel: str,
        timezone: str | None,
        now: dt.datetime,
    ) -> tuple[str, str, Sequence[str]]:
        """There is nothing to fill."""
        del language, values, channel, timezone, now
        raise LookupError(name)


def macros(book: MacroBook, known: Cases, case: Case, person: Person) -> tuple[Macro, ...]:
    """All macros for a case, filled from what the case knows."""
    talk = conversations.get(known.connection, case.conversation_id)
    card, store, now = case.card, known.rules.store, known.clock.now()
    facts: dict[str, str | dt.datetime | None] = {
        "name": card.name or talk.sender_name,
        "agent": person.name,
        "store": store.name,
        "assistant": store.assistant,
        "order": card.order_number,
        # By when an open question is answered that the agent takes upon themselves now.
        "by": clocks.open_question_due(known.rules, case.queue, now),
    }
    values = {name: value for name, value in facts.items() if value}
    own = next(iter(person.languages), known.rules.fallback_language)
    found = []
    for name in book.names():
        text, language, missing = book.fill(
            name, case.language, values, channel=talk.channel, timezone=card.timezone, now=now
        )
        label, _, _ = book.fill(name, own, values, channel=talk.channel, timezone=None, now=now)
        found.append(Macro(name, label, text, language, tuple(missing)))
    return tuple(found)
