"""Delivery: takes outbox rows to their channels, in order for each conversation."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Mapping

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

#: Told, in the same transaction, of a row that will not reach the buyer: (connection, conversation id, why).
OnUndelivered = Callable[[Connection, int, str], None]


class Delivery:
    """Sends what is due; several conversations at once, each in its own order."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        clock: Clock,
        on_undelivered: OnUndelivered,
    ) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._on_undelivered = on_undelivered

    def recover(self) -> None:
        """Settle what was being sent when the last deliverer died: talk once more, confirmations never."""
        with self._database.begin() as connection:
            for row_id, conversation_id, weight in outbox.interrupted(connection):
                self._settle_unknown(connection, row_id, conversation_id, weight, repeated=False)

    async def deliver_due(self) -> int:
        """Try every conversation's next row once; returns how many were tried."""
        rows = await to_thread.run_sync(self._due)
        await asyncio.gather(*(self._deliver(row) for row in rows))
        return len(rows)

    def _due(self) -> list[OutboxRow]:
        with self._database.begin() as connection:
            return outbox.due(connection, now=self._clock.now())

    async def _deliver(self, row: OutboxRow) -> None:
        channel = self._channels.get(row.message.channel)
        if not await to_thread.run_sync(self._begin, row):
            return
        try:
            if channel is None:
                raise OperatorError(f"the channel '{row.message.channel}' is not open")
            sent_id = await channel.send(row.message)
        except (TryLaterError, OperatorError) as error:
            wait = getattr(error, "retry_after", None) or WAITS[min(row.attempts, len(WAITS) - 1)]
            log.warning("outbox row %s waits %s s: %s", row.id, wait, error)
            await to_thread.run_sync(self._wait, row, str(error), wait)
        except NeverError as error:
            log.warning("outbox row %s failed: %s", row.id, error)
            await to_thread.run_sync(self._fail, row, str(error))
        except (UnknownOutcomeError, TimeoutError) as error:
            log.warning("outbox row %s: nobody knows whether it was sent: %s", row.id, error)
            await to_thread.run_sync(self._unknown, row)
        else:
            await to_thread.run_sync(self._sent, row, sent_id)

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
            self._settle_unknown(
                connection, row.id, row.conversation_id, row.weight, repeated=row.attempts > 0
            )

    def _sent(self, row: OutboxRow, sent_id: str | None) -> None:
        with self._database.begin() as connection:
            outbox.settle(
                connection, row.id, OutboxState.SENT, now=self._clock.now(), channel_message_id=sent_id
            )

    def _settle_unknown(
        self, connection: Connection, row_id: int, conversation_id: int, weight: Weight, *, repeated: bool
    ) -> None:
        now = self._clock.now()
        if weight is Weight.TALK and not repeated:
            outbox.settle(
                connection, row_id, OutboxState.QUEUED, now=now, error="outcome unknown, repeated once"
            )
            return
        outbox.settle(connection, row_id, OutboxState.UNKNOWN, now=now, error="outcome unknown")
        self._on_undelivered(connection, conversation_id, "nobody knows whether the message was delivered")
