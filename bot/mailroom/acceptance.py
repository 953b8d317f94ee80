"""Accepting under load: what arrives while the disk is busy is committed together, and told one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from anyio import to_thread

from bot.channels import Receipt
from bot.clock import Clock
from bot.database import Database
from bot.errors import RowsBusyError, TryLaterError
from bot.mailroom import inbox
from bot.messages import Inbound

#: The most messages of one transaction: a longer one would keep the first of them waiting.
MOST = 100
#: On PostgreSQL, how long a transaction of many waits for a conversation that somebody else writes: its
#: neighbours must not wait for it.
_WAIT_BRIEFLY = sa.text("SET LOCAL lock_timeout = '250ms'")


class Acceptance:
    """Commits messages to the inbox; one transaction at a time, with all that has come until it begins.

    A single message is committed at once: nobody waits for company.

    Args:
        database: where the inbox is.
        clock: the time.
        language: of a stranger's first answer, by their first message; ISO 639-1.
    """

    def __init__(self, database: Database, clock: Clock, language: Callable[[Inbound], str]) -> None:
        self._database = database
        self._clock = clock
        self._language = language
        self._waiting: list[tuple[Inbound, asyncio.Future[Receipt]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def accept(self, message: Inbound) -> Receipt:
        """See ``bot.channels.Reception``. Returns after the commit, never before."""
        told: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, told))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        return await told

    async def _commit(self) -> None:
        try:
            while self._waiting:
                # Whoever no longer waits was not told either: their channel sends the message again.
                together = [one for one in self._waiting[:MOST] if not one[1].done()]
                del self._waiting[:MOST]
                outcomes = await to_thread.run_sync(self._accept, [message for message, _ in together])
                for (_, told), outcome in zip(together, outcomes, strict=True):
                    if told.done():
                        continue
                    if isinstance(outcome, Exception):
                        told.set_exception(outcome)
                    else:
                        told.set_result(outcome)
        finally:
            self._committing = None

    def _accept(self, messages: Sequence[Inbound]) -> list[Receipt | Exception]:
        """What became of each; one that cannot be taken does not fail its neighbours."""
        try:
            return list(self._together(messages))
        except Exception as error:
            if len(messages) == 1:
                return [error]
            if isinstance(error, TryLaterError) and not isinstance(error, RowsBusyError):
                # It is the database, not one of them: each is told so by an error of its own.
                return [TryLaterError(str(error), retry_after=error.retry_after) for _ in messages]
            return [outcome for message in messages for outcome in self._accept([message])]

    def _together(self, messages: Sequence[Inbound]) -> Sequence[Receipt]:
        # Conversations in one order everywhere: so two fronts never wait for each other.
        order = sorted(
            range(len(messages)),
            key=lambda at: (messages[at].channel, messages[at].account, messages[at].sender, at),
        )
        receipts: dict[int, Receipt] = {}
        with self._database.begin() as connection:
            if len(messages) > 1 and not self._database.is_sqlite:
                connection.execute(_WAIT_BRIEFLY)
            for at in order:
                receipts[at] = inbox.accept(
                    connection, messages[at], language=self._language(messages[at]), now=self._clock.now()
                )
        return [receipts[at] for at in range(len(messages))]
