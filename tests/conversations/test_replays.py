"""A thousand generated conversations, each taken again on what it read: same texts, buttons and events."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.dialogue.engine import Engine
from bot.dialogue.rehearsal import Rehearsal
from bot.dialogue.replay import Replayer, stored
from bot.dialogue.replies import Replies
from bot.dialogue.scripted import Player, Script, read_scripts
from bot.dialogue.tables import turns
from bot.settings import Settings
from bot.training.staging import Stage

pytestmark = [pytest.mark.model, pytest.mark.proof, pytest.mark.timeout(3600)]

#: Of a line, what happens; the rest says what must come of it.
HAPPENS = ("buyer", "photo", "press", "event", "at")
#: Conversations of one seed.
CONVERSATIONS = 100


@pytest.mark.parametrize("seed", range(10))
def test_generated_conversations_are_the_same_again(
    seed: int,
    stage: Stage,
    tmp_path: Path,
    settings: Settings,
    engine: Engine,
    replies: Replies,
) -> None:
    chance = random.Random(f"replays {seed}")
    known = read_scripts(Path(__file__).parent)
    # A turn that a loaded machine holds up for too long is buried, and leaves nothing to take again.
    serving = settings.rules.serving.copy(update={"turn_seconds": 300})
    rules = settings.rules.copy(update={"serving": serving})
    with stage.set_up(tmp_path, rules, replies, engine) as fresh:
        for _ in range(CONVERSATIONS):
            rehearsal = fresh()
            talk(chance, known, rehearsal, stage)
            assert same_again(rehearsal) > 0


def talk(chance: random.Random, known: Sequence[Script], rehearsal: Rehearsal, stage: Stage) -> None:
    """The beginning of one script, and what buyers write in others."""
    script = chance.choice([one for one in known if one.situation])
    lines = script.lines[: chance.randint(1, len(script.lines))]
    others = [line for one in chance.sample(known, 3) for line in one.lines if "buyer" in line]
    mixed = [*lines, *chance.sample(others, min(2, len(others)))]
    player = Player(script, rehearsal, stage.samples)
    for line in mixed:
        player.play_line({key: line[key] for key in line if key in HAPPENS})


def same_again(made: Rehearsal) -> int:
    """Take every turn again; how many there were."""
    again = Replayer(made.database, made.rules, made.replies, made.engine)
    with made.database.begin() as connection:
        talks = connection.execute(sa.select(turns.c.conversation_id).distinct()).scalars().all()
        taken = [turn for talk in talks for turn in stored(connection, talk)]
    for turn in taken:
        found = again.take(turn)
        assert not found.differs, f"{turn.row.text!r}: {found}"
    return len(taken)
