"""The worker process: takes turns until its front closes the line."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from typing import Protocol, TextIO

from bot.clock import SystemClock
from bot.database import Database
from bot.dialogue.lean import keep_tensorflow_out
from bot.dialogue.recovery import load_replies
from bot.errors import ModelError, TryLaterError
from bot.settings import Settings

log = logging.getLogger(__name__)

#: Looks for work this often even if nobody woke it, in seconds.
POLL_SECONDS = 1.0
#: Waits this long while the database is away.
AWAY_SECONDS = 2.0

#: What a worker tells its front, one word a line.
READY, TURN = "ready", "turn"


class Taker(Protocol):
    """Takes turns; ``TurnTaker``, without importing it here."""

    def take_next(self) -> object | None:
        """Take the next turn; None if nothing waits."""
        ...


def run_worker(settings: Settings, name: str, model: Path | None) -> None:
    """Load the model and take turns. Ends, after the turn in progress, when standard input ends.

    The front writes a line to standard input when there may be work; this writes ``ready`` once and
    ``turn`` after each turn to standard output, so that the front looks into the outbox.
    """
    keep_tensorflow_out()
    # Rasa takes seconds to import; --help and the front must not wait for it.
    from bot.dialogue.engine import Engine, quiet
    from bot.dialogue.turns import TurnTaker

    quiet()
    engine = None
    try:
        if model is None:
            raise ModelError("there is no trained model")
        engine = Engine.load(model)
    except ModelError as error:
        log.error("worker %s serves without a model, every message goes to a person: %s", name, error)
    database = Database(settings.database_url)
    taker = TurnTaker(database, settings.rules, load_replies(settings), SystemClock(), engine, name)
    line = Line(sys.stdin, sys.stdout)
    line.tell(READY)
    try:
        while not line.closed:
            if not _take_all(taker, line):
                line.wait(POLL_SECONDS)
    finally:
        database.close()
        if engine is not None:
            engine.close()


def _take_all(taker: Taker, line: Line) -> bool:
    """Take one turn; True if there may be more."""
    try:
        report = taker.take_next()
    except TryLaterError as error:
        log.warning("the database is away: %s", error)
        line.wait(AWAY_SECONDS)
        return False
    if report is None:
        return False
    line.tell(TURN)
    return True


class Line:
    """The line between a worker and its front: words out, wake-ups in, and its end means stop."""

    def __init__(self, incoming: TextIO, outgoing: TextIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._woken = threading.Event()
        self._ended = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def closed(self) -> bool:
        """Whether the front has closed the line."""
        return self._ended.is_set()

    def tell(self, word: str) -> None:
        """Tell the front; a front that is gone is noticed by the line's end."""
        try:
            self._outgoing.write(f"{word}\n")
            self._outgoing.flush()
        except (BrokenPipeError, ValueError):
            self._ended.set()

    def wait(self, seconds: float) -> None:
        """Wait until the front wakes us, the line ends or the time is over."""
        self._woken.wait(seconds)
        self._woken.clear()

    def _listen(self) -> None:
        while self._incoming.readline():
            self._woken.set()
        self._ended.set()
        self._woken.set()
