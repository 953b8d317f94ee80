"""Delivery: takes outbox rows to their channels, in order for each conversation."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Mapping
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
        on_settled: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._on_undelivered = on_undelivered
        #: Told after each row: the next one of its conversation may be due.
        self._on_settled = on_settled
        #: What is being delivered now, by the rows' ids.
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._failure: BaseException | None = None

    def recover(self) -> None:
        """Settle what was being sent when the last deliverer died: talk once more, confirmations never."""
        with self._database.begin() as connection:
            for row in outbox.interrupted(connection):
                self._settle_unknown(connection, row, repeated=row.attempts > 1)

    async def deliver_due(self) -> int:
        """Begin to deliver every conversation's next row; returns how many were begun.

        Raises:
            TryLaterError: the database is away.
            Exception: a delivery begun earlier met an error that nobody foresaw.
        """
        if self._failure is not None:
            raise self._failure
        due = await to_thread.run_sync(self._due)
        begun = [row for row in due if row.id not in self._under_way]
        for row in begun:
            self._under_way[row.id] = asyncio.create_task(self._deliver(row))
            self._under_way[row.id].add_done_callback(partial(self._done, row.id))
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

    def _done(self, row_id: int, task: asyncio.Task[None]) -> None:
        del self._under_way[row_id]
        error = None if task.cancelled() else task.exception()
        if isinstance(error, TryLaterError):
            log.warning("outbox row %s waits: %s", row_id, error)
        elif error is not None:
            self._failure = error
        self._on_settled()

    def _due(self) -> list[OutboxRow]:
        with self._database.begin() as connection:
            return outbox.due(connection, now=self._clock.now())

    async def _deliver(self, row: OutboxRow) -> None:
        channel = self._channels.get(row.message.channel)
        if not await to_thread.run_sync(self._begin, row):
            return
        settle = await self._send(row, channel)
        # What the channel did cannot be undone: without this the row would count as being sent for ever, and
        # hold back its conversation.
        while True:
            try:
                await to_thread.run_sync(settle)
                return
            except TryLaterError as error:
                log.warning("outbox row %s: its outcome cannot be taken down yet: %s", row.id, error)
                await asyncio.sleep(AGAIN)

    async def _send(self, row: OutboxRow, channel: Channel | None) -> Callable[[], None]:
        """Hand a row to its channel; returns what has to be taken down of it."""
        try:
            if channel is None:
                raise OperatorError(f"the channel '{row.message.channel}' is not open")
            return partial(self._sent, row, await channel.send(row.message))
        except (TryLaterError, OperatorError) as error:
            asked = getattr(error, "retry_after", None) or WAITS[min(row.attempts, len(WAITS) - 1)]
            wait = min(float(asked), LONGEST_WAIT)
            log.warning("outbox row %s waits %s s: %s", row.id, wait, error)
            return partial(self._wait, row, str(error), wait)
        except NeverError as error:
            log.warning("outbox row %s failed: %s", row.id, error)
            return partial(self._fail, row, str(error))
        except Exception as error:
            # Whatever a channel raises against its promise may have come after the message was out. Its words
            # are not ours: they may hold the message.
            said = str(error) if isinstance(error, UnknownOutcomeError) else type(error).__name__
            log.warning("outbox row %s: nobody knows whether it was sent: %s", row.id, said)
            return partial(self._unknown, row)

    def _begin(self, row: OutboxRow) -> bool:
        with self._database.begin() as connection:
            return outbox.begin_sending(connection, row.id)

    def _wait(self, row: OutboxRow, error: str, seconds: float) -> None:
        now = self._clock.now()
        with self._database.begin() as connection:
            outbox.settle(
                connection,
                row.id,
                OutboxState.QUEUED,
                now=now,
                error=error,
                not_before=now + dt.timedelta(seconds=seconds),
            )

    def _fail(self, row: OutboxRow, error: str) -> None:
        with self._database.begin() as connection:
            outbox.settle(connection, row.id, OutboxState.FAILED, now=self._clock.now(), error=error)
            self._on_undelivered(connection, row.conversation_id, error)

    def _unknown(self, row: OutboxRow) -> None:
        with self._database.begin() as connection:
            self._settle_unknown(connection, row, repeated=row.attempts > 0)

    def _sent(self, row: OutboxRow, sent_id: str | None) -> None:
        with self._database.begin() as connection:
            outbox.settle(
                connection, row.id, OutboxState.SENT, now=self._clock.now(), channel_message_id=sent_id
            )

    def _settle_unknown(self, connection: Connection, row: OutboxRow, *, repeated: bool) -> None:
        now = self._clock.now()
        if row.weight is Weight.TALK and not repeated:
            outbox.settle(
                connection, row.id, OutboxState.QUEUED, now=now, error="outcome unknown, repeated once"
            )
            return
        outbox.settle(connection, row.id, OutboxState.UNKNOWN, now=now, error="outcome unknown")
        self._on_undelivered(
            connection, row.conversation_id, "nobody knows whether the message was delivered"
        )
