"""The list of changed outcomes is whole: it equals what comes of having every conversation a second time.

Each generated conversation is had with a model, and once more, from the first message on and with all that
it does, with one made worse on purpose. Where the two part first is what the comparison must have found, and
nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.dialogue.engine import FALLBACK_INTENT, Engine
from bot.dialogue.rehearsal import LineError, Rehearsal
from bot.dialogue.replay import StoredTurn, stored
from bot.dialogue.replies import Replies
from bot.dialogue.scripted import Script, read_scripts
from bot.dialogue.tables import turns
from bot.settings import Settings
from bot.training.compare import differences
from bot.training.scripts import SHIPPED
from bot.training.staging import Stage
from bot.training.values import Outcome
from tests.conversations.conftest import replies, stage
from tests.conversations.test_replays import talk
from tests.training.test_compare import Worse

__all__ = ["replies", "stage"]

pytestmark = [pytest.mark.model, pytest.mark.timeout(3600)]

#: In CI, and of each seed of the proof.
FEW, MANY, SEEDS = 50, 100, 20


class Remembering:
    """A model that reads the same words under the same circumstances only once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._read: dict[Any, Any] = {}
        self.model = engine.model

    def understand(self, text: str, metadata: Mapping[str, Any] | None = None) -> Any:
        key = text, tuple(sorted((metadata or {}).items(), key=str))
        if key not in self._read:
            self._read[key] = self._engine.understand(text, metadata)
        return self._read[key]

    def take(self, turn: Any) -> Any:
        return self._engine.take(turn)


class MuchWorse(Worse):
    """Takes paying for a greeting, and does not understand every seventh of all messages."""

    def understand(self, text: str, *more: Any) -> Any:
        read = super().understand(text, *more)
        if sum(text.encode()) % 7 or text.startswith("/"):
            return read
        return self.changed(read, FALLBACK_INTENT)


@pytest.fixture(scope="module")
def models(engine: Engine) -> tuple[Any, Any]:
    better = Remembering(engine)
    return better, MuchWorse(better)


def taken(rehearsal: Rehearsal) -> list[StoredTurn]:
    with rehearsal.database.begin() as connection:
        talks = connection.execute(sa.select(turns.c.conversation_id).distinct()).scalars().all()
        return [turn for one in talks for turn in stored(connection, one)]


def outcome(turn: StoredTurn) -> Outcome:
    return Outcome(
        turn.intent,
        turn.flow,
        tuple(one.text for one in turn.said),
        tuple(button.title for one in turn.said for button in one.buttons),
        tuple(str(step["action"]) for step in turn.steps),
        known=True,
    )


def parting(before: list[StoredTurn], after: list[StoredTurn]) -> Iterator[tuple[int, Outcome | None]]:
    """The first turn that goes otherwise the second time, and how it goes then."""
    for number, turn in enumerate(before):
        now = outcome(after[number]) if number < len(after) else None
        if now != outcome(turn):
            yield turn.id, now
            return


def found_as_had_again(
    seed: object,
    count: int,
    models: tuple[Any, Any],
    stage: Stage,
    place: Path,
    settings: Settings,
    replies: Replies,
) -> int:
    """Have so many conversations twice; returns how many part."""
    known: list[Script] = read_scripts(SHIPPED)
    parted = 0
    folders = [place / name for name in ("before", "after")]
    for folder in folders:
        folder.mkdir()
    better, worse = models
    with (
        stage.set_up(folders[0], settings.rules, replies, better) as first,
        stage.set_up(folders[1], settings.rules, replies, worse) as second,
    ):
        for number in range(count):
            had, again = first(), second()
            talk(random.Random(f"{seed} {number}"), known, had, stage)
            # Once they have parted, what the script's agents do may be impossible.
            with suppress(LineError):
                talk(random.Random(f"{seed} {number}"), known, again, stage)
            expected = list(parting(taken(had), taken(again)))
            listed = list(differences(settings, had.database, better, worse, 100))
            assert [one.turn_id for one in listed] == [turn for turn, _ in expected], f"{seed} {number}"
            for one, (_, really) in zip(listed, expected, strict=True):
                assert not one.after.known or one.after == really, f"{seed} {number}: {one}"
            parted += len(listed)
    return parted


def test_every_changed_outcome_is_listed_and_nothing_else(
    models: tuple[Any, Any], stage: Stage, tmp_path: Path, settings: Settings, replies: Replies
) -> None:
    parted = found_as_had_again("few", FEW, models, stage, tmp_path, settings, replies)
    assert 0 < parted < FEW


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(SEEDS))
def test_two_thousand_conversations_are_listed_completely(
    seed: int, models: tuple[Any, Any], stage: Stage, tmp_path: Path, settings: Settings, replies: Replies
) -> None:
    parted = found_as_had_again(seed, MANY, models, stage, tmp_path, settings, replies)
    assert 0 < parted < MANY
