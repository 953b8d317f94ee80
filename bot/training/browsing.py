"""The intents as pages and commands show them: what each is, its examples, and what it is confused with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.database import Database
from bot.errors import ModelError, ReviewError
from bot.settings import ROOT, Settings
from bot.training import corpus, intents, models, versions
from bot.training.corpus import Example
from bot.training.tables import learned_intents

#: The table that says what each shipped intent is: `name` | is | is not.
_DEFINITIONS = ROOT / "CONTRIBUTING.md"
_ROW = re.compile(r"^\| `(?P<name>[a-z_]+)` \| (?P<is>.+?) \| (?P<other>.*?) \|$", re.MULTILINE)


@dataclass(frozen=True)
class IntentLine:
    """One intent in the list."""

    name: str
    queue: str
    #: Examples in all languages: that came with the program, and of the store's own.
    shipped: int
    own: int
    #: Of its test messages the share that the released version finds, and their number; None: not judged.
    found: float | None
    judged: int


@dataclass(frozen=True)
class Portrait:
    """One intent, whole."""

    line: IntentLine
    #: What it is, and what it is not; empty where nobody wrote it down.
    about: str
    is_not: str
    #: Whether the store has added it.
    added: bool
    #: By language: shipped examples, the store's own.
    languages: Mapping[str, tuple[int, int]]
    #: What its test messages are taken for, and what is taken for it, with how often.
    taken_for: Sequence[tuple[str, int]]
    mistaken: Sequence[tuple[str, int]]
    #: Of the test messages taken for it, the share that means it; None: not judged.
    precision: float | None
    #: The files of flows that begin with it.
    flows: Sequence[str]


class Intents:
    """Shows intents; it changes nothing.

    Args:
        settings: the store's rules and folders.
        database: where the store's own intents are.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database

    def lines(self, language: str | None = None) -> list[IntentLine]:
        """All that a message can mean, in the domain's order, the store's own last."""
        figures, known = self._figures(), corpus.read(self._settings)
        return [self._line(name, figures, known.of(name, language)) for name in self._known()]

    def portrait(self, name: str) -> Portrait:
        """One intent.

        Raises:
            ReviewError: there is none of this name.
        """
        if name not in self._known():
            raise ReviewError(f"there is no intent {name[:60]!r}")
        figures, about = self._figures(), self._added(name)
        examples = corpus.read(self._settings).of(name)
        counts: dict[str, list[int]] = {}
        for example in examples:
            counts.setdefault(example.language, [0, 0])[example.own] += 1
        confusions = [tuple(one) for one in figures.get("confusions", ())]
        known = figures.get("intents", {}).get(name)
        defined = _definitions(_DEFINITIONS).get(name, ("", ""))
        return Portrait(
            self._line(name, figures, examples),
            defined[0] if about is None else about,
            defined[1] if about is None else "",
            about is not None,
            {language: (one[0], one[1]) for language, one in sorted(counts.items())},
            [(taken, count) for right, taken, count in confusions if right == name],
            [(right, count) for right, taken, count in confusions if taken == name],
            known["precision"] if known else None,
            intents.stories_that_use(self._settings, name),
        )

    def examples(self, name: str, language: str | None = None) -> list[Example]:
        """An intent's examples, the store's own first."""
        return sorted(corpus.read(self._settings).of(name, language), key=lambda one: not one.own)

    def unreadable(self) -> Sequence[str]:
        """Files of examples that cannot be read."""
        return corpus.read(self._settings).unreadable

    def _known(self) -> tuple[str, ...]:
        with self._database.begin() as connection:
            return intents.known(connection, self._settings)

    def _added(self, name: str) -> str | None:
        with self._database.begin() as connection:
            found: str | None = connection.execute(
                sa.select(learned_intents.c.about).where(learned_intents.c.name == name)
            ).scalar_one_or_none()
        return found

    def _line(self, name: str, figures: Mapping[str, Any], examples: Sequence[Example]) -> IntentLine:
        counts = Counter(example.own for example in examples)
        known = figures.get("intents", {}).get(name)
        return IntentLine(
            name,
            self._settings.rules.queue_for(name),
            counts[False],
            counts[True],
            figures.get("by_intent", {}).get(name),
            known["count"] if known else 0,
        )

    def _figures(self) -> Mapping[str, Any]:
        """How well the released version understands the test set; empty where nobody asked it."""
        try:
            released = models.current(self._settings)
            return versions.find(self._settings, released.name).figures if released else {}
        except ModelError:
            return {}


@lru_cache(maxsize=2)
def _definitions(path: Path) -> Mapping[str, tuple[str, str]]:
    """What each shipped intent is and is not; none where the program was installed without its documents."""
    if not path.is_file():
        return {}
    rows = _ROW.finditer(path.read_text(encoding="utf-8"))
    return {row["name"]: (_plain(row["is"]), _plain(row["other"])) for row in rows}


def _plain(text: str) -> str:
    return text.replace("`", "").replace("*", "").strip()
