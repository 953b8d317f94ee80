"""The worker process: takes turns until its front closes the line."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from bot.clock import Clock, SystemClock
from bot.database import Database
from bot.dialogue.lean import keep_tensorflow_out
from bot.dialogue.replies import Replies
from bot.dialogue.spoken import Spoken
from bot.errors import ModelError, TryLaterError
from bot.mailroom.heartbeat import Heartbeat
from bot.memory import Sparing, uncollected
from bot.settings import Settings, ShopRules
from bot.settings.released import InForce

if TYPE_CHECKING:
    from bot.dialogue.engine import Engine
    from bot.dialogue.sharing import Rollouts, Sharing
    from bot.dialogue.swap import Releases, Swap

log = logging.getLogger(__name__)

#: Looks for work this often even if nobody woke it, in seconds …
POLL_SECONDS = 1.0
#: … and this often where the database tells of what comes, and nothing waits.
REST_SECONDS = 3.0
#: Waits this long while the database is away.
AWAY_SECONDS = 2.0
#: How much longer than a turn may take the database waits for its next statement, in seconds.
IDLE_MARGIN = 5.0

#: What a worker tells its front, a line each: ``ready``, ``turn`` with its outcome and channel, and of models
#: ``serves`` with a name, ``tries`` with that of a candidate that has a share (or with nothing: it is over),
#: and ``refuses`` with a name and why.
READY, TURN, SERVES, TRIES, REFUSES = "ready", "turn", "serves", "tries", "refuses"


class Report(Protocol):
    """What came of a turn; ``TurnReport``, without importing it here."""

    @property
    def note(self) -> str:
        """How it ended: ``answered``, ``case 12``, ``relayed`` …."""
        ...

    @property
    def channel(self) -> str:
        """Where the buyer writes."""
        ...


class Taker(Protocol):
    """Takes turns; ``TurnTaker``, without importing it here."""

    def take_next(self) -> Report | None:
        """Take the next turn; None if nothing waits."""
        ...

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waited at the last look, and the database tells of what comes."""
        ...

    def serve_with(self, engine: Engine) -> None:
        """Take the next turns with another model."""
        ...

    def speak(self, replies: Replies) -> None:
        """Take the next turns with other words."""
        ...

    def govern(self, rules: ShopRules) -> None:
        """Take the next turns by other rules."""
        ...


#: Does a little of what has time while no turn waits; True if there is more of it.
Idle = Callable[[], bool]


def run_worker(
    settings: Settings,
    name: str,
    found: Sequence[Path],
    releases: Releases,
    rollouts: Rollouts | None = None,
    idle: Callable[[Database, Clock, Callable[[], Engine | None]], Idle] | None = None,
) -> None:
    """Load the model and take turns. Ends, after the turn in progress, when standard input ends.

    The front writes a line to standard input when there may be work; this writes ``ready`` once and
    ``turn`` after each turn to standard output, so that the front looks into the outbox and counts.

    Args:
        settings: the store's.
        name: the worker's, unique.
        found: models to start with, the best first: the next one serves where one does not load.
        releases: asked before every turn; what is released is loaded beside the model that serves.
        rollouts: asked before every turn; a candidate that has a share is held beside the model that serves.
            None: none ever has.
        idle: makes what is done while no turn waits, a short step at a time; it may ask for the model that
            serves just then.
    """
    keep_tensorflow_out()
    # Rasa takes seconds to import; --help and the front must not wait for it.
    with uncollected():
        from bot.dialogue.beforehand import read_all
        from bot.dialogue.engine import quiet
        from bot.dialogue.sharing import Sharing
        from bot.dialogue.swap import Swap
        from bot.dialogue.turns import TurnTaker

    quiet()
    line = Line(sys.stdin, sys.stdout)
    engine = _first(found, line, name)
    with uncollected():
        read_all()
    rules, clock = settings.rules, SystemClock()
    # A turn may think for as long as it may take.
    database = Database(settings.database_url, idle_seconds=rules.serving.turn_seconds + IDLE_MARGIN)
    heartbeat = Heartbeat(database, clock)
    words, law = Spoken(settings), InForce(settings)

    def refused(model: str, why: str) -> None:
        line.tell(f"{REFUSES} {model} {' '.join(why.split())}")

    sharing = None
    if rollouts is not None:
        sharing = Sharing(
            rollouts, on_refused=refused, on_shared=lambda model: line.tell(f"{TRIES} {model or ''}".strip())
        )
    taker = TurnTaker(
        database,
        rules,
        words.now(),
        clock,
        engine,
        name,
        heartbeat=heartbeat,
        tried=sharing.engine_for if sharing is not None else lambda _: None,
    )
    swap = Swap(releases, None if engine is None else engine.model, on_refused=refused)
    meanwhile = None if idle is None else idle(database, clock, lambda: taker.engine)
    line.tell(READY)
    try:
        take_turns(taker, swap, line, engine, meanwhile, words, sharing, law)
    finally:
        swap.close()
        if sharing is not None:
            sharing.close()
        heartbeat.stop()
        database.close()


def take_turns(
    taker: Taker,
    swap: Swap,
    line: Line,
    engine: Engine | None,
    meanwhile: Idle | None = None,
    words: Spoken | None = None,
    sharing: Sharing | None = None,
    law: InForce | None = None,
) -> None:
    """Take turns until the line ends, each with one model, words and rules, whatever is released."""
    sparing = Sparing()
    try:
        while not line.closed:
            newer = swap.take()
            if newer is not None:
                taker.serve_with(newer)
                if engine is not None:
                    engine.close()
                engine = newer
                line.tell(f"{SERVES} {engine.model}")
            if sharing is not None:
                sharing.refresh()
            if words is not None:
                taker.speak(words.now())
            if law is not None:
                taker.govern(law.now())
            if not _take_all(taker, line) and not _is_busy(meanwhile):
                sparing.rest((engine and engine.model, sharing and sharing.model))
                line.wait(REST_SECONDS if taker.is_quiet else POLL_SECONDS)
    finally:
        if engine is not None:
            engine.close()


def _first(found: Sequence[Path], line: Line, worker: str) -> Engine | None:
    """The first model that loads; None where none does."""
    from bot.dialogue.engine import Engine

    why = "there is no trained model"
    for model in found:
        try:
            engine = Engine.load(model)
            engine.prepare()
        except ModelError as error:
            why = str(error)
            log.error("worker %s does not serve with the model %s: %s", worker, model.name, error)
            line.tell(f"{REFUSES} {model.name} {' '.join(why.split())}")
        else:
            line.tell(f"{SERVES} {engine.model}")
            return engine
    log.error("worker %s serves without a model, every message goes to a person: %s", worker, why)
    return None


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
    # The outcome's first word: what follows is the case's number.
    line.tell(f"{TURN} {report.note.split()[0]} {report.channel}")
    return True


def _is_busy(meanwhile: Idle | None) -> bool:
    """Do a step of what has time; True if there is more of it. It never ends the worker."""
    try:
        return meanwhile is not None and meanwhile()
    except TryLaterError as error:
        log.warning("what is done between turns waits: %s", error)
    except Exception as error:
        # The words may be a buyer's.
        log.error("what is done between turns failed: %s", type(error).__name__)
    return False


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
