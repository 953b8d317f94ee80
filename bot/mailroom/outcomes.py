"""What follows from what a channel said of a message: it was sent, waits, failed, or nobody knows."""

from __future__ import annotations

import datetime as dt
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.mailroom import handover
from bot.mailroom.handover import Hold
from bot.mailroom.outbox import OutboxState
from bot.messages import Weight

log = logging.getLogger(__name__)

#: The first wait before what a channel cannot take now is tried again, in seconds; how much longer each
#: further one is; and the longest.
FIRST_WAIT, GROWTH, CAP = 1.0, 4.0, 600.0
#: Waits are longer by up to this part of them: what failed together must not come back together.
JITTER = 0.25
#: The longest wait that a channel may ask for, in seconds.
LONGEST_WAIT = 86_400.0
#: How often talk may be sent whose outcome is unknown each time.
MOST_DOUBTS = 1

#: Told, in the same transaction, of a row that will not reach the buyer: (connection, conversation id, why).
OnUndelivered = Callable[[Connection, int, str], None]


@dataclass(frozen=True)
class Outcome:
    """What became of a row that was handed to its channel."""

    sent: bool
    #: Takes it down, in a unit of work in which the conversation is held unless the row was sent.
    settle: Callable[[Connection], None]
    #: How long the row waits, in seconds.
    wait: float = 0.0


class Outcomes:
    """Makes them. Nothing is written before ``settle``.

    Args:
        clock: the time.
        on_undelivered: told of what will not reach the buyer.
        chance: a number from 0 to below 1, for the waits.
    """

    def __init__(
        self, clock: Clock, on_undelivered: OnUndelivered, chance: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._on_undelivered = on_undelivered
        self._chance = chance

    def sent(self, held: Hold, message_id: str | None) -> Outcome:
        """The channel has taken it, under its own id."""
        return Outcome(True, partial(self._sent, held, message_id))

    def waits(self, held: Hold, error: str, asked: float | None = None) -> Outcome:
        """It was not sent, and is tried again: when the channel ``asked``, in seconds, or later each time."""
        seconds = self._wait(held.row.attempts, asked)
        log.warning("outbox row %s waits %.1f s: %s", held.row.id, seconds, error)
        return Outcome(False, partial(self._waits, held, error, seconds), seconds)

    def failed(self, held: Hold, error: str) -> Outcome:
        """It was not sent, and never will be."""
        log.warning("outbox row %s failed: %s", held.row.id, error)
        return Outcome(False, partial(self._failed, held, error))

    def doubtful(self, held: Hold, error: str) -> Outcome:
        """Nobody knows whether it was sent: talk is sent once more, a confirmation never."""
        log.warning("outbox row %s: nobody knows whether it was sent: %s", held.row.id, error)
        return Outcome(False, partial(self._doubtful, held))

    def harmless(self, held: Hold) -> Outcome:
        """Nobody knows, and it does not matter: the other side shows it once however often it is sent."""
        return Outcome(False, partial(self._waits, held, "sent again after an interruption", 0.0))

    def _wait(self, attempts: int, asked: float | None) -> float:
        # Not a number is not above 0 either.
        if asked is not None and asked > 0.0:
            wait = asked
        else:
            wait = min(CAP, FIRST_WAIT * GROWTH ** min(attempts, 20))
        # Never sooner than asked, and not much later than the cap.
        return min(wait + min(wait, CAP) * JITTER * self._chance(), LONGEST_WAIT)

    def _sent(self, held: Hold, message_id: str | None, connection: Connection) -> None:
        now = self._clock.now()
        if not handover.conclude(connection, held, OutboxState.SENT, now=now, channel_message_id=message_id):
            log.warning("outbox row %s was sent after another deliverer had taken it over", held.row.id)

    def _waits(self, held: Hold, error: str, seconds: float, connection: Connection) -> None:
        now = self._clock.now()
        later = now + dt.timedelta(seconds=seconds)
        handover.conclude(connection, held, OutboxState.QUEUED, now=now, error=error, not_before=later)

    def _failed(self, held: Hold, error: str, connection: Connection) -> None:
        if handover.conclude(connection, held, OutboxState.FAILED, now=self._clock.now(), error=error):
            self._tell(connection, held, error)

    def _doubtful(self, held: Hold, connection: Connection) -> None:
        now, doubts = self._clock.now(), held.row.doubts + 1
        if held.row.weight is Weight.TALK and doubts <= MOST_DOUBTS:
            error = "outcome unknown, repeated once"
            handover.conclude(connection, held, OutboxState.QUEUED, now=now, error=error, doubts=doubts)
            return
        error = "outcome unknown"
        if handover.conclude(connection, held, OutboxState.UNKNOWN, now=now, error=error, doubts=doubts):
            self._tell(connection, held, "nobody knows whether the message was delivered")

    def _tell(self, connection: Connection, held: Hold, why: str) -> None:
        # Of a correction the words did reach the buyer: that they stand is for whoever asked, who sees it.
        if held.row.message.corrects is None:
            self._on_undelivered(connection, held.row.conversation_id, why)
