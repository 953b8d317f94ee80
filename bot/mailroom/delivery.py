"""Delivery: takes outbox rows to their channels, in order for each conversation."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from anyio import to_thread
from sqlalchemy.engine import Connection

from bot.channels import Channel
from bot.clock import Clock
from bot.database import Database
from bot.errors import NeverError, OperatorError, TryLaterError, UnknownOutcomeError
from bot.mailroom import outbox
from bot.mailroom.outbox import OutboxRow, OutboxState
from bot.messages import Weight

log = logging.getLogger(__name__)

#: Waits between tries of a row that a channel cannot take now, in seconds; the last one repeats.
WAITS = (1, 5, 30, 120, 600)
#: The longest wait that a channel may ask for, in seconds.
LONGEST_WAIT = 86_400.0
#: Wait before the database is asked once more to take down what became of a row, in seconds.
AGAIN = 1.0

#: Told, in the same transaction, of a row that will not reach the buyer: (connection, conversation id, why).
OnUndelivered = Callable[[Connection, int, str], None]


@dataclass(frozen=True)
class _Outcome:
    """What became of a row that was handed to its channel."""

    sent: bool
    #: Takes it down.
    settle: Callable[[Connection], None]


class Delivery:
    """Sends what is due; several conversations at once, each in its own order.

    A channel that takes its time holds back nothing but the conversation it is in.
    """

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        clock: Clock,
        on_undelivered: OnUndelivered,
        on_more: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._on_undelivered = on_undelivered
        #: Told when a conversation that was under way may have more that is due.
        self._on_more = on_more
        #: What is being delivered now, by conversation.
        self._under_way: dict[int, asyncio.Task[bool]] = {}
        #: Those of them for which something may have come since they began.
        self._passed_over: set[int] = set()
        self._failure: BaseException | None = None

    def recover(self) -> None:
        """Settle what was being sent when the last deliverer died: talk once more, confirmations never."""
        with self._database.begin() as connection:
            for row in outbox.interrupted(connection):
                self._unknown(row, row.attempts, connection)

    async def deliver_due(self) -> int:
        """Begin to deliver what is due; returns in how many conversations.

        Raises:
            TryLaterError: the database is away.
            Exception: a delivery begun earlier met an error that nobody foresaw.
        """
        if self._failure is not None:
            raise self._failure
        # What is found of these may be sent before we see it: they are looked at again when they are done.
        busy = set(self._under_way)
        self._passed_over |= busy
        rows: defaultdict[int, list[OutboxRow]] = defaultdict(list)
        for row in await to_thread.run_sync(self._due):
            rows[row.conversation_id].append(row)
        begun = rows.keys() - busy
        for talk in begun:
            self._under_way[talk] = asyncio.create_task(self._deliver(rows[talk]))
            self._under_way[talk].add_done_callback(partial(self._done, talk))
        return len(begun)

    async def finish(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way.values())

    async def stop(self) -> None:
        """Break off what is under way; ``recover`` settles it at the next start."""
        under_way = list(self._under_way.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _done(self, conversation_id: int, task: asyncio.Task[bool]) -> None:
        del self._under_way[conversation_id]
        passed_over = conversation_id in self._passed_over
        self._passed_over.discard(conversation_id)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, TryLaterError):
            log.warning("the outbox of conversation %s waits: %s", conversation_id, error)
        elif error is not None:
            self._failure = error
        if passed_over or error is not None or not task.result():
            self._on_more()

    def _due(self) -> list[OutboxRow]:
        with self._database.begin() as connection:
            return outbox.due(connection, now=self._clock.now())

    async def _deliver(self, rows: Sequence[OutboxRow]) -> bool:
        """Send a conversation's rows, in order, until one is not sent; True if all were."""
        channel = self._channels.get(rows[0].message.channel)
        if channel is not None and channel.idempotent:
            # Nothing is noted before: what is sent once more does no harm.
            outcomes: list[_Outcome] = []
            for row in rows:
                outcomes.append(await self._send(row, channel))
                if not outcomes[-1].sent:
                    break
            await self._take_down(outcomes)
            return outcomes[-1].sent
        for row in rows:
            if not await to_thread.run_sync(self._begin, row):
                return False
            outcome = await self._send(row, channel)
            await self._take_down([outcome])
            if not outcome.sent:
                return False
        return True

    async def _send(self, row: OutboxRow, channel: Channel | None) -> _Outcome:
        try:
            if channel is None:
                raise OperatorError(f"the channel '{row.message.channel}' is not open")
            return _Outcome(True, partial(self._sent, row, await channel.send(row.message)))
        except (TryLaterError, OperatorError) as error:
            asked = getattr(error, "retry_after", None) or WAITS[min(row.attempts, len(WAITS) - 1)]
            wait = min(float(asked), LONGEST_WAIT)
            log.warning("outbox row %s waits %s s: %s", row.id, wait, error)
            return _Outcome(False, partial(self._wait, row, str(error), wait))
        except NeverError as error:
            log.warning("outbox row %s failed: %s", row.id, error)
            return _Outcome(False, partial(self._fail, row, str(error)))
        except Exception as error:
            # Whatever a channel raises against its promise may have come after the message was out. Its words
            # are not ours: they may hold the message.
            said = str(error) if isinstance(error, UnknownOutcomeError) else type(error).__name__
            log.warning("outbox row %s: nobody knows whether it was sent: %s", row.id, said)
            return _Outcome(False, partial(self._unknown, row, row.attempts + 1))

    async def _take_down(self, outcomes: Sequence[_Outcome]) -> None:
        # What the channel did cannot be undone: without this a row would count as being sent for ever, and
        # hold back its conversation.
        while True:
            try:
                await to_thread.run_sync(self._settle, outcomes)
                return
            except TryLaterError as error:
                log.warning("an outbox row's outcome cannot be taken down yet: %s", error)
                await asyncio.sleep(AGAIN)

    def _begin(self, row: OutboxRow) -> bool:
        with self._database.begin() as connection:
            return outbox.begin_sending(connection, row.id)

    def _settle(self, outcomes: Sequence[_Outcome]) -> None:
        with self._database.begin() as connection:
            for outcome in outcomes:
                outcome.settle(connection)

    def _sent(self, row: OutboxRow, sent_id: str | None, connection: Connection) -> None:
        outbox.settle(
            connection,
            row.id,
            OutboxState.SENT,
            now=self._clock.now(),
            attempts=row.attempts + 1,
            channel_message_id=sent_id,
        )

    def _wait(self, row: OutboxRow, error: str, seconds: float, connection: Connection) -> None:
        now = self._clock.now()
        outbox.settle(
            connection,
            row.id,
            OutboxState.QUEUED,
            now=now,
            attempts=row.attempts + 1,
            error=error,
            not_before=now + dt.timedelta(seconds=seconds),
        )

    def _fail(self, row: OutboxRow, error: str, connection: Connection) -> None:
        outbox.settle(
            connection,
            row.id,
            OutboxState.FAILED,
            now=self._clock.now(),
            attempts=row.attempts + 1,
            error=error,
        )
        self._on_undelivered(connection, row.conversation_id, error)

    def _unknown(self, row: OutboxRow, attempts: int, connection: Connection) -> None:
        now = self._clock.now()
        if row.weight is Weight.TALK and attempts <= 1:
            error = "outcome unknown, repeated once"
            outbox.settle(connection, row.id, OutboxState.QUEUED, now=now, attempts=attempts, error=error)
            return
        error = "outcome unknown"
        outbox.settle(connection, row.id, OutboxState.UNKNOWN, now=now, attempts=attempts, error=error)
        self._on_undelivered(
            connection, row.conversation_id, "nobody knows whether the message was delivered"
        )
