"""What a worker does between turns, where the model and its sentence vectors are at hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import uuid4

from bot.clock import Clock
from bot.database import Database
from bot.dialogue.engine import Engine
from bot.settings import Settings
from bot.training import trying, weeks
from bot.training.filling import Filler
from bot.training.grouping import Vector
from bot.training.named import Named
from nlu.encoder import shared_encoder
from nlu.masking import without_addresses

#: Turns looked at between two looks for a waiting message: new texts take some 20 ms each.
STEP = 8
#: Seconds between two looks for new turns.
EVERY = 5.0


class SharedEncode:
    """The process's encoder, with its cache on disk."""

    def __init__(self) -> None:
        self._encoder = shared_encoder()

    @property
    def name(self) -> str:
        """The encoder's name and version."""
        return self._encoder.name

    def __call__(self, texts: list[str]) -> Vector:
        """Vectors of what the texts say, as the model sees them."""
        return self._encoder.encode([without_addresses(text) for text in texts])


def filler(database: Database, settings: Settings, clock: Clock) -> Filler:
    """Fills the inbox with the process's encoder, and with what the pipeline finds named."""
    return Filler(database, settings, clock, SharedEncode(), uuid4().hex, Named())


def between_turns(
    database: Database,
    settings: Settings,
    clock: Clock,
    engine: Callable[[], Engine | None] = lambda: None,
) -> Callable[[], bool]:
    """What a worker does while no turn waits: it answers trials, looks at new turns, and counts them.

    Args:
        database: where turns lie.
        settings: the store's.
        clock: the time.
        engine: tells the model that serves.
    """
    own = filler(database, settings, clock)
    looked = -EVERY

    def step() -> bool:
        nonlocal looked
        # Somebody waits for it: each time.
        if trying.answer_next(database, settings, clock, engine()):
            return True
        if time.monotonic() - looked < EVERY:
            return False
        more = own.fill(STEP) == STEP
        more = weeks.count(database, settings, clock) == weeks.BATCH or more
        looked = -EVERY if more else time.monotonic()
        return more

    return step
